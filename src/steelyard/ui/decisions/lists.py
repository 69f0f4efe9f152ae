# SPDX-License-Identifier: Apache-2.0
"""Every decision that can be seen, to be found by model, use case or state."""

from __future__ import annotations

import datetime as dt
from typing import Any

from msgspec import Struct
from sqlalchemy.orm import Session
from starlette.responses import Response

from steelyard.api.listing import Asked
from steelyard.governance.decision import queries
from steelyard.governance.inventory import queries as inventory
from steelyard.governance.use_cases import queries as use_cases
from steelyard.ui.door import Pages, Viewer
from steelyard.ui.tables import Column, Filter, export, listed
from steelyard.ui.texts import mark

pages = Pages()
STATES = (
    ("in force", mark("in force")),
    ("superseded", mark("superseded")),
    ("expired", mark("expired")),
    ("suspended", mark("suspended")),
    ("revoked", mark("revoked")),
)
OUTCOMES = (
    ("approved", mark("approved")),
    ("approved_with_conditions", mark("approved with conditions")),
    ("rejected", mark("rejected")),
)


class Row(Struct, frozen=True, kw_only=True):
    """A decision as the list shows it."""

    id: str
    model: str
    outcome: str
    state: str
    use_case: str
    environment: str
    tier: str
    decided_by: str
    decided_at: dt.datetime
    valid_until: dt.date | None
    unmet: int
    """Conditions that are not met yet."""
    unit: str
    purl: str
    position: int | None


COLUMNS = (
    Column("model", mark("Model"), "name", "/decisions/{id}"),
    Column("outcome", mark("Outcome"), "chip:outcome"),
    Column("state", mark("State"), "chip:decision"),
    Column("use_case", mark("Use case")),
    Column("environment", mark("Environment")),
    Column("tier", mark("Tier"), "tier"),
    Column("decided_at", mark("Decided"), "when"),
    Column("valid_until", mark("Valid until"), "day"),
    Column("unmet", mark("Open conditions"), "number"),
    Column("decided_by", mark("Decided by"), "word", shown=False),
    Column("unit", mark("Unit"), shown=False),
    Column("purl", mark("Package address"), shown=False),
    Column("position", mark("Ledger"), "number", shown=False),
)
FILTERS = (
    Filter("text", mark("Model"), wide=True),
    Filter("outcome", mark("Outcome"), OUTCOMES),
    Filter("state", mark("State"), STATES),
    Filter("environment", mark("Environment")),
    Filter("unit", mark("Unit")),
)


@pages.page("/decisions", right="decision.read")
def every(viewer: Viewer, asked: Asked) -> Response:
    """Show every decision that can be seen, newest first."""

    def find(session: Session, **how: Any) -> list[Row]:
        found = queries.find(session, viewer.actor, **how)
        models = inventory.names_of(session, {each.revision for each in found})
        cases = use_cases.names_of(session, {each.use_case for each in found})
        return [
            Row(
                id=each.id, model=models.get(each.revision, each.purl), outcome=each.outcome,
                state=each.state, use_case=cases.get(each.use_case, each.use_case),
                environment=each.environment, tier=each.tier, decided_by=each.decided_by,
                decided_at=each.decided_at, valid_until=each.valid_until,
                unmet=sum(c.state in ("open", "reported", "overdue") for c in each.conditions),
                unit=each.unit, purl=each.purl, position=each.position,
            )
            for each in found
        ]  # fmt: skip

    table = listed(viewer, asked, COLUMNS, FILTERS, find, key=lambda row: (row.id,))
    return export(viewer, table) or viewer.show("decisions/list.html", table=table)
