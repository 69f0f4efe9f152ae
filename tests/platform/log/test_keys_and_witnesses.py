# SPDX-License-Identifier: Apache-2.0
"""Keys hand over, witnesses cosign, bodies are erased; the ledger verifies through all of it."""

from __future__ import annotations

import datetime as dt
import threading
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text
from tests.ledger.build import OTHER
from tests.platform.log.build import ANNA, SIGNER, grown, keys, record
from tests.platform.log.test_verification import exported, told

from steelyard.bootstrap.house import House
from steelyard.kernel.errors import ConflictError, InputError, IntegrityError, MissingError
from steelyard.ledger.checkpoint import TreeHead, parse_checkpoint, parse_proof
from steelyard.ledger.cosignature import WitnessKey, cosign, parse_cosignature, parse_witness_key
from steelyard.ledger.handover import parse_handover
from steelyard.ledger.signing import Signer
from steelyard.ledger.verify_log import verify_ledger
from steelyard.platform import durable
from steelyard.platform.log.erasure import erase_body
from steelyard.platform.log.export import export
from steelyard.platform.log.keyring import Keyring
from steelyard.platform.log.reader import LedgerReader, proof
from steelyard.platform.log.rotation import rotate
from steelyard.platform.log.sequencer import sequence
from steelyard.platform.log.state import present_key
from steelyard.platform.log.verification import verify_database
from steelyard.platform.log.witness import cosignatures, know, witnesses


def test_a_new_key_takes_over_and_the_old_one_vouches_for_it(house: House, tmp_path: Path) -> None:
    held = keys()
    grown(house, 5, held)
    record(house, 6)
    house.transact(lambda work: rotate(work, ANNA, held))
    grown(house, 2, held)
    house.transact(lambda work: rotate(work, ANNA, held))
    assert not told(house)
    verified = verify_database(house.database, trusted=[SIGNER.public.fingerprint])
    assert verified.ok
    assert verified.signer is not None
    assert verified.signer.trust == "pinned"
    assert len(verified.keys) == 3
    assert verified.keys[0] == SIGNER.public.fingerprint
    other = verify_database(house.database, trusted=[OTHER.public.fingerprint])
    assert {problem.code for problem in other.problems} == {"key.untrusted"}
    export(house.database, tmp_path / "out")
    assert exported(tmp_path / "out").ok
    with house.reading() as session:
        old, new = proof(session, 2), proof(session, 8)
    parse_checkpoint(parse_proof(old).checkpoint).check(SIGNER.public)
    with pytest.raises(IntegrityError):
        parse_checkpoint(parse_proof(new).checkpoint).check(SIGNER.public)


def test_every_byte_of_a_handover_counts(house: House, tmp_path: Path) -> None:
    held = keys()
    grown(house, 3, held)
    house.transact(lambda work: rotate(work, ANNA, held))
    export(house.database, tmp_path / "out")
    path = tmp_path / "out" / "handover" / "000"
    data = path.read_bytes()
    assert parse_handover(data).encode() == data
    for place in range(0, len(data), 7):
        path.write_bytes(data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :])
        verification = exported(tmp_path / "out")
        assert not verification.ok, place
    path.unlink()
    verification = verify_ledger(
        durable.reader(tmp_path / "out"),
        durable.list_files(tmp_path / "out"),
        trusted=[SIGNER.public.fingerprint],
    )
    assert {one.code for one in verification.problems} == {"key.untrusted"}


def test_the_old_key_cannot_sign_on(house: House) -> None:
    held = keys()
    grown(house, 3, held)
    house.transact(lambda work: rotate(work, ANNA, held))
    with house.database.engine.begin() as connection:
        connection.execute(
            text("UPDATE ledger_state SET verifier = (SELECT :old)"),
            {"old": _verifier(house, SIGNER)},
        )
    record(house, 9)
    with pytest.raises(IntegrityError):
        sequence(house.database, held, house.clock())


def _verifier(house: House, signer: Signer) -> str:
    from steelyard.ledger.signing import NoteKey

    with house.reading() as session:
        origin = parse_checkpoint(LedgerReader(session)("checkpoint")).head.origin
    return NoteKey(origin, signer.public).text


def test_a_key_serves_once(house: House) -> None:
    held = keys()
    grown(house, 1, held)
    with pytest.raises(ConflictError):
        house.transact(lambda work: rotate(work, ANNA, held, SIGNER))
    house.transact(lambda work: rotate(work, ANNA, held, held.fresh()))
    with pytest.raises(ConflictError):
        house.transact(lambda work: rotate(work, ANNA, held, SIGNER))
    assert not told(house)


def test_who_signs_with_the_old_key_is_committed_before_the_new_one(house: House) -> None:
    if house.database.sqlite:
        pytest.skip("on SQLite one transaction writes at a time anyway")
    held = keys()
    grown(house, 1, held)
    signing, go = threading.Event(), threading.Event()

    def sign(work: Any) -> None:
        present_key(work.session, held, work.now)
        signing.set()
        assert go.wait(20)
        record_in(work)

    def record_in(work: Any) -> None:
        from steelyard.kernel.event import Event

        work.record(ANNA, Event(type="thing.signed", subject="thi_1"))

    signer = threading.Thread(target=lambda: house.transact(sign))
    signer.start()
    assert signing.wait(20)
    rotation = threading.Thread(
        target=lambda: house.transact(lambda work: rotate(work, ANNA, held))
    )
    rotation.start()
    rotation.join(0.3)
    assert rotation.is_alive()
    go.set()
    signer.join()
    rotation.join()
    assert not told(house)
    with house.reading() as session:
        types = list(session.scalars(text("SELECT type FROM event ORDER BY position")))
    assert types == ["thing.changed", "thing.signed", "ledger.key-rotated"]


