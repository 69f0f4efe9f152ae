# SPDX-License-Identifier: Apache-2.0
"""Reads the messages of an object header, version 1 and 2, through all continuation blocks."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

from steelyard.artifacts.hdf5.blocks import Blocks, number
from steelyard.kernel.errors import ArtifactError, LimitExceeded

DATASPACE, LINK_INFO, DATATYPE, LINK, EXTERNAL, LAYOUT = 0x1, 0x2, 0x3, 0x6, 0x7, 0x8
FILTERS, ATTRIBUTE, CONTINUATION, SYMBOL_TABLE, ATTRIBUTE_INFO = 0xB, 0xC, 0x10, 0x11, 0x15
_SHARED = 0x02
_BLOCK_MOST = 64 * 1024 * 1024
_BLOCKS_MOST = 10_000


class Message(Struct, frozen=True):
    """One message of an object header."""

    kind: int
    data: bytes
    shared: bool


def messages(blocks: Blocks, address: int) -> Iterator[Message]:
    """Yield the messages of the object header at ``address``.

    Raises:
        ArtifactError: it is no object header, or lies outside the file.
        LimitExceeded: its continuation blocks never end.
    """
    head = blocks.some(address, 64, "object header")
    if head[:4] == b"OHDR":
        first, size, order = _second_prefix(head)
        modern = True
    else:
        if head[:1] != b"\1" or len(head) < 16:
            raise ArtifactError("There is no object header where one should be.", offset=address)
        first, size, order, modern = 16, number(head, 8, 4), 0, False
    queue = [(address + first, size, 0)]
    seen = 0
    while queue:
        start, length, skip = queue.pop(0)
        seen += 1
        if seen > _BLOCKS_MOST or length > _BLOCK_MOST:
            raise LimitExceeded("An object header never ends.", offset=start, code="hdf5.cycle")
        data = blocks.read(start, length, "object header")
        if skip and data[:4] != b"OCHK":
            raise ArtifactError("There is no continuation block.", offset=start)
        end = len(data) - (4 if skip else 0)
        for message in _second(data, skip, end, order) if modern else _first(data):
            if message.kind == CONTINUATION:
                width = blocks.superblock.address_width
                place, more = blocks.address(message.data, 0), blocks.length(message.data, width)
                queue.append((place, more, 4 if modern else 0))
            else:
                yield message


def _second_prefix(head: bytes) -> tuple[int, int, int]:
    """Return where messages begin, their bytes, and the bytes of a creation order."""
    if number(head, 4, 1) != 2:
        raise ArtifactError("The version of an object header is not known.")
    flags = head[5]
    at = 6 + (16 if flags & 0x20 else 0) + (4 if flags & 0x10 else 0)
    width = 1 << (flags & 3)
    return at + width, number(head, at, width), 2 if flags & 0x04 else 0


def _first(data: bytes) -> Iterator[Message]:
    at = 0
    while at + 8 <= len(data):
        kind, size, flags = number(data, at, 2), number(data, at + 2, 2), data[at + 4]
        yield Message(kind, data[at + 8 : at + 8 + size], bool(flags & _SHARED))
        at += 8 + size


def _second(data: bytes, at: int, end: int, order: int) -> Iterator[Message]:
    while at + 4 + order <= end:
        kind, size, flags = data[at], number(data, at + 1, 2), data[at + 3]
        at += 4 + order
        yield Message(kind, data[at : min(at + size, end)], bool(flags & _SHARED))
        at += size
