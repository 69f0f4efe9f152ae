# SPDX-License-Identifier: Apache-2.0
"""Triggers that keep the database itself from rewriting the ledger.

They hold against every client, the house included: an event is never deleted or changed, but for
its position, which is set once, and its body and salt, which can be taken away. Whoever owns the
database could drop the triggers; what they then change, verification finds.
"""

from __future__ import annotations

_FIXED = ("seq", "leaf", "at", "type", "subject", "about", "actor")
_KEPT = ("ledger_checkpoint", "ledger_handover", "ledger_cosignature")
"""Tables whose rows are only added."""

_EVENT_FUNCTION = """
CREATE OR REPLACE FUNCTION steelyard_keep_event() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP IN ('DELETE', 'TRUNCATE') THEN
    RAISE EXCEPTION 'events of the ledger are never deleted' USING ERRCODE = '23001';
  END IF;
  IF {fixed}
     OR (OLD.position IS NOT NULL AND NEW.position IS DISTINCT FROM OLD.position)
     OR (NEW.body IS DISTINCT FROM OLD.body
         AND NEW.body IS NOT NULL AND NEW.body <> 'null'::jsonb)
     OR (NEW.salt IS DISTINCT FROM OLD.salt AND NEW.salt <> '')
  THEN
    RAISE EXCEPTION 'events of the ledger are never changed' USING ERRCODE = '23001';
  END IF;
  RETURN NEW;
END $$
""".format(fixed=" OR ".join(f"NEW.{name} IS DISTINCT FROM OLD.{name}" for name in _FIXED))

_KEEP_FUNCTION = """
CREATE OR REPLACE FUNCTION steelyard_keep_row() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'rows of % are never changed or deleted', TG_TABLE_NAME USING ERRCODE = '23001';
END $$
"""


def _postgresql() -> list[tuple[str, str]]:
    found = [
        ("event", _EVENT_FUNCTION),
        (
            "event",
            (
                "CREATE TRIGGER event_kept BEFORE UPDATE OR DELETE ON event "
                "FOR EACH ROW EXECUTE FUNCTION steelyard_keep_event()"
            ),
        ),
        (
            "event",
            (
                "CREATE TRIGGER event_whole BEFORE TRUNCATE ON event "
                "FOR EACH STATEMENT EXECUTE FUNCTION steelyard_keep_event()"
            ),
        ),
    ]
    for table in _KEPT:
        found += [
            (table, _KEEP_FUNCTION),
            (
                table,
                (
                    f"CREATE TRIGGER {table}_kept BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
                    "FOR EACH STATEMENT EXECUTE FUNCTION steelyard_keep_row()"
                ),
            ),
        ]
    return found


def _sqlite() -> list[tuple[str, str]]:
    changed = " OR ".join(f"NEW.{name} IS NOT OLD.{name}" for name in _FIXED)
    found = [
        (
            "event",
            f"""
CREATE TRIGGER event_kept BEFORE UPDATE ON event WHEN {changed}
  OR (OLD.position IS NOT NULL AND NEW.position IS NOT OLD.position)
  OR (NEW.body IS NOT OLD.body AND NEW.body IS NOT NULL AND NEW.body <> 'null')
  OR (NEW.salt IS NOT OLD.salt AND NEW.salt <> '')
BEGIN SELECT RAISE(ABORT, 'events of the ledger are never changed'); END
""",
        ),
        (
            "event",
            (
                "CREATE TRIGGER event_whole BEFORE DELETE ON event "
                "BEGIN SELECT RAISE(ABORT, 'events of the ledger are never deleted'); END"
            ),
        ),
    ]
    for table in _KEPT:
        for verb in ("UPDATE", "DELETE"):
            found.append(  # noqa: PERF401 # reads better than a nested comprehension
                (
                    table,
                    (
                        f"CREATE TRIGGER {table}_{verb.lower()} BEFORE {verb} ON {table} BEGIN "
                        f"SELECT RAISE(ABORT, 'rows of {table} are never changed or deleted'); END"
                    ),
                )
            )
    return found


STATEMENTS: dict[str, list[tuple[str, str]]] = {
    "postgresql": _postgresql(),
    "sqlite": _sqlite(),
}
"""Dialect → (table, statement), in the order to run them once the table is there."""
