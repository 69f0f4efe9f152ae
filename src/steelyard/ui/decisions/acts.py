# SPDX-License-Identifier: Apache-2.0
"""Stop a decision, end it, let it run again; and what is done about its conditions."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import NamedTuple

from sqlalchemy.orm import Session
from starlette.responses import Response

from steelyard.charter.rights import holder_of
from steelyard.governance.charters.queries import policy_of
from steelyard.governance.decision import conditions, force, queries, rights
from steelyard.governance.decision.facts import DecisionView
from steelyard.governance.intake import queries as requests
from steelyard.governance.intake.states import RequestView
from steelyard.governance.inventory import queries as inventory
from steelyard.governance.use_cases import queries as use_cases
from steelyard.governance.use_cases.register import UseCaseView
from steelyard.kernel.errors import MissingError
from steelyard.platform.work import Work
from steelyard.ui import persons
from steelyard.ui.door import Form, Looking, Pages, Sent, Viewer
from steelyard.ui.moments import moment_of

pages = Pages()
_VERBS = {"suspend": force.suspend, "revoke": force.revoke, "reinstate": force.reinstate}
_RIGHT = {"suspend": "suspend", "revoke": "revoke", "reinstate": "suspend"}


class Reach(NamedTuple):
    """Whom it concerns if a decision is stopped."""

    decision: DecisionView
    model: str
    case: UseCaseView
    request: RequestView
    others: list[DecisionView]
    """Decisions in force about the same revision for other uses, which stay."""
    holders: tuple[str, ...]
    """Who must agree, by the charter the decision was taken under; nobody in particular: empty."""


def reach(session: Session, viewer: Looking, decision_id: str, verb: str) -> Reach:
    """Return whom it concerns.

    Raises:
        MissingError: there is no such decision, or nothing of the kind can be done to it.
    """
    if verb not in _VERBS:
        raise MissingError(
            "There is no such page.", next_step="Read the decision.", code="page.missing"
        )
    found = queries.get(session, viewer.actor, decision_id)
    same = queries.find(
        session, viewer.actor, limit=50, revision=found.revision, state="in force"
    )  # fmt: skip
    charter = policy_of(session, found.charter_sha256).charter
    rows = rights.rows_for(charter, _RIGHT[verb], found.environment, found.tier, found.track)
    return Reach(
        decision=found,
        model=inventory.names_of(session, [found.revision]).get(found.revision, found.purl),
        case=use_cases.get(session, viewer.actor, found.use_case),
        request=requests.get(session, viewer.actor, found.request),
        others=[each for each in same if each.id != found.id and each.outcome != "rejected"],
        holders=tuple(f"{rights.needed(charter, row)} of {holder_of(row)}" for row in rows),
    )


def _stop_page(viewer: Looking, decision_id: str, verb: str, form: Form) -> Response:
    found = viewer.find(lambda session: reach(session, viewer, decision_id, verb))
    return viewer.show(
        "decisions/stop.html", verb=verb, reach=found, d=found.decision, form=form,
        names=viewer.names([found.request.requested_by]),
    )  # fmt: skip


@pages.page("/decisions/{decision_id}/{verb}", right="decision.act")
def ask(decision_id: str, verb: str, viewer: Viewer) -> Response:
    """Show whom it concerns, and ask why."""
    return _stop_page(viewer, decision_id, verb, Form())


@pages.form("/decisions/{decision_id}/{verb}", right="decision.act")
def act(decision_id: str, verb: str, viewer: Viewer, form: Sent) -> Response:
    """Suspend, revoke or reinstate."""
    viewer.find(lambda session: reach(session, viewer, decision_id, verb))

    def said(after: force.Acted) -> str:
        if after.waiting_for:
            return viewer.say(
                "Your voice is counted. Still needed: %(who)s.", who=", ".join(after.waiting_for)
            )
        return viewer.say("It is done. Whoever relies on it is told.")

    return viewer.act(
        form,
        lambda work: _VERBS[verb](work, viewer.actor, decision_id, form["why"], form.version),
        then=f"/decisions/{decision_id}", said=said,
        again=lambda: _stop_page(viewer, decision_id, verb, form),
    )  # fmt: skip


def _condition_page(
    viewer: Looking, decision_id: str, condition_id: str, form: Form, which: str
) -> Response:
    def ask(session: Session) -> tuple[object, DecisionView, str]:
        row = queries.condition_row(session, viewer.actor, decision_id, condition_id)
        found = queries.get(session, viewer.actor, decision_id)
        name = inventory.names_of(session, [found.revision]).get(found.revision, found.purl)
        return queries.condition_view(row), found, name

    condition, decision, model = viewer.find(ask)
    people = (getattr(condition, name) for name in ("owner", "fulfilled_by", "confirmed_by"))
    return viewer.show(
        "decisions/condition.html", c=condition, d=decision, model=model, form=form, which=which,
        names=viewer.names(people), people=persons.suggestions(viewer),
    )  # fmt: skip


_CONDITION = "/decisions/{decision_id}/conditions/{condition_id}"


@pages.page(_CONDITION, right="decision.read")
def condition(decision_id: str, condition_id: str, viewer: Viewer) -> Response:
    """Show one condition and what can be done about it."""
    return _condition_page(viewer, decision_id, condition_id, Form(), "")


@pages.form(f"{_CONDITION}/fulfil", right="condition.fulfil")
def fulfil(decision_id: str, condition_id: str, viewer: Viewer, form: Sent) -> Response:
    """Report a condition fulfilled."""
    return _about(
        viewer, decision_id, condition_id, form, "fulfil",
        lambda work: conditions.fulfil(
            work, viewer.actor, decision_id, condition_id, form["evidence"], form["note"],
            form.version,
        ),
        viewer.say("It is reported. Somebody else confirms it."),
    )  # fmt: skip


@pages.form(f"{_CONDITION}/confirm", right="decision.act")
def confirm(decision_id: str, condition_id: str, viewer: Viewer, form: Sent) -> Response:
    """Confirm that a condition is fulfilled."""
    return _about(
        viewer, decision_id, condition_id, form, "confirm",
        lambda work: conditions.confirm(
            work, viewer.actor, decision_id, condition_id, form.version
        ),
        viewer.say("The condition is fulfilled."),
    )  # fmt: skip


@pages.form(f"{_CONDITION}/schedule", right="decision.act")
def schedule(decision_id: str, condition_id: str, viewer: Viewer, form: Sent) -> Response:
    """Say until when, and by whom, a condition has to be fulfilled."""
    return _about(
        viewer, decision_id, condition_id, form, "schedule",
        lambda work: conditions.schedule(
            work, viewer.actor, decision_id, condition_id,
            moment_of(viewer, "due", form["due"], end=dt.time(23, 59)),
            persons.id_of(work.session, "owner", form["owner"]), form.version,
        ),
        viewer.say("The date is set; whoever has to fulfill it is told."),
    )  # fmt: skip


def _about(
    viewer: Looking, decision_id: str, condition_id: str, form: Form, which: str,
    change: Callable[[Work], object], said: str,
) -> Response:  # fmt: skip
    return viewer.act(
        form, change, then=f"/decisions/{decision_id}/conditions/{condition_id}", said=said,
        again=lambda: _condition_page(viewer, decision_id, condition_id, form, which),
    )  # fmt: skip
