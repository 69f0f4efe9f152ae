# SPDX-License-Identifier: Apache-2.0
"""Events are in most indexes only once they are in the tree; recording one costs less."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_WORDS = ("subject", "about", "type", "actor")
_COLUMNS = "seq, leaf, at, type, subject, about, actor, body, salt, position"
_TABLE = """
CREATE TABLE event_new (
	seq INTEGER NOT NULL,
	leaf BLOB NOT NULL,
	at DATETIME NOT NULL,
	type VARCHAR(60) NOT NULL,
	subject VARCHAR(40) NOT NULL,
	about VARCHAR(40) NOT NULL,
	actor VARCHAR(40) NOT NULL,
	body JSON,
	salt TEXT NOT NULL,
	position INTEGER,
	CONSTRAINT pk_event PRIMARY KEY (seq)
)"""


def upgrade() -> None:
    """Replace the indexes."""
    if op.get_bind().dialect.name == "sqlite":
        _without_constraint()
    else:
        op.drop_constraint("uq_event_position", "event", type_="unique")
        for name in (*_WORDS, "at"):
            op.drop_index(f"ix_event_{name}", "event")
    placed = sa.text("position IS NOT NULL")
    op.create_index(
        "uq_event_position", "event", ["position"],
        unique=True, sqlite_where=placed, postgresql_where=placed,
    )  # fmt: skip
    for name in _WORDS:
        op.create_index(
            f"ix_event_{name}", "event", [name, "seq"], sqlite_where=placed, postgresql_where=placed
        )


def _without_constraint() -> None:
    """Make the table anew: SQLite cannot take a constraint away. Its triggers go with the table."""
    triggers = op.get_bind().scalars(
        sa.text("SELECT sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'event'")
    )
    kept = list(triggers)
    op.execute(_TABLE)
    op.execute(f"INSERT INTO event_new ({_COLUMNS}) SELECT {_COLUMNS} FROM event ORDER BY seq")  # noqa: S608
    op.execute("DROP TABLE event")
    op.execute("ALTER TABLE event_new RENAME TO event")
    waiting = sa.text("position IS NULL")
    op.create_index(
        "ix_event_waiting", "event", ["seq"], sqlite_where=waiting, postgresql_where=waiting
    )
    for trigger in kept:
        op.execute(sa.DDL(trigger.replace("%", "%%")))  # type: ignore[no-untyped-call]


def downgrade() -> None:
    """Refuse, as the steps before."""
    raise NotImplementedError("steps lead forward only")
