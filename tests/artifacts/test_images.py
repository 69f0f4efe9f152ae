# SPDX-License-Identifier: Apache-2.0
"""Pictures and sounds are followed to their end, and what is none is said to be none."""

from __future__ import annotations

import contextlib
import io
import struct
import time
import wave
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steelyard.artifacts.images import media_end
from steelyard.artifacts.source import BytesSource
from steelyard.kernel.errors import ArtifactError


def png() -> bytes:
    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind))

    header = struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0)
    pixels = zlib.compress(b"\0\0")
    parts = (chunk(b"IHDR", header), chunk(b"IDAT", pixels), chunk(b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def gif() -> bytes:
    head = b"GIF89a\1\0\1\0\x80\0\0" + bytes(6)
    return head + b"!\xf9\4\0\0\0\0\0" + b",\0\0\0\0\1\0\1\0\0" + b"\2\2\x44\1\0" + b";"


def jpeg() -> bytes:
    tables = b"\xff\xdb\0\4\0\0" + b"\xff\xc0\0\4\0\0"
    return b"\xff\xd8\xff\xe0\0\4JF" + tables + b"\xff\xda\0\2" + b"\1\xff\0\2\xff\xd0\3\xff\xd9"


def wav() -> bytes:
    out = io.BytesIO()
    with wave.open(out, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(8000)
        sound.writeframes(bytes(64))
    return out.getvalue()


def mp3() -> bytes:
    frame = b"\xff\xfb\x90\0" + bytes(413)
    return b"ID3\4\0\0\0\0\0\4" + bytes(4) + frame * 3


def webp() -> bytes:
    return b"RIFF" + struct.pack("<I", 4 + 8 + 6) + b"WEBPVP8L" + struct.pack("<I", 5) + bytes(6)


def ogg() -> bytes:
    return (b"OggS" + bytes(22) + b"\1\5" + bytes(5)) * 2


def flac() -> bytes:
    return b"fLaC\x80\0\0\x22" + bytes(34) + b"\xff\xf8" + bytes(20)


MEDIA = {"png": png(), "gif": gif(), "jpeg": jpeg(), "wav": wav(), "mp3": mp3(), "webp": webp(),
         "ogg": ogg(), "flac": flac()}  # fmt: skip


@pytest.mark.parametrize("kind", MEDIA)
def test_honest_media_end_where_they_end(kind: str) -> None:
    data = MEDIA[kind]
    assert media_end(BytesSource(data)) == len(data)
    if kind != "flac":
        assert media_end(BytesSource(data + b"PK\3\4 and more")) == len(data)


@pytest.mark.parametrize("kind", sorted(set(MEDIA) - {"mp3", "ogg", "flac"}))
def test_what_is_cut_has_no_end(kind: str) -> None:
    with pytest.raises(ArtifactError):
        media_end(BytesSource(MEDIA[kind][:-1]))


@pytest.mark.parametrize("magic", [b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"GIF89a", b"ID3"])
def test_a_magic_number_alone_is_no_picture(magic: bytes) -> None:
    with pytest.raises(ArtifactError):
        media_end(BytesSource(magic + b"import os\nos.system('true')\n" * 4))


def test_very_many_scans_cost_linear_time() -> None:
    data = b"\xff\xd8" + b"\xff\xda\0\2\1" * 400_000 + b"\xff\xd9"
    start = time.process_time()
    assert media_end(BytesSource(data)) == len(data)
    assert time.process_time() - start < 20


@given(st.sampled_from(sorted(MEDIA)), st.integers(0, 200), st.binary(max_size=8))
def test_mutations_raise_artifact_errors_only(kind: str, at: int, junk: bytes) -> None:
    data = MEDIA[kind]
    with contextlib.suppress(ArtifactError):
        assert media_end(BytesSource(data[:at] + junk + data[at + len(junk) :])) >= 0
