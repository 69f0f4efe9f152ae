# SPDX-License-Identifier: Apache-2.0
"""Reads the three heaps of HDF5: local (names of old groups), global (strings of any length) and
fractal (links and attributes of large objects)."""

from __future__ import annotations

from msgspec import Struct

from steelyard.artifacts.hdf5.blocks import Blocks, number
from steelyard.kernel.errors import ArtifactError, LimitExceeded

_NAME_MOST = 64 * 1024
_COLLECTION_MOST = 256 * 1024 * 1024
_ROWS_MOST = 64
_COLLECTIONS_KEPT = 64


class LocalHeap:
    """The names of one old-style group."""

    def __init__(self, blocks: Blocks, address: int) -> None:
        width = blocks.superblock.length_width
        head = blocks.read(address, 8 + 2 * width + blocks.superblock.address_width, "local heap")
        if head[:4] != b"HEAP":
            raise ArtifactError("There is no local heap where one should be.", offset=address)
        self._size = number(head, 8, width)
        self._data = blocks.address(head, 8 + 2 * width)
        self._blocks = blocks
        self._window, self._base = b"", 0

    def text(self, offset: int) -> str:
        """Return the NUL-terminated string at ``offset``."""
        if not 0 <= offset < self._size:
            raise ArtifactError("A name lies outside its heap.", offset=self._data)
        index = offset - self._base
        end = self._window.find(b"\0", index) if 0 <= index < len(self._window) else -1
        if end < 0:
            size = min(_NAME_MOST, self._size - offset)
            self._window = self._blocks.some(self._data + offset, size, "local heap")
            self._base, index = offset, 0
            end = self._window.find(b"\0")
            end = len(self._window) if end < 0 else end
        return self._window[index:end].decode("utf-8", "backslashreplace")


