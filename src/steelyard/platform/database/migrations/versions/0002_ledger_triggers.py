# SPDX-License-Identifier: Apache-2.0
"""Triggers that keep the database itself from rewriting the ledger."""

from __future__ import annotations

from alembic import op
from sqlalchemy import DDL

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

STATEMENTS: dict[str, tuple[str, ...]] = {
    "postgresql": (
        """CREATE OR REPLACE FUNCTION steelyard_keep_event() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP IN ('DELETE', 'TRUNCATE') THEN
    RAISE EXCEPTION 'events of the ledger are never deleted' USING ERRCODE = '23001';
  END IF;
  IF NEW.seq IS DISTINCT FROM OLD.seq OR NEW.leaf IS DISTINCT FROM OLD.leaf OR NEW.at IS DISTINCT FROM OLD.at OR NEW.type IS DISTINCT FROM OLD.type OR NEW.subject IS DISTINCT FROM OLD.subject OR NEW.about IS DISTINCT FROM OLD.about OR NEW.actor IS DISTINCT FROM OLD.actor
     OR (OLD.position IS NOT NULL AND NEW.position IS DISTINCT FROM OLD.position)
     OR (NEW.body IS DISTINCT FROM OLD.body
         AND NEW.body IS NOT NULL AND NEW.body <> 'null'::jsonb)
     OR (NEW.salt IS DISTINCT FROM OLD.salt AND NEW.salt <> '')
  THEN
    RAISE EXCEPTION 'events of the ledger are never changed' USING ERRCODE = '23001';
  END IF;
  RETURN NEW;
END $$
""",
        """CREATE TRIGGER event_kept BEFORE UPDATE OR DELETE ON event FOR EACH ROW EXECUTE FUNCTION steelyard_keep_event()
""",
        """CREATE TRIGGER event_whole BEFORE TRUNCATE ON event FOR EACH STATEMENT EXECUTE FUNCTION steelyard_keep_event()
""",
        """CREATE OR REPLACE FUNCTION steelyard_keep_row() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'rows of % are never changed or deleted', TG_TABLE_NAME USING ERRCODE = '23001';
END $$
""",
        """CREATE TRIGGER ledger_checkpoint_kept BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger_checkpoint FOR EACH STATEMENT EXECUTE FUNCTION steelyard_keep_row()
""",
        """CREATE OR REPLACE FUNCTION steelyard_keep_row() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'rows of % are never changed or deleted', TG_TABLE_NAME USING ERRCODE = '23001';
END $$
""",
        """CREATE TRIGGER ledger_handover_kept BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger_handover FOR EACH STATEMENT EXECUTE FUNCTION steelyard_keep_row()
""",
        """CREATE OR REPLACE FUNCTION steelyard_keep_row() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'rows of % are never changed or deleted', TG_TABLE_NAME USING ERRCODE = '23001';
END $$
""",
        """CREATE TRIGGER ledger_cosignature_kept BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger_cosignature FOR EACH STATEMENT EXECUTE FUNCTION steelyard_keep_row()
""",
    ),
    "sqlite": (
        """CREATE TRIGGER event_kept BEFORE UPDATE ON event WHEN NEW.seq IS NOT OLD.seq OR NEW.leaf IS NOT OLD.leaf OR NEW.at IS NOT OLD.at OR NEW.type IS NOT OLD.type OR NEW.subject IS NOT OLD.subject OR NEW.about IS NOT OLD.about OR NEW.actor IS NOT OLD.actor
  OR (OLD.position IS NOT NULL AND NEW.position IS NOT OLD.position)
  OR (NEW.body IS NOT OLD.body AND NEW.body IS NOT NULL AND NEW.body <> 'null')
  OR (NEW.salt IS NOT OLD.salt AND NEW.salt <> '')
BEGIN SELECT RAISE(ABORT, 'events of the ledger are never changed'); END
""",
        """CREATE TRIGGER event_whole BEFORE DELETE ON event BEGIN SELECT RAISE(ABORT, 'events of the ledger are never deleted'); END
""",
        """CREATE TRIGGER ledger_checkpoint_update BEFORE UPDATE ON ledger_checkpoint BEGIN SELECT RAISE(ABORT, 'rows of ledger_checkpoint are never changed or deleted'); END
""",
        """CREATE TRIGGER ledger_checkpoint_delete BEFORE DELETE ON ledger_checkpoint BEGIN SELECT RAISE(ABORT, 'rows of ledger_checkpoint are never changed or deleted'); END
""",
        """CREATE TRIGGER ledger_handover_update BEFORE UPDATE ON ledger_handover BEGIN SELECT RAISE(ABORT, 'rows of ledger_handover are never changed or deleted'); END
""",
        """CREATE TRIGGER ledger_handover_delete BEFORE DELETE ON ledger_handover BEGIN SELECT RAISE(ABORT, 'rows of ledger_handover are never changed or deleted'); END
""",
        """CREATE TRIGGER ledger_cosignature_update BEFORE UPDATE ON ledger_cosignature BEGIN SELECT RAISE(ABORT, 'rows of ledger_cosignature are never changed or deleted'); END
""",
        """CREATE TRIGGER ledger_cosignature_delete BEFORE DELETE ON ledger_cosignature BEGIN SELECT RAISE(ABORT, 'rows of ledger_cosignature are never changed or deleted'); END
""",
    ),
}
"""As they were when this step was written."""


def upgrade() -> None:
    """Make the triggers."""
    for statement in STATEMENTS[op.get_bind().dialect.name]:
        op.execute(DDL(statement.strip().replace("%", "%%")))  # type: ignore[no-untyped-call]


def downgrade() -> None:
    """Refuse: a ledger without its triggers is one that can be rewritten."""
    raise NotImplementedError("the ledger's triggers are not taken away")
