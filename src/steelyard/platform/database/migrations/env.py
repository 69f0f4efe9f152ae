# SPDX-License-Identifier: Apache-2.0
"""What Alembic runs: every step on the connection it was given, in that one's transaction."""

from __future__ import annotations

from typing import Any, Literal

from alembic import context
from sqlalchemy import JSON

from steelyard.platform.database.base import Moment


def _plain(kind: str, thing: Any, _autogen: Any) -> str | Literal[False]:
    """Write our own types as what they are in the database: a step must not change with code."""
    if kind != "type":
        return False
    if isinstance(thing, Moment):
        return "sa.DateTime(timezone=True)"
    if isinstance(thing, JSON):
        return "sa.JSON().with_variant(postgresql.JSONB(), 'postgresql')"
    return False


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=context.config.attributes["metadata"],
    render_item=_plain,
    compare_type=True,
)
context.run_migrations()
