# SPDX-License-Identifier: Apache-2.0
"""Small models of random numbers, made without a numeric library."""

from __future__ import annotations

import json
import random
import struct
from collections.abc import Mapping
from pathlib import Path

Entry = tuple[str, tuple[int, ...], bytes]


def floats(count: int, seed: int, scale: float = 0.05) -> bytes:
    """Return normally distributed F32 numbers."""
    source = random.Random(seed)
    return struct.pack(f"<{count}f", *(source.gauss(0, scale) for _ in range(count)))


def nudged(data: bytes, seed: int, by: float = 0.001) -> bytes:
    """Return the numbers a little changed, as training does."""
    source = random.Random(seed)
    count = len(data) // 4
    values = struct.unpack(f"<{count}f", data)
    return struct.pack(f"<{count}f", *(value + source.gauss(0, by) for value in values))


def write_safetensors(path: Path, tensors: Mapping[str, Entry]) -> Path:
    """Write tensors: name to data type, shape and bytes."""
    header: dict[str, object] = {}
    at = 0
    for name, (dtype, shape, data) in tensors.items():
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [at, at + len(data)]}
        at += len(data)
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(
        struct.pack("<Q", len(text)) + text + b"".join(data for _, _, data in tensors.values())
    )
    return path
