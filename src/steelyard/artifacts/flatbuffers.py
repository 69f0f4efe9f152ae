# SPDX-License-Identifier: Apache-2.0
"""A small reader of FlatBuffers: tables, vectors and strings, every offset checked.

A table begins with the distance to its vtable, which lists where each field lies; unsigned offsets
count forward from where they stand. The encoding is that of the public FlatBuffers internals
document. Bytes are fetched in pages, a bounded number of which is kept, so files of any size can be
walked.
"""

from __future__ import annotations

from collections.abc import Iterator

from steelyard.artifacts.source import Source
from steelyard.kernel.errors import ArtifactError, LimitExceeded, TruncatedArtifact
from steelyard.kernel.limits import Limits

_PAGE = 64 * 1024
_PAGES = 256
_TEXT = 4096


class FlatBuffer:
    """The bytes of one buffer under a budget of steps, so that offsets cannot lead in circles."""

    def __init__(self, source: Source, limits: Limits) -> None:
        self.size = source.size
        self._source = source
        # Tables may share parts, so a small buffer could be walked for ever.
        self._left = min(limits.protobuf_fields, 65_536 + 8 * source.size)
        self._pages: dict[int, bytes] = {}

    def root(self) -> Table:
        """Return the root table."""
        return self.table(self.number(0, 4))

    def table(self, at: int) -> Table:
        """Return the table at ``at``.

        Raises:
            ArtifactError: its vtable is broken or lies outside.
        """
        back = self.number(at, 4)
        vtable = at - (back - 2**32 if back >= 2**31 else back)
        if not 0 <= vtable <= self.size - 4:
            raise ArtifactError("A table points outside the buffer.", offset=at)
        length, size = self.number(vtable, 2), self.number(vtable + 2, 2)
        if length < 4 or length % 2 or vtable + length > self.size or at + size > self.size:
            raise ArtifactError("A table is not what its description says.", offset=at)
        return Table(self, at, size, self.bytes(vtable + 4, length - 4))

    def number(self, at: int, width: int) -> int:
        """Return the unsigned number of ``width`` bytes at ``at``."""
        return int.from_bytes(self.bytes(at, width), "little")

    def bytes(self, at: int, length: int) -> bytes:
        """Return exactly ``length`` bytes.

        Raises:
            TruncatedArtifact: they do not lie inside the buffer.
            LimitExceeded: more was asked of this buffer than any real one needs.
        """
        self._left -= 1
        if self._left < 0:
            raise LimitExceeded("The buffer has too many parts.", offset=at)
        if at < 0 or at + length > self.size:
            raise TruncatedArtifact("A part lies outside the buffer.", offset=max(at, 0))
        page, start = divmod(at, _PAGE)
        if start + length > _PAGE:
            return self._source.read_at(at, length)
        data = self._pages.get(page)
        if data is None:
            if len(self._pages) >= _PAGES:
                self._pages.clear()
            data = self._pages[page] = self._source.read_at(page * _PAGE, _PAGE)
        return data[start : start + length]


class Table:
    """One table; fields are asked for by their number in the schema, counted from 0."""

    __slots__ = ("_at", "_buffer", "_fields", "_size")

    def __init__(self, buffer: FlatBuffer, at: int, size: int, fields: bytes) -> None:
        self._buffer = buffer
        self._at = at
        self._size = size
        self._fields = fields

    def place(self, field: int) -> int:
        """Return where the field lies, 0 if it is absent."""
        entry = self._fields[2 * field : 2 * field + 2]
        offset = int.from_bytes(entry, "little")
        if offset >= max(self._size, 1):
            if offset:
                raise ArtifactError("A field lies outside its table.", offset=self._at)
            return 0
        return self._at + offset if offset else 0

    def number(self, field: int, width: int, default: int = 0) -> int:
        """Return an unsigned number."""
        at = self.place(field)
        return self._buffer.number(at, width) if at else default

    def _target(self, field: int) -> int:
        at = self.place(field)
        return at + self._buffer.number(at, 4) if at else 0

    def text(self, field: int) -> str:
        """Return a string, cut to 4096 bytes; empty if absent."""
        at = self._target(field)
        if not at:
            return ""
        length = self._buffer.number(at, 4)
        if at + 4 + length > self._buffer.size:
            raise TruncatedArtifact("A string lies outside the buffer.", offset=at)
        data = self._buffer.bytes(at + 4, min(length, _TEXT))
        return data.decode("utf-8", "backslashreplace")

    def table(self, field: int) -> Table | None:
        """Return a table the field points to."""
        at = self._target(field)
        return self._buffer.table(at) if at else None

    def vector(self, field: int, width: int) -> tuple[int, int]:
        """Return place and number of a vector's elements of ``width`` bytes, checked to fit."""
        at = self._target(field)
        if not at:
            return 0, 0
        count = self._buffer.number(at, 4)
        if at + 4 + count * width > self._buffer.size:
            raise TruncatedArtifact("A vector lies outside the buffer.", offset=at)
        return at + 4, count

    def tables(self, field: int) -> Iterator[Table]:
        """Yield the tables of a vector."""
        at, count = self.vector(field, 4)
        for index in range(count):
            place = at + 4 * index
            yield self._buffer.table(place + self._buffer.number(place, 4))

    def texts(self, field: int, most: int) -> list[str]:
        """Return the first ``most`` strings of a vector."""
        at, count = self.vector(field, 4)
        found: list[str] = []
        for place in range(at, at + 4 * min(count, most), 4):
            start = place + self._buffer.number(place, 4)
            length = min(self._buffer.number(start, 4), _TEXT)
            found.append(self._buffer.bytes(start + 4, length).decode("utf-8", "backslashreplace"))
        return found

    def numbers(self, field: int, width: int, most: int) -> list[int]:
        """Return the first ``most`` signed numbers of a vector."""
        at, count = self.vector(field, width)
        data = self._buffer.bytes(at, min(count, most) * width) if count else b""
        return [
            int.from_bytes(data[place : place + width], "little", signed=True)
            for place in range(0, len(data), width)
        ]
