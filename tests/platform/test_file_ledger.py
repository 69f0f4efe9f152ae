# SPDX-License-Identifier: Apache-2.0
"""The ledger on disk: grows, survives crashes and crowds, refuses to grow on a broken tree."""

from __future__ import annotations

import json
import multiprocessing
import shutil
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.ledger.build import OTHER, SIGNER, sealed

from steelyard.kernel.errors import InputError, IntegrityError
from steelyard.ledger.checkpoint import parse_checkpoint, parse_proof
from steelyard.ledger.tree import entries_of
from steelyard.ledger.verification import Verification
from steelyard.ledger.verify_log import verify_ledger
from steelyard.platform import durable
from steelyard.platform.file_ledger import FileLedger, ledger_path


def verify(root: Path, *checkpoints: bytes) -> Verification:
    names = durable.list_files(root)
    return verify_ledger(durable.reader(root), names, checkpoints=checkpoints)


def entries(root: Path) -> list[bytes]:
    size = parse_checkpoint((root / "checkpoint").read_bytes()).head.size
    return list(entries_of(durable.reader(root), size))


def test_every_append_verifies_and_extends_all_earlier_ones(tmp_path: Path) -> None:
    ledger = FileLedger(tmp_path / "ledger", SIGNER)
    heads = [(tmp_path / "ledger" / "checkpoint").read_bytes()]
    for number in range(260):
        leaf = b'{"number":%d}' % number
        appended = ledger.append(leaf)
        heads.append(appended.checkpoint)
        assert appended.index == number
        proof = parse_proof(appended.proof)
        signed = parse_checkpoint(proof.checkpoint)
        signed.check(SIGNER.public)
        assert (proof.entry, proof.index, signed.head.size) == (leaf, number, number + 1)
        proof.check(signed.head)
    answer = verify(tmp_path / "ledger", *heads[::20], heads[-1])
    assert answer.ok, answer.problems
    assert not any("interrupted" in note for note in answer.notes)
    # The partial files of the first, now full, tiles are gone.
    assert not (tmp_path / "ledger" / "tile" / "0" / "000.p").exists()
    assert len(durable.list_files(tmp_path / "ledger")) < 20


def test_it_goes_on_where_it_stopped(tmp_path: Path) -> None:
    first = FileLedger(tmp_path, SIGNER)
    first.append(sealed().entry)
    again = FileLedger(tmp_path, SIGNER)
    assert again.key == first.key
    assert again.append(b"{}").index == 1
    assert entries(tmp_path) == [sealed().entry.encode(), b"{}"]


def test_two_ledgers_of_one_key_have_different_origins(tmp_path: Path) -> None:
    one, two = FileLedger(tmp_path / "1", SIGNER), FileLedger(tmp_path / "2", SIGNER)
    assert one.key.name != two.key.name


def test_the_largest_entry_and_one_byte_more(tmp_path: Path) -> None:
    ledger = FileLedger(tmp_path, SIGNER)
    ledger.append(b"x" * 65_535)
    with pytest.raises(InputError, match="65536 bytes"):
        ledger.append(b"x" * 65_536)
    assert verify(tmp_path).ok


def test_another_key_is_refused(tmp_path: Path) -> None:
    FileLedger(tmp_path, SIGNER).append(b"{}")
    with pytest.raises(InputError, match="belongs to key"):
        FileLedger(tmp_path, OTHER)


def _append(root: str, worker: int) -> None:
    ledger = FileLedger(Path(root), SIGNER)
    for number in range(10):
        ledger.append(b'{"number":%d,"worker":%d}' % (number, worker))


def test_eight_processes_append_ten_entries_each(tmp_path: Path) -> None:
    context = multiprocessing.get_context("fork")
    root = tmp_path / "ledger"
    runs = [context.Process(target=_append, args=(str(root), worker)) for worker in range(8)]
    for run in runs:
        run.start()
    for run in runs:
        run.join()
        assert run.exitcode == 0
    told = [json.loads(entry) for entry in entries(root)]
    assert len(told) == 80
    for worker in range(8):
        numbers = [entry["number"] for entry in told if entry["worker"] == worker]
        assert numbers == list(range(10))
    assert verify(root).ok


class Crash(BaseException):
    """Stands for the power going off: nothing catches it."""


