# SPDX-License-Identifier: Apache-2.0
"""Verbs of clocks: start, pause, resume, stop; and the tick that finds those whose time is over.

A clock is started by the room that waits. That room learns what happens from jobs: ``clock.remind``
{clock, subject, about, kind} and, when the time is over and again at every rung of the ladder,
``clock.due`` {clock, subject, about, kind, rung}.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

from sqlalchemy import select

from steelyard.governance.clocks import queries
from steelyard.governance.clocks.business import Length, after, before, left, read_length
from steelyard.governance.clocks.business import read_calendar as calendar_in
from steelyard.governance.clocks.clock import ClockView, climb
from steelyard.governance.clocks.tables import ClockRow
from steelyard.kernel.actor import SPONSOR, SYSTEM
from steelyard.kernel.errors import ConflictError, InputError
from steelyard.kernel.event import Event
from steelyard.platform.identity import people
from steelyard.platform.notify.service import tell
from steelyard.platform.work import Work

RUNG = "1 business day"
"""How long a rung has where nobody says."""
BATCH = 25
"""Clocks one transaction looks at; others must not wait long for it."""


def start(
    work: Work,
    *,
    subject: str,
    kind: str,
    about: str = "",
    unit: str = "",
    within: str,
    calendar: str = "",
    remind: str = "",
    ladder: tuple[str, ...] = (),
    rung: str = "",
) -> ClockView:
    """Start a clock: something must be done ``within`` a time from now.

    Without a ``calendar`` that of the unit counts. A ladder always ends at the executive sponsor;
    without one, nobody is asked when the time is over.

    Raises:
        InputError: a length or the calendar cannot be read.
        ConflictError: the subject has a clock of this kind already.
    """
    length = read_length(within)
    if not length.count:
        raise InputError("A clock needs some time.", code="clock.length")
    hours = calendar_in(calendar or people.calendar_of(work.session, unit))
    if queries.running(work.session, subject, kind):
        raise ConflictError(
            f"{subject} has a clock of the kind {kind!r} already.",
            next_step="Stop that one first.",
            code="clock.running",
        )
    rungs = [*ladder, *(() if SPONSOR in ladder else (SPONSOR,))] if ladder else []
    row = ClockRow(
        id=work.id("clk"), subject=subject, about=about, kind=kind, unit=unit, state="running",
        calendar=str(hours), within=str(length), started=work.now,
        due=after(work.now, length, hours), remind=str(read_length(remind)) if remind else "",
        remind_at=None, reminded_at=None, overdue_at=None, ladder=rungs,
        rung_length=str(read_length(rung or RUNG)), rung=0, rung_at=None, paused_at=None,
        remaining="", wake_at=None, ended_at=None, met_late=False, version=0,
    )  # fmt: skip
    _wind(row, work.now)
    work.session.add(row)
    _tell(work, "clock.started", row, within=row.within, calendar=row.calendar, ladder=rungs)
    return queries.view(row)


def pause(work: Work, subject: str, kind: str = "") -> tuple[ClockView, ...]:
    """Stop the time of a subject's clocks, of one kind or of all, until they are resumed.

    What is left is kept in business time. A clock that is overdue stops climbing.
    """
    rows = [row for row in _open(work, subject, kind) if row.state != "paused"]
    for row in rows:
        late = row.overdue_at is not None
        target = (row.rung_at if late else row.due) or row.due
        length = read_length(row.rung_length if late else row.within)
        row.remaining = str(left(work.now, target, length, calendar_in(row.calendar)))
        row.state, row.paused_at, row.wake_at = "paused", work.now, None
        _tell(work, "clock.paused", row, remaining=row.remaining)
    return tuple(map(queries.view, rows))


def resume(work: Work, subject: str, kind: str = "") -> tuple[ClockView, ...]:
    """Let a subject's paused clocks run on, with the time that was left."""
    rows = [row for row in _open(work, subject, kind) if row.state == "paused"]
    for row in rows:
        until = after(work.now, read_length(row.remaining), calendar_in(row.calendar))
        if row.overdue_at is not None:
            row.state = "overdue"
            row.rung_at = until if row.rung < len(row.ladder) else None
        else:
            row.state, row.due = "running", until
        row.paused_at, row.remaining = None, ""
        _wind(row, work.now)
        _tell(work, "clock.resumed", row)
    return tuple(map(queries.view, rows))


