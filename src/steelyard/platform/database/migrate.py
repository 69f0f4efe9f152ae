# SPDX-License-Identifier: Apache-2.0
"""Brings a database to the shape this version needs, step by step, or refuses to use it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, MetaData
from sqlalchemy.orm import Session

from steelyard.kernel.errors import InputError
from steelyard.platform.database.engine import Database

SCRIPTS = Path(__file__).resolve().parent / "migrations"
_LOCK = 7310_1337
"""Of all processes that start at once, one changes the tables; the number is only a name."""


def upgrade(database: Database, step: str = "head") -> None:
    """Apply every step up to ``step`` that the database has not seen, in one transaction.

    Raises:
        InputError: the database was made by a newer version.
        UnavailableError: it cannot be reached.
    """
    with database.writing() as session:
        connection = session.connection()
        if not database.sqlite:
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_LOCK})")
        known = {script.revision for script in _scripts().walk_revisions()}
        present = MigrationContext.configure(connection).get_current_revision()
        if present is not None and present not in known:
            raise InputError(
                f"The database was made by a newer version (step {present}).",
                next_step="Start the newer version, or restore a backup made by this one.",
                code="database.newer",
            )
        if present != _scripts().get_current_head():
            command.upgrade(_config(connection), step)


def step_of(session: Session) -> str:
    """Return how far the tables of a database were brought; empty if it has none."""
    return MigrationContext.configure(session.connection()).get_current_revision() or ""


def knows(step: str) -> bool:
    """Tell whether this version has a step; a newer one has more."""
    return step in {script.revision for script in _scripts().walk_revisions()}


def new_step(database: Database, metadata: MetaData, message: str, number: str) -> Path | None:
    """Write the step that leads from the steps there are to ``metadata``; None if none is needed.

    Used by whoever changes tables, on a database that was just upgraded.
    """
    with database.writing() as session:
        connection = session.connection()
        if not differences(connection, metadata):
            return None
        made = command.revision(
            _config(connection, metadata), message, autogenerate=True, rev_id=number
        )
    assert not isinstance(made, list)
    return Path(made.path) if made is not None else None


def differences(connection: Connection, metadata: MetaData) -> Sequence[Any]:
    """Return in what the tables of a database differ from ``metadata``."""
    context = MigrationContext.configure(
        connection, opts={"compare_type": True, "include_name": _ours}
    )
    found: Sequence[Any] = compare_metadata(context, metadata)
    return found


def newest() -> str:
    """Return the last step of this version."""
    return _scripts().get_current_head() or ""


def is_ours(table: str) -> bool:
    """Tell whether a table is one of the house: not of the engine of jobs, nor of the steps."""
    return not table.startswith("procrastinate_") and table != "alembic_version"


def _ours(name: str | None, kind: str, _parents: object) -> bool:
    return kind != "table" or is_ours(name or "")


def _scripts() -> ScriptDirectory:
    return ScriptDirectory(str(SCRIPTS))


def _config(connection: Connection, metadata: MetaData | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(SCRIPTS))
    config.attributes.update(connection=connection, metadata=metadata)
    return config
