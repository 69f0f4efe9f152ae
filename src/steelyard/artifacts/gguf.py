# SPDX-License-Identifier: Apache-2.0
"""Reads the metadata and tensor table of a GGUF file (versions 2 and 3, little-endian).

Layout as the ggml project publishes it: magic, version, tensor count, metadata count, metadata
key-value pairs, tensor infos. Counts are checked against what the file could hold before anything
is read, and long arrays are counted, not kept.
"""

from __future__ import annotations

import struct
from typing import Any

from msgspec import Struct

from steelyard.artifacts.problem import Problem
from steelyard.artifacts.shapes import MANY, elements_of
from steelyard.artifacts.source import Source, SourceStream
from steelyard.kernel.errors import ArtifactError, LimitExceeded
from steelyard.kernel.limits import Limits

_SCALARS = {0: "<B", 1: "<b", 2: "<H", 3: "<h", 4: "<I", 5: "<i", 6: "<f", 7: "<?", 10: "<Q",
            11: "<q", 12: "<d"}  # fmt: skip
_STRING, _ARRAY = 8, 9
_KEPT = 64
"""Items kept of an array."""
_KEY_MOST = 65_535
_NAME_MOST = 1024
_DIMENSIONS_MOST = 8
_PROBLEMS_KEPT = 100
_BLOCKS = {
    0: (1, 4), 1: (1, 2), 2: (32, 18), 3: (32, 20), 6: (32, 22), 7: (32, 24), 8: (32, 34),
    10: (256, 84), 11: (256, 110), 12: (256, 144), 13: (256, 176), 14: (256, 210), 15: (256, 292),
    24: (1, 1), 25: (1, 2), 26: (1, 4), 27: (1, 8), 28: (1, 8), 30: (1, 2),
}  # fmt: skip
"""Elements and bytes of one block by tensor type; types not listed are checked by offset only."""


class GgufTensor(Struct, frozen=True):
    """One tensor of the table; ``kind`` is ggml's numeric type."""

    name: str
    shape: tuple[int, ...]
    kind: int
    offset: int


class GgufFile(Struct, frozen=True):
    """Metadata (strings as text, arrays cut to their first items) and tensors."""

    version: int
    metadata: dict[str, Any]
    tensors: tuple[GgufTensor, ...]
    problems: tuple[Problem, ...]


def read_gguf(source: Source, limits: Limits) -> GgufFile:
    """Return the structure of ``source``.

    Raises:
        LimitExceeded: a count or length no file of this size could hold.
        TruncatedArtifact: the file ends inside its table.
        ArtifactError: magic, version or a type is unknown.
    """
    stream = SourceStream(source)
    if stream.read_exact(4) != b"GGUF":
        raise ArtifactError("This is not a GGUF file.", offset=0)
    (version,) = struct.unpack("<I", stream.read_exact(4))
    if version not in (2, 3):
        raise ArtifactError(f"The GGUF version {version} is not known.", offset=4)
    tensor_count, pair_count = struct.unpack("<QQ", stream.read_exact(16))
    for what, count, least in (("tensors", tensor_count, 24), ("metadata entries", pair_count, 13)):
        if count > limits.gguf_entries or count * least > source.size:
            raise LimitExceeded(
                f"The header claims {count} {what}, more than the file can hold.",
                offset=8,
                code="gguf.count",
            )
    problems: list[Problem] = []
    metadata: dict[str, Any] = {}
    budget = _Budget(limits)
    for _ in range(pair_count):
        key = _string(stream, _KEY_MOST)
        (kind,) = struct.unpack("<I", stream.read_exact(4))
        value = _value(stream, kind, budget, 0)
        if key in metadata and len(problems) < _PROBLEMS_KEPT:
            problems.append(Problem("gguf.duplicate-key", f"The key {key[:80]!r} stands twice."))
        metadata[key] = value
    tensors = [_tensor(stream) for _ in range(tensor_count)]
    _check_offsets(tensors, metadata, stream.tell(), source.size, problems)
    return GgufFile(version, metadata, tuple(tensors), tuple(problems))


