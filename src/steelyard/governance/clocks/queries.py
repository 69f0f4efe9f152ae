# SPDX-License-Identifier: Apache-2.0
"""Reads of clocks. A clock is seen by whoever sees its unit."""

from __future__ import annotations

import datetime as dt
from typing import Any, cast

from sqlalchemy import func, select, tuple_
from sqlalchemy.orm import Session

from steelyard.governance.clocks.clock import ClockView, OverdueCount, State
from steelyard.governance.clocks.tables import ClockRow
from steelyard.kernel.actor import Actor
from steelyard.kernel.errors import InputError, MissingError
from steelyard.platform.identity.visibility import within_reach


def get(session: Session, actor: Actor, clock_id: str) -> ClockView:
    """Return one clock.

    Raises:
        MissingError: there is none, or the actor may not see it.
    """
    row = session.scalar(
        within_reach(select(ClockRow).where(ClockRow.id == clock_id), actor, ClockRow.unit)
    )
    if row is None:
        raise MissingError(
            f"There is no clock {clock_id!r}.",
            next_step="List the clocks you can see to find its id.",
            code="clock.missing",
        )
    return view(row)


def of_subject(session: Session, subject: str) -> tuple[ClockView, ...]:
    """Return every clock of a subject, oldest first; the caller has seen the subject."""
    rows = session.scalars(
        select(ClockRow).where(ClockRow.subject == subject).order_by(ClockRow.id)
    )
    return tuple(map(view, rows))


def find(
    session: Session,
    actor: Actor,
    *,
    limit: int,
    after: tuple[Any, ...] | None = None,
    state: str | None = None,
    subject: str | None = None,
    unit: str | None = None,
    due_before: dt.datetime | None = None,
) -> list[ClockView]:
    """Return up to ``limit`` clocks, what is due first first."""
    query = within_reach(select(ClockRow), actor, ClockRow.unit)
    query = query.order_by(ClockRow.due, ClockRow.id).limit(limit)
    if after is not None:
        query = query.where(tuple_(ClockRow.due, ClockRow.id) > _seen(after))
    for column, value in (
        (ClockRow.state, state),
        (ClockRow.subject, subject),
        (ClockRow.unit, unit),
    ):
        if value is not None:
            query = query.where(column == value)
    if due_before is not None:
        query = query.where(ClockRow.due < due_before)
    return [view(row) for row in session.scalars(query)]


def _seen(after: tuple[Any, ...]) -> tuple[dt.datetime, str]:
    """Return the sort key of the last row seen.

    Raises:
        InputError: the cursor is of another list.
    """
    try:
        due, last = after
        moment = dt.datetime.fromisoformat(due)
        if moment.tzinfo is None:
            raise ValueError(due)
    except (ValueError, TypeError) as error:
        raise InputError(
            "The cursor is not one of this list.",
            next_step="Use `next` of the page before, unchanged, or leave the cursor out.",
            code="list.cursor",
        ) from error
    return moment, str(last)


def overdue_by_unit(session: Session, actor: Actor) -> list[OverdueCount]:
    """Return how many clocks are overdue in each unit the actor sees, most first."""
    counted = func.count(ClockRow.id)
    query = within_reach(
        select(ClockRow.unit, counted, func.min(ClockRow.due)).where(ClockRow.state == "overdue"),
        actor,
        ClockRow.unit,
    )
    rows = session.execute(query.group_by(ClockRow.unit).order_by(counted.desc(), ClockRow.unit))
    return [OverdueCount(unit=unit, overdue=count, oldest_due=due) for unit, count, due in rows]


def running(session: Session, subject: str, kind: str) -> bool:
    """Tell whether a subject has a clock of that kind that has not ended."""
    found = session.scalar(
        select(ClockRow.id).where(
            ClockRow.subject == subject, ClockRow.kind == kind, ClockRow.ended_at.is_(None)
        )
    )
    return found is not None


def view(row: ClockRow) -> ClockView:
    """Return what is shown of a row."""
    return ClockView(
        id=row.id,
        subject=row.subject,
        about=row.about,
        kind=row.kind,
        unit=row.unit,
        state=cast("State", row.state),
        within=row.within,
        started=row.started,
        due=row.due,
        calendar=row.calendar,
        version=row.version,
        remind_at=row.remind_at,
        paused_at=row.paused_at,
        remaining=row.remaining,
        ladder=tuple(row.ladder),
        rung=row.rung,
        rung_at=row.rung_at,
        ended_at=row.ended_at,
        met_late=row.met_late,
    )
