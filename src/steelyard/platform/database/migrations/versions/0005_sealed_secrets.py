# SPDX-License-Identifier: Apache-2.0
"""Room for sealed secrets, which are longer than open ones; the next start seals what lies open."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_SEALED = (
    ("directory", "secret", 500),
    ("password", "totp", 64),
    ("webhook", "secret", 80),
    ("webhook", "old_secret", 80),
)


def upgrade() -> None:
    """Make the change."""
    op.create_table(
        "vault_check",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("sealed", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_vault_check")),
    )
    for table, column, length in _SEALED:
        with op.batch_alter_table(table) as batch:
            batch.alter_column(
                column,
                existing_type=sa.String(length=length),
                type_=sa.Text(),
                existing_nullable=False,
            )


def downgrade() -> None:
    """Take it back; a version before this one cannot open what is sealed."""
    for table, column, length in reversed(_SEALED):
        with op.batch_alter_table(table) as batch:
            batch.alter_column(
                column,
                existing_type=sa.Text(),
                type_=sa.String(length=length),
                existing_nullable=False,
            )
    op.drop_table("vault_check")
