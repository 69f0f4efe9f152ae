# SPDX-License-Identifier: Apache-2.0
"""Ledgers: any changed byte in any file is found and named, by file and by entry."""

from __future__ import annotations

import functools
import tempfile
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from tests.ledger.build import ORIGIN, OTHER, SIGNER, reading

from steelyard.kernel.errors import InputError
from steelyard.ledger.checkpoint import TreeHead, parse_checkpoint, sign_head
from steelyard.ledger.merkle import leaf_hash, root_hash
from steelyard.ledger.signing import NoteKey, key_file
from steelyard.ledger.tiles import (
    WIDTH,
    all_tiles,
    encode_entries,
    levels_of,
    levels_reader,
    parse_path,
)
from steelyard.ledger.verification import Verification
from steelyard.ledger.verify_log import verify_ledger
from steelyard.platform import durable
from steelyard.platform.file_ledger import FileLedger


def entry(number: int) -> bytes:
    return b'{"number":%d}' % number


def in_memory(size: int) -> dict[str, bytes]:
    """The files of a ledger with ``size`` entries, made from the definition of the layout."""
    entries = [entry(number) for number in range(size)]
    leaves = [leaf_hash(one) for one in entries]
    levels = levels_of(leaves)
    files = {"key.pub": key_file(NoteKey(ORIGIN, SIGNER.public))}
    for tile in all_tiles(size):
        first = tile.number * WIDTH
        if tile.level < 0:
            files[tile.path] = encode_entries(entries[first : first + tile.width])
        else:
            files[tile.path] = b"".join(levels[tile.level][first : first + tile.width])
    root = root_hash(levels_reader(levels), size)
    files["checkpoint"] = sign_head(TreeHead(ORIGIN, size, root), SIGNER)
    return files


@functools.cache
def on_disk(size: int) -> dict[str, bytes]:
    """The files of a ledger grown entry by entry, older partial tiles included."""
    with tempfile.TemporaryDirectory() as scratch:
        root = Path(scratch) / "ledger"
        ledger = FileLedger(root, SIGNER)
        for number in range(size):
            ledger.append(entry(number))
        read = durable.reader(root)
        return {name: read(name) for name in durable.list_files(root)}


def verify(files: dict[str, bytes], **more: object) -> Verification:
    return verify_ledger(reading(files), files, **more)  # type: ignore[arg-type] # keywords pass


def blamed(files: dict[str, bytes]) -> set[str]:
    answer = verify(files)
    assert answer.ok == (not answer.problems)
    return {problem.file for problem in answer.problems}


@pytest.mark.parametrize("size", [0, 1, 2, 255, 256, 257, 600, 66_000])
def test_a_good_ledger_verifies(size: int) -> None:
    answer = verify(in_memory(size))
    assert answer.ok, answer.problems
    assert answer.checkpoint is not None
    assert answer.checkpoint.size == size


@settings(max_examples=150, deadline=None)
@given(st.sampled_from([5, 300]), st.data())
def test_a_byte_changed_anywhere(size: int, data: st.DataObject) -> None:
    files = on_disk(size)
    name = data.draw(st.sampled_from(sorted(name for name in files if files[name])))
    at = data.draw(st.integers(0, len(files[name]) - 1))
    bit = data.draw(st.integers(0, 7))
    changed = bytearray(files[name])
    changed[at] ^= 1 << bit
    assert blamed({**files, name: bytes(changed)}) == {name}


@settings(max_examples=60, deadline=None)
@given(st.data(), st.binary(max_size=40), st.integers(0, 40))
def test_bytes_inserted_and_removed(data: st.DataObject, insert: bytes, remove: int) -> None:
    files = on_disk(5)
    name = data.draw(st.sampled_from(sorted(files)))
    at = data.draw(st.integers(0, len(files[name])))
    changed = files[name][:at] + insert + files[name][at + remove :]
    assert blamed({**files, name: changed}) == (set() if changed == files[name] else {name})


@pytest.mark.parametrize("name", sorted(on_disk(5)))
def test_a_missing_file_is_named_if_it_is_needed(name: str) -> None:
    files = {key: value for key, value in on_disk(5).items() if key != name}
    tile = parse_path(name)
    optional = name == ".lock" or (tile is not None and tile.width < 5)
    assert blamed(files) == (set() if optional else {name})


