# SPDX-License-Identifier: Apache-2.0
"""The queue in our own database: lease, heartbeat, fencing token, retries, a dead state.

A job is put, completed and failed in ordinary transactions, so it cannot disagree with the rest of
the database after a crash. Several workers, on several hosts, may share it on PostgreSQL.
"""

from __future__ import annotations

import datetime as dt
import os
import socket
import threading
from collections.abc import Callable
from typing import Any

from sqlalchemy import and_, case, func, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from steelyard.platform.database.engine import Database
from steelyard.platform.ids import new_id
from steelyard.platform.jobs.port import TRIES, Depth, Job, Leased, LeaseLost, wait_before
from steelyard.platform.jobs.tables import KEYED, OPEN, JobRow

LEASE = dt.timedelta(seconds=60)
"""How long a worker may be silent before another one takes its job over."""
_SAID_MOST = 2000


class EmbeddedQueue:
    """Jobs as rows of our own database."""

    def __init__(
        self,
        database: Database,
        clock: Callable[[], dt.datetime],
        *,
        lease: dt.timedelta = LEASE,
    ) -> None:
        self.database = database
        self.clock = clock
        self.lease = lease

    def put(self, session: Session, job: Job) -> None:
        """Add ``job``, or bring forward the one with its key that still waits.

        That one is locked until the transaction ends, so it cannot run before it can see what
        this transaction did.
        """
        now = self.clock()
        insert: Any = sqlite.insert if self.database.sqlite else postgresql.insert
        statement = insert(JobRow).values(
            id=new_id("job", now),
            kind=job.kind,
            payload=job.payload,
            key=job.key,
            trace=job.trace,
            priority=job.priority,
            state="waiting",
            due=job.run_at,
            attempts=0,
            token=0,
            worker="",
            last_error="",
            put_at=now,
        )
        if job.key:
            sooner = statement.excluded.due < JobRow.due
            statement = statement.on_conflict_do_update(
                index_elements=[JobRow.key],
                index_where=KEYED,
                set_={"due": case((sooner, statement.excluded.due), else_=JobRow.due)},
            )
        session.execute(statement)

    def claim(self, now: dt.datetime, worker: str = "") -> Leased | None:
        """Take the next job that is due, or whose worker fell silent; None if there is none."""
        with self.database.reading() as session:
            if session.scalar(select(JobRow.id).where(*_due(now)).limit(1)) is None:
                return None  # no need to ask for the lock of a writer
        return self.database.transact(lambda session: self._claim(session, now, worker))

    def _claim(self, session: Session, now: dt.datetime, worker: str) -> Leased | None:
        row = session.scalar(
            select(JobRow)
            .where(*_due(now))
            .order_by(JobRow.priority.desc(), JobRow.due, JobRow.id)
            .limit(1)
            .with_for_update(skip_locked=True)
        )
        if row is None:
            return None
        row.state, row.due = "running", now + self.lease
        row.attempts, row.token = row.attempts + 1, row.token + 1
        row.worker = worker or f"{socket.gethostname()}:{os.getpid()}"[:100]
        if row.attempts > TRIES:
            row.state, row.due = "dead", now
            row.last_error = row.last_error or "Every worker that tried this job died of it."
            return None
        return Leased(
            id=row.id,
            kind=row.kind,
            payload=row.payload,
            trace=row.trace,
            attempt=row.attempts,
            token=row.token,
            priority=row.priority,
        )

    def heartbeat(self, leased: Leased, now: dt.datetime) -> bool:
        """Keep a job for longer; False if it is somebody else's by now."""
        return self.database.transact(
            lambda session: _change(session, leased, due=now + self.lease)
        )

    def finish(self, session: Session, leased: Leased, now: dt.datetime) -> None:
        """Complete a job, in the transaction of its effect.

        Raises:
            LeaseLost: another worker took it over.
        """
        if not _change(session, leased, state="done", due=now):
            raise LeaseLost(leased.id)

    def fail(self, session: Session, leased: Leased, said: str, now: dt.datetime) -> bool:
        """Have a job tried again later, or declare it dead; tell which.

        Raises:
            LeaseLost: another worker took it over.
        """
        dead = leased.attempt >= TRIES
        row = session.get(JobRow, leased.id, with_for_update=True)
        if row is None or row.token != leased.token or row.state != "running":
            raise LeaseLost(leased.id)
        row.last_error = said[:_SAID_MOST]
        again = select(JobRow.id).where(JobRow.key == row.key, JobRow.state == "waiting")
        if dead:
            row.state, row.due = "dead", now
        elif row.key and session.scalar(again.with_for_update()) is not None:
            row.state, row.due = "done", now  # the one that waits does the same
        else:
            row.state, row.due = "waiting", now + wait_before(leased.attempt)
        return dead

    def depth(self, session: Session, now: dt.datetime) -> Depth:
        """Return how much there is to do."""
        return depth_of(session, now)

    def due_by_kind(self, session: Session, now: dt.datetime) -> dict[str, int]:
        """Return how many jobs of each kind could run now."""
        rows = session.execute(
            select(JobRow.kind, func.count())
            .where(JobRow.state == "waiting", JobRow.due <= now)
            .group_by(JobRow.kind)
        )
        return {str(row[0]): int(row[1]) for row in rows}

    def serve(self, do: Callable[[Leased], None], stop: threading.Event, threads: int) -> None:
        """Hand jobs to ``do`` in ``threads`` threads until ``stop`` is set; see Engine."""
        from steelyard.platform.jobs.threads import serve

        serve(self, do, stop, threads)


def depth_of(session: Session, now: dt.datetime) -> Depth:
    """Return how many rows of our own table wait, will wait, and are dead."""
    waiting = JobRow.state == "waiting"
    due, later, dead, oldest = session.execute(
        select(
            func.coalesce(func.sum(case((and_(waiting, JobRow.due <= now), 1), else_=0)), 0),
            func.coalesce(func.sum(case((and_(waiting, JobRow.due > now), 1), else_=0)), 0),
            func.coalesce(func.sum(case((JobRow.state == "dead", 1), else_=0)), 0),
            func.min(case((and_(waiting, JobRow.due <= now), JobRow.due))),
        ).where(JobRow.state.in_(("waiting", "dead")))
    ).one()
    waited = (now - oldest).total_seconds() if oldest is not None else 0.0
    return Depth(due=due, later=later, dead=dead, oldest_seconds=waited)


def _due(now: dt.datetime) -> tuple[Any, ...]:
    return (OPEN, JobRow.due <= now)


def _change(session: Session, leased: Leased, **values: Any) -> bool:
    """Change the row of a job if it is still this worker's."""
    changed: Any = session.execute(
        update(JobRow)
        .where(
            JobRow.id == leased.id, JobRow.token == leased.token, JobRow.state == "running"
        )
        .values(**values)
        .execution_options(synchronize_session=False)
    )  # fmt: skip
    return bool(changed.rowcount)
