# SPDX-License-Identifier: Apache-2.0
"""Clocks: what is due, why it runs, when it stands still, and who is told next."""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Session
from starlette.responses import Response

from steelyard.api.listing import Asked
from steelyard.governance.clocks import queries
from steelyard.governance.clocks.clock import ClockView
from steelyard.platform.log import entries
from steelyard.platform.log.entries import EntryView
from steelyard.ui.admin.choices import unit_choices
from steelyard.ui.door import Looking, Pages, Viewer
from steelyard.ui.links import place_of
from steelyard.ui.tables import Column, Filter, export, listed
from steelyard.ui.texts import mark

pages = Pages()
COLUMNS = (
    Column("kind", mark("What is due"), "name", "/clocks/{id}"),
    Column("state", mark("State"), "chip:running"),
    Column("due", mark("Due"), "when"),
    Column("within", mark("Time there is")),
    Column("unit", mark("Team")),
    Column("subject", mark("Thing"), "code"),
    Column("started", mark("Since"), "when", shown=False),
    Column("calendar", mark("Calendar"), shown=False),
)
STATES = (
    ("running", mark("running")), ("overdue", mark("overdue")), ("paused", mark("paused")),
    ("met", mark("met")), ("stopped", mark("stopped")),
)  # fmt: skip
EVENTS = {
    "clock.started": mark("The clock was started."),
    "clock.paused": mark("It was paused; what was left is kept."),
    "clock.resumed": mark("It runs on."),
    "clock.reminded": mark("Those it waits for were reminded."),
    "clock.overdue": mark("The time was over."),
    "clock.escalated": mark("The next one on the ladder was asked."),
    "clock.met": mark("It was met."),
    "clock.stopped": mark("It was stopped; it is not wanted any more."),
}


@pages.page("/clocks", right="clock.read")
def show(viewer: Viewer, asked: Asked) -> Response:
    """List clocks, what is due first first."""
    filters = [
        Filter("state", mark("State"), STATES),
        Filter("subject", mark("Id of the thing"), wide=True),
    ]
    if viewer.may("unit.read"):
        filters.insert(1, Filter("unit", mark("Team"), tuple(unit_choices(viewer))))

    def find(session: Session, **how: Any) -> list[ClockView]:
        return queries.find(session, viewer.actor, **how)

    table = listed(
        viewer, asked, COLUMNS, filters, find, key=lambda row: (row.due.isoformat(), row.id)
    )  # fmt: skip
    late = viewer.find(lambda session: queries.overdue_by_unit(session, viewer.actor))
    return export(viewer, table) or viewer.show("clocks/list.html", table=table, late=late)


@pages.page("/clocks/{clock_id}", right="clock.read")
def one(viewer: Viewer, clock_id: str) -> Response:
    """Show one clock with its ladder and what happened to it."""
    clock = viewer.find(lambda session: queries.get(session, viewer.actor, clock_id))
    told = _history(viewer, clock) if viewer.may("ledger.read") else []
    return viewer.show(
        "clocks/clock.html",
        clock=clock,
        place=place_of(clock.subject, clock.about),
        above=place_of(clock.about) if clock.about else "",
        told=told,
        names={},
        next_role=clock.ladder[clock.rung] if clock.rung < len(clock.ladder) else "",
    )


def _history(viewer: Looking, clock: ClockView) -> list[tuple[Any, str, str, int | None]]:
    """Return what happened to a clock, oldest first: moment, whose doing, text, ledger entry."""

    def find(session: Session) -> list[EntryView]:
        return entries.find(session, viewer.actor, limit=100, subject=clock.id)

    found = sorted(viewer.find(find), key=lambda each: each.seq)
    return [
        (each.at, "system", viewer.say(EVENTS.get(each.type, each.type)), each.seq)
        for each in found
    ]
