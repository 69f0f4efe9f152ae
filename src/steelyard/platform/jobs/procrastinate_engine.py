# SPDX-License-Identifier: Apache-2.0
"""The engine for PostgreSQL that other tools know: jobs in procrastinate's tables.

A job is put by procrastinate's own SQL function in the caller's transaction, and procrastinate's
workers fetch it. It promises to run a job at least once; that it takes *effect* once is ours: the
transaction of the effect also adds a row for the job, and only one transaction can.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import threading
from collections.abc import Callable
from typing import Any

import msgspec
import structlog
from procrastinate import App, JobContext, PsycopgConnector
from sqlalchemy import delete, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from steelyard.kernel.errors import InputError
from steelyard.platform.database.engine import Database
from steelyard.platform.ids import new_id
from steelyard.platform.jobs.embedded import depth_of
from steelyard.platform.jobs.port import TRIES, Depth, Job, Leased, LeaseLost, wait_before
from steelyard.platform.jobs.tables import JobEffectRow, JobRow

TASK = "steelyard"
SILENT = 30.0
"""Seconds without a sign of life after which a worker's jobs are given to others."""
_SAID_MOST = 2000
_PUT = text(
    "SELECT procrastinate_defer_jobs_v1(ARRAY[ROW('steelyard', :task, :priority, NULL, :key,"
    " CAST(:args AS jsonb), :at)::procrastinate_job_to_defer_v1])"
)
_WAITING = text(
    "SELECT id FROM procrastinate_jobs WHERE queueing_lock = :key AND status = 'todo' FOR UPDATE"
)
_SOONER = text(
    "UPDATE procrastinate_jobs SET scheduled_at = LEAST(scheduled_at, :at) WHERE id = :id"
)
_ORPHANS = text(
    "SELECT job.id, job.args FROM procrastinate_jobs job"
    " LEFT JOIN procrastinate_workers worker ON worker.id = job.worker_id"
    " WHERE job.status = 'doing' AND job.task_name = :task AND (worker.id IS NULL"
    " OR worker.last_heartbeat < now() - :silent * interval '1 second')"
    " FOR UPDATE OF job SKIP LOCKED"
)
_DONE = text("SELECT procrastinate_finish_job_v1(:id, 'failed', false)")
_DEPTH = text(
    "SELECT count(*) FILTER (WHERE scheduled_at <= now()),"
    " count(*) FILTER (WHERE scheduled_at > now()),"
    " coalesce(extract(epoch FROM now() - min(scheduled_at)), 0)"
    " FROM procrastinate_jobs WHERE status = 'todo'"
)
_KINDS = text(
    "SELECT args->>'kind', count(*) FROM procrastinate_jobs"
    " WHERE status = 'todo' AND scheduled_at <= now() GROUP BY 1"
)
_log = structlog.get_logger("steelyard.jobs")


