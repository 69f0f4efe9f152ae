# SPDX-License-Identifier: Apache-2.0
"""Reads the index of a TensorFlow checkpoint (``variables.index``): which raw tensors lie where.

The index is a sorted string table as LevelDB defines it (blocks of prefix-compressed entries, an
index block, a footer of 48 bytes). Its entries are ``BundleEntryProto`` messages of TensorFlow's
public ``tensor_bundle.proto``; the empty key holds the ``BundleHeaderProto``.
"""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

from steelyard.artifacts.problem import Problem
from steelyard.artifacts.protobuf import BYTES, WireReader
from steelyard.artifacts.shapes import elements_of
from steelyard.artifacts.source import BytesSource, Source
from steelyard.artifacts.tensorflow import DTYPES
from steelyard.kernel.errors import ArtifactError, LimitExceeded, TruncatedArtifact
from steelyard.kernel.limits import Limits

FOOTER = 48
TABLE_MAGIC = bytes.fromhex("57fb808b247547db")
_BLOCK_MOST = 64 * 1024 * 1024
_TRAILER = 5
_ENTRIES_MOST = 1_000_000
_KEY_MOST = 4096
_PROBLEMS_KEPT = 50
_BYTES = {"F32": 4, "F64": 8, "I32": 4, "U8": 1, "I16": 2, "I8": 1, "C64": 8, "I64": 8, "BOOL": 1,
          "BF16": 2, "U16": 2, "C128": 16, "F16": 2, "U32": 4, "U64": 8}  # fmt: skip


class CheckpointEntry(Struct, frozen=True):
    """One tensor: ``offset`` and ``size`` are bytes in data file number ``shard``."""

    name: str
    dtype: str
    shape: tuple[int, ...]
    shard: int
    offset: int
    size: int


class CheckpointIndex(Struct, frozen=True):
    """All tensors of a checkpoint, and what does not add up."""

    shards: int
    entries: tuple[CheckpointEntry, ...]
    problems: tuple[Problem, ...]


def read_checkpoint_index(source: Source, limits: Limits) -> CheckpointIndex:
    """Return the tensors the index in ``source`` describes.

    Raises:
        ArtifactError: it is no such table, or a block is compressed.
        TruncatedArtifact: a block lies outside the file.
        LimitExceeded: a block or the table is larger than any real one.
    """
    footer = source.read_at(max(0, source.size - FOOTER), FOOTER)
    if len(footer) < FOOTER or footer[-8:] != TABLE_MAGIC:
        raise ArtifactError("This is not a table of a TensorFlow checkpoint.", offset=0)
    at = 0
    numbers: list[int] = []
    for _ in range(4):
        number, at = _varint(footer, at)
        numbers.append(number)
    problems: list[Problem] = []
    entries: list[CheckpointEntry] = []
    shards = 0
    steps = walked = 0
    for _, handle in _entries(_block(source, numbers[2], numbers[3])):
        start, at = _varint(handle, 0)
        length, _ = _varint(handle, at)
        walked += length
        if walked > source.size:
            raise LimitExceeded("The blocks are larger than the file.", offset=start)
        for key, value in _entries(_block(source, start, length)):
            steps += 1
            if steps > _ENTRIES_MOST:
                raise LimitExceeded("The index names too many tensors.", offset=start)
            if not key:
                shards = _header(value, limits)
                continue
            entries.append(_entry(key, value, limits))
    _check(entries, shards, problems)
    return CheckpointIndex(shards, tuple(entries), tuple(problems))


def _block(source: Source, start: int, length: int) -> bytes:
    """Return the entries of a block without its list of restart points."""
    if length > _BLOCK_MOST:
        raise LimitExceeded(f"A block claims {length} bytes.", offset=start)
    if start + length + _TRAILER > source.size:
        raise TruncatedArtifact("A block lies outside the file.", offset=start)
    data = source.read_at(start, length + 1)
    if len(data) < 5 or data[length] != 0:
        raise ArtifactError("A block is compressed or empty.", offset=start)
    restarts = int.from_bytes(data[length - 4 : length], "little")
    end = length - 4 - 4 * restarts
    if end < 0:
        raise ArtifactError("A block has more restart points than bytes.", offset=start)
    return data[:end]


def _entries(block: bytes) -> Iterator[tuple[bytes, bytes]]:
    at, key = 0, b""
    while at < len(block):
        shared, at = _varint(block, at)
        own, at = _varint(block, at)
        length, at = _varint(block, at)
        if shared > len(key) or own + length > len(block) - at or shared + own > _KEY_MOST:
            raise ArtifactError("An entry of a block is broken.", offset=at)
        key = key[:shared] + block[at : at + own]
        yield key, block[at + own : at + own + length]
        at += own + length


def _varint(data: bytes, at: int) -> tuple[int, int]:
    result = 0
    for shift in range(0, 70, 7):
        if at >= len(data):
            raise TruncatedArtifact("A number runs past its block.", offset=at)
        byte = data[at]
        at += 1
        result |= (byte & 0x7F) << shift
        if byte < 0x80:
            return result, at
    raise ArtifactError("A number is longer than ten bytes.", offset=at)


def _header(value: bytes, limits: Limits) -> int:
    reader = WireReader(BytesSource(value), limits)
    return max((part.value for part in reader.fields(0, len(value)) if part.number == 1), default=0)


def _entry(key: bytes, value: bytes, limits: Limits) -> CheckpointEntry:
    reader = WireReader(BytesSource(value), limits)
    kind, numbers = 0, {3: 0, 4: 0, 5: 0}
    shape: list[int] = []
    for part in reader.fields(0, len(value)):
        if part.number == 1:
            kind = part.value
        elif part.number == 2 and part.wire == BYTES:
            for dimension in reader.inside(part, 1):
                if dimension.number == 2 and len(shape) < 64:
                    sizes = [item.value for item in reader.inside(dimension, 2) if item.number == 1]
                    shape.append(sizes[0] if sizes else 0)
        elif part.number in numbers:
            numbers[part.number] = part.value
    name = key.decode("utf-8", "backslashreplace")[:500]
    dtype = DTYPES.get(kind, f"type {kind}")
    return CheckpointEntry(name, dtype, tuple(shape), numbers[3], numbers[4], numbers[5])


def _check(entries: list[CheckpointEntry], shards: int, problems: list[Problem]) -> None:
    """Note sizes that do not fit, shards that do not exist and tensors that share bytes."""

    def note(entry: CheckpointEntry, text: str) -> None:
        if len(problems) < _PROBLEMS_KEPT:
            name = repr(entry.name[:80])
            problems.append(Problem("tensorflow.checkpoint", f"Tensor {name} {text}."))

    ends: dict[int, int] = {}
    for entry in sorted(entries, key=lambda entry: (entry.shard, entry.offset, entry.size)):
        if entry.shard >= max(shards, 1) or entry.offset + entry.size >= 2**63:
            note(entry, "lies outside the data files")
            continue
        width = _BYTES.get(entry.dtype)
        if width is not None and entry.size and elements_of(entry.shape) * width != entry.size:
            note(entry, "does not have the number of bytes its shape and data type need")
        if entry.size and entry.offset < ends.get(entry.shard, 0):
            note(entry, "shares bytes with another tensor")
        ends[entry.shard] = max(ends.get(entry.shard, 0), entry.offset + entry.size)
