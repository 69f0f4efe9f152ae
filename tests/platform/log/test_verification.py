# SPDX-License-Identifier: Apache-2.0
"""Whatever is changed in the database is found and named; an export proves the same."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from tests.platform.log.build import SIGNER, grown, keys, record

from steelyard.bootstrap.house import House
from steelyard.kernel.errors import InputError
from steelyard.ledger.verification import Verification
from steelyard.ledger.verify_log import verify_ledger
from steelyard.platform import durable
from steelyard.platform.log.export import export
from steelyard.platform.log.sequencer import sequence
from steelyard.platform.log.verification import verify_database

FREE = {
    "postgresql": "SET session_replication_role = replica",
    "sqlite": "DROP TRIGGER event_kept; DROP TRIGGER event_whole",
}
"""How the owner of a database gets around its triggers."""


def tamper(house: House, change: str, **values: object) -> None:
    """Change rows as somebody would who owns the database."""
    with house.database.engine.begin() as connection:
        for statement in FREE[house.database.engine.dialect.name].split(";"):
            connection.execute(text(statement))
        assert connection.execute(text(change), values).rowcount == 1
        if not house.database.sqlite:
            connection.execute(text("SET session_replication_role = DEFAULT"))


def told(house: House) -> dict[str, set[str]]:
    """Return the codes of problems by what they are about."""
    found: dict[str, set[str]] = {}
    for problem in verify_database(house.database).problems:
        found.setdefault(problem.file, set()).add(problem.code)
    return found


def exported(directory: Path) -> Verification:
    return verify_ledger(
        durable.reader(directory), durable.list_files(directory), own=SIGNER.public.fingerprint
    )


@pytest.mark.parametrize(
    "change",
    [
        "type = 'thing.chanded'",
        "subject = 'thi_5'",
        "about = 'req_2'",
        "actor = 'act_bert'",
        "salt = '00'",
        'body = \'{"why": "another"}\'',
        "at = :later",
    ],
)
def test_a_changed_column_is_named_with_its_row(house: House, change: str) -> None:
    grown(house, 6, keys())
    assert not told(house)
    later = house.clock().replace(hour=13)
    kept = later if not house.database.sqlite else "2026-11-25 13:00:00.000000"
    tamper(
        house,
        f"UPDATE event SET {change} WHERE seq = 4",
        **({"later": kept} if ":later" in change else {}),
    )
    assert told(house) == {"event 4": {"event.changed"}}


def test_a_changed_leaf_is_named_as_row_and_as_entry(house: House) -> None:
    grown(house, 6, keys())
    with house.reading() as session:
        leaf = bytes(session.scalar(text("SELECT leaf FROM event WHERE seq = 4")))
    tamper(
        house,
        "UPDATE event SET leaf = :leaf WHERE seq = 4",
        leaf=leaf.replace(b'"number":3', b'"number":8'),
    )
    assert told(house) == {
        "event 4": {"event.leaf"},
        "tile/entries/000.p/6": {"content.changed"},
    }


def test_a_deleted_or_moved_row_leaves_a_gap(house: House) -> None:
    grown(house, 6, keys())
    tamper(house, "DELETE FROM event WHERE seq = 3")
    found = told(house)
    assert found["event 4"] == {"event.gap"}
    assert "content.changed" in found["tile/entries/000.p/6"]


def test_changed_tiles_and_checkpoints_are_found(house: House) -> None:
    held = keys()
    grown(house, 3, held)
    grown(house, 3, held)
    with house.database.engine.begin() as connection:
        connection.execute(text("UPDATE ledger_tile SET data = :data"), {"data": b"x" * 192})
    assert "tile/0/000.p/6" in told(house)


def test_a_rewritten_history_is_caught_by_the_checkpoints_that_were_kept(house: House) -> None:
    held = keys()
    grown(house, 3, held)
    with house.database.engine.begin() as connection:
        for statement in (
            "SET session_replication_role = replica"
            if not house.database.sqlite
            else "DROP TRIGGER ledger_checkpoint_delete",
            "DELETE FROM ledger_checkpoint WHERE size = 3",
            "DELETE FROM ledger_tile",
        ):
            connection.execute(text(statement))
        if not house.database.sqlite:
            connection.execute(text("SET session_replication_role = DEFAULT"))
    assert told(house)["event"] == {"event.gap"}


@pytest.mark.parametrize(
    "change",
    [
        "DELETE FROM event WHERE seq = 1",
        "UPDATE event SET leaf = 'x' WHERE seq = 1",
        "UPDATE event SET actor = 'act_eve' WHERE seq = 1",
        "UPDATE event SET position = 7 WHERE seq = 1",
        "UPDATE event SET position = NULL WHERE seq = 1",
        "UPDATE event SET salt = 'aa' WHERE seq = 1",
        "UPDATE event SET body = '{\"a\": 1}' WHERE seq = 1",
        "UPDATE ledger_checkpoint SET size = 7",
        "DELETE FROM ledger_checkpoint",
    ],
)
def test_the_database_refuses_to_rewrite_events(house: House, change: str) -> None:
    grown(house, 2, keys())
    with pytest.raises(DBAPIError, match="never"), house.database.engine.begin() as connection:
        connection.execute(text(change))
    assert not told(house)


def test_postgresql_refuses_to_empty_the_table(house: House) -> None:
    if house.database.sqlite:
        pytest.skip("SQLite has no TRUNCATE")
    grown(house, 2, keys())
    with pytest.raises(DBAPIError, match="never"), house.database.engine.begin() as connection:
        connection.execute(text("TRUNCATE event"))


def test_waiting_events_are_checked_too(house: House) -> None:
    grown(house, 2, keys())
    record(house, 7)
    assert not told(house)
    tamper(house, "UPDATE event SET subject = 'thi_9' WHERE seq = 3")
    assert told(house) == {"event 3": {"event.changed"}}


def test_a_database_without_ledger_says_so(house: House) -> None:
    with pytest.raises(InputError):
        verify_database(house.database)


def test_an_export_verifies_and_grows(house: House, tmp_path: Path) -> None:
    held = keys()
    grown(house, 300, held)
    target = tmp_path / "export"
    first = export(house.database, target, bodies=True)
    assert first.size == 300
    assert first.written == 8  # 2 bundles, 2 tiles, 1 above, key, bodies, checkpoint
    assert exported(target).ok
    grown(house, 300, held)
    second = export(house.database, target, bodies=True)
    # what is full stays: new are bundles 1 and 2, tiles 1 and 2, 1 above, key, bodies, checkpoint
    assert second.written == 8
    verification = exported(target)
    assert verification.ok, verification.problems
    assert not verification.notes
    assert not (target / "tile" / "0" / "001.p").exists()


def test_bodies_of_an_export_are_checked(house: House, tmp_path: Path) -> None:
    grown(house, 3, keys())
    export(house.database, tmp_path / "out", bodies=True)
    path = tmp_path / "out" / "bodies.jsonl"
    assert exported(tmp_path / "out").ok
    path.write_bytes(path.read_bytes().replace(b"Reason 1", b"Reason 9"))
    (problem,) = exported(tmp_path / "out").problems
    assert (problem.file, problem.code) == ("bodies.jsonl", "body.changed")
    assert "entry 1" in problem.message


def test_an_export_does_not_go_over_something_else(house: House, tmp_path: Path) -> None:
    grown(house, 3, keys())
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes.txt").write_text("keep")
    with pytest.raises(InputError):
        export(house.database, tmp_path / "mine")


def test_an_interrupted_export_is_taken_up(house: House, tmp_path: Path) -> None:
    held = keys()
    grown(house, 300, held)
    target = tmp_path / "out"
    export(house.database, target)
    (target / "checkpoint").unlink()
    (target / "tile" / "entries" / ".000.new").write_bytes(b"half")
    (target / "tile" / "0" / "000").unlink()
    export(house.database, target)
    assert exported(target).ok
    assert sequence(house.database, held, house.clock()) is not None