def test_keys_lie_in_files_of_their_own(house: House, tmp_path: Path) -> None:
    ring = Keyring(tmp_path / "keys" / "key.pem")
    grown(house, 1, ring)  # type: ignore[arg-type]
    house.transact(lambda work: rotate(work, ANNA, ring))
    again = Keyring(tmp_path / "keys" / "key.pem")
    record(house, 2)
    head = sequence(house.database, again, house.clock())
    assert head is not None
    assert head.size == 3
    assert len(list((tmp_path / "keys").iterdir())) == 2
    assert all(path.stat().st_mode & 0o077 == 0 for path in (tmp_path / "keys").iterdir())


def test_witnesses_cosign_what_they_saw(house: House, tmp_path: Path) -> None:
    held = keys()
    head = grown(house, 5, held)
    key = WitnessKey("witness.example.org/w1", OTHER.public)
    house.transact(lambda work: know(work, ANNA, key.text))
    with pytest.raises(ConflictError):
        house.transact(lambda work: know(work, ANNA, key.text))
    time = int(house.clock().timestamp())
    line = cosign(head, key.name, OTHER, time).line
    (seen,) = house.transact(lambda work: cosignatures(work, ANNA, 5, [line]))
    assert seen.seen_at == house.clock()
    again = house.transact(lambda work: cosignatures(work, ANNA, 5, [line]))
    assert again == [seen]
    with house.reading() as session:
        (known,) = witnesses(session)
        assert known.size == 5
    sequence(house.database, held, house.clock())
    assert not told(house)
    export(house.database, tmp_path / "out")
    verification = exported(tmp_path / "out")
    assert verification.ok
    assert verification.witnesses == (
        "witness.example.org/w1 saw 5 entries at 2026-11-25 12:00:00Z",
    )
    path = tmp_path / "out" / "cosigned"
    data = path.read_bytes()
    for place in range(0, len(data), 11):
        path.write_bytes(data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :])
        assert not exported(tmp_path / "out").ok, place


def test_strange_cosignatures_are_not_kept(house: House) -> None:
    head = grown(house, 5, keys())
    time = int(house.clock().timestamp())
    name = "witness.example.org/w1"
    key = WitnessKey(name, OTHER.public)
    fair = cosign(head, name, OTHER, time).line

    def offer(size: int, line: str) -> None:
        house.transact(lambda work: cosignatures(work, ANNA, size, [line]))

    with pytest.raises(InputError, match="not known"):
        offer(5, fair)
    house.transact(lambda work: know(work, ANNA, key.text))
    with pytest.raises(MissingError):
        offer(4, fair)
    longer = TreeHead(head.origin, 6, head.root)
    for wrong in (
        cosign(longer, name, OTHER, time).line,
        cosign(head, name, SIGNER, time).line,
        cosign(head, name, OTHER, time + 3600).line,
        fair[:-4] + "AAAA",
        "nonsense",
    ):
        with pytest.raises(InputError):
            offer(5, wrong)
    with house.reading() as session:
        assert witnesses(session)[0].size is None
    with pytest.raises(InputError):
        house.transact(lambda work: know(work, ANNA, "nonsense"))


@given(st.binary(min_size=32, max_size=32), st.integers(0, 2**36))
def test_a_cosignature_reads_back(seed: bytes, time: int) -> None:
    signer = Signer.from_seed(seed)
    head = TreeHead("steelyard/ledger/x", 7, bytes(32))
    made = cosign(head, "w.example/1", signer, time)
    read = parse_cosignature(made.line)
    assert read == made
    key = WitnessKey("w.example/1", signer.public)
    read.check(head, parse_witness_key(key.text))
    with pytest.raises(IntegrityError):
        read.check(TreeHead(head.origin, 8, head.root), key)


def test_a_body_goes_and_the_tree_stays(house: House, tmp_path: Path) -> None:
    held = keys()
    grown(house, 3, held)
    export(house.database, tmp_path / "before")
    before = (tmp_path / "before" / "checkpoint").read_bytes()
    with pytest.raises(ConflictError) as caught:
        house.transact(lambda work: erase_body(work, ANNA, [2], "old", on_request=False))
    assert caught.value.code == "ledger.retained"
    done = house.transact(lambda work: erase_body(work, ANNA, [2, 3], "asked", on_request=True))
    assert done.erased == [2, 3]
    again = house.transact(lambda work: erase_body(work, ANNA, [2], "asked", on_request=True))
    assert (again.erased, again.none) == ([], [2])
    with house.reading() as session:
        rows = session.execute(text("SELECT body, salt FROM event WHERE seq = 2")).one()
    assert tuple(rows) == (None, "")
    sequence(house.database, held, house.clock())
    assert not told(house)
    assert verify_database(house.database, checkpoints=[before]).ok
    with pytest.raises(MissingError):
        house.transact(lambda work: erase_body(work, ANNA, [99], "asked", on_request=True))
    with pytest.raises(InputError):
        house.transact(lambda work: erase_body(work, ANNA, [1], " ", on_request=True))
    house.clock.forward(days=3700)  # type: ignore[attr-defined]
    late = house.transact(lambda work: erase_body(work, ANNA, [1], "old", on_request=False))
    assert late.erased == [1]
    assert isinstance(house.clock(), dt.datetime)
