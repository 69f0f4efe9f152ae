# SPDX-License-Identifier: Apache-2.0
"""Finds embedding rows whose length is far from that of all others.

A token that was trained for a purpose of its own, such as a trigger, or never trained at all,
often has a row much longer or shorter than the rest. Rows are measured by a spread sample of their
numbers; "far" is counted in median absolute deviations, which outliers do not move.
"""

from __future__ import annotations

import math
import statistics
import struct

from steelyard.artifacts.safetensors import TensorInfo
from steelyard.artifacts.source import Source
from steelyard.scanning.weights.planes import WIDTHS

_COLUMNS = 32
"""Numbers looked at in every row."""
_ROWS_MOST = 1_000_000
_FAR = 20.0
_SHARE_MOST = 0.01
"""Outliers are few; a second family of rows (images, bytes) is no outlier."""
_KEPT = 5


def far_rows(source: Source, info: TensorInfo, start: int) -> tuple[int, list[int]]:
    """Return how many rows lie far outside and the first of them; (0, []) where that is unknown."""
    if len(info.shape) != 2 or info.dtype not in ("F32", "BF16", "F16"):
        return 0, []
    rows, columns = info.shape
    if not 1000 <= rows <= _ROWS_MOST or columns < _COLUMNS:
        return 0, []
    lengths = _lengths(source, info.dtype, start, rows, columns)
    known = [value for value in lengths if 0 < value < math.inf]
    if len(known) < rows // 2:
        return 0, []
    middle = statistics.median(known)
    spread = statistics.median(abs(value - middle) for value in known)
    if not spread:
        return 0, []
    far = [
        row
        for row, value in enumerate(lengths)
        if value > 0 and not abs(value - middle) <= _FAR * spread
    ]
    return (len(far), far[:_KEPT]) if len(far) <= _SHARE_MOST * rows else (0, [])


def _lengths(source: Source, dtype: str, start: int, rows: int, columns: int) -> list[float]:
    width = WIDTHS[dtype]
    row_bytes = columns * width
    step = columns // _COLUMNS * width
    batch = max(1, (1 << 22) // row_bytes)
    unpack = struct.Struct(f"<{_COLUMNS}{'e' if dtype == 'F16' else 'f'}").unpack
    lengths: list[float] = []
    for first in range(0, rows, batch):
        count = min(batch, rows - first)
        data = source.read_at(start + first * row_bytes, count * row_bytes)
        for at in range(0, len(data) - row_bytes + 1, row_bytes):
            values = unpack(_numbers(data[at : at + row_bytes], width, step, dtype))
            lengths.append(math.sqrt(sum(value * value for value in values)))
    return lengths


def _numbers(row: bytes, width: int, step: int, dtype: str) -> bytes:
    """Return every so many-th number of a row as F16 or F32 bytes."""
    planes = [row[index::step][:_COLUMNS] for index in range(width)]
    size = 4 if dtype == "BF16" else width
    out = bytearray(_COLUMNS * size)
    for index, plane in enumerate(planes):
        out[size - width + index :: size] = plane
    return bytes(out)
