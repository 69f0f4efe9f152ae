# SPDX-License-Identifier: Apache-2.0
"""What may be there once, when two ask for it at the same moment."""

from __future__ import annotations

from typing import Any

from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import InstrumentedAttribute, Session

from steelyard.kernel.errors import ConflictError
from steelyard.platform.database.base import Base


def insert_if_new(
    session: Session, table: type[Base], values: dict[str, Any], key: InstrumentedAttribute[Any]
) -> None:
    """Add a row unless there is one with its key; waits for whoever adds it at this moment."""
    insert = sqlite.insert if session.get_bind().dialect.name == "sqlite" else postgresql.insert
    session.execute(insert(table).values(**values).on_conflict_do_nothing(index_elements=[key]))


def flush(session: Session, taken: ConflictError) -> None:
    """Write what was added.

    Raises:
        ConflictError: ``taken``, if somebody else was quicker with the same name.
    """
    try:
        session.flush()
    except IntegrityError as error:
        raise taken from error
