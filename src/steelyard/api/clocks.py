# SPDX-License-Identifier: Apache-2.0
"""Routes of clocks: what is due and what is overdue."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Literal

from fastapi import Query
from pydantic import AwareDatetime
from starlette.responses import Response

from steelyard.api.door import Caller, Router
from steelyard.api.listing import Asked, PageOf, page
from steelyard.governance.clocks import queries
from steelyard.governance.clocks.clock import ClockView, OverdueCount

router = Router(prefix="/clocks", tags=["Clocks"])


@router.door("GET", "", right="clock.read", returns=PageOf[ClockView])
def find(
    caller: Caller,
    asked: Asked,
    state: Annotated[
        Literal["running", "paused", "met", "overdue", "stopped"] | None, Query()
    ] = None,
    subject: Annotated[str | None, Query(max_length=40)] = None,
    unit: Annotated[str | None, Query(max_length=100)] = None,
    due_before: Annotated[AwareDatetime | None, Query()] = None,
) -> Response:
    """List the clocks you can see, what is due first first."""
    limit = due_before.astimezone(dt.UTC) if due_before else None
    return caller.read(
        lambda session: page(
            asked,
            queries.find(
                session, caller.actor, limit=asked.limit + 1, after=asked.after,
                state=state, subject=subject, unit=unit, due_before=limit,
            ),
            lambda row: (row.due.isoformat(), row.id),
        )
    )  # fmt: skip


@router.door("GET", "/overdue", right="clock.read", returns=list[OverdueCount])
def overdue(caller: Caller) -> Response:
    """Count what is overdue, unit by unit."""
    return caller.read(lambda session: queries.overdue_by_unit(session, caller.actor))


@router.door("GET", "/{clock_id}", right="clock.read", returns=ClockView)
def get(clock_id: str, caller: Caller) -> Response:
    """Return one clock."""
    return caller.read(lambda session: queries.get(session, caller.actor, clock_id))