class GlobalHeap:
    """Objects of global heap collections, by the collection's address and their index."""

    def __init__(self, blocks: Blocks) -> None:
        self._blocks = blocks
        self._collections: dict[int, dict[int, tuple[int, int]]] = {}

    def read(self, address: int, index: int, most: int) -> bytes:
        """Return the object's bytes, cut to ``most``.

        Raises:
            ArtifactError: there is no such object.
        """
        known = self._collections.get(address)
        if known is None:
            if len(self._collections) >= _COLLECTIONS_KEPT:
                self._collections.clear()
            known = self._collections[address] = self._collection(address)
        place = known.get(index)
        if place is None:
            raise ArtifactError("An object of the global heap is missing.", offset=address)
        start, size = place
        return self._blocks.read(start, min(size, most), "global heap") if size else b""

    def _collection(self, address: int) -> dict[int, tuple[int, int]]:
        width = self._blocks.superblock.length_width
        head = self._blocks.read(address, 8 + width, "global heap")
        size = number(head, 8, width)
        if head[:4] != b"GCOL" or size > _COLLECTION_MOST:
            raise ArtifactError("There is no global heap where one should be.", offset=address)
        data = self._blocks.read(address, size, "global heap")
        found: dict[int, tuple[int, int]] = {}
        at, prefix = 8 + width, 8 + width
        while at + prefix <= len(data):
            index, length = number(data, at, 2), number(data, at + 8, width)
            if index == 0:
                break  # what is left is free
            if at + prefix + length > len(data):
                raise ArtifactError("An object of the global heap is too long.", offset=address)
            found[index] = (address + at + prefix, length)
            at += prefix + -(-length // 8) * 8
        return found


class _Doubling(Struct, frozen=True):
    """The doubling table of a fractal heap: sizes of the blocks in each row."""

    width: int
    first: int
    largest: int
    offset_bytes: int
    direct_rows: int

    def row_size(self, row: int) -> int:
        """Return the heap bytes that a block of this row covers."""
        return self.first << max(0, row - 1)


class FractalHeap:
    """Objects of one fractal heap by their id."""

    def __init__(self, blocks: Blocks, address: int) -> None:
        a, n = blocks.superblock.address_width, blocks.superblock.length_width
        head = blocks.read(address, 22 + 12 * n + 3 * a, "fractal heap")
        if head[:4] != b"FRHP" or head[4] != 0:
            raise ArtifactError("There is no fractal heap where one should be.", offset=address)
        self._blocks = blocks
        self.filtered = number(head, 7, 2) > 0
        most_managed = number(head, 10, 4)
        self._huge = blocks.address(head, 14 + n)
        at = 14 + 2 * n + 2 * a + 8 * n
        width, first, largest = number(head, at, 2), blocks.length(head, at + 2), 0
        largest = blocks.length(head, at + 2 + n)
        bits = number(head, at + 2 + 2 * n, 2)
        self._root = blocks.address(head, at + 6 + 2 * n)
        self._rows = number(head, at + 6 + 2 * n + a, 2)
        sane = 0 < first <= largest and 0 < width <= 1024 and bits <= 64
        if not sane or first & (first - 1) or largest & (largest - 1) or self._rows > _ROWS_MOST:
            raise ArtifactError("A fractal heap declares impossible sizes.", offset=address)
        rows = largest.bit_length() - first.bit_length() + 2
        self._table = _Doubling(width, first, largest, -(-bits // 8), rows)
        self._length_bytes = min(
            (largest.bit_length() - 1 + 7) // 8, (max(most_managed, 1).bit_length() - 1) // 8 + 1
        )
        self._maps: dict[int, bytes] = {}

    @property
    def huge_tree(self) -> int:
        """Address of the B-tree of objects too large for the heap, or -1."""
        return self._huge

    def read(self, identifier: bytes) -> bytes | int:
        """Return an object's bytes, or the key of one that lies outside the heap.

        Raises:
            ArtifactError: the id is none of this heap.
        """
        kind = identifier[0] >> 4 & 3
        if kind == 2:
            size = (identifier[0] & 0x0F) + 1
            return identifier[1 : 1 + size]
        if kind == 1:
            return number(identifier, 1, min(8, len(identifier) - 1))
        if kind != 0:
            raise ArtifactError("The id of a heap object is not known.")
        width = self._table.offset_bytes
        offset = number(identifier, 1, width)
        length = number(identifier, 1 + width, self._length_bytes)
        if self.filtered:
            raise ArtifactError("A compressed heap is not read.", code="hdf5.unread")
        return self._managed(offset, length)

    def _managed(self, offset: int, length: int) -> bytes:
        if self._rows == 0:
            if offset + length > self._table.largest:
                raise ArtifactError("A heap object lies outside its block.", offset=self._root)
            return self._blocks.read(self._root + offset, length, "heap block")
        address, start, rows = self._root, 0, self._rows
        for _ in range(_ROWS_MOST):
            row, column, begin, size = self._place(offset - start, rows)
            child = self._child(address, rows, row, column)
            start += begin
            if row < self._table.direct_rows:
                if offset - start + length > size:
                    raise ArtifactError("A heap object lies outside its block.", offset=child)
                return self._blocks.read(child + offset - start, length, "heap block")
            address = child
            rows = size.bit_length() - (self._table.first * self._table.width).bit_length() + 1
        raise LimitExceeded("A heap is nested without end.", offset=address, code="hdf5.cycle")

    def _place(self, offset: int, rows: int) -> tuple[int, int, int, int]:
        """Return row and column of the block that covers ``offset``, its begin and its size."""
        begin = 0
        for row in range(min(rows, _ROWS_MOST)):
            size = self._table.row_size(row)
            if offset < begin + size * self._table.width:
                column = (offset - begin) // size
                return row, column, begin + column * size, size
            begin += size * self._table.width
        raise ArtifactError("A heap object lies outside its heap.", offset=self._root)

    def _child(self, address: int, rows: int, row: int, column: int) -> int:
        a = self._blocks.superblock.address_width
        width, prefix = self._table.width, 5 + a + self._table.offset_bytes
        data = self._maps.get(address)
        if data is None:
            data = self._blocks.read(address, prefix + rows * width * a, "heap block")
            if data[:4] != b"FHIB":
                raise ArtifactError("There is no heap block where one should be.", offset=address)
            if len(self._maps) < _COLLECTIONS_KEPT:
                self._maps[address] = data
        child = self._blocks.address(data, prefix + (row * width + column) * a)
        if child < 0:
            raise ArtifactError("A heap block is missing.", offset=address)
        return child