@pytest.mark.parametrize("size", [0, 1, 5, 255, 256])
@pytest.mark.parametrize("half", [False, True])
def test_a_crash_at_any_write_leaves_the_old_ledger_and_the_next_append_recovers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: int, half: bool
) -> None:
    template = tmp_path / "template"
    ledger = FileLedger(template, SIGNER)
    for number in range(size):
        ledger.append(b"%d" % number)
    written = durable.write_file
    crashed = 0
    for step in range(10):
        root = tmp_path / f"run-{step}"
        shutil.copytree(template, root)
        left = step

        def write(path: Path, data: bytes, mode: int = 0o666) -> None:
            nonlocal left
            if left == 0:
                if half:
                    written(path, data[: len(data) // 2], mode)
                raise Crash
            left -= 1
            written(path, data, mode)

        monkeypatch.setattr(durable, "write_file", write)
        try:
            FileLedger(root, SIGNER).append(b"new")
        except Crash:
            crashed += 1
            monkeypatch.setattr(durable, "write_file", written)
            answer = verify(root, (template / "checkpoint").read_bytes())
            assert answer.ok, answer.problems
            assert answer.checkpoint is not None
            assert answer.checkpoint.size == size
            assert FileLedger(root, SIGNER).append(b"other").index == size
        monkeypatch.setattr(durable, "write_file", written)
        answer = verify(root)
        assert answer.ok
        assert not any("interrupted" in note for note in answer.notes)
        assert len(entries(root)) == size + 1
    assert crashed >= 3


def test_a_crash_while_the_ledger_is_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written = durable.write_file
    for step in range(2):
        root = tmp_path / str(step)
        left = step

        def write(path: Path, data: bytes, mode: int = 0o666) -> None:
            nonlocal left
            if left == 0:
                raise Crash
            left -= 1
            written(path, data, mode)

        monkeypatch.setattr(durable, "write_file", write)
        with pytest.raises(Crash):
            FileLedger(root, SIGNER)
        monkeypatch.setattr(durable, "write_file", written)
        FileLedger(root, SIGNER).append(b"{}")
        assert verify(root).ok


def test_a_full_disk_is_a_sentence_and_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger = FileLedger(tmp_path, SIGNER)
    ledger.append(b"{}")

    def full(path: Path, data: bytes, mode: int = 0o666) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(durable, "write_file", full)
        with pytest.raises(InputError, match="No space left"):
            ledger.append(b"new")
    assert verify(tmp_path).ok
    assert entries(tmp_path) == [b"{}"]


@settings(max_examples=80, deadline=None)
@given(data=st.data())
def test_nothing_is_appended_to_a_ledger_that_was_changed(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    root = tmp_path_factory.mktemp("ledger")
    ledger = FileLedger(root, SIGNER)
    for number in range(5):
        ledger.append(b"%d" % number)
    current = ("checkpoint", "key.pub", "tile/entries/000.p/5", "tile/0/000.p/5")
    path = root / data.draw(st.sampled_from(current))
    content = bytearray(path.read_bytes())
    content[data.draw(st.integers(0, len(content) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    path.write_bytes(content)
    before = {name: (root / name).read_bytes() for name in durable.list_files(root)}
    with pytest.raises((IntegrityError, InputError)):
        FileLedger(root, SIGNER).append(b"new")
    assert before == {name: (root / name).read_bytes() for name in durable.list_files(root)}


def test_a_missing_tile_or_checkpoint_is_refused(tmp_path: Path) -> None:
    ledger = FileLedger(tmp_path, SIGNER)
    ledger.append(b"{}")
    (tmp_path / "tile/entries/000.p/1").unlink()
    with pytest.raises(IntegrityError, match="tile/entries"):
        ledger.append(b"{}")
    (tmp_path / "checkpoint").unlink()
    with pytest.raises(IntegrityError, match="no checkpoint"):
        FileLedger(tmp_path, SIGNER)


def test_a_file_in_the_way_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(InputError, match="cannot be written"):
        FileLedger(tmp_path / "file" / "ledger", SIGNER)


def test_where_the_ledger_lies() -> None:
    assert ledger_path({"STEELYARD_LEDGER": "/l"}) == Path("/l")
    assert ledger_path({"XDG_DATA_HOME": "/d"}) == Path("/d/steelyard/ledger")