def stop(work: Work, subject: str, kind: str = "", met: bool = True) -> tuple[ClockView, ...]:
    """End a subject's clocks: what they waited for was done (``met``), or is not wanted any more.

    A clock that is met after its time says so.
    """
    rows = _open(work, subject, kind)
    for row in rows:
        row.met_late = met and (
            row.overdue_at is not None or (row.paused_at is None and work.now > row.due)
        )
        row.state, row.ended_at, row.wake_at = "met" if met else "stopped", work.now, None
        row.paused_at, row.rung_at, row.remaining = None, None, ""
        _tell(work, "clock.met" if met else "clock.stopped", row, late=row.met_late)
    return tuple(map(queries.view, rows))


def tick(work: Work) -> int:
    """Do what is due of up to :data:`BATCH` clocks; return how many there were.

    Called every second, by as many workers as there are: each takes rows no other one holds. A
    clock that was due long ago is handled once, rung by rung; its reminder is left out then.
    """
    rows = work.session.scalars(
        select(ClockRow)
        .where(ClockRow.wake_at <= work.now)
        .order_by(ClockRow.wake_at)
        .limit(BATCH)
        .with_for_update(skip_locked=True)
    ).all()
    for row in rows:
        if row.state == "running":
            _ring(work, row)
        if row.state == "overdue":
            _climb(work, row)
        _wind(row, work.now)
        row.version += 1
    return len(rows)


def _open(work: Work, subject: str, kind: str) -> Sequence[ClockRow]:
    """Return the clocks of a subject that have not ended, locked."""
    query = select(ClockRow).where(ClockRow.subject == subject, ClockRow.ended_at.is_(None))
    if kind:
        query = query.where(ClockRow.kind == kind)
    return work.session.scalars(query.order_by(ClockRow.id).with_for_update()).all()


def _wind(row: ClockRow, now: dt.datetime) -> None:
    """Set when the clock must be looked at next."""
    if row.state == "running":
        row.remind_at = None
        if row.remind and row.reminded_at is None:
            moment = before(row.due, read_length(row.remind), calendar_in(row.calendar))
            row.remind_at = moment if moment > now else None
        row.wake_at = row.remind_at or row.due
    else:
        row.remind_at, row.wake_at = None, row.rung_at


def _ring(work: Work, row: ClockRow) -> None:
    """Remind, or find that the time is over."""
    if row.due > work.now:
        row.reminded_at = work.now
        _note(work, "clock.reminded", row)
        work.enqueue("clock.remind", _payload(row), key=f"{row.id}:remind")
        return
    row.state, row.overdue_at = "overdue", work.now
    row.rung_at = row.due if row.ladder else None
    _note(work, "clock.overdue", row)
    if not row.ladder:
        work.enqueue("clock.due", {**_payload(row), "rung": 0}, key=f"{row.id}:0")


def _climb(work: Work, row: ClockRow) -> None:
    """Ask every role whose time has come, once."""
    reached = climb(
        row.rung,
        row.rung_at,
        work.now,
        rungs=len(row.ladder),
        length=_rung_length(row),
        calendar=calendar_in(row.calendar),
    )
    for rung in range(row.rung + 1, reached.rung + 1):
        _note(work, "clock.escalated", row, rung=rung, role=row.ladder[rung - 1])
        work.enqueue("clock.due", {**_payload(row), "rung": rung}, key=f"{row.id}:{rung}")
        tell(
            work, kind="clock.due", subject=row.subject, about=row.about,
            roles=(row.ladder[rung - 1],), unit=row.unit,
            facts={"kind": row.kind.replace("-", " "), "rung": rung, "due": row.due.isoformat()},
        )  # fmt: skip
    row.rung, row.rung_at = reached.rung, reached.next_at


def _rung_length(row: ClockRow) -> Length:
    return read_length(row.rung_length)


def _payload(row: ClockRow) -> dict[str, Any]:
    return {"clock": row.id, "subject": row.subject, "about": row.about, "kind": row.kind}


def _tell(work: Work, kind: str, row: ClockRow, **details: Any) -> None:
    """Count a change of a clock and record it."""
    row.version += 1
    _note(work, kind, row, **details)


def _note(work: Work, kind: str, row: ClockRow, **details: Any) -> None:
    work.record(
        SYSTEM,
        Event(
            type=kind,
            subject=row.id,
            about=row.subject,
            details={"kind": row.kind, "state": row.state, "due": row.due.isoformat(), **details},
        ),
    )
