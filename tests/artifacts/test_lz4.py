# SPDX-License-Identifier: Apache-2.0
"""LZ4 blocks and frames: matches, linked blocks, legacy frames, broken ones."""

from __future__ import annotations

import contextlib
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steelyard.artifacts.compressed import Budget, expand
from steelyard.artifacts.lz4 import lz4_block
from steelyard.artifacts.source import BytesSource
from steelyard.kernel.errors import ArtifactError
from steelyard.kernel.limits import DEFAULT_LIMITS

BLOCK = b"\x45abcd\x04\x00\x10!"
EXPANDED = b"abcdabcdabcda!"


def expanded(data: bytes) -> tuple[bytes, ArtifactError | None]:
    source = BytesSource(data)
    out, broken = expand(source, "lz4", DEFAULT_LIMITS, Budget(len(data), DEFAULT_LIMITS))
    return out.read_at(0, out.size), broken


def frame(*blocks: bytes, flags: int = 0x60) -> bytes:
    body = b"".join(struct.pack("<I", len(block)) + block for block in blocks)
    return b"\x04\x22\x4d\x18" + bytes([flags, 0x40, 0]) + body + bytes(4)


def test_frames_of_every_kind_are_expanded() -> None:
    plain = struct.pack("<I", 0x80000003) + b"raw"
    legacy = b"\x02\x21\x4c\x18" + struct.pack("<I", len(BLOCK)) + BLOCK
    skipped = b"\x50\x2a\x4d\x18" + struct.pack("<I", 5) + b"12345"
    assert lz4_block(BLOCK, 100) == EXPANDED
    assert expanded(frame(BLOCK, BLOCK)) == (EXPANDED * 2, None)
    assert expanded(legacy) == (EXPANDED, None)
    assert expanded(skipped + frame(BLOCK)) == (EXPANDED, None)
    assert expanded(frame()[:7] + plain + bytes(4)) == (b"raw", None)


def test_a_linked_block_reaches_into_the_one_before() -> None:
    assert expanded(frame(BLOCK, b"\x00\x0e\x00\x10?", flags=0x40))[0] == EXPANDED + b"abcd?"
    assert expanded(frame(BLOCK, b"\x00\x0e\x00\x10?"))[1] is not None


def test_a_broken_block_is_an_error() -> None:
    for block in (b"\x45ab", b"\x45abcd\x00\x00", b"\xf0\xff\xff", b"\x00\x01"):
        with pytest.raises(ArtifactError):
            lz4_block(block, 100)


@given(st.binary(max_size=60), st.integers(0, 40))
def test_no_input_breaks_the_expander(junk: bytes, cut: int) -> None:
    with contextlib.suppress(ArtifactError):
        expanded(frame(BLOCK)[:cut] + junk)
