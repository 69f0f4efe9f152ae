# SPDX-License-Identifier: Apache-2.0
"""Reads the schema of a SQLite database: the statements SQLite itself parses when it opens one.

Follows "Database File Format" of SQLite, sections 1.3, 1.6 and 2: the table b-tree rooted at page 1
holds one record a table, index, view and trigger. Rows of other tables are data.
"""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

from steelyard.artifacts.source import Source
from steelyard.kernel.errors import ArtifactError, LimitExceeded, TruncatedArtifact

_PAGES_MOST = 20_000
_SQL_MOST = 1024 * 1024
_SCHEMA_MOST = 64 * 1024 * 1024
_INTERIOR, _LEAF = 5, 13
_WIDTHS = (0, 1, 2, 3, 4, 6, 8, 8, 0, 0, 0, 0)
"""Bytes of a number by its serial type."""


class SchemaEntry(Struct, frozen=True):
    """One object of the schema: its kind (``table``, ``view``...), its name and its statement."""

    kind: str
    name: str
    sql: str


class SqliteFile(Struct, frozen=True):
    """Pages as the header states them; ``end`` is where the last one ends."""

    page_size: int
    end: int


def read_sqlite(source: Source) -> SqliteFile:
    """Return the size of the database in ``source``.

    Raises:
        ArtifactError: the header is broken.
        TruncatedArtifact: pages are missing.
    """
    head = source.read_at(0, 100)
    size = int.from_bytes(head[16:18], "big")
    size = 65_536 if size == 1 else size
    if len(head) < 100 or size < 512 or size & (size - 1):
        raise ArtifactError("The database header has no proper page size.", offset=16)
    pages = int.from_bytes(head[28:32], "big")
    if head[24:28] != head[92:96] or not pages:  # an old writer did not keep the count
        pages = source.size // size
    if pages * size > source.size:
        raise TruncatedArtifact(f"{pages} pages were announced, more than there are.", offset=28)
    return SqliteFile(size, pages * size)


def schema_of(source: Source, file: SqliteFile) -> Iterator[SchemaEntry]:
    """Yield every object of the schema.

    Raises:
        ArtifactError: a page or record is broken.
        LimitExceeded: the schema has more pages than any real one.
    """
    stack, seen, left = [1], 0, _SCHEMA_MOST
    reserved = source.read_at(20, 1)[0]
    usable = file.page_size - reserved
    while stack:
        number = stack.pop()
        seen += 1
        if seen > _PAGES_MOST:
            raise LimitExceeded("The schema has too many pages.")
        page = _page(source, file, number)
        at = 100 if number == 1 else 0
        kind, count = page[at], int.from_bytes(page[at + 3 : at + 5], "big")
        if kind not in (_INTERIOR, _LEAF):
            raise ArtifactError("A page of the schema is none.", offset=(number - 1) * len(page))
        first = at + (12 if kind == _INTERIOR else 8)
        cells = [
            int.from_bytes(page[first + 2 * n : first + 2 * n + 2], "big") for n in range(count)
        ]
        if kind == _INTERIOR:
            stack.append(int.from_bytes(page[at + 8 : at + 12], "big"))
            stack += [int.from_bytes(page[cell : cell + 4], "big") for cell in cells]
        else:
            for cell in cells:
                data = _payload(source, file, page, cell, usable)
                left -= 100 + len(data)
                if left < 0:
                    raise LimitExceeded("The schema has more text than any real one.")
                yield _record(data)


def _page(source: Source, file: SqliteFile, number: int) -> bytes:
    if not 0 < number <= file.end // file.page_size:
        raise ArtifactError(f"The schema names page {number}, which is not there.")
    return source.read_at((number - 1) * file.page_size, file.page_size)


def _payload(source: Source, file: SqliteFile, page: bytes, at: int, usable: int) -> bytes:
    size, at = _varint(page, at)
    _, at = _varint(page, at)
    if size > _SQL_MOST:
        raise LimitExceeded(f"A statement of the schema has {size} bytes.")
    here = size
    if size > usable - 35:  # the rest is in overflow pages
        least = (usable - 12) * 32 // 255 - 23
        here = least + (size - least) % (usable - 4)
        here = least if here > usable - 35 else here
    parts, left = [page[at : at + here]], size - here
    number = int.from_bytes(page[at + here : at + here + 4], "big")
    while left > 0:
        more = _page(source, file, number)
        parts.append(more[4 : 4 + min(left, usable - 4)])
        left -= usable - 4
        number = int.from_bytes(more[:4], "big")
    return b"".join(parts)


def _record(data: bytes) -> SchemaEntry:
    size, at = _varint(data, 0)
    body = size
    texts: list[str] = []
    while at < size and len(texts) < 5:
        serial, at = _varint(data, at)
        length = (
            (serial - 12) // 2 if serial >= 12 else (0, 1, 2, 3, 4, 6, 8, 8, 0, 0, 0, 0)[serial]
        )
        is_text = serial >= 12
        texts.append(data[body : body + length].decode("utf-8", "replace") if is_text else "")
        body += length
    if len(texts) < 5:
        raise ArtifactError("A record of the schema has too few fields.")
    return SchemaEntry(texts[0], texts[1], texts[4])


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = 0
    for index in range(9):
        if at >= len(data):
            raise ArtifactError("A number in the schema is cut off.")
        byte = data[at]
        at += 1
        if index == 8:
            return (value << 8) | byte, at
        value = (value << 7) | (byte & 0x7F)
        if byte < 0x80:
            break
    return value, at
