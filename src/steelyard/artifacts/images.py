# SPDX-License-Identifier: Apache-2.0
"""Finds where a picture or sound ends, by its own structure, so that nothing rides along behind it.

Nothing is decoded. PNG follows the chunks of its specification (W3C PNG, section 5), JPEG the
markers of ITU-T T.81 annex B, GIF the blocks of GIF89a, RIFF (WAV, WEBP) its chunk sizes, Ogg the
pages of RFC 3533, MP3 the frame headers of ISO/IEC 11172-3. The walk is linear and keeps nothing.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from steelyard.artifacts.source import Source, SourceStream
from steelyard.kernel.errors import ArtifactError, LimitExceeded

_PARTS_MOST = 5_000_000
_STEP = 256 * 1024
_MARKER = re.compile(rb"\xff+[\x01-\xcf\xd8-\xfe]", re.DOTALL)
"""A marker inside the coded data of a JPEG: stuffed zeros and restart marks are data."""
_STREAMED = (0, 0xFFFFFFFF)
"""Sizes that a writer leaves in a RIFF header when it cannot seek back."""

_RATES = {
    3: {1: (0, 32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448),
        2: (0, 32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384),
        3: (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320)},
    2: {1: (0, 32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256),
        2: (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
        3: (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160)},
}  # fmt: skip
"""Kilobits a second by MPEG version (3 is MPEG 1, 2 is MPEG 2 and 2.5) and layer."""
_SAMPLING = {3: (44100, 48000, 32000), 2: (22050, 24000, 16000), 0: (11025, 12000, 8000)}


def media_end(source: Source) -> int:
    """Return the offset after the last byte that belongs to the picture or sound in ``source``.

    Raises:
        ArtifactError: the structure is broken, or there is none behind the magic number.
        TruncatedArtifact: it ends before its own end mark or announced size.
        LimitExceeded: it has more parts than any real one.
    """
    head = source.read_at(0, 12)
    for magic, walk in _WALKS:
        if head.startswith(magic):
            return walk(source)
    raise ArtifactError("This is no picture or sound of a known kind.", offset=0)


def _png(source: Source) -> int:
    stream = SourceStream(source, 8, 4096)
    for index in range(_PARTS_MOST):
        start = stream.tell()
        head = stream.read_exact(8)
        length, kind = int.from_bytes(head[:4], "big"), head[4:]
        if not kind.isalpha() or length > 0x7FFFFFFF:
            raise ArtifactError("A PNG chunk has no proper type or length.", offset=start)
        if index == 0 and (kind != b"IHDR" or length != 13):
            raise ArtifactError("The PNG does not begin with its header chunk.", offset=start)
        stream.skip(length + 4)
        if kind == b"IEND":
            return stream.tell()
    raise LimitExceeded("The PNG has too many chunks.", offset=stream.tell())


def _jpeg(source: Source) -> int:
    at = 2
    for _ in range(_PARTS_MOST):
        head = source.read_at(at, 4)
        if len(head) < 2 or head[0] != 0xFF:
            raise ArtifactError("A JPEG marker is missing.", offset=at)
        marker = head[1]
        if marker == 0xFF:
            at += 1
        elif marker == 0xD9:
            return at + 2
        elif marker in (0x01, 0xD8) or 0xD0 <= marker <= 0xD7:
            at += 2
        else:
            at = _after_segment(source, at, head)
            if marker == 0xDA:
                at = _after_scan(source, at)
    raise LimitExceeded("The JPEG has too many segments.", offset=at)


def _after_segment(source: Source, at: int, head: bytes) -> int:
    length = int.from_bytes(head[2:4], "big")
    if len(head) < 4 or length < 2 or at + 2 + length > source.size:
        raise ArtifactError("A JPEG segment has no proper length.", offset=at)
    return at + 2 + length


def _after_scan(source: Source, at: int) -> int:
    """Return where the marker after the coded data of one scan stands."""
    step = 64  # doubled as it goes on: very many tiny scans must not each cost a large read
    while at < source.size:
        part = source.read_at(at, step)
        step = min(step * 2, _STEP)
        found = _MARKER.search(part)
        if found is not None:
            return at + found.end() - 2
        at += max(len(part) - 1, 1)  # a marker may straddle two parts
    raise ArtifactError("The JPEG has no end marker.", offset=source.size)


def _gif(source: Source) -> int:
    stream = SourceStream(source)
    head = stream.read_exact(13)
    if head[4:6] not in (b"7a", b"9a"):
        raise ArtifactError("The GIF has an unknown version.", offset=4)
    _skip_colors(stream, head[10])
    for _ in range(_PARTS_MOST):
        kind = stream.read_exact(1)
        if kind == b";":
            return stream.tell()
        if kind == b"!":
            stream.skip(1)
        elif kind == b",":
            _skip_colors(stream, stream.read_exact(9)[8])
            stream.skip(1)
        else:
            raise ArtifactError("A GIF block has an unknown type.", offset=stream.tell() - 1)
        while size := stream.read_exact(1)[0]:
            stream.skip(size)
    raise LimitExceeded("The GIF has too many blocks.", offset=stream.tell())


def _skip_colors(stream: SourceStream, flags: int) -> None:
    if flags & 0x80:
        stream.skip(3 * 2 ** ((flags & 7) + 1))


def _riff(source: Source) -> int:
    size = int.from_bytes(source.read_at(4, 4), "little")
    if size in _STREAMED:
        size = source.size - 8
    end = 8 + size + size % 2
    if end - size % 2 > source.size:
        raise ArtifactError(f"The header announces {size} bytes, more than there are.", offset=4)
    stream = SourceStream(source, 12, 4096)
    for _ in range(_PARTS_MOST):
        start = stream.tell()
        if end - start < 8:
            return min(end, source.size)
        head = stream.read_exact(8)
        length = int.from_bytes(head[4:], "little")
        if length == 0xFFFFFFFF and head[:4] == b"data":
            return source.size
        if head[:4] == b"data":  # its size counts for readers, whatever the header announced
            end = max(end, start + 8 + length)
        if start + 8 + length > min(end, source.size) or not all(
            31 < byte < 127 for byte in head[:4]
        ):
            raise ArtifactError("A RIFF chunk has no proper type or length.", offset=start)
        stream.skip(min(length + length % 2, source.size - start - 8))
    raise LimitExceeded("The file has too many chunks.", offset=stream.tell())


def _ogg(source: Source) -> int:
    stream = SourceStream(source)
    while stream.tell() < source.size:
        start = stream.tell()
        head = stream.read(27)
        if head[:5] != b"OggS\0" or len(head) < 27:
            return start
        stream.skip(sum(stream.read_exact(head[26])))
    return stream.tell()


def _flac(source: Source) -> int:
    """The frames of FLAC have no length: they are taken as the data the file is there for."""
    stream = SourceStream(source, 4, 4096)
    for _ in range(_PARTS_MOST):
        head = stream.read_exact(4)
        stream.skip(int.from_bytes(head[1:], "big"))
        if head[0] & 0x80:
            break
    if stream.tell() < source.size and source.read_at(stream.tell(), 2)[:2] not in (
        b"\xff\xf8",
        b"\xff\xf9",
    ):
        raise ArtifactError("No FLAC frame follows the metadata.", offset=stream.tell())
    return source.size


def _mp3(source: Source) -> int:
    head = source.read_at(0, 10)
    sizes = head[6:10]
    if len(head) < 10 or any(byte > 127 for byte in sizes):
        raise ArtifactError("The ID3 tag has no proper length.", offset=6)
    size = sum(byte << shift for byte, shift in zip(sizes, (21, 14, 7, 0), strict=True))
    at = 10 + size + (10 if head[5] & 0x10 else 0)
    while source.read_at(at, 1) == b"\0":  # padding some writers leave
        part = source.read_at(at, _STEP)
        at += len(part) - len(part.lstrip(b"\0"))
    start = at
    stream = SourceStream(source, at)
    while (length := _frame_length(stream.read(4))) and at + length <= source.size:
        stream.skip(length - 4)
        at += length
    if at == start:
        raise ArtifactError("No MPEG frame follows the ID3 tag.", offset=at)
    return at + 128 if source.read_at(at, 3) == b"TAG" and source.size - at == 128 else at


def _frame_length(head: bytes) -> int:
    if len(head) < 4 or head[0] != 0xFF or head[1] & 0xE0 != 0xE0:
        return 0
    version, layer = head[1] >> 3 & 3, 4 - (head[1] >> 1 & 3)
    rate, sampling, padding = head[2] >> 4, head[2] >> 2 & 3, head[2] >> 1 & 1
    if version == 1 or layer == 4 or rate in (0, 15) or sampling == 3:
        return 0
    bits = _RATES[3 if version == 3 else 2][layer][rate] * 1000
    hertz = _SAMPLING[version][sampling]
    if layer == 1:
        return (12 * bits // hertz + padding) * 4
    samples = 72 if layer == 3 and version != 3 else 144
    return samples * bits // hertz + padding


_WALKS: tuple[tuple[bytes, Callable[[Source], int]], ...] = (
    (b"\x89PNG\r\n\x1a\n", _png), (b"\xff\xd8\xff", _jpeg), (b"GIF8", _gif), (b"RIFF", _riff),
    (b"OggS", _ogg), (b"fLaC", _flac), (b"ID3", _mp3),
)  # fmt: skip
