# SPDX-License-Identifier: Apache-2.0
"""Walks the B-trees of HDF5: version 1 for the members of old groups, version 2 for the records of
links, attributes and huge objects. Every node is visited once; depth and number are bounded."""

from __future__ import annotations

from collections.abc import Iterator

from steelyard.artifacts.hdf5.blocks import Blocks, number
from steelyard.kernel.errors import ArtifactError, LimitExceeded

_DEPTH_MOST = 32
_NODE_MOST = 16 * 1024 * 1024
_OVERHEAD = 10
"""Signature, version, type and checksum of a version 2 node."""


def group_nodes(blocks: Blocks, address: int) -> Iterator[int]:
    """Yield the addresses of the symbol nodes of an old group's B-tree."""
    a, n = blocks.superblock.address_width, blocks.superblock.length_width
    seen: set[int] = set()
    stack = [(address, _DEPTH_MOST)]
    while stack:
        place, level = stack.pop()
        if place in seen:
            raise LimitExceeded("A tree of names is a circle.", offset=place, code="hdf5.cycle")
        seen.add(place)
        head = blocks.read(place, 8 + 2 * a, "tree of names")
        if head[:4] != b"TREE" or head[4] != 0 or head[5] >= level:
            raise ArtifactError("There is no tree of names where one should be.", offset=place)
        used = number(head, 6, 2)
        body = blocks.read(place + 8 + 2 * a, used * (n + a), "tree of names") if used else b""
        children = [blocks.address(body, index * (n + a) + n) for index in range(used)]
        if head[5] == 0:
            yield from children
        else:
            stack += [(child, head[5]) for child in reversed(children)]


def records(blocks: Blocks, address: int) -> Iterator[tuple[int, bytes]]:
    """Yield type and bytes of every record of a version 2 B-tree."""
    a, n = blocks.superblock.address_width, blocks.superblock.length_width
    head = blocks.read(address, 16 + a + 2 + n, "tree of records")
    if head[:4] != b"BTHD" or head[4] != 0:
        raise ArtifactError("There is no tree of records where one should be.", offset=address)
    kind, node, size, depth = head[5], number(head, 6, 4), number(head, 10, 2), number(head, 12, 2)
    if not size or node <= _OVERHEAD + size or node > _NODE_MOST or depth >= _DEPTH_MOST:
        raise ArtifactError("A tree of records declares impossible sizes.", offset=address)
    root, count = blocks.address(head, 16), number(head, 16 + a, 2)
    if root < 0:
        return
    widths = _pointer_widths(node, size, depth, a)
    seen: set[int] = set()
    stack = [(root, count, depth)]
    while stack:
        place, used, level = stack.pop()
        if place in seen:
            raise LimitExceeded("A tree of records is a circle.", offset=place, code="hdf5.cycle")
        seen.add(place)
        counted, pointer = widths[level]
        length = 6 + used * size + ((used + 1) * pointer if level else 0)
        if length > node:
            raise ArtifactError("A node holds more records than it can.", offset=place)
        data = blocks.read(place, length, "tree of records")
        if data[:4] != (b"BTIN" if level else b"BTLF"):
            raise ArtifactError("There is no tree node where one should be.", offset=place)
        for index in range(used):
            yield kind, data[6 + index * size : 6 + (index + 1) * size]
        if level:
            at = 6 + used * size
            for index in range(used + 1):
                child = at + index * pointer
                stack.append(
                    (blocks.address(data, child), number(data, child + a, counted), level - 1)
                )


def _pointer_widths(node: int, size: int, depth: int, address: int) -> list[tuple[int, int]]:
    """Return for every level the bytes of a child's record count and of a whole child pointer.

    A count takes as many bytes as the largest count possible at the level below needs; above the
    lowest inner level, a total of the whole branch stands beside it.
    """
    most = (node - _OVERHEAD) // size
    total = most
    widths = [(0, 0)]
    for level in range(1, depth + 1):
        counted = _bytes_for(most)
        pointer = address + counted + (_bytes_for(total) if level > 1 else 0)
        most = max(0, (node - _OVERHEAD - pointer) // (size + pointer))
        total = (most + 1) * total + most
        widths.append((counted, pointer))
    return widths


def _bytes_for(value: int) -> int:
    return min(8, max(1, (max(value, 1).bit_length() + 7) // 8))
