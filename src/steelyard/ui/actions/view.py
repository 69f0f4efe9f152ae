# SPDX-License-Identifier: Apache-2.0
"""Improvement actions: the list, and one with its proof and who verified it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

from msgspec import Struct
from sqlalchemy.orm import Session
from starlette.responses import Response

from steelyard.api.listing import Asked
from steelyard.governance.clocks import queries as clocks
from steelyard.governance.review import action_queries, actions
from steelyard.kernel.errors import FieldErrors
from steelyard.platform.log.timeline import happenings
from steelyard.platform.work import Work
from steelyard.ui import persons
from steelyard.ui.door import Form, Looking, Pages, Sent, Viewer
from steelyard.ui.tables import Column, Filter, export, listed
from steelyard.ui.texts import mark

pages = Pages()
_LONGEST = 120


class Row(Struct, frozen=True, kw_only=True):
    """An action as the list shows it."""

    id: str
    text: str
    severity: str
    state: str
    owner: str
    sponsor: str
    due: dt.datetime
    unit: str
    created_at: dt.datetime


COLUMNS = (
    Column("text", mark("What should be better"), "name", "/actions/{id}"),
    Column("severity", mark("Severity"), "chip:severity"),
    Column("state", mark("State"), "chip:action"),
    Column("owner", mark("Owner"), "person"),
    Column("due", mark("Due"), "when"),
    Column("sponsor", mark("Sponsor"), "person", shown=False),
    Column("unit", mark("Unit"), shown=False),
    Column("created_at", mark("Added"), "when", shown=False),
)
FILTERS = (
    Filter("state", mark("State"), (("open", mark("open")), ("overdue", mark("overdue")),
           ("done", mark("done")), ("verified", mark("verified")))),
    Filter("severity", mark("Severity"), (("critical", mark("critical")), ("high", mark("high")),
           ("medium", mark("medium")), ("low", mark("low")))),
    Filter("whose", mark("Whose"), (("mine", mark("mine")),)),
    Filter("unit", mark("Unit")),
)  # fmt: skip


@pages.page("/actions", right="action.read")
def every(viewer: Viewer, asked: Asked) -> Response:
    """Show every action that can be seen, newest first."""

    def find(session: Session, *, whose: str = "", **how: Any) -> list[Row]:
        owner = viewer.actor.id if whose else None
        found = action_queries.find(session, viewer.actor, owner=owner, **how)
        return [
            Row(
                id=each.id, text=_short(each.text), severity=each.severity, state=each.state,
                owner=each.owner, sponsor=each.sponsor, due=each.due, unit=each.unit,
                created_at=each.created_at,
            )
            for each in found
        ]  # fmt: skip

    table = listed(viewer, asked, COLUMNS, FILTERS, find, key=lambda row: (row.id,))
    return export(viewer, table) or viewer.show("actions/list.html", table=table)


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST else text[:_LONGEST] + "…"


def _page(viewer: Looking, action_id: str, form: Form, which: str) -> Response:
    found = viewer.find(lambda session: action_queries.get(session, viewer.actor, action_id))
    events = viewer.find(lambda session: happenings(session, viewer.actor, action_id, limit=100))
    dues = viewer.find(lambda session: clocks.of_subject(session, action_id))
    people = {found.owner, found.sponsor, found.done_by, found.verified_by, found.created_by}
    return viewer.show(
        "actions/action.html", a=found, events=events, dues=dues, form=form, which=which,
        names=viewer.names(people), people=persons.suggestions(viewer),
    )  # fmt: skip


@pages.page("/actions/{action_id}", right="action.read")
def show(action_id: str, viewer: Viewer) -> Response:
    """Show an action."""
    return _page(viewer, action_id, Form(), "")


def _act(
    viewer: Looking, action_id: str, form: Form, which: str,
    change: Callable[[Work], object], said: str,
) -> Response:  # fmt: skip
    return viewer.act(
        form, change, then=f"/actions/{action_id}", said=said,
        again=lambda: _page(viewer, action_id, form, which),
    )  # fmt: skip


@pages.form("/actions/{action_id}/done", right="action.do")
def done(action_id: str, viewer: Viewer, form: Sent) -> Response:
    """Say that an action is done and what shows it."""
    return _act(
        viewer, action_id, form, "done",
        lambda work: actions.done(work, viewer.actor, action_id, form["proof"], form.version),
        viewer.say("It is reported. Somebody else verifies it."),
    )  # fmt: skip


@pages.form("/actions/{action_id}/verify", right="action.write")
def verify(action_id: str, viewer: Viewer, form: Sent) -> Response:
    """Say whether an action is done."""

    def change(work: Work) -> object:
        if form["accepted"] not in ("yes", "no"):
            raise FieldErrors([("accepted", viewer.say("Say yes or no."))])
        return actions.verify(
            work, viewer.actor, action_id, form["accepted"] == "yes", form["note"], form.version
        )

    return _act(viewer, action_id, form, "verify", change, viewer.say("Your word is recorded."))


@pages.form("/actions/{action_id}/owner", right="action.write")
def hand_over(action_id: str, viewer: Viewer, form: Sent) -> Response:
    """Give an action to somebody else."""
    return _act(
        viewer, action_id, form, "owner",
        lambda work: actions.hand_over(
            work, viewer.actor, action_id, persons.id_of(work.session, "owner", form["owner"]),
            form.version,
        ),
        viewer.say("It is handed over; its time does not change."),
    )  # fmt: skip
