# SPDX-License-Identifier: Apache-2.0
"""7z archives built by hand: members come out whole, broken headers are errors only."""

from __future__ import annotations

import contextlib
import lzma
import struct
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steelyard.artifacts.compressed import Budget
from steelyard.artifacts.sevenzip import read_7z, unpack_folder
from steelyard.artifacts.source import BytesSource
from steelyard.kernel.errors import ArtifactError
from steelyard.kernel.limits import DEFAULT_LIMITS

DATA = b"hello world" * 10


def wrapped(packed: bytes, header: bytes) -> bytes:
    start = struct.pack("<QQI", len(packed), len(header), zlib.crc32(header))
    head = b"7z\xbc\xaf\x27\x1c\0\x04" + struct.pack("<I", zlib.crc32(start)) + start
    return head + packed + header


def header_of(packed: bytes, coder: bytes) -> bytes:
    names = b"\0" + "a\0b\0".encode("utf-16-le")
    streams = (
        b"\x06\0\x01\x09" + bytes([len(packed)]) + b"\0"
        b"\x07\x0b\x01\0\x01" + coder + b"\x0c" + bytes([len(DATA)]) + b"\0"
        b"\x08\x0d\x02\x09\x05\0\0"
    )
    files = b"\x05\x02\x11" + bytes([len(names)]) + names + b"\0"
    return b"\x01\x04" + streams + files + b"\0"


def archive(kind: str) -> bytes:
    if kind == "lzma2":
        filters = [{"id": lzma.FILTER_LZMA2, "dict_size": 65536}]
        packed, coder = lzma.compress(DATA, lzma.FORMAT_RAW, filters=filters), b"\x21\x21\x01\x08"
    else:
        packed, coder = DATA, b"\x01\0"
    return wrapped(packed, header_of(packed, coder))


@pytest.mark.parametrize("kind", ["copy", "lzma2"])
def test_members_come_out_whole(kind: str) -> None:
    source = BytesSource(archive(kind))
    found = read_7z(source, DEFAULT_LIMITS)
    assert [(member.name, member.start, member.size) for member in found.members] == [
        ("a", 0, 5), ("b", 5, 105),
    ]  # fmt: skip
    budget = Budget(source.size, DEFAULT_LIMITS)
    assert unpack_folder(source, found.folders[0], budget) == DATA
    assert found.end == source.size


@given(st.integers(0, 90), st.integers(0, 255))
def test_no_header_breaks_the_reader(at: int, value: int) -> None:
    header = bytearray(header_of(DATA, b"\x01\0"))
    header[at % len(header)] = value
    source = BytesSource(wrapped(DATA, bytes(header)))
    with contextlib.suppress(ArtifactError):
        for folder in read_7z(source, DEFAULT_LIMITS).folders:
            unpack_folder(source, folder, Budget(source.size, DEFAULT_LIMITS))