class _Budget:
    """What may still be kept and counted: many lawful strings are as bad as one huge one."""

    def __init__(self, limits: Limits) -> None:
        self.string = limits.gguf_string
        self.bytes = 4 * limits.gguf_string
        self.items = 10 * limits.gguf_entries

    def take(self, length: int, at: int) -> None:
        self.bytes -= length
        if self.bytes < 0:
            raise LimitExceeded("The metadata hold too much text.", offset=at, code="gguf.string")

    def count(self, items: int, at: int) -> None:
        self.items -= items
        if self.items < 0:
            raise LimitExceeded("The arrays hold too many items.", offset=at, code="gguf.count")


def _string(stream: SourceStream, most: int) -> str:
    (length,) = struct.unpack("<Q", stream.read_exact(8))
    if length > most:
        raise LimitExceeded(
            f"A string claims {length} bytes.", offset=stream.tell(), code="gguf.string"
        )
    return stream.read_exact(length).decode("utf-8", "backslashreplace")


def _value(stream: SourceStream, kind: int, budget: _Budget, depth: int) -> Any:
    if kind == _STRING:
        text = _string(stream, budget.string)
        if depth == 0:
            budget.take(len(text), stream.tell())
        return text
    if kind == _ARRAY:
        return _array(stream, budget, depth)
    form = _SCALARS.get(kind)
    if form is None:
        raise ArtifactError(f"The value type {kind} is not known.", offset=stream.tell())
    (value,) = struct.unpack(form, stream.read_exact(struct.calcsize(form)))
    return value


def _array(stream: SourceStream, budget: _Budget, depth: int) -> list[Any]:
    kind, count = struct.unpack("<IQ", stream.read_exact(12))
    if depth >= 4:
        raise LimitExceeded("Arrays are nested too deep.", offset=stream.tell())
    form = _SCALARS.get(kind)
    if form is not None:
        width = struct.calcsize(form)
        kept = min(count, _KEPT)
        values = [struct.unpack(form, stream.read_exact(width))[0] for _ in range(kept)]
        stream.skip((count - kept) * width)
        return values
    budget.count(count, stream.tell())
    items: list[Any] = []
    for index in range(count):
        value = _value(stream, kind, budget, depth + 1)
        if index < _KEPT:
            items.append(value)
    return items


def _tensor(stream: SourceStream) -> GgufTensor:
    name = _string(stream, _NAME_MOST)
    (dimensions,) = struct.unpack("<I", stream.read_exact(4))
    if dimensions > _DIMENSIONS_MOST:
        raise LimitExceeded(f"A tensor claims {dimensions} dimensions.", offset=stream.tell())
    shape = struct.unpack(f"<{dimensions}Q", stream.read_exact(8 * dimensions))
    kind, offset = struct.unpack("<IQ", stream.read_exact(12))
    return GgufTensor(name, shape, kind, offset)


def _check_offsets(
    tensors: list[GgufTensor],
    metadata: dict[str, Any],
    end: int,
    size: int,
    problems: list[Problem],
) -> None:
    alignment = metadata.get("general.alignment", 32)
    if not isinstance(alignment, int) or alignment <= 0 or alignment % 8 or alignment > 1 << 20:
        problems.append(Problem("gguf.alignment", "The alignment is not a sensible number."))
        alignment = 32
    data = end + (-end % alignment)
    for tensor in tensors:
        elements = elements_of(tensor.shape)
        block, width = _BLOCKS.get(tensor.kind, (1, 0))
        end_at = data + tensor.offset + -(-elements // block) * width
        outside = end_at > size or (data + tensor.offset >= size and elements > 0)
        if elements >= MANY or outside:
            problems.append(
                Problem("gguf.tensor", f"Tensor {tensor.name[:80]!r} lies outside the file.")
            )
            return
