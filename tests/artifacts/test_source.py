# SPDX-License-Identifier: Apache-2.0
"""Sources: windows that cannot be left, files that cannot be swapped."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steelyard.artifacts.source import BytesSource, SliceSource, SourceStream, open_file
from steelyard.kernel.errors import ArtifactError, TruncatedArtifact


@given(st.binary(max_size=60), st.integers(-5, 70), st.integers(-5, 70), st.integers(-5, 70),
       st.integers(-5, 70))  # fmt: skip
def test_a_slice_cannot_be_left(data: bytes, start: int, size: int, at: int, length: int) -> None:
    window = SliceSource(BytesSource(data), start, size)
    inside = data[max(0, start) : max(0, start) + max(0, size)]
    expected = inside[at : at + length] if at >= 0 and length > 0 else b""
    assert window.read_at(at, length) == expected
    assert window.size == len(inside)


@given(st.binary(max_size=200), st.lists(st.integers(0, 50), max_size=12), st.integers(1, 9))
def test_a_stream_reads_forward(data: bytes, steps: list[int], chunk: int) -> None:
    stream = SourceStream(BytesSource(data), chunk=chunk)
    at = 0
    for index, step in enumerate(steps):
        if index % 3 == 2 and at + step <= len(data):
            stream.skip(step)
        else:
            assert stream.read(step) == data[at : at + step]
        at = min(len(data), at + step)
        assert stream.tell() == at
    with pytest.raises(TruncatedArtifact):
        stream.read_exact(len(data) - at + 1)
    with pytest.raises(TruncatedArtifact):
        stream.skip(len(data) - at + 1)


def test_a_source_that_shrank_is_truncated() -> None:
    class Shrunk(BytesSource):
        def read_at(self, offset: int, length: int) -> bytes:
            return super().read_at(offset, min(length, 3))

    with pytest.raises(TruncatedArtifact):
        SourceStream(Shrunk(b"abcdefgh")).read_exact(8)


@pytest.mark.parametrize("size", [0, 1, 1 << 20, (1 << 20) + 1, 5_000_001])
def test_the_digest_is_that_of_the_bytes(tmp_path: Path, size: int) -> None:
    path = tmp_path / "weights"
    path.write_bytes(os.urandom(size))
    with open_file(str(path), size) as source:
        source.start_hash()
        assert source.read_at(0, 10) == path.read_bytes()[:10]
        assert source.digest() == hashlib.sha256(path.read_bytes()).hexdigest()


def test_a_file_changed_meanwhile_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "weights"
    path.write_bytes(b"x" * 3_000_000)
    with open_file(str(path), 3_000_000) as source:
        os.utime(path, ns=(1, 1))
        with pytest.raises(ArtifactError) as caught:
            source.digest()
    assert caught.value.code == "file.changed"


def test_a_growing_file_ends(tmp_path: Path) -> None:
    path = tmp_path / "weights"
    path.write_bytes(b"x" * 3_000_000)
    with open_file(str(path), 3_000_000) as source:
        with path.open("ab") as more:
            more.write(b"y" * 3_000_000)
        with pytest.raises(ArtifactError):
            source.digest()


def test_only_the_listed_regular_file_is_opened(tmp_path: Path) -> None:
    path = tmp_path / "real"
    path.write_bytes(b"abc")
    (tmp_path / "link").symlink_to(path)
    os.mkfifo(tmp_path / "pipe")
    for name, size, code in (
        ("link", 3, "file.unreadable"), ("pipe", 0, "file.special"), ("real", 4, "file.changed"),
        ("absent", 0, "file.unreadable"),
    ):  # fmt: skip
        with pytest.raises(ArtifactError) as caught:
            open_file(str(tmp_path / name), size)
        assert caught.value.code == code
