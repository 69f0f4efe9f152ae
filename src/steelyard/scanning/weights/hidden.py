# SPDX-License-Identifier: Apache-2.0
"""Looks for files hidden in the low bits of numbers.

A payload written into the last bits of weights costs a model little accuracy. If it is written
plainly, its first bytes stand in one of a few planes: the lowest one, two or four bits or the
lowest one to three bytes of every number. Each plane's beginning is compared with what files begin
with. A payload that is encrypted, scattered or begins in the middle of a tensor is not found.
"""

from __future__ import annotations

import math
import re
import zlib
from collections import Counter
from collections.abc import Iterator

from steelyard.scanning.weights.planes import WIDTHS, low, low_bits, low_bytes, top

SAMPLE = 65_536
"""Numbers at the beginning of a tensor that are looked at."""
_OFFSETS = (0, 4, 8)
"""A length of four or eight bytes often stands before a payload."""
_TEXT = re.compile(rb"\A[\t\n\r\x20-\x7e]{64}")
_PICKLE = re.compile(rb"\A\x80(?:[\x04\x05]\x95.{5}\x00\x00\x00|[\x02\x03]c[a-z_]{2,40}\n)", re.S)
_MAGICS: tuple[tuple[bytes, str], ...] = (
    (b"7z\xbc\xaf\x27\x1c", "7z archive"),
    (b"Rar!\x1a\x07", "RAR archive"),
    (b"\xfd7zXZ\x00", "xz archive"),
    (b"%PDF-1.", "PDF document"),
    (b"\x89PNG\r\n\x1a\n", "PNG picture"),
    (b"BZh91AY&SY", "bzip2 archive"),
)
_WINDOWS, _WINDOW = 8, 2048
_DIFFERENT = 0.5
"""Share of different numbers in a window of trained weights; half precision repeats more."""
_NATURAL, _STRUCTURED, _FLAT = 7.8, 6.8, 0.5
"""Bits of entropy per byte: a low plane of real weights, of something written there, and a plane
of numbers that are all alike."""


def find_payload(data: bytes, dtype: str) -> tuple[str, str] | None:
    """Return what kind of file begins in which plane of a tensor's first numbers, or None."""
    for place, plane in _planes(data[: SAMPLE * WIDTHS[dtype]], dtype):
        for offset in _OFFSETS:
            kind = recognize(plane[offset:])
            if kind:
                return kind, place
    return None


def changes_character(blocks: list[tuple[bytes, bytes]]) -> bool:
    """Tell whether low bytes are noise in some windows of a tensor and structured in others.

    ``blocks`` holds, for windows spread over the tensor, the low plane and the top plane; both are
    empty where the numbers repeat, as in rows of tokens that were never trained.
    """
    levels = [entropy(lows) for lows, tops in blocks if entropy(tops) > _FLAT]
    if len(levels) < _WINDOWS // 2:
        return False
    structured = any(_FLAT < level < _STRUCTURED for level in levels)  # rounded ones are flat
    return structured and sorted(levels)[len(levels) // 2] > _NATURAL


def windows_of(data: bytes, dtype: str) -> tuple[bytes, bytes]:
    """Return low plane and top plane of the first numbers of ``data``, if most of them differ."""
    width = WIDTHS[dtype]
    part = data[: _WINDOW * width]
    different = {part[at : at + width] for at in range(0, len(part), width)}
    if width > 2 and len(different) < _WINDOW * _DIFFERENT:
        return b"", b""
    return low(part, width), top(part, width)


def recognize(head: bytes) -> str:
    """Return what kind of file ``head`` begins like, strictly enough for noise to never match."""
    for magic, kind in _MAGICS:
        if head.startswith(magic):
            return kind
    if head[:4] == b"\x7fELF" and head[4:5] in (b"\1", b"\2") and head[5:6] in (b"\1", b"\2"):
        return "ELF program"
    if head[:4] == b"PK\x03\x04" and head[4:5] < b"\x40" and head[5:6] == b"\0":
        return "zip archive"
    if head[:2] == b"MZ" and head[0x3C:0x40] != b"" and _is_pe(head):
        return "Windows program"
    if head[:3] == b"\x1f\x8b\x08" and head[3:4] < b"\x20" and _inflates(head):
        return "gzip data"
    if _PICKLE.match(head):
        return "pickle"
    found = _TEXT.match(head)
    if found and len(set(found[0])) >= 12 and sum(map(_is_letter, found[0])) > 32:
        return "text"
    return ""


def entropy(data: bytes) -> float:
    """Return Shannon's entropy of ``data`` in bits per byte."""
    if not data:
        return 0.0
    size = len(data)
    return -sum(n / size * math.log2(n / size) for n in Counter(data).values())


def _planes(data: bytes, dtype: str) -> Iterator[tuple[str, bytes]]:
    width = WIDTHS[dtype]
    lowest = low(data, width)
    yield "the lowest byte of every number", lowest
    for count in range(2, width):
        yield f"the {count} lowest bytes of every number", low_bytes(data, width, count)
    for bits in (1, 2, 4):
        text = "the lowest bit" if bits == 1 else f"the {bits} lowest bits"
        yield f"{text} of every number", low_bits(lowest, bits, reverse=False)
    yield "the lowest bit of every number, last bit first", low_bits(lowest, 1, reverse=True)
    yield "the lowest bit of every byte", low_bits(data, 1, reverse=False)
    yield "the lowest bit of every byte, last bit first", low_bits(data, 1, reverse=True)


def _is_letter(value: int) -> bool:
    return 65 <= value <= 90 or 97 <= value <= 122


def _is_pe(head: bytes) -> bool:
    at = int.from_bytes(head[0x3C:0x40], "little")
    return 0x40 <= at <= 0x1000 and head[at : at + 4] == b"PE\0\0"


def _inflates(head: bytes) -> bool:
    try:
        return len(zlib.decompressobj(31).decompress(head, 64)) == 64
    except zlib.error:
        return False
