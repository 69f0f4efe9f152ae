# SPDX-License-Identifier: Apache-2.0
"""A server in the test's own process, on SQLite and, where it is found, on PostgreSQL.

Every test that asks for ``house`` runs on both. PostgreSQL is found through
``STEELYARD_TEST_POSTGRES`` or on its standard port; each test process uses a database of its own,
and each test an empty schema in it.
"""

from __future__ import annotations

import atexit
import datetime as dt
import os
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import structlog
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from fastapi.testclient import TestClient
from sqlalchemy import Connection, create_engine, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session
from starlette.requests import Request

from steelyard.api.app import create_app
from steelyard.bootstrap import tables as _tables  # noqa: F401 # registers every table
from steelyard.bootstrap.house import House
from steelyard.kernel.actor import Actor
from steelyard.kernel.event import Event
from steelyard.kernel.event_words import EVENTS
from steelyard.platform.database.base import Base
from steelyard.platform.database.engine import Database, sqlite_url
from steelyard.platform.database.migrate import SCRIPTS
from steelyard.platform.jobs.port import Job
from steelyard.platform.log.tables import EventRow
from steelyard.platform.work import Work

structlog.configure(
    processors=[structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
)
"""The default draws tracebacks with all values in them, which takes seconds."""
ADMIN_URL = os.environ.get(
    "STEELYARD_TEST_POSTGRES", "postgresql+psycopg://postgres@127.0.0.1:5432/postgres"
)
_record = Work.record


def _documented(work: Work, actor: Actor, event: Event) -> EventRow:
    """Record an event, which must be one that the reference page explains."""
    assert event.type in EVENTS or event.type.startswith("test."), (
        f"say in kernel/event_words.py what {event.type} tells"
    )
    return _record(work, actor, event)


Work.record = _documented  # type: ignore[assignment,method-assign]
NOON = dt.datetime(2026, 11, 25, 12, 0, tzinfo=dt.UTC)
"""A Wednesday."""


class Clock:
    """A clock that stands until it is moved."""

    def __init__(self, now: dt.datetime = NOON) -> None:
        self.now = now

    def __call__(self) -> dt.datetime:
        return self.now

    def forward(self, **span: float) -> None:
        self.now += dt.timedelta(**span)


@dataclass
class KeptJobs:
    """A queue that only remembers; for tests of what is put."""

    jobs: list[Job] = field(default_factory=list)

    def put(self, session: Session, job: Job) -> None:
        self.jobs.append(job)


@cache
def postgres_url() -> str | None:
    """Return a database of this test process, made once; None where there is no server."""
    name = f"steelyard_test_{os.getpid()}"
    engine = create_engine(ADMIN_URL, isolation_level="AUTOCOMMIT")
    try:
        with engine.connect() as connection:
            for old in connection.scalars(
                text("SELECT datname FROM pg_database WHERE datname LIKE 'steelyard_test_%'")
            ).all():
                if not Path(f"/proc/{old.rpartition('_')[2]}").exists() or old == name:
                    connection.execute(text(f'DROP DATABASE IF EXISTS "{old}" WITH (FORCE)'))
            connection.execute(text(f'CREATE DATABASE "{name}"'))
    except OperationalError:
        if "postgres" in os.environ.get("STEELYARD_REQUIRE", ""):
            raise
        return None
    finally:
        engine.dispose()
    return ADMIN_URL.rpartition("/")[0] + f"/{name}"


def open_database(kind: str, directory: Path) -> Database:
    """Return an empty database of that kind with all tables."""
    if kind == "sqlite":
        shutil.copyfile(_sqlite_template(), directory / "steelyard.db")
        return Database(sqlite_url(directory))
    url = _postgres()
    database = Database(url)
    with database.engine.begin() as connection:
        if _wiped(connection):
            return database
        connection.execute(text("DROP SCHEMA public CASCADE"))
        connection.execute(text("CREATE SCHEMA public"))
    _make_tables(database)
    return database


def empty_database(kind: str, directory: Path) -> Database:
    """Return a database of that kind without tables."""
    if kind == "sqlite":
        return Database(sqlite_url(directory))
    database = Database(_postgres())
    with database.engine.begin() as connection:
        connection.execute(text("DROP SCHEMA public CASCADE"))
        connection.execute(text("CREATE SCHEMA public"))
    return database


def _postgres() -> str:
    url = postgres_url()
    if url is None:
        pytest.skip("POSTGRESQL NOT FOUND: the server was tested on SQLite only")
    return url


@cache
def _sqlite_template() -> Path:
    """Return a file with all tables and no row, made once a process."""
    directory = Path(tempfile.mkdtemp(prefix="steelyard-tables-"))
    atexit.register(shutil.rmtree, directory, ignore_errors=True)
    database = Database(sqlite_url(directory))
    _make_tables(database)
    with database.engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    database.close()
    return directory / "steelyard.db"


def _make_tables(database: Database) -> None:
    Base.metadata.create_all(database.engine)  # quicker than the steps; a test compares the two
    with database.engine.begin() as connection:
        MigrationContext.configure(connection).stamp(ScriptDirectory(str(SCRIPTS)), "head")


_MADE: set[str] = set()
"""Tables and triggers of PostgreSQL as they were when this process made them, as one text."""


def _wiped(connection: Connection) -> bool:
    """Delete every row, past the triggers; False if the tables are not as they should be."""
    shape = "\n".join(
        connection.scalars(
            text(
                "SELECT table_name || ':' || string_agg(column_name, ',' ORDER BY column_name) "
                "FROM information_schema.columns WHERE table_schema = 'public' GROUP BY table_name "
                "UNION ALL SELECT tgname || tgenabled::text FROM pg_trigger WHERE NOT tgisinternal "
                "ORDER BY 1"
            )
        )
    )
    wanted = {*Base.metadata.tables, "alembic_version"}
    have = {line.partition(":")[0] for line in shape.splitlines() if ":" in line}
    if wanted - have or (_MADE and shape not in _MADE) or "event_keptO" not in shape:
        return False
    _MADE.add(shape)
    connection.execute(text("SET LOCAL session_replication_role = replica"))
    for name in sorted(have - {"alembic_version"}):
        connection.execute(text(f'DELETE FROM public."{name}"'))
    for name in connection.scalars(
        text(
            "SELECT sequence_name FROM information_schema.sequences WHERE sequence_schema='public'"
        )
    ).all():
        connection.execute(text(f'ALTER SEQUENCE public."{name}" RESTART'))
    return True


def person(name: str, *roles: str, unit: str = "search", **more: Any) -> Actor:
    """Return somebody with these roles in a unit."""
    return Actor(
        id=f"usr_{name}",
        alias=f"act_{name}",
        name=name.title(),
        mail=f"{name}@example.org",
        roles=frozenset(roles),
        units=frozenset({unit} if unit else ()),
        **more,
    )


class Doors:
    """Clients of one server, each logged in as somebody."""

    def __init__(self, house: House) -> None:
        self.house = house
        self._people: dict[str, Actor] = {}
        self.app = create_app(house, self._authenticate)

    def _authenticate(self, request: Request) -> Actor | None:
        return self._people.get(request.headers.get("authorization", ""))

    def as_(self, actor: Actor) -> TestClient:
        """Return a client that calls as ``actor``."""
        self._people[f"Bearer {actor.id}"] = actor
        return TestClient(
            self.app,
            headers={"authorization": f"Bearer {actor.id}"},
            raise_server_exceptions=False,
        )

    @property
    def stranger(self) -> TestClient:
        """A client nobody knows."""
        return TestClient(self.app, raise_server_exceptions=False)


KINDS = ["sqlite", "postgresql"]


def houses(kind: str, directory: Path) -> Iterator[House]:
    """Yield a house on an empty database and close it afterwards."""
    database = open_database(kind, directory)
    house = House(database=database, jobs=KeptJobs(), clock=Clock())
    try:
        yield house
    finally:
        house.close()
