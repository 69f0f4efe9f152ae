# SPDX-License-Identifier: Apache-2.0
"""Walks an HDF5 file from its root group to every object, once each."""

from __future__ import annotations

from collections.abc import Iterator

from steelyard.artifacts.hdf5 import headers, links, types
from steelyard.artifacts.hdf5.blocks import Blocks, number
from steelyard.artifacts.hdf5.heaps import FractalHeap, GlobalHeap, LocalHeap
from steelyard.artifacts.hdf5.model import (
    FIXED,
    OPAQUE,
    Attribute,
    Dataset,
    Datatype,
    Hdf5File,
    Outside,
)
from steelyard.artifacts.hdf5.trees import records
from steelyard.artifacts.shapes import elements_of
from steelyard.artifacts.source import Source
from steelyard.kernel.errors import ArtifactError, LimitExceeded
from steelyard.kernel.limits import Limits

_OBJECTS_MOST = 200_000
_DEPTH_MOST = 256
_ATTRIBUTES_MOST = 200_000
_STRINGS_MOST = 10_000
_LINKS_KEPT = 200
_RAW_KINDS = (FIXED, OPAQUE)
_VLEN_ENTRY = 4 + 4
"""Bytes of a variable-length element beside the address: its length and its index in the heap."""


def read_hdf5(source: Source, limits: Limits) -> Hdf5File:
    """Return the structure of ``source``. What could not be read is a gap of the result.

    Raises:
        ArtifactError: there is no superblock or no root group that can be read.
        LimitExceeded: the structures refer to one another without end, or are too many.
    """
    reader = _Reader(Blocks(source, limits), limits)
    reader.walk()
    return reader.file


