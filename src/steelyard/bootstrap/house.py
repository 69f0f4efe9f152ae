# SPDX-License-Identifier: Apache-2.0
"""The server's composition root: database, jobs, keys and clock put together once per process."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TypeVar

from sqlalchemy.orm import Session

from steelyard.bootstrap import utc_now
from steelyard.platform.database.engine import Database
from steelyard.platform.jobs.port import JobQueue
from steelyard.platform.work import Work

T = TypeVar("T")


@dataclass
class House:
    """What doors and workers use; made by :func:`open_house`."""

    database: Database
    jobs: JobQueue
    clock: Callable[[], dt.datetime] = field(default=utc_now)

    def transact(self, act: Callable[[Work], T], *, trace: str = "") -> T:
        """Run ``act`` in one transaction and return what it returns, once that is committed.

        Raises:
            UnavailableError: the database cannot do it now; nothing was done.
        """
        return self.database.transact(
            lambda session: act(Work(session, self.clock(), self.jobs, trace=trace))
        )

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """Yield a session that changes nothing."""
        with self.database.reading() as session:
            yield session