class ProcrastinateQueue:
    """Jobs in procrastinate's tables, in the same database as everything else."""

    def __init__(
        self, database: Database, clock: Callable[[], dt.datetime], *, silent: float = SILENT
    ) -> None:
        if database.sqlite:
            raise InputError(
                "The job engine procrastinate needs PostgreSQL.",
                next_step="Set STEELYARD_DATABASE_URL, or use the engine `embedded`.",
                code="jobs.engine",
            )
        self.database = database
        self.clock = clock
        self.silent = silent

    def install(self) -> None:
        """Make procrastinate's tables if they are not there."""
        with self.database.writing() as session:
            session.execute(text("SELECT pg_advisory_xact_lock(7183002)"))
            if session.scalar(text("SELECT to_regclass('procrastinate_jobs')")) is None:
                schema = App(connector=PsycopgConnector()).schema_manager.get_schema()
                raw: Any = session.connection().connection.driver_connection
                raw.execute(schema)

    def put(self, session: Session, job: Job) -> None:
        """Add ``job``, or bring forward the one with its key that still waits."""
        args = {
            "job": new_id("job", self.clock()),
            "kind": job.kind,
            "payload": job.payload,
            "trace": job.trace,
            "attempt": 1,
            "priority": job.priority,
        }
        self._put(session, args, at=job.run_at, key=job.key)

    def _put(
        self, session: Session, args: dict[str, Any], *, at: dt.datetime, key: str = ""
    ) -> None:  # fmt: skip
        values = {
            "task": TASK,
            "priority": args["priority"],
            "key": key or None,
            "args": msgspec.json.encode(args).decode(),
            "at": at,
        }
        while True:
            waiting = session.scalar(_WAITING, {"key": key}) if key else None
            if waiting is not None:  # locked: it cannot run before this transaction is over
                session.execute(_SOONER, {"id": waiting, "at": at})
                return
            try:
                with session.begin_nested():
                    session.execute(_PUT, values)
                return
            except IntegrityError:
                continue  # somebody else was first with this key

    def finish(self, session: Session, leased: Leased, now: dt.datetime) -> None:
        """Note that the job takes effect, in the transaction of the effect.

        Raises:
            LeaseLost: it has already.
        """
        added = session.scalar(
            insert(JobEffectRow)
            .values(job=leased.id, at=now)
            .on_conflict_do_nothing()
            .returning(JobEffectRow.job)
        )
        if added is None:
            raise LeaseLost(leased.id)

    def fail(self, session: Session, leased: Leased, said: str, now: dt.datetime) -> bool:
        """Have a job tried again later, or keep it as a dead one; tell which.

        Raises:
            LeaseLost: it has taken effect elsewhere.
        """
        if session.get(JobEffectRow, leased.id) is not None:
            raise LeaseLost(leased.id)
        if leased.attempt < TRIES:
            args = {
                "job": leased.id,
                "kind": leased.kind,
                "payload": leased.payload,
                "trace": leased.trace,
                "attempt": leased.attempt + 1,
                "priority": leased.priority,
            }
            self._put(session, args, at=now + wait_before(leased.attempt))
            return False
        self.finish(session, leased, now)  # no zombie may do it after all
        _bury(session, leased, said, now)
        return True

    def depth(self, session: Session, now: dt.datetime) -> Depth:
        """Return how much there is to do."""
        due, later, oldest = session.execute(_DEPTH).one()
        dead = depth_of(session, now).dead
        return Depth(due=due, later=later, dead=dead, oldest_seconds=max(0.0, float(oldest)))

    def due_by_kind(self, session: Session, now: dt.datetime) -> dict[str, int]:
        """Return how many jobs of each kind could run now."""
        return {str(kind): count for kind, count in session.execute(_KINDS)}

    def take_over(self, now: dt.datetime) -> int:
        """Put the jobs of workers that fell silent once more; return how many there were."""
        return self.database.transact(lambda session: self._take_over(session, now))

    def _take_over(self, session: Session, now: dt.datetime) -> int:
        orphans = session.execute(_ORPHANS, {"task": TASK, "silent": self.silent}).all()
        for number, args in orphans:
            session.execute(_DONE, {"id": number})
            leased = _leased(args)
            if session.get(JobEffectRow, leased.id) is not None:
                continue
            if leased.attempt >= TRIES:
                self.finish(session, leased, now)
                _bury(session, leased, "Every worker that tried this job died of it.", now)
            else:
                self._put(session, {**args, "attempt": leased.attempt + 1}, at=now)
        return len(orphans)

    def serve(self, do: Callable[[Leased], None], stop: threading.Event, threads: int) -> None:
        """Run a procrastinate worker until ``stop`` is set and the jobs at hand are done."""
        url = self.database.engine.url.set(drivername="postgresql")
        app = App(connector=PsycopgConnector(conninfo=url.render_as_string(hide_password=False)))

        def task(_context: JobContext, /, **args: Any) -> None:
            leased = _leased(args)
            with self.database.reading() as session:
                applied = session.get(JobEffectRow, leased.id) is not None
            if not applied:
                do(leased)

        app.task(name=TASK, pass_context=True)(task)
        asyncio.run(self._run(app, stop, threads))

    async def _run(self, app: App, stop: threading.Event, threads: int) -> None:
        async with app.open_async():
            worker: Any = app._worker(  # the public call cannot be stopped from another thread
                queues=["steelyard"],
                concurrency=threads,
                fetch_job_polling_interval=0.5,
                install_signal_handlers=False,
                update_heartbeat_interval=self.silent / 3,
                stalled_worker_timeout=self.silent,
                delete_jobs="successful",
            )
            running = asyncio.create_task(worker.run())
            looked = 0.0
            loop = asyncio.get_running_loop()
            while not running.done():
                await asyncio.wait((running,), timeout=0.2)
                if stop.is_set():
                    worker.stop()
                elif loop.time() - looked > self.silent / 3:
                    looked = loop.time()
                    await asyncio.to_thread(self._look_after_orphans)
            await running

    def _look_after_orphans(self) -> None:
        try:
            count = self.take_over(self.clock())
        except Exception as error:
            _log.warning("jobs.orphans", said=str(error))
        else:
            if count:
                _log.info("jobs.taken-over", count=count)


def _leased(args: dict[str, Any]) -> Leased:
    return Leased(
        id=args["job"],
        kind=args["kind"],
        payload=args["payload"],
        trace=args["trace"],
        attempt=args["attempt"],
        token=args["attempt"],
        priority=args["priority"],
    )


def _bury(session: Session, leased: Leased, said: str, now: dt.datetime) -> None:
    """Keep a dead job where those of the embedded queue are found."""
    session.add(
        JobRow(
            id=leased.id,
            kind=leased.kind,
            payload=leased.payload,
            key="",
            trace=leased.trace,
            priority=leased.priority,
            state="dead",
            due=now,
            attempts=leased.attempt,
            token=leased.token,
            worker="",
            last_error=said[:_SAID_MOST],
            put_at=now,
        )
    )


def forget(session: Session, before: dt.datetime) -> None:
    """Delete the marks of jobs that took effect before that time."""
    session.execute(delete(JobEffectRow).where(JobEffectRow.at < before))
