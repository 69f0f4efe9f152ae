# SPDX-License-Identifier: Apache-2.0
"""Classic model formats: honest ones are clean, what is appended to them is examined."""

from __future__ import annotations

import contextlib
import struct

from hypothesis import given
from hypothesis import strategies as st

from steelyard.artifacts.sniff import sniff
from steelyard.artifacts.source import BytesSource, Source
from steelyard.artifacts.ubjson import walk_ubjson
from steelyard.kernel.errors import ArtifactError
from steelyard.kernel.finding import Coverage
from steelyard.kernel.limits import DEFAULT_LIMITS
from steelyard.scanning.interface import Context, Examination
from steelyard.scanning.runner import examine_as

KEY = struct.pack(">Q", 7) + b"learner"
MODEL = b"{L" + KEY + b"{i\x01a[$d#i\x02" + bytes(8) + b"i\x01b[U\x01SU\x02hiZ]}}"
PIECE = b"\n\x0e\n\x05<unk>\x15\0\0\0\0\x18\x02"


def crf() -> bytes:
    head = b"lCRF" + struct.pack("<I4sI", 68, b"FOMC", 100) + bytes(12)
    return head + struct.pack("<5I", 48, 52, 56, 60, 64) + b"FEATCQDBCQDBLFRFAFRF"


def examined(data: bytes) -> tuple[str, Examination, list[int]]:
    nested: list[int] = []

    def note(_context: Context, source: Source, _into: Examination) -> None:
        nested.append(source.size)

    kind = sniff(BytesSource(data), "m").format
    into = Examination(DEFAULT_LIMITS)
    context = Context(path="m", format=kind, limits=DEFAULT_LIMITS, examine_nested=note)
    examine_as(context, BytesSource(data), into)
    return kind, into, nested


def test_honest_models_are_clean_and_appended_bytes_are_examined() -> None:
    for expected, data in (("ubjson", MODEL), ("sentencepiece", PIECE * 3), ("crfsuite", crf())):
        kind, into, nested = examined(data)
        assert (kind, into.findings, into.coverage) == (expected, [], Coverage.FULL)
        assert nested == []
    assert examined(MODEL + b"more")[2] == [4]
    assert examined(crf() + b"more")[2] == [4]


def test_a_truncated_model_is_named() -> None:
    assert {item.rule for item in examined(MODEL[:-3])[1].findings} == {"file.truncated"}
    assert {item.rule for item in examined(crf()[:-6])[1].findings} == {"file.malformed"}


def test_the_test_virus_is_malicious() -> None:
    virus = b"X5O!P%@AP[4\\PZX54(P^)7CC)7}$" + b"EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"
    assert [item.rule for item in examined(virus)[1].findings] == ["file.known-malicious"]


@given(st.binary(max_size=80))
def test_no_bytes_break_the_walker(junk: bytes) -> None:
    with contextlib.suppress(ArtifactError):
        walk_ubjson(BytesSource(b"{" + junk), DEFAULT_LIMITS)


def test_notes_of_macos_are_clean_and_what_follows_is_examined() -> None:
    head = b"\0\5\x16\7\0\2\0\0" + b"Mac OS X".ljust(16) + struct.pack(">H", 1)
    data = head + struct.pack(">III", 9, 38, 32) + bytes(32)
    kind, into, nested = examined(data)
    assert (kind, into.findings, into.coverage, nested) == ("apple-double", [], Coverage.FULL, [])
    assert examined(data + b"more")[2] == [4]
    assert {item.rule for item in examined(data[:-1])[1].findings} == {"file.truncated"}
