# SPDX-License-Identifier: Apache-2.0
"""Takes blocks of numbers apart into planes: all top bytes, all low bytes, all lowest bits.

Numbers are IEEE 754 (or bfloat16), little-endian, as safetensors stores them. A plane of a block is
a ``bytes`` with one byte (or packed bits) per number, made by slicing, so no loop runs in Python.
"""

from __future__ import annotations

import base64

WIDTHS = {"F64": 8, "F32": 4, "F16": 2, "BF16": 2}
"""Bytes of one number by floating-point data type."""
SKETCH = 512
"""Numbers in a sketch."""

_EXPONENT_FULL = {
    "F64": (frozenset({0x7F, 0xFF}), 0xF0),
    "F32": (frozenset({0x7F, 0xFF}), 0x80),
    "BF16": (frozenset({0x7F, 0xFF}), 0x80),
    "F16": (frozenset(value for value in range(256) if value & 0x7C == 0x7C), 0x00),
}
"""Top bytes with every exponent bit they hold set, and what the next byte is at least then."""
_ONE_IF_ZERO = bytes([1]) + bytes(255)
_TABLES: dict[str, tuple[bytes, bytes]] = {
    dtype: (
        bytes(int(value in tops) for value in range(256)),
        bytes(int(value >= least) for value in range(256)),
    )
    for dtype, (tops, least) in _EXPONENT_FULL.items()
}
_REVERSED = bytes(int(f"{value:08b}"[::-1], 2) for value in range(256))
_DIGITS = {
    bits: bytes(b"0123456789abcdef"[value & ((1 << bits) - 1)] for value in range(256))
    for bits in (1, 2, 4)
}


def top(data: bytes, width: int) -> bytes:
    """Return the top byte of every number: sign and exponent."""
    return data[width - 1 :: width]


def low(data: bytes, width: int) -> bytes:
    """Return the lowest byte of every number: the end of its mantissa."""
    return data[::width]


def upper(data: bytes, width: int) -> bytes:
    """Return the upper half of every number, in order."""
    half = width // 2
    if half == 1:
        return data[1::2]
    out = bytearray(len(data) // 2)
    for index in range(half):
        out[index::half] = data[half + index :: width]
    return bytes(out)


def low_bytes(data: bytes, width: int, count: int) -> bytes:
    """Return the ``count`` lowest bytes of every number, in the order they are stored."""
    out = bytearray(len(data) // width * count)
    for index in range(count):
        out[index::count] = data[index::width]
    return bytes(out)


def low_bits(data: bytes, bits: int, *, reverse: bool) -> bytes:
    """Return the lowest ``bits`` (1, 2 or 4) of every byte of ``data``, packed first to last.

    ``reverse`` packs the first of them into the lowest bits of a byte instead of the highest.
    """
    usable = len(data) - len(data) % (8 // bits)
    if not usable:
        return b""
    digits = data[:usable].translate(_DIGITS[bits])
    packed = int(digits, 1 << bits).to_bytes(usable * bits // 8, "big")
    return packed.translate(_REVERSED) if reverse and bits == 1 else packed


def nonfinite(data: bytes, dtype: str) -> int:
    """Return how many numbers are infinite or not a number."""
    width = WIDTHS[dtype]
    full, next_full = _TABLES[dtype]
    tops = top(data, width).translate(full)
    if 1 not in tops:
        return 0
    if dtype == "F16":
        return tops.count(1)
    seconds = data[width - 2 :: width].translate(next_full)
    both = int.from_bytes(tops, "little") & int.from_bytes(seconds, "little")
    return both.bit_count()


def rounded(data: bytes, width: int) -> int:
    """Return how many numbers have a lower half of nothing but zeros."""
    half = width // 2
    zero = int.from_bytes(data[::width].translate(_ONE_IF_ZERO), "little")
    for index in range(1, half):
        zero &= int.from_bytes(data[index::width].translate(_ONE_IF_ZERO), "little")
    return zero.bit_count()


def sketch(tops: bytes) -> str:
    """Return the sketch of the evenly spread top bytes ``tops``."""
    return base64.b64encode(tops[:SKETCH]).decode("ascii")


def unsketch(text: str) -> bytes:
    """Return what :func:`sketch` encoded; empty when it is not that."""
    try:
        return base64.b64decode(text, validate=True)[:SKETCH]
    except ValueError:
        return b""


def equal_signs(one: bytes, other: bytes) -> float:
    """Return the share of equal signs of two sketches of the same length."""
    count = len(one)
    differing = int.from_bytes(one, "little") ^ int.from_bytes(other, "little")
    signs = int.from_bytes(b"\x80" * count, "little")
    return 1 - (differing & signs).bit_count() / count
