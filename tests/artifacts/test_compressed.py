# SPDX-License-Identifier: Apache-2.0
"""Expansion: exact, bounded, and honest about what is broken."""

from __future__ import annotations

import bz2
import contextlib
import gzip
import lzma
import random
import sys
import time
import zlib
from collections.abc import Callable

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from steelyard.artifacts.compressed import (
    Budget,
    ExpandedSource,
    ExpandingStream,
    budget_of,
    expand,
)
from steelyard.artifacts.source import BytesSource
from steelyard.kernel.errors import ArtifactError, LimitExceeded
from steelyard.kernel.limits import DEFAULT_LIMITS

PACK: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress, "zlib": zlib.compress, "bzip2": bz2.compress, "xz": lzma.compress,
    "lzma": lambda data: lzma.compress(data, lzma.FORMAT_ALONE),
}  # fmt: skip
with contextlib.suppress(ImportError):
    from backports import zstd

    PACK["zstd"] = zstd.compress
SMALL = msgspec.structs.replace(DEFAULT_LIMITS, member_memory=1 << 20, archive_free=4 << 20)


def expanded(data: bytes, kind: str) -> bytes:
    content, broken = expand(
        BytesSource(data), kind, DEFAULT_LIMITS, Budget(len(data), DEFAULT_LIMITS)
    )
    assert broken is None
    return content.read_at(0, content.size)


@pytest.mark.parametrize("kind", PACK)
@settings(max_examples=25, deadline=None)
@given(parts=st.lists(st.binary(max_size=5000), min_size=1, max_size=4))
def test_concatenated_streams_are_followed(kind: str, parts: list[bytes]) -> None:
    packed = b"".join(PACK[kind](part) for part in parts)
    assert expanded(packed, kind) == b"".join(parts)
    assert expanded(packed + b"\0" * 600, kind) == b"".join(parts)


@pytest.mark.parametrize("kind", PACK)
def test_a_truncated_stream_keeps_what_came_before(kind: str) -> None:
    plain = random.Random(1).randbytes(400_000)
    packed = PACK[kind](plain)
    for cut in (1, 10, len(packed) // 2, len(packed) - 9):
        content, broken = expand(
            BytesSource(packed[:cut]), kind, DEFAULT_LIMITS, Budget(cut, DEFAULT_LIMITS)
        )
        assert broken is not None
        assert plain.startswith(content.read_at(0, content.size))
    if kind != "bzip2":  # whose blocks come all or nothing
        content, _ = expand(
            BytesSource(packed[:300_000]), kind, DEFAULT_LIMITS, Budget(1, DEFAULT_LIMITS)
        )
        assert content.size > 200_000


@pytest.mark.parametrize("kind", PACK)
def test_a_bomb_stops_early(kind: str) -> None:
    packed = PACK[kind](b"\0" * (40 << 20))
    with pytest.raises(LimitExceeded) as caught:
        expand(BytesSource(packed), kind, SMALL, Budget(len(packed), SMALL))
    assert caught.value.code == "archive.bomb"


def test_a_budget_is_shared_by_what_was_expanded() -> None:
    packed = zlib.compress(b"\0" * (3 << 20))
    budget = Budget(len(packed), SMALL)
    content, _ = expand(BytesSource(packed), "zlib", SMALL, budget)
    assert budget_of(content, SMALL) is budget
    with pytest.raises(LimitExceeded):
        expand(BytesSource(packed), "zlib", SMALL, budget_of(content, SMALL))


@pytest.mark.parametrize("kind", PACK)
def test_large_content_is_read_through_a_window(kind: str) -> None:
    plain = random.Random(2).randbytes(1 << 16) * 120
    packed = PACK[kind](plain)
    limits = msgspec.structs.replace(SMALL, archive_free=64 << 20)
    content, broken = expand(BytesSource(packed), kind, limits, Budget(len(packed), limits))
    assert broken is None
    assert isinstance(content, ExpandedSource)
    assert content.size == len(plain)
    for offset in (0, 5 << 20, 7_000_000, 3, len(plain) - 10, 1 << 20):
        assert content.read_at(offset, 5000) == plain[offset : offset + 5000]
    assert content.read_at(len(plain), 1) == b""


def test_very_many_tiny_streams_are_not_quadratic() -> None:
    packed = gzip.compress(b"", mtime=0) * 100_000
    start = time.process_time()
    assert expanded(packed, "gzip") == b""
    assert time.process_time() - start < 20


def test_honest_xz_does_not_pile_up_input() -> None:
    plain = random.Random(3).randbytes(1000) * 20_000
    stream = ExpandingStream(BytesSource(lzma.compress(plain)), "xz", DEFAULT_LIMITS)
    assert b"".join(iter(lambda: stream.read(777_777), b"")) == plain


@pytest.mark.parametrize("kind", PACK)
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_mutations_raise_nothing_else(kind: str, data: st.DataObject) -> None:
    packed = bytearray(PACK[kind](b"some text " * 50))
    for _ in range(data.draw(st.integers(1, 4))):
        packed[data.draw(st.integers(0, len(packed) - 1))] = data.draw(st.integers(0, 255))
    with contextlib.suppress(ArtifactError):
        expand(BytesSource(bytes(packed)), kind, DEFAULT_LIMITS, Budget(100, DEFAULT_LIMITS))


def test_without_a_decompressor_the_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "compression.zstd", None)
    monkeypatch.setitem(sys.modules, "backports.zstd", None)
    with pytest.raises(ArtifactError, match=r"backports\.zstd"):
        expanded(b"\x28\xb5\x2f\xfd" + bytes(20), "zstd")
