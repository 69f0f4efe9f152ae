# SPDX-License-Identifier: Apache-2.0
"""The house as commands on its own machine enter it: past every door, beside the server."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy.orm import Session

from steelyard.bootstrap import tables as _tables  # noqa: F401 # registers every table
from steelyard.bootstrap.house import House
from steelyard.platform.database.base import Base
from steelyard.platform.database.engine import Database, sqlite_url
from steelyard.platform.durable import make_directory
from steelyard.platform.jobs.port import Job


class _NoJobs:
    """People and tokens are managed without jobs."""

    def put(self, session: Session, job: Job) -> None:
        raise AssertionError(f"no queue for {job.kind}")


@contextmanager
def local_house(data: Path, database_url: str | None) -> Iterator[House]:
    """Yield the house on the database of a data directory, or the one at a URL."""
    if not database_url:
        make_directory(data, 0o700)
    database = Database(database_url or sqlite_url(data), pool=2)
    try:
        Base.metadata.create_all(database.engine)
        yield House(database=database, jobs=_NoJobs())
    finally:
        database.close()
