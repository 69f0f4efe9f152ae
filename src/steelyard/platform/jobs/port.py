# SPDX-License-Identifier: Apache-2.0
"""What the house needs of a job queue, whichever engine does it.

A job takes effect once. Its handler does what takes long outside of any transaction and returns the
change; the change is committed together with the job's completion, and that completion fails if
somebody else has taken the job over meanwhile.
"""

from __future__ import annotations

import datetime as dt
import random
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from msgspec import Struct
from sqlalchemy.orm import Session

if TYPE_CHECKING:
    from steelyard.platform.work import Work

H = TypeVar("H")
Handler = Callable[[H, dict[str, Any]], "Callable[[Work], object]"]
"""``handler(house, payload)`` works outside a transaction and returns the change to commit."""
TRIES = 8
"""How often a job is tried before it is dead; the last wait is about half an hour."""
OUTSIDE = -10
"""Priority of jobs that wait for somebody else's server: one that hangs holds up only its own."""
_FIRST_WAIT, _LONGEST_WAIT = 10.0, 3600.0


class Job(Struct, frozen=True, kw_only=True):
    """Work to do later: a kind that names its handler, and small facts (ids, not documents)."""

    kind: str
    payload: dict[str, Any]
    run_at: dt.datetime
    key: str = ""
    """Of jobs with one key that still wait, one is kept."""
    trace: str = ""
    priority: int = 0
    """Higher goes first."""


class Leased(Struct, frozen=True, kw_only=True):
    """A job that one worker has for a while."""

    id: str
    kind: str
    payload: dict[str, Any]
    trace: str
    attempt: int
    """1 at the first try. Counts tries whose worker died, too."""
    token: int
    """Fencing token: grows with every worker that gets the job."""
    priority: int = 0


class LeaseLost(Exception):  # told to workers, never to people
    """Another worker has this job now, or finished it: what was computed must not take effect."""


class JobQueue(Protocol):
    """Takes jobs inside the caller's transaction."""

    def put(self, session: Session, job: Job) -> None:
        """Add ``job``; it can run once the session's transaction is committed."""
        ...


class Engine(JobQueue, Protocol):
    """A queue that also hands its jobs to workers."""

    def finish(self, session: Session, leased: Leased, now: dt.datetime) -> None:
        """Complete a job, in the transaction of its effect.

        Raises:
            LeaseLost: it is somebody else's now.
        """
        ...

    def fail(self, session: Session, leased: Leased, said: str, now: dt.datetime) -> bool:
        """Keep what went wrong and have the job tried again later; tell whether it is dead now.

        Raises:
            LeaseLost: it is somebody else's now.
        """
        ...

    def serve(self, do: Callable[[Leased], None], stop: threading.Event, threads: int) -> None:
        """Hand jobs to ``do`` until ``stop`` is set and the jobs at hand are done."""
        ...

    def depth(self, session: Session, now: dt.datetime) -> Depth:
        """Return how much there is to do."""
        ...

    def due_by_kind(self, session: Session, now: dt.datetime) -> dict[str, int]:
        """Return how many jobs of each kind could run now."""
        ...


class Depth(Struct, frozen=True, kw_only=True):
    """How full a queue is."""

    due: int
    """Jobs that could run now."""
    later: int
    dead: int
    oldest_seconds: float
    """How long the oldest job that could run has waited for it."""


def wait_before(attempt: int) -> dt.timedelta:
    """Return how long to wait after the ``attempt``-th try failed: longer each time, spread out."""
    bound = min(_LONGEST_WAIT, _FIRST_WAIT * 2.0 ** (attempt - 1))
    return dt.timedelta(seconds=random.uniform(bound / 2, bound))  # noqa: S311 # spreads retries
