# SPDX-License-Identifier: Apache-2.0
"""Lists the members of RAR archives, versions 4 and 5; compressed ones cannot be unpacked here.

Follows the technical notes that come with RAR (``technote.txt``) and the RAR 5.0 archive format.
"""

from __future__ import annotations

import struct

from msgspec import Struct

from steelyard.artifacts.source import Source
from steelyard.kernel.errors import ArtifactError, LimitExceeded, TruncatedArtifact
from steelyard.kernel.limits import Limits

_OLD, _NEW = b"Rar!\x1a\x07\0", b"Rar!\x1a\x07\x01\0"
_HEADER_MOST = 2 * 1024 * 1024
_STORE = 0x30
_FILE, _END, _ARCHIVE = 0x74, 0x7B, 0x73


class RarMember(Struct, frozen=True):
    """One member; ``offset`` and ``packed`` say where its stored bytes are."""

    name: str
    size: int
    packed: int
    offset: int
    stored: bool
    encrypted: bool
    is_dir: bool = False
    link: str = ""
    """Where a link leads; empty for a file."""


class RarArchive(Struct, frozen=True):
    """Members in their order, and the byte after the last block."""

    members: tuple[RarMember, ...]
    encrypted: bool
    """The headers themselves are encrypted, so no member is known."""
    end: int


def read_rar(source: Source, limits: Limits) -> RarArchive:
    """Return the members of the archive in ``source``.

    Raises:
        ArtifactError: a header is broken.
        TruncatedArtifact: the archive ends inside a header or member.
        LimitExceeded: it has more members than allowed.
    """
    head = source.read_at(0, 8)
    if head.startswith(_NEW):
        return _read_new(source, limits)
    if head.startswith(_OLD):
        return _read_old(source, limits)
    raise ArtifactError("This is no RAR archive of version 4 or 5.", offset=0)


def _read_old(source: Source, limits: Limits) -> RarArchive:
    members: list[RarMember] = []
    at = 7
    for _ in range(2 * limits.archive_members):
        head = source.read_at(at, 11)
        if len(head) < 7:
            return RarArchive(tuple(members), False, at)
        kind, flags, size = struct.unpack_from("<BHH", head, 2)
        if size < 7:
            raise ArtifactError("A RAR header has no proper size.", offset=at)
        data = int.from_bytes(head[7:11], "little") if flags & 0x8000 else 0
        if kind == _ARCHIVE and flags & 0x80:
            return RarArchive((), True, source.size)
        if kind == _FILE:
            member = _old_member(source.read_at(at, size), flags, at + size)
            data = member.packed
            members.append(member)
        if at + size + data > source.size:
            raise TruncatedArtifact("The archive ends inside a member.", offset=at)
        at += size + data
        if kind == _END:
            return RarArchive(tuple(members), False, at)
    raise LimitExceeded("The archive has too many members.", code="archive.members")


def _old_member(head: bytes, flags: int, offset: int) -> RarMember:
    if len(head) < 32:
        raise TruncatedArtifact("The archive ends inside a header.", offset=offset)
    packed, size, system, _, _, _, method, length, attributes = struct.unpack_from(
        "<IIBIIBBHI", head, 7
    )
    start = 32
    if flags & 0x100:
        high = struct.unpack_from("<II", head, 32) if len(head) >= 40 else (0, 0)
        packed, size, start = packed + (high[0] << 32), size + (high[1] << 32), 40
    name = head[start : start + length].partition(b"\0")[0].decode("utf-8", "backslashreplace")
    is_link = system == 3 and attributes & 0o170000 == 0o120000
    return RarMember(
        name, size, packed, offset, stored=method == _STORE, encrypted=bool(flags & 4),
        is_dir=flags & 0xE0 == 0xE0, link="(in its data)" if is_link else "",
    )  # fmt: skip


class _Fields:
    """Numbers of variable width in one header of version 5."""

    def __init__(self, data: bytes) -> None:
        self.data, self.at = data, 0

    def number(self) -> int:
        value = 0
        for index in range(10):
            if self.at >= len(self.data):
                break
            byte = self.data[self.at]
            self.at += 1
            value |= (byte & 0x7F) << (7 * index)
            if byte < 0x80:
                return value
        raise ArtifactError("A number in a RAR header is cut off.")

    def take(self, length: int) -> bytes:
        data = self.data[self.at : self.at + length]
        self.at += length
        return data


def _read_new(source: Source, limits: Limits) -> RarArchive:
    members: list[RarMember] = []
    at = 8
    for _ in range(2 * limits.archive_members):
        head = source.read_at(at, 16)
        if len(head) < 7:
            return RarArchive(tuple(members), False, at)
        first = _Fields(head[4:])
        size = first.number()
        if not 0 < size <= _HEADER_MOST:
            raise ArtifactError("A RAR header has no proper size.", offset=at)
        body = at + 4 + first.at
        fields = _Fields(source.read_at(body, size))
        kind, flags = fields.number(), fields.number()
        extra = fields.number() if flags & 1 else 0
        data = fields.number() if flags & 2 else 0
        if body + size + data > source.size:
            raise TruncatedArtifact("The archive ends inside a member.", offset=at)
        if kind == 4:
            return RarArchive((), True, source.size)
        if kind == 2:
            members.append(_new_member(fields, extra, data, body + size))
        at = body + size + data
        if kind == 5:
            return RarArchive(tuple(members), False, at)
    raise LimitExceeded("The archive has too many members.", code="archive.members")


def _new_member(fields: _Fields, extra: int, packed: int, offset: int) -> RarMember:
    flags, size = fields.number(), fields.number()
    fields.number()
    fields.take(4 * (flags & 2 > 0) + 4 * (flags & 4 > 0))
    method = fields.number() >> 7 & 7
    fields.number()
    name = fields.take(fields.number()).decode("utf-8", "backslashreplace")
    encrypted, link = False, ""
    records = _Fields(fields.data[len(fields.data) - extra :] if extra else b"")
    while records.at < len(records.data):
        length = records.number()
        record = _Fields(records.take(length))
        kind = record.number()
        encrypted = encrypted or kind == 1
        if kind == 5:
            record.number()
            record.number()
            link = record.take(record.number()).decode("utf-8", "backslashreplace")
    return RarMember(
        name, size, packed, offset, stored=method == 0, encrypted=encrypted,
        is_dir=bool(flags & 1), link=link,
    )  # fmt: skip
