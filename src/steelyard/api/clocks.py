# SPDX-License-Identifier: Apache-2.0
"""Routes of clocks: what is due, what is overdue, and where units work."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Literal

from fastapi import Query
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field
from starlette.responses import Response

from steelyard.api.door import Caller, Router
from steelyard.api.listing import Asked, PageOf, page
from steelyard.governance.clocks import queries, service
from steelyard.governance.clocks.clock import ClockView, OverdueCount, UnitCalendar

router = Router(prefix="/clocks", tags=["Clocks"])


class CalendarChange(BaseModel):
    """Where the people of a unit work, and their time zone."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"unit": "search", "calendar": "DE-BY@Europe/Berlin"}]},
    )

    unit: Annotated[str, Field(max_length=100, description="Empty: every unit without its own.")]
    calendar: Annotated[str, Field(max_length=200)]
    version: Annotated[int, Field(ge=0, description="The version you read; 0 if there was none.")]


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


@router.door("GET", "/calendars", right="clock.read", returns=list[UnitCalendar])
def calendars(caller: Caller) -> Response:
    """List the calendars of units."""
    return caller.read(queries.calendars)


@router.door("POST", "/calendars", right="calendar.write", returns=UnitCalendar)
def set_calendar(body: CalendarChange, caller: Caller) -> Response:
    """Say where the people of a unit work; clocks that run keep the calendar they have."""
    return caller.act(
        lambda work: service.set_calendar(
            work, caller.actor, body.unit, body.calendar, body.version
        )
    )


@router.door("GET", "/{clock_id}", right="clock.read", returns=ClockView)
def get(clock_id: str, caller: Caller) -> Response:
    """Return one clock."""
    return caller.read(lambda session: queries.get(session, caller.actor, clock_id))
