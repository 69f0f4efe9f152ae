# SPDX-License-Identifier: Apache-2.0
"""Events become a tree: the same one whatever the batches, and one that other libraries know."""

from __future__ import annotations

import threading
from pathlib import Path

import pymerkle
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Connection, func, select, text
from sqlalchemy.orm import Session
from tests.platform.log.build import SIGNER, grown, keys, record
from tests.server import open_database

from steelyard.bootstrap.house import House
from steelyard.kernel.errors import IntegrityError, MissingError, UnavailableError
from steelyard.ledger.checkpoint import TreeHead, parse_checkpoint, parse_proof
from steelyard.ledger.merkle import EMPTY_ROOT, leaf_hash, leaves_reader, root_hash
from steelyard.ledger.signing import PublicKey, Signer
from steelyard.ledger.tiles import WIDTH, all_tiles, levels_of, parse_path
from steelyard.ledger.tree import GrowingTree
from steelyard.platform.log.keyring import HeldKeys, Keyring
from steelyard.platform.log.reader import LedgerReader, proof
from steelyard.platform.log.sequencer import sequence
from steelyard.platform.log.tables import CheckpointRow, EventRow, TileRow


def leaves_of(house: House) -> list[bytes]:
    with house.reading() as session:
        query = select(EventRow.leaf).where(EventRow.position.is_not(None))
        return list(session.scalars(query.order_by(EventRow.position)))


@given(st.lists(st.integers(1, 700), max_size=5))
def test_any_batches_make_the_tree_of_one_append_after_another(sizes: list[int]) -> None:
    leaves: list[bytes] = []
    files: dict[str, bytes] = {}
    head = TreeHead("steelyard/ledger/x", 0, EMPTY_ROOT)

    def read(path: str) -> bytes:
        tile = parse_path(path)
        assert tile is not None
        if tile.level < 0:
            first = tile.number * WIDTH
            part = leaves[first : first + tile.width]
            return b"".join(len(one).to_bytes(2, "big") + one for one in part)
        return files[f"{tile.level}/{tile.number}"][: tile.width * 32]

    for size in sizes:
        more = [b"%d" % number for number in range(len(leaves), len(leaves) + size)]
        tree = GrowingTree(read, head)
        changed = tree.extend(more)
        for tile, data in changed:
            assert len(data) == 32 * tile.width
            files[f"{tile.level}/{tile.number}"] = data
        leaves += more
        head = TreeHead(head.origin, len(leaves), root_hash(tree.read, len(leaves)))
    hashes = [leaf_hash(one) for one in leaves]
    assert head.root == root_hash(leaves_reader(hashes), len(leaves))
    levels = levels_of(hashes)
    expected = {
        f"{tile.level}/{tile.number}": b"".join(
            levels[tile.level][tile.number * WIDTH : tile.number * WIDTH + tile.width]
        )
        for tile in all_tiles(len(leaves))
        if tile.level >= 0
    }
    assert files == expected


def test_events_are_placed_without_gaps_and_the_head_is_signed(house: House) -> None:
    held = keys()
    for count in (1, 3, 300, 256):
        head = grown(house, count, held, batch=100)
    assert head.size == 560
    leaves = leaves_of(house)
    oracle = pymerkle.InmemoryTree(algorithm="sha256")
    for leaf in leaves:
        oracle.append_entry(leaf)
    assert (
        head.root
        == oracle.get_root()
        == root_hash(leaves_reader([leaf_hash(leaf) for leaf in leaves]), 560)
    )
    with house.reading() as session:
        signed = parse_checkpoint(LedgerReader(session)("checkpoint"))
        signed.check(SIGNER.public)
        assert signed.head == head
        sizes = list(session.scalars(select(CheckpointRow.size).order_by(CheckpointRow.id)))
        assert sizes == [0, 1, 4, 104, 204, 304, 404, 504, 560]
        assert session.scalar(select(func.count()).where(EventRow.position.is_(None))) == 0


def test_every_entry_has_a_proof_that_never_changes(house: House) -> None:
    held = keys()
    grown(house, 20, held, batch=7)
    with house.reading() as session:
        before = {position: proof(session, position) for position in range(20)}
    grown(house, 300, held)
    with house.reading() as session:
        for position in (*range(20), 255, 256, 319):
            told = proof(session, position)
            assert before.get(position, told) == told
            parsed = parse_proof(told)
            signed = parse_checkpoint(parsed.checkpoint)
            signed.check(SIGNER.public)
            parsed.check(signed.head)
            assert parsed.index == position
        with pytest.raises(MissingError):
            proof(session, 320)


