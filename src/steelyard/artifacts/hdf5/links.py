# SPDX-License-Identifier: Apache-2.0
"""Reads the links of a group: symbol tables, link messages, and links in a fractal heap."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

from steelyard.artifacts.hdf5.blocks import Blocks, number
from steelyard.artifacts.hdf5.heaps import FractalHeap, LocalHeap
from steelyard.artifacts.hdf5.trees import group_nodes, records
from steelyard.kernel.errors import ArtifactError, LimitExceeded

_HARD, _SOFT, _EXTERNAL = 0, 1, 64
_HUGE_MOST = 64 * 1024 * 1024
_SYMBOLS_MOST = 65_535


class Link(Struct, frozen=True):
    """A member of a group: ``address`` of its header, or the other ``file`` it lies in; neither
    for a soft link, which leads to something that has a link of its own."""

    name: str
    address: int = -1
    file: str = ""


def read_link(blocks: Blocks, data: bytes) -> Link:
    """Return what a link message says."""
    version, flags = number(data, 0, 1), number(data, 1, 1)
    if version != 1:
        raise ArtifactError(f"The link version {version} is not known.")
    at, kind = 2, _HARD
    if flags & 0x08:
        kind, at = number(data, at, 1), at + 1
    at += (8 if flags & 0x04 else 0) + (1 if flags & 0x10 else 0)
    width = 1 << (flags & 3)
    length = number(data, at, width)
    at += width
    if at + length > len(data):
        raise ArtifactError("The name of a link is cut off.")
    name = data[at : at + length].decode("utf-8", "backslashreplace")
    at += length
    if kind == _HARD:
        return Link(name, blocks.address(data, at))
    if kind == _EXTERNAL:
        value = data[at + 2 : at + 2 + number(data, at, 2)]
        file = value[1:].partition(b"\0")[0].decode("utf-8", "backslashreplace")
        return Link(name, file=file or "?")
    if kind == _SOFT:
        return Link(name)
    raise ArtifactError(f"The link type {kind} needs a library of its own.")


def old_links(blocks: Blocks, data: bytes) -> Iterator[Link]:
    """Yield the links of a group that has a symbol table."""
    a = blocks.superblock.address_width
    tree, heap = blocks.address(data, 0), LocalHeap(blocks, blocks.address(data, a))
    entry = 2 * a + 24
    for place in group_nodes(blocks, tree):
        head = blocks.read(place, 8, "symbol node")
        count = number(head, 6, 2)
        if head[:4] != b"SNOD" or count > _SYMBOLS_MOST:
            raise ArtifactError("There is no symbol node where one should be.", offset=place)
        body = blocks.read(place + 8, count * entry, "symbol node") if count else b""
        for index in range(count):
            at = index * entry
            name = heap.text(number(body, at, a))
            cached = number(body, at + 2 * a, 4)
            # A soft link keeps its target in the heap; what it leads to has a link of its own.
            yield Link(name) if cached == 2 else Link(name, blocks.address(body, at + a))


def dense_links(blocks: Blocks, data: bytes) -> Iterator[Link]:
    """Yield the links that a group's link info message refers to, if any are kept in a heap."""
    flags = number(data, 1, 1)
    at = 2 + (8 if flags & 1 else 0)
    heap_at = blocks.address(data, at)
    tree = blocks.address(data, at + blocks.superblock.address_width)
    if heap_at < 0 or tree < 0:
        return
    heap = FractalHeap(blocks, heap_at)
    for kind, record in records(blocks, tree):
        if kind not in (5, 6):
            raise ArtifactError("A tree of links holds something else.", offset=tree)
        found = heap.read(record[4:] if kind == 5 else record[8:])
        if isinstance(found, int):
            found = huge_object(blocks, heap, found)
        yield read_link(blocks, found)


def huge_object(blocks: Blocks, heap: FractalHeap, key: int) -> bytes:
    """Return an object that lies outside its heap.

    Raises:
        ArtifactError: there is none of this key, or it is compressed.
        LimitExceeded: it is larger than is read.
    """
    a, n = blocks.superblock.address_width, blocks.superblock.length_width
    for kind, record in records(blocks, heap.huge_tree):
        if kind != 1:
            raise ArtifactError("A tree of large objects is not read.", code="hdf5.unread")
        if number(record, a + n, n) == key:
            size = number(record, a, n)
            if size > _HUGE_MOST:
                raise LimitExceeded(f"An attribute claims {size} bytes.", code="hdf5.cycle")
            return blocks.read(blocks.address(record, 0), size, "large object")
    raise ArtifactError("A large object is missing.")
