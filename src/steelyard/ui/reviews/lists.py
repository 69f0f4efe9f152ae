# SPDX-License-Identifier: Apache-2.0
"""What waits for me, and every review I can see."""

from __future__ import annotations

import datetime as dt
from typing import Any

from msgspec import Struct
from sqlalchemy.orm import Session
from starlette.responses import Response

from steelyard.api.listing import Asked
from steelyard.governance.inventory import queries as inventory
from steelyard.governance.review import queries
from steelyard.governance.review.views import ReviewView
from steelyard.governance.use_cases import queries as use_cases
from steelyard.ui.door import Pages, Viewer
from steelyard.ui.tables import Column, Filter, export, listed
from steelyard.ui.texts import mark

pages = Pages()
TRACKS = (("fast", mark("fast")), ("standard", mark("standard")), ("deep", mark("deep")))
STATES = (
    ("open", mark("open")),
    ("changes requested", mark("changes requested")),
    ("approved", mark("approved")),
    ("rejected", mark("rejected")),
    ("withdrawn", mark("withdrawn")),
)


class Row(Struct, frozen=True, kw_only=True):
    """A review as the lists show it."""

    id: str
    model: str
    use_case: str
    environment: str
    tier: str
    track: str
    step: str
    state: str
    role: str
    """Of the seat that waits for whoever looks; empty in the list of all."""
    waits_for: tuple[str, ...]
    requested_by: str
    unit: str
    opened_at: dt.datetime
    due: dt.datetime
    closed_at: dt.datetime | None


_MODEL = Column("model", mark("Model"), "name", "/reviews/{id}")
_SHARED = (
    Column("use_case", mark("Use case")),
    Column("environment", mark("Environment")),
    Column("tier", mark("Tier"), "tier"),
    Column("track", mark("Track"), "word"),
)
QUEUE = (
    _MODEL,
    Column("role", mark("My role"), "word"),
    Column("due", mark("Due"), "deadline"),
    *_SHARED,
    Column("step", mark("Step"), shown=False),
    Column("requested_by", mark("Asked by"), "person"),
    Column("unit", mark("Unit"), shown=False),
    Column("opened_at", mark("Opened"), "when", shown=False),
)
ALL = (
    _MODEL,
    Column("state", mark("State"), "chip:review"),
    *_SHARED,
    Column("waits_for", mark("Waits for"), "tags"),
    Column("due", mark("Due"), "when"),
    Column("requested_by", mark("Asked by"), "person"),
    Column("unit", mark("Unit"), shown=False),
    Column("opened_at", mark("Opened"), "when", shown=False),
    Column("closed_at", mark("Closed"), "when", shown=False),
)
FILTERS = (
    Filter("state", mark("State"), STATES),
    Filter("track", mark("Track"), TRACKS),
    Filter("unit", mark("Unit")),
)


@pages.page("/reviews", right="review.read")
def queue(viewer: Viewer, asked: Asked) -> Response:
    """Show the seats that wait for whoever looks, what is due first first."""
    now = viewer.house.clock()

    def find(session: Session, **how: Any) -> list[Row]:
        found = queries.queue(session, viewer.actor, now, **how)
        return _rows(session, [(each.review, each.role, each.due) for each in found])

    table = listed(
        viewer, asked, QUEUE, (), find, key=lambda row: (row.due.isoformat(), row.id, row.role)
    )
    return export(viewer, table) or viewer.show("reviews/queue.html", table=table)


@pages.page("/reviews/all", right="review.read")
def every(viewer: Viewer, asked: Asked) -> Response:
    """Show every review that can be seen, newest first."""

    def find(session: Session, **how: Any) -> list[Row]:
        found = queries.find(session, viewer.actor, **how)
        return _rows(session, [(each, "", each.due) for each in found])

    table = listed(viewer, asked, ALL, FILTERS, find, key=lambda row: (row.id,))
    return export(viewer, table) or viewer.show("reviews/all.html", table=table)


def _rows(session: Session, found: list[tuple[ReviewView, str, dt.datetime]]) -> list[Row]:
    models = inventory.names_of(session, {review.revision for review, _, _ in found})
    cases = use_cases.names_of(session, {review.use_case for review, _, _ in found})
    return [
        Row(
            id=review.id, model=models.get(review.revision, review.revision),
            use_case=cases.get(review.use_case, review.use_case), environment=review.environment,
            tier=review.tier, track=review.track, step=review.step, state=review.state, role=role,
            waits_for=review.waits_for, requested_by=review.requested_by, unit=review.unit,
            opened_at=review.opened_at, due=due, closed_at=review.closed_at,
        )
        for review, role, due in found
    ]  # fmt: skip