def test_nothing_to_do_signs_nothing(house: House) -> None:
    held = keys()
    head = grown(house, 2, held)
    assert sequence(house.database, held, house.clock()) == head
    with house.reading() as session:
        assert session.scalar(select(func.count()).select_from(CheckpointRow)) == 2


def test_a_crash_between_batches_loses_and_repeats_nothing(house: House) -> None:
    held = keys()
    record(house, *range(25))

    class Dying(HeldKeys):
        lives = 2

        def signer(self, public: PublicKey) -> Signer:
            self.lives -= 1
            if self.lives < 0:
                raise RuntimeError("killed")
            return SIGNER

    with pytest.raises(RuntimeError):
        sequence(house.database, Dying(SIGNER), house.clock(), batch=10)
    assert len(leaves_of(house)) == 20
    record(house, 26)
    head = sequence(house.database, held, house.clock(), batch=10)
    assert head is not None
    assert head.size == len(set(leaves_of(house))) == 26


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE ledger_tile SET data = substr(data, 33, 128), width = 4 WHERE level = 0",
        "DELETE FROM ledger_tile",
    ],
)
def test_a_ledger_that_does_not_verify_is_not_appended_to(house: House, damage: str) -> None:
    held = keys()
    grown(house, 5, held)
    with house.database.engine.begin() as connection:
        connection.execute(text(damage))
    record(house, 6)
    with pytest.raises(IntegrityError):
        sequence(house.database, held, house.clock())
    assert len(leaves_of(house)) == 5


def test_a_foreign_checkpoint_stops_the_sequencer(house: House) -> None:
    held = keys()
    grown(house, 5, held)
    with house.database.engine.begin() as connection:
        note = LedgerReader(_session(connection))("checkpoint").replace(b"\n5\n", b"\n4\n")
        connection.execute(
            text("INSERT INTO ledger_checkpoint (size, note, at) VALUES (4, :note, :at)"),
            {"note": note, "at": house.clock().isoformat()},
        )
    record(house, 6)
    with pytest.raises(IntegrityError):
        sequence(house.database, held, house.clock())


def _session(connection: Connection) -> Session:
    return Session(bind=connection)


def test_a_host_without_the_key_says_so(house: House, tmp_path: Path) -> None:
    grown(house, 1, keys())
    record(house, 2)
    with pytest.raises(UnavailableError) as caught:
        sequence(house.database, Keyring(tmp_path / "keys" / "key.pem"), house.clock())
    assert caught.value.code == "ledger.no-key"


def test_appenders_and_sequencers_race(tmp_path: Path) -> None:
    from tests.server import Clock, KeptJobs

    database = open_database("postgresql", tmp_path)
    house = House(database=database, jobs=KeptJobs(), clock=Clock())
    held = keys()
    done = threading.Event()
    failed: list[BaseException] = []

    def watch(act: object) -> threading.Thread:
        def run() -> None:
            try:
                act()  # type: ignore[operator]
            except BaseException as error:
                failed.append(error)

        thread = threading.Thread(target=run)
        thread.start()
        return thread

    def append(first: int) -> None:
        for number in range(first, first + 60):
            record(house, number, number + 1000)

    def integrate() -> None:
        while not done.is_set():
            sequence(database, held, house.clock(), batch=37)

    try:
        sequencers = [watch(integrate) for _ in range(3)]
        appenders = [watch(lambda nth=nth: append(nth * 100)) for nth in range(6)]
        for thread in appenders:
            thread.join()
        done.set()
        for thread in sequencers:
            thread.join()
        assert not failed
        head = sequence(database, held, house.clock())
        assert head is not None
        leaves = leaves_of(house)
        assert len(leaves) == head.size == 720
        assert root_hash(leaves_reader([leaf_hash(leaf) for leaf in leaves]), 720) == head.root
        with house.reading() as session:
            widths = session.scalars(select(TileRow.width))
            assert sorted(widths) == [2, 208, 256, 256]
    finally:
        database.close()
