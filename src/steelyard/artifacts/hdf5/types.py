# SPDX-License-Identifier: Apache-2.0
"""Reads dataspace, datatype, layout, filter and attribute messages."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

from steelyard.artifacts.hdf5.blocks import Blocks, number
from steelyard.artifacts.hdf5.model import FIXED, FLOAT, STRING, VLEN, Datatype
from steelyard.kernel.errors import ArtifactError, LimitExceeded

_RANK_MOST = 32
_FILTERS_MOST = 32
_NAMES = {2: "time", 4: "bits", 5: "opaque", 6: "compound", 7: "reference", 8: "enum", 10: "array"}
LAYOUTS = {0: "compact", 1: "contiguous", 2: "chunked", 3: "virtual"}


class Layout(Struct, frozen=True):
    """Where a dataset's bytes lie. ``inline`` are those of a compact one; ``address`` of a virtual
    one is that of its description in the global heap, ``index`` the object there."""

    kind: str
    address: int = -1
    size: int = 0
    inline: bytes = b""
    index: int = 0


class RawAttribute(Struct, frozen=True):
    """An attribute message taken apart; ``data`` are the elements' bytes."""

    name: str
    datatype: bytes
    dataspace: bytes
    datatype_shared: bool
    data: bytes


def read_shape(blocks: Blocks, data: bytes) -> tuple[int, ...]:
    """Return the dimensions of a dataspace; ``()`` for a scalar, ``(0,)`` for none at all."""
    version, rank, flags = number(data, 0, 1), number(data, 1, 1), number(data, 2, 1)
    if version not in (1, 2):
        raise ArtifactError(f"The dataspace version {version} is not known.")
    if rank > _RANK_MOST:
        raise LimitExceeded(f"A dataspace claims {rank} dimensions.", code="hdf5.cycle")
    del flags
    if version == 2 and number(data, 3, 1) == 2:
        return (0,)
    at, width = (8 if version == 1 else 4), blocks.superblock.length_width
    return tuple(number(data, at + index * width, width) for index in range(rank))


def read_datatype(data: bytes) -> Datatype:
    """Return what a datatype message describes; members of compounds are not taken apart."""
    first, size = number(data, 0, 1), number(data, 4, 4)
    kind, bits = first & 0x0F, number(data, 1, 3)
    if kind == FIXED:
        return Datatype(kind, size, f"{'I' if bits & 8 else 'U'}{8 * size}")
    if kind == FLOAT:
        return Datatype(kind, size, f"F{8 * size}")
    if kind == STRING:
        return Datatype(kind, size, "string")
    if kind == VLEN:
        return Datatype(kind, size, "string" if bits & 0x0F == 1 else "sequence", variable=True)
    name = _NAMES.get(kind)
    if name is None:
        raise ArtifactError(f"The datatype class {kind} is not known.")
    return Datatype(kind, size, name)


def read_layout(blocks: Blocks, data: bytes) -> Layout:
    """Return where a dataset's bytes lie."""
    version = number(data, 0, 1)
    width = blocks.superblock.address_width
    if version in (1, 2):
        rank, kind = number(data, 1, 1), LAYOUTS.get(number(data, 2, 1), "")
        if kind == "compact":
            size = number(data, 8 + 4 * rank, 4)
            return Layout(kind, inline=data[12 + 4 * rank : 12 + 4 * rank + size], size=size)
        return Layout(kind, blocks.address(data, 8)) if kind else _unknown_layout(version)
    kind = LAYOUTS.get(number(data, 1, 1), "")
    if version not in (3, 4, 5) or not kind:
        return _unknown_layout(version)
    if kind == "compact":
        size = number(data, 2, 2)
        return Layout(kind, inline=data[4 : 4 + size], size=size)
    if kind == "contiguous":
        return Layout(kind, blocks.address(data, 2), blocks.length(data, 2 + width))
    if kind == "virtual":
        return Layout(kind, blocks.address(data, 2), index=number(data, 2 + width, 4))
    return Layout(kind)


def _unknown_layout(version: int) -> Layout:
    raise ArtifactError(f"The data layout version {version} is not known.")


def read_filters(data: bytes) -> tuple[int, ...]:
    """Return the ids of the filters a chunk passes through."""
    version, count = number(data, 0, 1), number(data, 1, 1)
    if version not in (1, 2) or count > _FILTERS_MOST:
        raise ArtifactError("The filter pipeline is not known.")
    at = 8 if version == 1 else 2
    found = []
    for _ in range(count):
        identifier = number(data, at, 2)
        found.append(identifier)
        at += 2
        name = 0
        if version == 1 or identifier >= 256:
            name = number(data, at, 2)
            at += 2
        values = number(data, at + 2, 2)
        at += 4 + (-(-name // 8) * 8 if version == 1 else name) + 4 * values
        if version == 1 and values % 2:
            at += 4
    return tuple(found)


def read_attribute(data: bytes) -> RawAttribute:
    """Take an attribute message apart."""
    version, flags = number(data, 0, 1), number(data, 1, 1)
    if version not in (1, 2, 3):
        raise ArtifactError(f"The attribute version {version} is not known.")
    sizes = [number(data, at, 2) for at in (2, 4, 6)]
    at = 9 if version == 3 else 8
    parts = []
    for size in sizes:
        parts.append(data[at : at + size])
        at += -(-size // 8) * 8 if version == 1 else size
    name = parts[0].partition(b"\0")[0].decode("utf-8", "backslashreplace")
    shared = version > 1 and bool(flags & 1)
    return RawAttribute(name[:1024], parts[1], parts[2], shared, data[at:])


def shared_address(blocks: Blocks, data: bytes) -> int:
    """Return the object header a shared message lies in, or -1 when it lies in a heap."""
    version, kind = number(data, 0, 1), number(data, 1, 1)
    if version == 1:
        return blocks.address(data, 8)
    if version == 2 or (version == 3 and kind == 2):
        return blocks.address(data, 2)
    return -1


def strings_of(data: bytes) -> Iterator[str]:
    """Yield the NUL-terminated strings at the beginning of ``data``."""
    for part in data.split(b"\0"):
        yield part.decode("utf-8", "backslashreplace")
