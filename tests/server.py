# SPDX-License-Identifier: Apache-2.0
"""A server in the test's own process, on SQLite and, where it is found, on PostgreSQL.

Every test that asks for ``house`` runs on both. PostgreSQL is found through
``STEELYARD_TEST_POSTGRES`` or on its standard port; each test process uses a database of its own,
and each test an empty schema in it.
"""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
import structlog
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from fastapi.testclient import TestClient
from sqlalchemy import create_engine, text
from sqlalchemy.exc import DBAPIError, OperationalError
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
from steelyard.platform.vault import Vault, put_vault
from steelyard.platform.work import Work

structlog.configure(
    processors=[structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
)
"""The default draws tracebacks with all values in them, which takes seconds."""
ADMIN_URL = os.environ.get(
    "STEELYARD_TEST_POSTGRES", "postgresql+psycopg://postgres@127.0.0.1:5432/postgres"
)
_record = Work.record


def _documented(work: Work, actor: Actor, event: Event) -> int:
    """Record an event, which must be one that the reference page explains."""
    known = event.type in EVENTS or event.type.partition(".")[0] in ("test", "thing")
    assert known, f"say in kernel/event_words.py what {event.type} tells"
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
    """Return an empty database of that kind with all tables.

    Making the tables costs most of what a small test costs, so it is done once for each process:
    SQLite's file is copied, PostgreSQL's tables are emptied, unless a test has altered them.
    """
    if kind == "sqlite":
        (directory / "steelyard.db").write_bytes(_sqlite_template())
        return Database(sqlite_url(directory))
    url = postgres_url()
    if url is None:
        pytest.skip("POSTGRESQL NOT FOUND: the server was tested on SQLite only")
    database = Database(url)
    if not _emptied(database):
        with database.engine.begin() as connection:
            connection.execute(text("DROP SCHEMA public CASCADE"))
            connection.execute(text("CREATE SCHEMA public"))
        _make_tables(database)
        _SHAPES[url] = _shape(database)
    return database


def empty_database(kind: str, directory: Path) -> Database:
    """Return a database of that kind without tables."""
    if kind == "sqlite":
        return Database(sqlite_url(directory))
    url = postgres_url()
    if url is None:
        pytest.skip("POSTGRESQL NOT FOUND: the server was tested on SQLite only")
    database = Database(url)
    with database.engine.begin() as connection:
        connection.execute(text("DROP SCHEMA public CASCADE"))
        connection.execute(text("CREATE SCHEMA public"))
    return database


def _make_tables(database: Database) -> None:
    Base.metadata.create_all(database.engine)  # quicker than the steps; a test compares the two
    with database.engine.begin() as connection:
        MigrationContext.configure(connection).stamp(ScriptDirectory(str(SCRIPTS)), "head")


_SHAPES: dict[str, list[str]] = {}
"""What a database of this process looked like when its tables had been made."""
_SHAPE = """
    SELECT concat(table_name, ' ', column_name, ' ', data_type) FROM information_schema.columns
        WHERE table_schema = 'public'
    UNION ALL SELECT indexdef FROM pg_indexes WHERE schemaname = 'public'
    UNION ALL SELECT concat(tgrelid::regclass, ' ', tgname, ' ', tgenabled) FROM pg_trigger
        WHERE NOT tgisinternal
    UNION ALL SELECT concat(proname, ' ', prosrc) FROM pg_proc
        WHERE pronamespace = 'public'::regnamespace
    UNION ALL SELECT concat(conname, ' ', contype) FROM pg_constraint
        WHERE connamespace = 'public'::regnamespace
    ORDER BY 1
"""


@cache
def _sqlite_template() -> bytes:
    with TemporaryDirectory() as directory:
        database = Database(sqlite_url(Path(directory)))
        _make_tables(database)
        database.close()
        return (Path(directory) / "steelyard.db").read_bytes()


def _shape(database: Database) -> list[str]:
    with database.engine.connect() as connection:
        return list(connection.scalars(text(_SHAPE)))


def _emptied(database: Database) -> bool:
    """Empty every table; tell whether that was possible and the tables are as they were made."""
    url = str(postgres_url())
    if url not in _SHAPES or _shape(database) != _SHAPES[url]:
        return False
    tables = ";".join(f'DELETE FROM "{name}"' for name in Base.metadata.tables)
    try:
        with database.engine.begin() as connection:
            # the ledger's triggers let nobody delete, and rows need no order to go in
            connection.execute(text("SET LOCAL session_replication_role = replica"))
            connection.execute(text(tables))
            for name in connection.scalars(
                text("SELECT sequencename FROM pg_sequences WHERE schemaname = 'public'")
            ).all():
                connection.execute(text(f'ALTER SEQUENCE "{name}" RESTART'))
    except DBAPIError:
        return False
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
    put_vault(database.info, Vault.fresh())
    house = House(database=database, jobs=KeptJobs(), clock=Clock())
    try:
        yield house
    finally:
        house.close()
