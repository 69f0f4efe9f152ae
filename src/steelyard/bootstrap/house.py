# SPDX-License-Identifier: Apache-2.0
"""The server's composition root: database, jobs, keys and clock put together once per process."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from sqlalchemy.orm import Session

from steelyard.bootstrap import tables as _tables  # noqa: F401 # registers every table
from steelyard.bootstrap import utc_now
from steelyard.governance.assessment.waivers import Waiver
from steelyard.governance.exceptions import queries as exceptions
from steelyard.kernel.errors import InputError
from steelyard.ledger.signing import Signer
from steelyard.platform.blobs.store import Blobs, memory_blobs, open_blobs
from steelyard.platform.database.engine import Database, sqlite_url
from steelyard.platform.database.migrate import upgrade
from steelyard.platform.durable import make_directory
from steelyard.platform.jobs.embedded import EmbeddedQueue
from steelyard.platform.jobs.port import Engine, JobQueue
from steelyard.platform.log.keyring import HeldKeys, Keyring, Keys
from steelyard.platform.sealed_rows import open_vault
from steelyard.platform.settings import Settings
from steelyard.platform.telemetry.metrics import Metrics
from steelyard.platform.work import Work

T = TypeVar("T")


@dataclass
class House:
    """What doors and workers use; made by :func:`open_house`."""

    database: Database
    jobs: JobQueue
    clock: Callable[[], dt.datetime] = field(default=utc_now)
    engine: Engine | None = None
    """What hands the jobs to workers."""
    settings: Settings = field(default_factory=Settings.model_construct)
    keys: Keys = field(default_factory=lambda: HeldKeys(Signer.generate()))
    """The keys that sign decisions and the ledger's checkpoints."""
    blobs: Blobs = field(default_factory=memory_blobs)
    metrics: Metrics = field(default_factory=Metrics)
    gauges: tuple[float, bytes] | None = None
    """What was last read for ``/metrics``, and when."""
    closers: list[Callable[[], None]] = field(default_factory=list)
    """What has to stop before the database is closed."""

    def transact(self, act: Callable[[Work], T], *, trace: str = "") -> T:
        """Run ``act`` in one transaction and return what it returns, once that is committed.

        Raises:
            UnavailableError: the database cannot do it now; nothing was done.
        """
        return self.database.transact(
            lambda session: act(Work(session, self.clock(), self.jobs, trace=trace))
        )

    def waivers(
        self, request: str, revision: str, use_case: str, environment: str
    ) -> tuple[Waiver, ...]:
        """Return the exceptions that hold now for an adoption."""
        with self.reading() as session:
            found = exceptions.active_for(
                session, self.clock(),
                use_case=use_case, environment=environment, revision=revision, request=request,
            )  # fmt: skip
        return tuple(Waiver(exception=each.id, rule=each.rule, until=each.until) for each in found)

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """Yield a session that changes nothing."""
        with self.database.reading() as session:
            yield session

    def close(self) -> None:
        """Close what is open."""
        while self.closers:
            self.closers.pop()()
        self.database.close()


def open_house(settings: Settings) -> House:
    """Return the house as ``settings`` describe it, ready for use.

    Raises:
        InputError: a setting or the data directory cannot be used.
        UnavailableError: the database cannot be reached.
    """
    try:
        make_directory(settings.data, 0o700)
    except OSError as error:
        raise InputError(
            f"The data directory {str(settings.data)!r} cannot be made: {error.strerror}.",
            next_step="Set STEELYARD_DATA, or give --data, to a directory you own.",
            code="data.unusable",
        ) from error
    url = settings.database_url.get_secret_value() or sqlite_url(settings.data)
    database = Database(url, pool=settings.database_pool)
    prepare(database)
    open_vault(database, secrets_key(settings))
    engine = open_engine(settings, database)
    keys = Keyring(settings.key or settings.data / "key.pem")
    keys.first()
    blobs = open_blobs(
        settings.blobs_url,
        settings.data / "blobs",
        endpoint=settings.blobs_s3_endpoint,
        region=settings.blobs_s3_region,
    )
    return House(
        database=database,
        jobs=engine,
        engine=engine,
        settings=settings,
        keys=keys,
        blobs=blobs,
    )


def secrets_key(settings: Settings) -> Path:
    """Return where the keys of sealed secrets lie."""
    return settings.secrets_key or settings.data / "secrets.key"


def prepare(database: Database) -> None:
    """Bring the tables up to this version.

    Raises:
        InputError: the database was made by a newer version.
        UnavailableError: the database cannot be reached.
    """
    database.check()
    upgrade(database)


def open_engine(
    settings: Settings, database: Database, clock: Callable[[], dt.datetime] = utc_now
) -> Engine:
    """Return the engine of jobs that ``settings`` name.

    Raises:
        InputError: it needs something that is not there.
    """
    if settings.jobs == "embedded":
        lease = dt.timedelta(seconds=settings.job_lease_seconds)
        return EmbeddedQueue(database, clock, lease=lease)
    try:
        from steelyard.platform.jobs.procrastinate_engine import ProcrastinateQueue
    except ModuleNotFoundError as error:
        raise InputError(
            "The job engine procrastinate is not installed.",
            next_step="Install steelyard[server,postgres].",
            code="jobs.engine",
        ) from error
    queue = ProcrastinateQueue(database, clock, silent=settings.job_lease_seconds)
    queue.install()
    return queue
