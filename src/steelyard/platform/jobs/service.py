# SPDX-License-Identifier: Apache-2.0
"""What operators see of jobs, and what they can do for one that was given up."""

from __future__ import annotations

import datetime as dt
from typing import Any, Literal

from msgspec import Struct
from sqlalchemy import select
from sqlalchemy.orm import Session

from steelyard.kernel.actor import Actor
from steelyard.kernel.errors import ConflictError, MissingError
from steelyard.kernel.event import Event
from steelyard.platform.jobs.tables import JobRow
from steelyard.platform.work import Work

State = Literal["waiting", "running", "done", "dead"]


class JobView(Struct, frozen=True, kw_only=True):
    """A job as it is shown. Of an outside engine's jobs only the dead ones are here."""

    id: str
    kind: str
    state: State
    payload: dict[str, Any]
    attempts: int
    due: dt.datetime
    """When it may run, its lease ends, or it ended."""
    put_at: dt.datetime
    last_error: str
    trace: str


def find(
    session: Session,
    *,
    limit: int,
    after: tuple[Any, ...] | None = None,
    state: str | None = None,
    kind: str | None = None,
) -> list[JobView]:
    """Return up to ``limit`` jobs, newest first."""
    query = select(JobRow).order_by(JobRow.id.desc()).limit(limit)
    if after is not None:
        query = query.where(JobRow.id < after[0])
    for column, value in ((JobRow.state, state), (JobRow.kind, kind)):
        if value is not None:
            query = query.where(column == value)
    return [view(row) for row in session.scalars(query)]


def get(session: Session, job: str) -> JobView:
    """Return one job.

    Raises:
        MissingError: there is none.
    """
    return view(_row(session, job))


def retry(work: Work, actor: Actor, job: str) -> JobView:
    """Have a dead job done once more, as a new one; return the old one.

    Raises:
        MissingError: there is no such job.
        ConflictError: it is not dead.
    """
    row = _row(work.session, job, lock=True)
    if row.state != "dead":
        raise ConflictError(
            f"This job is {row.state}; only a dead one can be put again.",
            next_step="Wait: what fails comes again by itself.",
            code="job.alive",
        )
    row.state, row.due = "done", work.now
    work.enqueue(row.kind, row.payload, key=row.key)
    work.record(actor, Event(type="job.retried", subject=row.id, details={"kind": row.kind}))
    return view(row)


def view(row: JobRow) -> JobView:
    """Return what is shown of a row."""
    return JobView(
        id=row.id,
        kind=row.kind,
        state=row.state,  # type: ignore[arg-type] # one of the four
        payload=row.payload,
        attempts=row.attempts,
        due=row.due,
        put_at=row.put_at,
        last_error=row.last_error,
        trace=row.trace,
    )


def _row(session: Session, job: str, *, lock: bool = False) -> JobRow:
    row = session.get(JobRow, job, with_for_update=True if lock else None)
    if row is None:
        raise MissingError(
            f"There is no job {job!r}.",
            next_step="List the jobs; those that are done are forgotten after a week.",
            code="job.missing",
        )
    return row
