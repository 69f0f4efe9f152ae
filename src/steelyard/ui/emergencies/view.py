# SPDX-License-Identifier: Apache-2.0
"""Emergencies: the list, asking for one, and one with what can be done about it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any, NamedTuple

from msgspec import Struct
from sqlalchemy.orm import Session
from starlette.responses import Response

from steelyard.api.listing import Asked
from steelyard.charter.rights import matches
from steelyard.governance.charters import queries as charters
from steelyard.governance.clocks import queries as clocks
from steelyard.governance.clocks.clock import ClockView
from steelyard.governance.emergency import queries, service
from steelyard.governance.emergency.glass import LONGEST_HOURS, EmergencyView
from steelyard.governance.inventory import queries as inventory
from steelyard.governance.review.action_queries import of_review
from steelyard.governance.review.actions import Found
from steelyard.governance.review.views import ActionView
from steelyard.governance.use_cases import queries as use_cases
from steelyard.kernel.errors import FieldErrors
from steelyard.platform.log.timeline import Happening, happenings
from steelyard.platform.work import Work
from steelyard.ui import persons
from steelyard.ui.door import Form, Looking, Pages, Sent, Viewer
from steelyard.ui.tables import Column, Filter, export, listed
from steelyard.ui.texts import mark

pages = Pages()
_CHOICES = 100


class Row(Struct, frozen=True, kw_only=True):
    """An emergency as the list shows it."""

    id: str
    model: str
    state: str
    use_case: str
    environment: str
    asked_by: str
    until: dt.datetime | None
    review: str
    review_due: dt.datetime | None
    unit: str


COLUMNS = (
    Column("model", mark("Model"), "name", "/emergencies/{id}"),
    Column("state", mark("State"), "chip:emergency"),
    Column("use_case", mark("Use case")),
    Column("environment", mark("Environment")),
    Column("asked_by", mark("Asked by"), "person"),
    Column("until", mark("Ends"), "when"),
    Column("review", mark("Looked at afterwards"), "chip:afterwards"),
    Column("review_due", mark("By"), "day"),
    Column("unit", mark("Unit"), shown=False),
)
FILTERS = (
    Filter("state", mark("State"), (("asked", mark("asked")), ("open", mark("open")),
           ("closed", mark("closed")), ("lapsed", mark("lapsed")))),
    Filter("review", mark("Looked at afterwards"), (("due", mark("due")),
           ("missed", mark("missed")), ("done", mark("done")))),
    Filter("unit", mark("Unit")),
)  # fmt: skip


@pages.page("/emergencies", right="emergency.read")
def every(viewer: Viewer, asked: Asked) -> Response:
    """Show every emergency that can be seen, newest first."""

    def find(session: Session, **how: Any) -> list[Row]:
        found = queries.find(session, viewer.actor, **how)
        models = inventory.names_of(session, {each.revision for each in found})
        cases = use_cases.names_of(session, {each.use_case for each in found})
        return [
            Row(
                id=each.id, model=models.get(each.revision, each.revision), state=each.state,
                use_case=cases.get(each.use_case, each.use_case), environment=each.environment,
                asked_by=each.asked_by, until=each.until, review=each.review,
                review_due=each.review_due, unit=each.unit,
            )
            for each in found
        ]  # fmt: skip

    table = listed(viewer, asked, COLUMNS, FILTERS, find, key=lambda row: (row.id,))
    return export(viewer, table) or viewer.show("emergencies/list.html", table=table)


def _new(viewer: Looking, form: Form) -> Response:
    def ask(session: Session) -> dict[str, Any]:
        chosen = form["revision"][:40]
        cases = use_cases.find(session, viewer.actor, limit=_CHOICES, state="active")
        revisions = inventory.find_revisions(session, viewer.actor, limit=_CHOICES)
        return {
            "cases": [(each.id, each.name) for each in cases],
            "revisions": [
                (each.id, f"{each.name} · {(each.commit or each.manifest_sha256)[:12]}")
                for each in revisions
                if each.state not in service.NEVER or each.id == chosen
            ],
        }

    return viewer.show(
        "emergencies/new.html", form=form, longest=LONGEST_HOURS, **viewer.find(ask)
    )  # fmt: skip


@pages.page("/emergencies/new", right="emergency.ask")
def new(viewer: Viewer) -> Response:
    """Show the form; the address may name revision, use case and environment."""
    query = viewer.request.query_params
    names = ("revision", "use_case", "environment")
    return _new(viewer, Form(None, **{name: query.get(name, "")[:60] for name in names}))


@pages.form("/emergencies/new", right="emergency.ask")
def ask(viewer: Viewer, form: Sent) -> Response:
    """Ask that the glass be broken."""

    def change(work: Work) -> EmergencyView:
        hours = form["hours"]
        if not (hours.isascii() and hours.isdigit() and len(hours) < 4):
            raise FieldErrors([("hours", viewer.say("Give a number of hours."))])
        return service.ask(
            work, viewer.actor, revision=form["revision"][:40], use_case=form["use_case"][:40],
            environment=form["environment"][:60], hours=int(hours), reason=form["reason"],
        )  # fmt: skip

    return viewer.act(
        form, change, then=lambda made: f"/emergencies/{made.id}",
        said=viewer.say("It is asked for. Two other people must agree; they are told now."),
        again=lambda: _new(viewer, form),
    )  # fmt: skip


class Read(NamedTuple):
    """What the database knows of an emergency."""

    emergency: EmergencyView
    model: str
    case: str
    roles: tuple[str, ...]
    """Roles that may agree, by the charter."""
    clocks: tuple[ClockView, ...]
    events: list[Happening]
    actions: tuple[ActionView, ...]


def read(session: Session, viewer: Looking, emergency_id: str) -> Read:
    """Return what the database knows of an emergency.

    Raises:
        MissingError: there is none, or it cannot be seen.
    """
    found = queries.get(session, viewer.actor, emergency_id)
    charter = charters.current(session, viewer.house.clock().date(), found.unit).charter
    tiers = ("low", "moderate", "high", "critical")
    roles = {
        right.role
        for right in charter.decision_rights
        if right.action == "break-glass" and right.role
        and any(matches(right, found.environment, tier, "deep") for tier in tiers)
    }  # fmt: skip
    return Read(
        found,
        inventory.names_of(session, [found.revision]).get(found.revision, found.revision),
        use_cases.names_of(session, [found.use_case]).get(found.use_case, found.use_case),
        tuple(sorted(role for role in roles if role)), clocks.of_subject(session, found.id),
        happenings(session, viewer.actor, found.id, limit=100), of_review(session, found.id),
    )  # fmt: skip


def _page(viewer: Looking, emergency_id: str, form: Form, which: str) -> Response:
    found = viewer.find(lambda session: read(session, viewer, emergency_id))
    e = found.emergency
    people = {e.asked_by, e.reviewed_by, *(each.person for each in e.agreed)}
    people |= {each.owner for each in found.actions}
    return viewer.show(
        "emergencies/emergency.html", e=e, read=found, form=form, which=which,
        names=viewer.names(people), people=persons.suggestions(viewer),
        mine=sorted(viewer.actor.roles & set(found.roles)),
        took_part=viewer.actor.id in {e.asked_by, *(each.person for each in e.agreed)},
    )  # fmt: skip


@pages.page("/emergencies/{emergency_id}", right="emergency.read")
def show(emergency_id: str, viewer: Viewer) -> Response:
    """Show an emergency."""
    return _page(viewer, emergency_id, Form(), "")


def _act(
    viewer: Looking, emergency_id: str, form: Form, which: str,
    change: Callable[[Work], object], said: str,
) -> Response:  # fmt: skip
    return viewer.act(
        form, change, then=f"/emergencies/{emergency_id}", said=said,
        again=lambda: _page(viewer, emergency_id, form, which),
    )  # fmt: skip


@pages.form("/emergencies/{emergency_id}/agreements", right="emergency.agree")
def agree(emergency_id: str, viewer: Viewer, form: Sent) -> Response:
    """Agree in a role."""
    return _act(
        viewer, emergency_id, form, "agree",
        lambda work: service.agree(work, viewer.actor, emergency_id, form["role"], form.version),
        viewer.say("You agreed. Your voice is in the ledger."),
    )  # fmt: skip


@pages.form("/emergencies/{emergency_id}/close", right="emergency.agree")
def close(emergency_id: str, viewer: Viewer, form: Sent) -> Response:
    """End an emergency before its time."""
    return _act(
        viewer, emergency_id, form, "close",
        lambda work: service.close(work, viewer.actor, emergency_id, form.version),
        viewer.say("The emergency has ended."),
    )  # fmt: skip


@pages.form("/emergencies/{emergency_id}/review", right="emergency.review")
def review(emergency_id: str, viewer: Viewer, form: Sent) -> Response:
    """Say afterwards whether it was an emergency, and what to improve."""

    def change(work: Work) -> object:
        if form["justified"] not in ("yes", "no"):
            raise FieldErrors([("justified", viewer.say("Say yes or no."))])
        actions: tuple[Found, ...] = ()
        if form["text"]:
            actions = (
                Found(
                    text=form["text"], severity=form["severity"],
                    owner=persons.id_of(work.session, "owner", form["owner"]),
                    sponsor=persons.id_of(work.session, "sponsor", form["sponsor"]),
                ),
            )  # fmt: skip
        return service.review(
            work, viewer.actor, emergency_id, justified=form["justified"] == "yes",
            findings=form["findings"], actions=actions,
            nothing_to_improve=form.on("nothing_to_improve"), expected=form.version,
        )  # fmt: skip

    return _act(
        viewer, emergency_id, form, "review", change, viewer.say("The review is recorded.")
    )  # fmt: skip
