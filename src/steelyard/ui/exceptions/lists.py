# SPDX-License-Identifier: Apache-2.0
"""Every exception that can be seen."""

from __future__ import annotations

import datetime as dt
from typing import Any

from msgspec import Struct
from sqlalchemy.orm import Session
from starlette.responses import Response

from steelyard.api.listing import Asked
from steelyard.governance.exceptions import queries
from steelyard.governance.inventory import queries as inventory
from steelyard.governance.use_cases import queries as use_cases
from steelyard.ui.door import Pages, Viewer
from steelyard.ui.tables import Column, Filter, export, listed
from steelyard.ui.texts import mark

pages = Pages()
STATES = (
    ("draft", mark("draft")), ("in review", mark("in review")), ("active", mark("active")),
    ("rejected", mark("rejected")), ("expired", mark("expired")), ("revoked", mark("revoked")),
)  # fmt: skip


class Row(Struct, frozen=True, kw_only=True):
    """An exception as the list shows it."""

    id: str
    rule: str
    state: str
    model: str
    use_case: str
    environment: str
    tier: str
    owner: str
    asked_by: str
    until: dt.date
    waits_for: tuple[str, ...]
    unit: str


COLUMNS = (
    Column("rule", mark("Rule"), "name", "/exceptions/{id}"),
    Column("state", mark("State"), "chip:exception"),
    Column("model", mark("Model")),
    Column("use_case", mark("Use case")),
    Column("environment", mark("Environment")),
    Column("tier", mark("Tier"), "tier"),
    Column("owner", mark("Owner"), "person"),
    Column("until", mark("Until"), "day"),
    Column("waits_for", mark("Waits for"), "tags"),
    Column("asked_by", mark("Asked by"), "person", shown=False),
    Column("unit", mark("Unit"), shown=False),
)
FILTERS = (
    Filter("state", mark("State"), STATES),
    Filter("rule", mark("Rule")),
    Filter("unit", mark("Unit")),
)


@pages.page("/exceptions", right="exception.read")
def every(viewer: Viewer, asked: Asked) -> Response:
    """Show every exception that can be seen, newest first."""

    def find(session: Session, **how: Any) -> list[Row]:
        found = queries.find(session, viewer.actor, **how)
        models = inventory.names_of(session, {each.revision for each in found})
        cases = use_cases.names_of(session, {each.use_case for each in found})
        return [
            Row(
                id=each.id, rule=each.rule, state=each.state,
                model=models.get(each.revision, each.revision),
                use_case=cases.get(each.use_case, each.use_case), environment=each.environment,
                tier=each.tier, owner=each.owner, asked_by=each.asked_by, until=each.until,
                waits_for=each.waits_for, unit=each.unit,
            )
            for each in found
        ]  # fmt: skip

    table = listed(viewer, asked, COLUMNS, FILTERS, find, key=lambda row: (row.id,))
    return export(viewer, table) or viewer.show("exceptions/list.html", table=table)
