# SPDX-License-Identifier: Apache-2.0
"""Opens the database and runs transactions in it.

SQLite: write-ahead log, every commit on disk before it is acknowledged, foreign keys on, and a
writing transaction takes its lock when it begins, so that it cannot fail half-way for having read
too early. Writers of one process stand in a queue of their own before that lock: SQLite lets
whoever finds it taken sleep, for ever longer. PostgreSQL: repeatable work is tried again when the
server says that transactions met.
"""

from __future__ import annotations

import hashlib
import random
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import Engine, create_engine, event, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import (
    ArgumentError,
    DBAPIError,
    DisconnectionError,
    InterfaceError,
    OperationalError,
)
from sqlalchemy.orm import Session
from sqlalchemy.pool import QueuePool

from steelyard.kernel.errors import InputError, UnavailableError
from steelyard.platform.database.turns import WAIT_MS, Turns

T = TypeVar("T")
WAL_PAGES = 8_000
"""Pages of the log after which SQLite moves them into the database: 32 MB. Commits are as durable;
pages that many commits change are moved once."""
_AGAIN = {"40001", "40P01", "55P03"}
"""PostgreSQL: serialization failure, deadlock, lock not available."""
_TRIES = 6
_IDLE = 5.0
"""Seconds after which a connection of the pool is asked whether it still lives."""


class Database:
    """One database and its pool of connections."""

    def __init__(self, url: str, *, pool: int = 20) -> None:
        self.engine = _engine(url, pool)
        self.sqlite = self.engine.dialect.name == "sqlite"
        self._turns: Turns | None = Turns() if self.sqlite else None
        self.info: dict[Any, Any] = {}
        """What every session carries."""

    def _session(self) -> Session:
        return Session(self.engine, expire_on_commit=False, info=dict(self.info))

    def turn(self) -> AbstractContextManager[None]:
        """Wait for the turn of this thread to write and keep it while the context is open."""
        return nullcontext() if self._turns is None else self._turns.turn()

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """Yield a session in a transaction that is committed at the end, or undone on any error.

        Raises:
            UnavailableError: the database cannot be reached or cannot write; nothing was done.
        """
        with _translated(), self.turn(), self._session() as session:
            if self.sqlite:
                session.connection(execution_options={"begin": "IMMEDIATE"})
            with _commit(session):
                yield session

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """Yield a session that sees one state of the database and changes nothing."""
        with _translated(), self._session() as session:
            if not self.sqlite:
                session.connection(
                    execution_options={
                        "isolation_level": "REPEATABLE READ",
                        "postgresql_readonly": True,
                    }
                )
            yield session
            session.expunge_all()  # what was read can still be looked at
            session.rollback()

    def transact(self, act: Callable[[Session], T]) -> T:
        """Run ``act`` in a writing transaction, again if transactions met; ``act`` must not have
        effects outside the session."""
        for attempt in range(_TRIES):
            try:
                with self.writing() as session:
                    return act(session)
            except UnavailableError as error:
                cause = error.__cause__
                if not (isinstance(cause, DBAPIError) and _met(cause)) or attempt == _TRIES - 1:
                    raise
                time.sleep(random.uniform(0, 0.02 * 2**attempt))  # noqa: S311 # spreads retries
        raise AssertionError("unreachable")

    def check(self) -> None:
        """Ask the database for a sign of life.

        Raises:
            UnavailableError: there is none.
        """
        with self.reading() as session:
            session.execute(text("SELECT 1"))

    def close(self) -> None:
        """Close every connection."""
        self.engine.dispose()


@contextmanager
def _commit(session: Session) -> Iterator[None]:
    try:
        yield
        session.commit()
    except BaseException:
        session.rollback()
        raise


def _met(error: DBAPIError) -> bool:
    state = getattr(error.orig, "sqlstate", None)
    return state in _AGAIN or "database is locked" in str(error.orig)


@contextmanager
def _translated() -> Iterator[None]:
    """Turn what the driver says about the world into a sentence; bugs stay what they are."""
    try:
        yield
    except (OperationalError, InterfaceError) as error:
        said = str(error.orig).strip().splitlines()[0] if str(error.orig).strip() else "no answer"
        full = "full" in said.lower() or getattr(error.orig, "sqlstate", "") == "53100"
        raise UnavailableError(
            f"The database cannot do this now: {said}.",
            next_step="Free space on the database's disk." if full else "Try again in a moment.",
            code="database.full" if full else "database.unavailable",
        ) from error
    except DBAPIError as error:
        if not error.connection_invalidated and not _met(error):
            raise
        raise UnavailableError(
            "The database ended this connection; nothing was done.",
            next_step="Try again in a moment.",
            code="database.unavailable",
        ) from error


def wait_for_others(session: Session, name: str) -> None:
    """Wait until no other transaction is at what ``name`` names, and keep others from it."""
    if session.get_bind().dialect.name == "postgresql":  # SQLite has one writer at a time
        digest = hashlib.sha256(name.encode()).digest()
        lock = int.from_bytes(digest[:8], "big", signed=True)
        session.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": lock})


def sqlite_url(directory: Path) -> str:
    """Return the URL of the embedded database in a data directory."""
    return f"sqlite:///{directory / 'steelyard.db'}"


def _engine(url: str, pool: int) -> Engine:
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise InputError(
            "The address of the database is not a URL.",
            next_step="Write it like postgresql://user@host/name or sqlite:///path.",
            code="database.url",
        ) from error
    if parsed.drivername in ("postgresql", "postgres", "postgresql+psycopg"):
        try:
            found = create_engine(
                parsed.set(drivername="postgresql+psycopg"),
                pool_size=pool,
                max_overflow=pool,
                pool_timeout=15,
                connect_args={"connect_timeout": 10, "application_name": "steelyard"},
            )
        except ModuleNotFoundError as error:
            raise InputError(
                "PostgreSQL needs a driver that is not installed.",
                next_step="Install steelyard[server,postgres].",
                code="database.driver",
            ) from error
        event.listen(found, "checkin", _note_use)
        event.listen(found, "checkout", _ping_idle)
        return found
    if parsed.drivername != "sqlite":
        raise InputError(
            f"Databases of the kind {parsed.drivername!r} are not supported.",
            next_step="Use postgresql://… or leave the setting out for SQLite.",
            code="database.url",
        )
    engine = create_engine(
        url,
        poolclass=QueuePool,
        pool_size=pool,
        max_overflow=pool,
        connect_args={"timeout": WAIT_MS / 1000, "check_same_thread": False},
    )
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _note_use(_connection: Any, record: Any) -> None:
    record.info["used"] = time.monotonic()


def _ping_idle(connection: Any, record: Any, _proxy: Any) -> None:
    """Ask a connection that was idle for a while whether it lives; a busy one costs no call."""
    if time.monotonic() - record.info.get("used", time.monotonic()) < _IDLE:
        return
    try:
        connection.execute("SELECT 1")
        connection.rollback()
    except Exception as error:
        raise DisconnectionError("the connection is gone") from error


def _prepare_sqlite(connection: Any, _record: object) -> None:
    """Set what SQLite forgets between connections."""
    connection.isolation_level = None  # the driver must not begin transactions on its own
    cursor = connection.cursor()
    for pragma in (
        "journal_mode=WAL",
        "synchronous=FULL",
        f"wal_autocheckpoint={WAL_PAGES}",
        "foreign_keys=ON",
        f"busy_timeout={WAIT_MS}",
        "cache_size=-65536",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(connection: Any) -> None:
    connection.exec_driver_sql(f"BEGIN {connection.get_execution_options().get('begin', '')}")