def test_the_changed_entry_is_named() -> None:
    files = dict(in_memory(300))
    name = "tile/entries/001.p/44"
    files[name] = files[name].replace(b'{"number":260}', b'{"number":999}')
    (problem,) = verify(files).problems
    assert (problem.file, problem.message) == (name, "Entry 260 was changed.")


def test_an_entry_rewritten_with_all_its_tiles_breaks_the_signed_root() -> None:
    other = in_memory(6)
    forged = {name: data for name, data in other.items() if name != "checkpoint"}
    forged["tile/entries/000.p/6"] = encode_entries(
        [b"{}", *(entry(number) for number in range(1, 6))]
    )
    leaves = [leaf_hash(b"{}"), *(leaf_hash(entry(number)) for number in range(1, 6))]
    forged["tile/0/000.p/6"] = b"".join(leaves)
    answer = verify({**forged, "checkpoint": other["checkpoint"]})
    assert [problem.code for problem in answer.problems] == ["ledger.root"]


def test_earlier_checkpoints() -> None:
    now = in_memory(300)
    assert verify(now, checkpoints=[in_memory(size)["checkpoint"] for size in (0, 7, 300)]).ok
    longer = verify(in_memory(7), checkpoints=[now["checkpoint"]])
    assert [problem.code for problem in longer.problems] == ["ledger.shortened"]
    rewritten = sign_head(TreeHead(ORIGIN, 7, bytes(32)), SIGNER)
    answer = verify(now, checkpoints=[rewritten])
    assert [problem.code for problem in answer.problems] == ["ledger.rewritten"]
    elsewhere = sign_head(TreeHead("steelyard/ledger/else", 0, bytes(32)), SIGNER)
    assert not verify(now, checkpoints=[elsewhere]).ok
    stranger = sign_head(parse_checkpoint(now["checkpoint"]).head, OTHER)
    assert not verify(now, checkpoints=[stranger]).ok
    assert not verify(now, checkpoints=[b"nonsense"]).ok


def test_trust_in_the_key() -> None:
    files = in_memory(3)
    mine, other = SIGNER.public.fingerprint, OTHER.public.fingerprint
    for given_, ok, trust in (
        ({}, True, "not_pinned"),
        ({"own": mine}, True, "own"),
        ({"trusted": [mine]}, True, "pinned"),
        ({"trusted": [other], "own": mine}, False, "not_trusted"),
    ):
        answer = verify(files, **given_)
        assert answer.signer is not None
        assert (answer.ok, answer.signer.trust) == (ok, trust)


@pytest.mark.parametrize("name", ["notes.txt", "tile/0/007", "tile/0/000.p/0", "tile/1/000.p/2"])
def test_a_stranger_among_the_files_is_named(name: str) -> None:
    assert blamed({**in_memory(5), name: b"x"}) == {name}


def test_what_an_interrupted_append_leaves_is_noted_not_blamed() -> None:
    six = in_memory(6)
    files = {**in_memory(5), "tile/entries/000.p/6": six["tile/entries/000.p/6"]}
    files["tile/0/.000.p.new"] = b"half"
    answer = verify(files)
    assert answer.ok
    assert any("interrupted" in note for note in answer.notes)


@settings(max_examples=60, deadline=None)
@given(
    st.dictionaries(
        st.sampled_from([*sorted(in_memory(5)), "tile/9/x999/x999/999", "tile/entries/x999/999"]),
        st.binary(max_size=200),
        min_size=1,
    )
)
@example({"tile/entries/x999/x999/x999/x999/x999/999": b"", "checkpoint": b""})
def test_garbage_never_raises_and_never_passes(garbage: dict[str, bytes]) -> None:
    assert not verify({**in_memory(5), **garbage}).ok


def test_a_signed_claim_of_countless_entries_ends_quickly() -> None:
    files = in_memory(5)
    files["checkpoint"] = sign_head(TreeHead(ORIGIN, 10**18, bytes(32)), SIGNER)
    assert "tile/entries/" in blamed(files)


def test_not_a_ledger_is_an_input_error() -> None:
    for files in ({}, {"readme.md": b""}):
        with pytest.raises(InputError, match="not a ledger"):
            verify(files)
