# SPDX-License-Identifier: Apache-2.0
"""The worker: takes jobs, runs their handlers, commits their effect once, and keeps the clock."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import structlog
from structlog.contextvars import bind_contextvars

from steelyard.bootstrap.house import House
from steelyard.kernel.actor import OPERATOR
from steelyard.kernel.errors import SteelyardError, UnavailableError
from steelyard.platform.jobs.port import Engine, Handler, Leased, LeaseLost
from steelyard.platform.jobs.schedules import Schedule, fire
from steelyard.platform.notify.service import tell
from steelyard.platform.work import Work
from steelyard.worker.handlers import HANDLERS, SCHEDULES, TICKS

BEAT = 1.0
"""Seconds between two ticks."""
_log = structlog.get_logger("steelyard.worker")


class Worker:
    """Works for one house until it is stopped."""

    def __init__(
        self,
        house: House,
        *,
        engine: Engine | None = None,
        threads: int = 2,
        handlers: Mapping[str, Handler[House]] = HANDLERS,
        schedules: Sequence[Schedule] = SCHEDULES,
        ticks: Sequence[Callable[[House], object]] = TICKS,
    ) -> None:
        found = engine or house.engine
        if found is None:
            raise ValueError("this house has no engine of jobs")
        self._house, self._engine, self._threads = house, found, threads
        self._handlers, self._schedules, self._ticks = handlers, schedules, ticks
        self._stop = threading.Event()
        self._fired: dict[str, Any] = {}

    def run(self) -> None:
        """Work until :meth:`stop` is called, and finish the jobs at hand."""
        clock = threading.Thread(target=self._keep_time, name="clock", daemon=True)
        clock.start()
        self._engine.serve(self.do, self._stop, self._threads)
        clock.join()

    def stop(self) -> None:
        """Have :meth:`run` return once the jobs at hand are done; safe in a signal handler."""
        self._stop.set()

    def do(self, leased: Leased) -> None:
        """Run one job: its handler outside a transaction, then its effect and its end in one."""
        began = time.monotonic()
        log = _log.bind(job=leased.id, kind=leased.kind, trace=leased.trace, attempt=leased.attempt)
        bind_contextvars(job=leased.id, trace=leased.trace)
        try:
            handler = self._handlers.get(leased.kind)
            if handler is None:
                raise SteelyardError(f"Nothing here does jobs of the kind {leased.kind!r}.")
            effect = handler(self._house, leased.payload)
            self._house.transact(lambda work: self._apply(work, leased, effect), trace=leased.trace)
        except LeaseLost:
            log.warning("job.lost")
            self._house.metrics.jobs.labels(leased.kind, "lost").inc()
        except Exception as error:
            self._failed(leased, error, log)
        else:
            seconds = time.monotonic() - began
            log.info("job.done", seconds=round(seconds, 3))
            self._house.metrics.jobs.labels(leased.kind, "done").inc()
            self._house.metrics.job_seconds.labels(leased.kind).observe(seconds)

    def _apply(self, work: Work, leased: Leased, effect: Callable[[Work], object]) -> None:
        self._engine.finish(work.session, leased, work.now)  # first: it locks others out
        effect(work)

    def _failed(self, leased: Leased, error: Exception, log: Any) -> None:
        known = isinstance(error, SteelyardError)
        said = str(error) if known else f"{type(error).__name__}: {error}"
        try:
            dead = self._house.transact(lambda work: self._fail(work, leased, said))
        except LeaseLost:
            log.warning("job.lost")
        except UnavailableError as unavailable:
            log.warning("jobs.unavailable", said=unavailable.message)  # the lease will run out
        else:
            log.error("job.dead" if dead else "job.failed", said=said, exc_info=not known)
            self._house.metrics.jobs.labels(leased.kind, "dead" if dead else "failed").inc()

    def _fail(self, work: Work, leased: Leased, said: str) -> bool:
        dead = self._engine.fail(work.session, leased, said, work.now)
        if dead and leased.kind != "mail.send":  # or a dead mail server would be told of by mail
            tell(
                work,
                kind="job.dead",
                subject=leased.id,
                roles=(OPERATOR,),
                facts={"kind": leased.kind, "attempts": leased.attempt},
            )
        return dead

    def _keep_time(self) -> None:
        while not self._stop.is_set():
            began = time.monotonic()
            self.tick()
            self._stop.wait(max(0.05, BEAT - (time.monotonic() - began)))

    def tick(self) -> None:
        """Put the jobs that are due by their schedules, and do what is done every second."""
        for schedule in self._schedules:
            slot = schedule.slot(self._house.clock())
            if self._fired.get(schedule.name) != slot and self._try(
                schedule.name, partial(self._fire, schedule)
            ):
                self._fired[schedule.name] = slot
        for each in self._ticks:
            self._try(getattr(each, "__name__", "tick"), partial(each, self._house))

    def _fire(self, schedule: Schedule) -> None:
        self._house.transact(lambda work: fire(work, schedule))

    def _try(self, name: str, act: Callable[[], object]) -> bool:
        """Do something that must not end the clock; tell whether it worked."""
        try:
            act()
        except SteelyardError as error:
            _log.warning("tick.failed", tick=name, said=str(error))
        except Exception:
            _log.exception("tick.failed", tick=name)
        else:
            return True
        self._house.metrics.ticks_failed.labels(name).inc()
        return False
