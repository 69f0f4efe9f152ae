# SPDX-License-Identifier: Apache-2.0
"""Reads of clocks. A clock is seen by whoever sees its unit; an assessor sees those of
their use cases."""

from __future__ import annotations

import datetime as dt
from typing import Any, cast

from sqlalchemy import func, select, tuple_
from sqlalchemy.orm import Session

from steelyard.governance.clocks.clock import ClockView, OverdueCount, State
from steelyard.governance.clocks.tables import CLOCKS, ClockRow
from steelyard.kernel.actor import Actor
from steelyard.kernel.errors import InputError
from steelyard.platform.identity.visibility import equal


def get(session: Session, actor: Actor, clock_id: str) -> ClockView:
    """Return one clock.

    Raises:
        MissingError: there is none, or the actor may not see it.
    """
    return view(CLOCKS.one(session, actor, clock_id))


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
    query = CLOCKS.seen(select(ClockRow), actor)
    query = query.order_by(ClockRow.due, ClockRow.id).limit(limit)
    if after is not None:
        query = query.where(tuple_(ClockRow.due, ClockRow.id) > _seen(after))
    wanted = ((ClockRow.state, state), (ClockRow.subject, subject), (ClockRow.unit, unit))
    query = equal(query, wanted)
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
    query = select(ClockRow.unit, counted, func.min(ClockRow.due))
    query = CLOCKS.seen(query.where(ClockRow.state == "overdue"), actor)
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
