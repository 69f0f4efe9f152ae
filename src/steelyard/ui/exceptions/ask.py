# SPDX-License-Identifier: Apache-2.0
"""Ask for an exception: what the charter allows is shown before anything is typed."""

from __future__ import annotations

import datetime as dt
from typing import NamedTuple

from sqlalchemy.orm import Session
from starlette.responses import Response

from steelyard.charter.schema import Charter, ExceptionTerms, Rule
from steelyard.governance.charters import queries as charters
from steelyard.governance.exceptions import service
from steelyard.governance.exceptions.queries import ExceptionView
from steelyard.governance.exceptions.terms import Asked, latest_day
from steelyard.governance.intake import queries as requests
from steelyard.governance.intake.states import RequestView
from steelyard.kernel.errors import SteelyardError
from steelyard.platform.work import Work
from steelyard.ui import papers, persons
from steelyard.ui.door import Form, Looking, Pages, Sent, Viewer
from steelyard.ui.moments import day_of

pages = Pages()
_OWN_FIELDS = ("reason", "owner", "end date", "compensating-control")
_REQUESTS = 50


class Ground(NamedTuple):
    """What an exception may be asked for."""

    request: RequestView | None
    requests: list[RequestView]
    """Those one could choose, while none is chosen."""
    terms: ExceptionTerms | None
    """None where the charter allows no exceptions."""
    rules: tuple[Rule, ...]
    last: dt.date | None
    needs: tuple[str, ...]
    """What else the charter asks, beside what has a field of its own."""


def ground(session: Session, viewer: Looking, request_id: str) -> Ground:
    """Return what an exception may be asked for; about a request once one is chosen."""
    if not request_id:
        mine = requests.find(session, viewer.actor, limit=_REQUESTS)
        return Ground(None, [each for each in mine if each.tier], None, (), None, ())
    request = requests.get(session, viewer.actor, request_id)
    today = viewer.house.clock().date()
    charter: Charter = charters.current(session, today, request.unit).charter
    terms = charter.exceptions
    if terms is None:
        return Ground(request, [], None, (), None, ())
    return Ground(
        request, [], terms,
        tuple(rule for rule in charter.rules if rule.id not in terms.never_for),
        latest_day(terms, request.tier or "critical", today),
        tuple(need for need in terms.needs if need not in _OWN_FIELDS),
    )  # fmt: skip


def _page(viewer: Looking, form: Form) -> Response:
    found = viewer.find(lambda session: ground(session, viewer, form["request"][:40]))
    failed: tuple[str, ...] = ()
    if found.request is not None and found.request.assessment:
        failed = _failed(viewer, found.request)
    return viewer.show(
        "exceptions/new.html", ground=found, failed=failed, form=form,
        people=persons.suggestions(viewer),
    )  # fmt: skip


def _failed(viewer: Looking, request: RequestView) -> tuple[str, ...]:
    """Return the rules that did not hold for a request, to be offered first."""
    from steelyard.governance.assessment import queries as assessments

    try:
        found = viewer.find(
            lambda session: assessments.get(session, viewer.actor, request.assessment)
        )
        judged = papers.assessment_of(viewer.house, found.documents)
    except SteelyardError:  # the form works without this help
        return ()
    return tuple(reason.rule for reason in judged.decision.reasons) if judged else ()


@pages.page("/exceptions/new", right="exception.ask")
def new(viewer: Viewer) -> Response:
    """Show the form; the address may name request and rule."""
    query = viewer.request.query_params
    form = Form(
        request=query.get("request", "")[:40], rule=query.get("rule", "")[:100],
        owner=viewer.actor.mail,
    )  # fmt: skip
    return _page(viewer, form)


@pages.form("/exceptions/new", right="exception.ask")
def draft(viewer: Viewer, form: Sent) -> Response:
    """Write down what is asked for, and send it to those who grant if that was wanted."""
    send = form["send"] == "now"

    def change(work: Work) -> ExceptionView:
        names = [name for name, _ in form.pairs() if name.startswith("answers.")]
        asked = Asked(
            rule=form["rule"], reason=form["reason"],
            owner=persons.id_of(work.session, "owner", form["owner"]),
            until=day_of(viewer, "until", form["until"]), controls=tuple(form.lines("controls")),
            answers={name.partition(".")[2]: form[name] for name in names},
        )  # fmt: skip
        made = service.draft(work, viewer.actor, form["request"][:40], asked)
        return service.submit(work, viewer.actor, made.id, made.version) if send else made

    return viewer.act(
        form, change, then=lambda made: f"/exceptions/{made.id}",
        said=viewer.say("It is asked for. Those who can grant it are told.")
        if send
        else viewer.say("The draft is kept. Nobody is asked yet."),
        again=lambda: _page(viewer, form),
    )  # fmt: skip