class _Reader:
    def __init__(self, blocks: Blocks, limits: Limits) -> None:
        self._blocks = blocks
        self._global = GlobalHeap(blocks)
        self._text_left = limits.member_memory
        self._seen: set[int] = set()
        self.file = Hdf5File(version=blocks.superblock.version, start=blocks.superblock.start)

    def walk(self) -> None:
        """Visit the root group and everything that can be reached from it."""
        root = self._blocks.superblock.root
        stack = [(root, "/", 0)]
        self._seen.add(root)
        while stack:
            address, path, depth = stack.pop()
            if depth > _DEPTH_MOST:
                raise LimitExceeded("Groups are nested too deep.", code="hdf5.cycle")
            try:
                children = self._object(address, path)
            except LimitExceeded:
                raise
            except ArtifactError as error:
                if address == root:
                    raise
                self.file.gap(f"{path[:200]}: {error.message}")
                continue
            for name, child in reversed(children):
                if child in self._seen:
                    continue
                if len(self._seen) >= _OBJECTS_MOST:
                    raise LimitExceeded("The file has too many objects.", code="hdf5.cycle")
                self._seen.add(child)
                stack.append((child, f"{path.rstrip('/')}/{name[:255]}"[:4000], depth + 1))

    def _object(self, address: int, path: str) -> list[tuple[str, int]]:
        """Read one object and return name and address of its members."""
        found = list(headers.messages(self._blocks, address))
        children: list[tuple[str, int]] = []
        group = False
        for message in found:
            if message.kind in (headers.SYMBOL_TABLE, headers.LINK_INFO, headers.LINK):
                group = True
                children += self._members(message, path)
            elif message.kind == headers.ATTRIBUTE:
                self._attribute(path, message.data, shared=message.shared)
            elif message.kind == headers.ATTRIBUTE_INFO:
                self._dense_attributes(path, message.data)
            elif message.kind == headers.EXTERNAL:
                self._external_storage(path, message.data)
        if group:
            self.file.groups.append(path)
        kinds = {message.kind for message in found}
        if headers.LAYOUT in kinds:
            self._dataset(path, found)
        return children

    def _members(self, message: headers.Message, path: str) -> list[tuple[str, int]]:
        members: list[tuple[str, int]] = []
        for link in self._links(message):
            if link.address >= 0:
                members.append((link.name, link.address))
            elif link.file and len(self.file.outside) < _LINKS_KEPT:
                place = f"{path.rstrip('/')}/{link.name[:255]}"
                self.file.outside.append(Outside("link", place, link.file[:1000]))
        return members

    def _links(self, message: headers.Message) -> Iterator[links.Link]:
        if message.kind == headers.LINK:
            yield links.read_link(self._blocks, message.data)
        elif message.kind == headers.SYMBOL_TABLE:
            yield from links.old_links(self._blocks, message.data)
        else:
            yield from links.dense_links(self._blocks, message.data)

    def _dataset(self, path: str, found: list[headers.Message]) -> None:
        by_kind = {message.kind: message for message in found}
        datatype = self._datatype(by_kind.get(headers.DATATYPE))
        space = by_kind.get(headers.DATASPACE)
        shape: tuple[int, ...] = ()
        if space is not None and not space.shared:
            shape = types.read_shape(self._blocks, space.data)
        layout = types.read_layout(self._blocks, by_kind[headers.LAYOUT].data)
        filters: tuple[int, ...] = ()
        if headers.FILTERS in by_kind and not by_kind[headers.FILTERS].shared:
            filters = types.read_filters(by_kind[headers.FILTERS].data)
        start = -1
        if layout.kind == "contiguous" and layout.address >= 0:
            start = self._blocks.superblock.base + layout.address
            size = self._blocks.source.size
            if headers.EXTERNAL not in by_kind and start + layout.size > size:
                self.file.gap(f"{path[:200]}: its data lie outside the file")
        if layout.kind == "virtual" and layout.address >= 0:
            self._virtual(path, layout)
        self.file.datasets.append(
            Dataset(path, shape, datatype, layout.kind, start, layout.size, filters)
        )

    def _datatype(self, message: headers.Message | None) -> Datatype:
        if message is None:
            raise ArtifactError("A dataset has no datatype.")
        data = message.data
        return types.read_datatype(self._committed(data) if message.shared else data)

    def _committed(self, data: bytes) -> bytes:
        """Return the datatype that a shared message points at."""
        address = types.shared_address(self._blocks, data)
        if address < 0:
            raise ArtifactError("A datatype in a shared heap is not read.")
        for message in headers.messages(self._blocks, address):
            if message.kind == headers.DATATYPE and not message.shared:
                return message.data
        raise ArtifactError("A named datatype is missing.", offset=address)

    def _virtual(self, path: str, layout: types.Layout) -> None:
        data = self._global.read(layout.address, layout.index, 65_536)
        # Version, number of entries, and then the name of the first entry's file.
        at = 1 + self._blocks.superblock.length_width
        name = next(types.strings_of(data[at:]), "")
        if len(self.file.outside) < _LINKS_KEPT:
            self.file.outside.append(Outside("virtual dataset", path, name[:1000]))

    def _external_storage(self, path: str, data: bytes) -> None:
        a, n = self._blocks.superblock.address_width, self._blocks.superblock.length_width
        used = number(data, 6, 2)
        heap = LocalHeap(self._blocks, self._blocks.address(data, 8))
        for index in range(min(used, _LINKS_KEPT)):
            name = heap.text(self._blocks.length(data, 8 + a + index * 3 * n))
            if len(self.file.outside) < _LINKS_KEPT:
                self.file.outside.append(Outside("storage", path, name[:1000]))

    def _dense_attributes(self, path: str, data: bytes) -> None:
        flags = number(data, 1, 1)
        at = 2 + (2 if flags & 1 else 0)
        a = self._blocks.superblock.address_width
        heap_at, tree = self._blocks.address(data, at), self._blocks.address(data, at + a)
        if heap_at < 0 or tree < 0:
            return
        heap = FractalHeap(self._blocks, heap_at)
        for kind, record in records(self._blocks, tree):
            if kind not in (8, 9):
                raise ArtifactError("A tree of attributes holds something else.", offset=tree)
            found = heap.read(record[:8])
            if isinstance(found, int):
                found = links.huge_object(self._blocks, heap, found)
            self._attribute(path, found, shared=bool(record[8] & 2))

    def _attribute(self, path: str, data: bytes, *, shared: bool) -> None:
        if shared:
            self.file.gap(f"{path[:200]}: an attribute in a shared heap was not read")
            return
        if len(self.file.attributes) >= _ATTRIBUTES_MOST:
            raise LimitExceeded("The file has too many attributes.", code="hdf5.cycle")
        try:
            self.file.attributes.append(self._read_attribute(path, data))
        except LimitExceeded:
            raise
        except ArtifactError as error:
            self.file.gap(f"{path[:200]}: an attribute was not read: {error.message}")

    def _read_attribute(self, path: str, data: bytes) -> Attribute:
        raw = types.read_attribute(data)
        described = self._committed(raw.datatype) if raw.datatype_shared else raw.datatype
        datatype = types.read_datatype(described)
        shape = types.read_shape(self._blocks, raw.dataspace)
        value = b""
        if datatype.variable:
            value = self._variable(raw.data, elements_of(shape))
        elif datatype.is_text or (datatype.kind in _RAW_KINDS and datatype.size == 1):
            value = raw.data[: datatype.size * min(elements_of(shape), len(raw.data))]
        elif datatype.kind == OPAQUE:
            value = raw.data
        self._take(len(value))
        return Attribute(path, raw.name, datatype, shape, value)

    def _variable(self, data: bytes, count: int) -> bytes:
        """Return the strings of a variable-length attribute, one a line."""
        a = self._blocks.superblock.address_width
        entry = _VLEN_ENTRY + a
        parts = []
        if count > _STRINGS_MOST:
            self.file.gap(f"only the first {_STRINGS_MOST} strings of an attribute were read")
        for index in range(min(count, _STRINGS_MOST, len(data) // entry)):
            at = index * entry
            length, address = number(data, at, 4), self._blocks.address(data, at + 4)
            if length and address > 0:
                found = self._global.read(address, number(data, at + 4 + a, 4), self._text_left)
                self._take(len(found))
                parts.append(found[:length])
        return b"\n".join(parts)

    def _take(self, count: int) -> None:
        self._text_left -= count
        if self._text_left < 0:
            raise LimitExceeded("The attributes hold too much text.", code="hdf5.cycle")
