# SPDX-License-Identifier: Apache-2.0
"""The steps of the database lead to the tables of the code, on both kinds."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from tests.server import empty_database

from steelyard.bootstrap import tables as _tables  # noqa: F401 # registers every table
from steelyard.kernel.errors import InputError
from steelyard.platform.database.base import Base
from steelyard.platform.database.engine import Database
from steelyard.platform.database.migrate import differences, upgrade


@pytest.fixture(params=["sqlite", "postgresql"])
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    database = empty_database(request.param, tmp_path)
    yield database
    if not database.sqlite:
        with database.engine.begin() as connection:  # the next test makes its tables anew
            connection.execute(text("DROP SCHEMA public CASCADE"))
            connection.execute(text("CREATE SCHEMA public"))
    database.close()


def test_the_steps_lead_to_the_tables_of_the_code(empty: Database) -> None:
    upgrade(empty)
    upgrade(empty)  # a second time there is nothing to do
    with empty.writing() as session:
        found = differences(session.connection(), Base.metadata)
    assert not found, "python scripts/new_migration.py WHAT, then read what it wrote"


def test_the_steps_bring_the_triggers_of_the_ledger(empty: Database) -> None:
    upgrade(empty)
    with empty.engine.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO event (leaf, at, type, subject, about, actor, salt) "
                "VALUES ('x', '2026-01-01 00:00:00', 'a.b', '', '', '', '')"
            )
        )
    for change in ("DELETE FROM event", "UPDATE event SET subject = 'y'"):
        with pytest.raises(DBAPIError, match="never"), empty.engine.begin() as connection:
            connection.execute(text(change))


def test_a_database_of_a_newer_version_is_refused(empty: Database) -> None:
    upgrade(empty)
    with empty.engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(InputError, match="newer version"):
        upgrade(empty)
