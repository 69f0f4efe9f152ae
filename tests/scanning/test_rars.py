# SPDX-License-Identifier: Apache-2.0
"""RAR archives: every name is judged, stored members are examined, the rest is a gap."""

from __future__ import annotations

import contextlib
import pickle
import struct
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.scanning.test_disguise import Calls, examine

from steelyard.artifacts.rar import read_rar
from steelyard.artifacts.source import BytesSource
from steelyard.kernel.errors import ArtifactError
from steelyard.kernel.finding import FileReport, Verdict
from steelyard.kernel.limits import DEFAULT_LIMITS


def number(value: int) -> bytes:
    out = b""
    while value > 0x7F:
        out, value = out + bytes([value & 0x7F | 0x80]), value >> 7
    return out + bytes([value])


def new_block(kind: int, body: bytes, data: bytes = b"", extra: bytes = b"") -> bytes:
    flags = (1 if extra else 0) | (2 if data else 0)
    head = number(kind) + number(flags)
    head += (number(len(extra)) if extra else b"") + (number(len(data)) if data else b"")
    head += body + extra
    return bytes(4) + number(len(head)) + head + data


def new(name: str, data: bytes, method: int = 0, extra: bytes = b"") -> bytes:
    member = number(0) + number(len(data)) + number(0o644) + number(method << 7) + number(1)
    member += number(len(name)) + name.encode()
    blocks = new_block(1, number(0)) + new_block(2, member, data, extra) + new_block(5, number(0))
    return b"Rar!\x1a\x07\x01\0" + blocks


def old(name: str, data: bytes, method: int = 0x30, flags: int = 0) -> bytes:
    fields = struct.pack("<IIBIIBBHI", len(data), len(data), 3, 0, 0, 29, method, len(name), 0)
    head = struct.pack("<HBHH", 0, 0x74, 0x8000 | flags, 32 + len(name)) + fields + name.encode()
    main = struct.pack("<HBHH", 0, 0x73, 0, 13) + bytes(6)
    return b"Rar!\x1a\x07\0" + main + head + data + struct.pack("<HBHH", 0, 0x7B, 0x4000, 7)


def rules(report: FileReport) -> set[str]:
    return {item.rule for item in report.findings}


@pytest.mark.parametrize("make", [new, old])
def test_stored_members_are_examined(tmp_path: Path, make: type) -> None:
    report = examine(tmp_path / "a.rar", make("a.txt", b"some text"))
    assert (report.verdict, report.findings) == (Verdict.CLEAN, ())
    report = examine(tmp_path / "a.rar", make("a.pkl", pickle.dumps(Calls())))
    assert "pickle.dangerous-call" in rules(report)
    assert rules(examine(tmp_path / "a.rar", make("../a", b"x" * 20))) == {"archive.traversal"}


def test_what_cannot_be_unpacked_is_not_clean(tmp_path: Path) -> None:
    for data in (new("a", b"x" * 20, method=3), old("a", b"x" * 20, method=0x33)):
        assert examine(tmp_path / "a.rar", data).verdict is Verdict.UNREADABLE
    encrypted = number(3) + number(1) + number(0) + number(0)
    for data in (new("a", b"x" * 20, extra=encrypted), old("a", b"x" * 20, flags=4),
                 b"Rar!\x1a\x07\x01\0" + new_block(4, bytes(8))):  # fmt: skip
        assert rules(examine(tmp_path / "a.rar", data)) == {"archive.encrypted"}


def test_links_and_what_follows(tmp_path: Path) -> None:
    target = b"/etc/passwd"
    record = number(5) + number(1) + number(0) + number(len(target)) + target
    data = new("link", b"", extra=number(len(record)) + record)
    assert rules(examine(tmp_path / "a.rar", data)) == {"archive.link"}
    report = examine(tmp_path / "a.rar", new("a.txt", b"some text") + b"\x7fELF" + bytes(60))
    assert "file.disguised-executable" in rules(report)


@given(st.integers(0, 120), st.binary(min_size=1, max_size=6))
def test_mutations_raise_artifact_errors_only(at: int, junk: bytes) -> None:
    for data in (new("a.txt", b"some text"), old("a.txt", b"some text")):
        with contextlib.suppress(ArtifactError):
            read_rar(BytesSource(data[:at] + junk + data[at + len(junk) :]), DEFAULT_LIMITS)
