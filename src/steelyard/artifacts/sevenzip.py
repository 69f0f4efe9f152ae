# SPDX-License-Identifier: Apache-2.0
"""Reads 7z archives: the header with its names and packing, and the members' bytes.

The layout is that of the 7zFormat.txt of the LZMA SDK. Copy, LZMA, LZMA2, Deflate, BZip2, Delta and
the branch filters are undone through the standard library; other methods are left unread.
"""

from __future__ import annotations

import bz2
import lzma
import zlib
from dataclasses import dataclass, field
from typing import Any

from steelyard.artifacts.compressed import Budget
from steelyard.artifacts.source import Source
from steelyard.kernel.errors import ArtifactError, LimitExceeded, TruncatedArtifact
from steelyard.kernel.limits import MIB, Limits

MAGIC = b"7z\xbc\xaf\x27\x1c"
AES = b"\x06\xf1\x07\x01"
_HEADER_MOST = 64 * MIB
_DICTIONARY_MOST = 256 * MIB
_CODERS_MOST = 8
_FILTERS = {
    b"\x03": "delta", b"\x03\x03\x01\x03": "x86", b"\x03\x03\x02\x05": "powerpc",
    b"\x03\x03\x04\x01": "ia64", b"\x03\x03\x05\x01": "arm", b"\x03\x03\x07\x01": "armthumb",
    b"\x03\x03\x08\x05": "sparc", b"\x04": "x86", b"\x05": "powerpc", b"\x06": "ia64",
    b"\x07": "arm", b"\x08": "armthumb", b"\x09": "sparc",
}  # fmt: skip
_FILTER_IDS = {
    "delta": lzma.FILTER_DELTA, "x86": lzma.FILTER_X86, "powerpc": lzma.FILTER_POWERPC,
    "ia64": lzma.FILTER_IA64, "arm": lzma.FILTER_ARM, "armthumb": lzma.FILTER_ARMTHUMB,
    "sparc": lzma.FILTER_SPARC,
}  # fmt: skip


@dataclass(slots=True)
class Folder:
    """A run of bytes packed together: where they lie, how they are packed, how long they become."""

    coders: list[tuple[bytes, bytes]]
    """Method and its properties, the one next to the packed bytes first."""
    linear: bool
    """Whether each coder feeds exactly one other; else the folder is not unpacked."""
    packed_streams: int
    offset: int = 0
    packed: int = 0
    sizes: list[int] = field(default_factory=list)
    """Unpacked bytes after each coder, in the order the header lists them."""
    main: int = 0
    members: list[int] = field(default_factory=list)
    """Sizes of the members that are joined in it."""

    @property
    def size(self) -> int:
        """Unpacked bytes in total."""
        return self.sizes[self.main] if self.sizes else 0

    @property
    def encrypted(self) -> bool:
        """Whether a password is needed."""
        return any(method == AES for method, _ in self.coders)


@dataclass(frozen=True, slots=True)
class SevenMember:
    """A file of the archive: its place inside an unpacked folder, or no bytes at all."""

    name: str
    size: int = 0
    folder: int = -1
    start: int = 0
    attributes: int = 0

    @property
    def is_symlink(self) -> bool:
        """Whether the Unix mode in the attributes says symbolic link."""
        return bool(self.attributes & 0x8000) and (self.attributes >> 16) & 0xF000 == 0xA000


@dataclass(frozen=True, slots=True)
class SevenArchive:
    """All members and the folders that hold their bytes."""

    members: list[SevenMember]
    folders: list[Folder]
    end: int
    """Byte after the archive's header: what follows belongs to nobody."""


class _Cursor:
    """Reads the header's numbers; every count is checked against the bytes that are left."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self.at = 0

    def take(self, count: int) -> bytes:
        if count > len(self._data) - self.at:
            raise TruncatedArtifact("The 7z header ends before its fields do.", offset=self.at)
        self.at += count
        return self._data[self.at - count : self.at]

    def byte(self) -> int:
        return self.take(1)[0]

    def number(self) -> int:
        first = self.byte()
        mask, value = 0x80, 0
        for index in range(8):
            if not first & mask:
                return value | (first & (mask - 1)) << 8 * index
            value |= self.byte() << 8 * index
            mask >>= 1
        return value

    def count(self) -> int:
        """Return a number of things that take at least a bit each."""
        value = self.number()
        if value > 8 * (len(self._data) - self.at) + 64:
            raise ArtifactError("The 7z header claims more entries than it has bytes.")
        return value

    def bits(self, count: int) -> list[bool]:
        data = self.take((count + 7) // 8)
        return [bool(data[index // 8] & 0x80 >> index % 8) for index in range(count)]

    def digests(self, count: int) -> list[bool]:
        defined = [True] * count if self.byte() else self.bits(count)
        self.take(4 * sum(defined))
        return defined


def read_7z(source: Source, limits: Limits) -> SevenArchive:
    """Read the archive's header, unpacking it if it is packed.

    Raises:
        ArtifactError: the header is broken or its packing unknown; ``code`` is
            ``archive.encrypted`` when a password is needed even for the names.
        LimitExceeded: it is larger, or has more members, than is read.
    """
    head = source.read_at(0, 32)
    if len(head) < 32 or head[:6] != MAGIC:
        raise ArtifactError("This is no 7z archive.")
    offset = 32 + int.from_bytes(head[12:20], "little")
    size = int.from_bytes(head[20:28], "little")
    if offset + size > source.size:
        raise TruncatedArtifact("The 7z header lies beyond the end of the file.", offset=offset)
    if size > _HEADER_MOST:
        raise LimitExceeded("The 7z header is too large.")
    data, end = source.read_at(offset, size), offset + size
    if zlib.crc32(data) != int.from_bytes(head[28:32], "little"):
        raise ArtifactError("The 7z header does not have its checksum.")
    if not data:
        return SevenArchive([], [], end)
    for _ in range(4):
        cursor = _Cursor(data)
        kind = cursor.byte()
        if kind == 0x01:
            return _header(cursor, limits, end)
        if kind != 0x17:
            break
        folders = _streams(cursor)
        if len(folders) != 1:
            break
        if folders[0].encrypted:
            raise ArtifactError("The names are encrypted.", code="archive.encrypted")
        if folders[0].size > _HEADER_MOST:
            raise LimitExceeded("The 7z header is too large.")
        data = unpack_folder(source, folders[0], Budget(source.size, limits))
    raise ArtifactError("The 7z header is of an unknown kind.")


def _header(cursor: _Cursor, limits: Limits, end: int) -> SevenArchive:
    folders: list[Folder] = []
    members: list[SevenMember] = []
    while kind := cursor.byte():
        if kind == 0x02:
            while prop := cursor.number():
                cursor.take(cursor.number() if prop else 0)
        elif kind == 0x04:
            folders = _streams(cursor)
        elif kind == 0x05:
            members = _files(cursor, folders, limits)
        else:
            raise ArtifactError(f"The 7z header has a part {kind} that is not known.")
    return SevenArchive(members, folders, end)


def _streams(cursor: _Cursor) -> list[Folder]:
    folders: list[Folder] = []
    packed: list[int] = []
    base = 32
    digests: list[bool] = []
    while kind := cursor.byte():
        if kind == 0x06:
            base = 32 + cursor.number()
            count = cursor.count()
            while part := cursor.byte():
                if part == 0x09:
                    packed = [cursor.number() for _ in range(count)]
                elif part == 0x0A:
                    cursor.digests(count)
                else:
                    raise ArtifactError("The 7z pack information is broken.")
        elif kind == 0x07:
            folders, digests = _folders(cursor)
        elif kind == 0x08:
            _substreams(cursor, folders, digests)
        else:
            raise ArtifactError("The 7z stream information is broken.")
    sizes = iter(packed)
    for folder in folders:
        folder.offset = base
        folder.packed = sum(next(sizes, 0) for _ in range(folder.packed_streams))
        base += folder.packed
        folder.members = folder.members or [folder.size]
    return folders


def _folders(cursor: _Cursor) -> tuple[list[Folder], list[bool]]:
    if cursor.byte() != 0x0B:
        raise ArtifactError("The 7z folder information is broken.")
    count = cursor.count()
    if cursor.byte():
        raise ArtifactError("The 7z folders lie in another stream, which is not read.")
    folders = [_folder(cursor) for _ in range(count)]
    digests = [False] * count
    while part := cursor.byte():
        if part == 0x0C:
            for folder in folders:
                folder.sizes = [cursor.number() for _ in folder.sizes]
        elif part == 0x0A:
            digests = cursor.digests(count)
        else:
            raise ArtifactError("The 7z folder information is broken.")
    return folders, digests


def _folder(cursor: _Cursor) -> Folder:
    count = cursor.number()
    if not 0 < count <= _CODERS_MOST:
        raise ArtifactError("A 7z folder has no packing method, or too many.")
    coders: list[tuple[bytes, bytes]] = []
    simple, inputs, outputs = True, 0, 0
    for _ in range(count):
        flags = cursor.byte()
        method = cursor.take(flags & 15)
        ins, outs = (cursor.number(), cursor.number()) if flags & 0x10 else (1, 1)
        if ins > 32 or outs > 32:
            raise ArtifactError("A 7z packing method has too many streams.")
        simple = simple and ins == outs == 1
        inputs, outputs = inputs + ins, outputs + outs
        coders.append((method, cursor.take(cursor.number()) if flags & 0x20 else b""))
    if outputs < 1 or inputs < outputs - 1:
        raise ArtifactError("A 7z folder's methods do not fit together.")
    pairs = [(cursor.number(), cursor.number()) for _ in range(outputs - 1)]
    streams = inputs - len(pairs)
    if streams > 1:
        for _ in range(streams):
            cursor.number()
    bound = dict(pairs)
    main = next((out for out in range(outputs) if out not in bound.values()), 0)
    # From the last output back through the input that each method takes from another's output.
    order, at = [], main
    while simple and at < count and at not in order:
        order.append(at)
        at = bound.get(at, count)
    linear = simple and len(order) == count
    chain = [coders[index] for index in reversed(order)] if linear else coders
    return Folder(chain, linear, streams, sizes=[0] * outputs, main=main)


def _substreams(cursor: _Cursor, folders: list[Folder], digests: list[bool]) -> None:
    counts = [1] * len(folders)
    part = cursor.byte()
    if part == 0x0D:
        counts = [cursor.count() for _ in folders]
        part = cursor.byte()
    for folder, count in zip(folders, counts, strict=True):
        sizes = [cursor.number() for _ in range(count - 1)] if part == 0x09 else []
        rest = folder.size - sum(sizes)
        if rest < 0 or (count > 1 and part != 0x09):
            raise ArtifactError("The members of a 7z folder are larger than the folder.")
        folder.members = [*sizes, rest] if count else []
    if part == 0x09:
        part = cursor.byte()
    while part:
        if part != 0x0A:
            raise ArtifactError("The 7z member sizes are broken.")
        known = zip(counts, digests, strict=True)
        cursor.digests(sum(0 if count == 1 and told else count for count, told in known))
        part = cursor.byte()


def _files(cursor: _Cursor, folders: list[Folder], limits: Limits) -> list[SevenMember]:
    count = cursor.count()
    if count > limits.archive_members:
        raise LimitExceeded("The archive has too many members.", code="archive.members")
    names, attributes = [""] * count, [0] * count
    empty = [False] * count
    while kind := cursor.number():
        part = _Cursor(cursor.take(cursor.number()))
        if kind == 0x0E:
            empty = part.bits(count)
        elif kind == 0x11:
            if part.byte():
                raise ArtifactError("The 7z names lie in another stream, which is not read.")
            text = part.take(len(part._data) - 1).decode("utf-16-le", "backslashreplace")
            names = (text.split("\0") + [""] * count)[:count]
        elif kind == 0x15:
            defined = [True] * count if part.byte() else part.bits(count)
            if not part.byte():
                attributes = [
                    int.from_bytes(part.take(4), "little") if told else 0 for told in defined
                ]
    places = (
        (index, start, size)
        for index, folder in enumerate(folders)
        for start, size in _starts(folder.members)
    )
    members: list[SevenMember] = []
    for name, attribute, nothing in zip(names, attributes, empty, strict=True):
        place = None if nothing else next(places, None)
        if place is None:
            members.append(SevenMember(name, attributes=attribute))
        else:
            members.append(SevenMember(name, place[2], place[0], place[1], attribute))
    return members


def _starts(sizes: list[int]) -> list[tuple[int, int]]:
    found, at = [], 0
    for size in sizes:
        found.append((at, size))
        at += size
    return found


def unpack_folder(source: Source, folder: Folder, budget: Budget) -> bytes:
    """Return a folder's bytes; the caller has made sure they may be held in memory.

    Raises:
        ArtifactError: the packing is unknown, encrypted, or the data are broken.
        LimitExceeded: nothing is left of ``budget``, or the packing wants too much memory.
    """
    if folder.encrypted or not folder.linear:
        raise ArtifactError("the packing cannot be undone here")
    if folder.offset + folder.packed > source.size:
        raise TruncatedArtifact("The packed bytes lie beyond the end.", offset=folder.offset)
    budget.spend(folder.size)
    packed = source.read_at(folder.offset, min(folder.packed, 2 * folder.size + MIB))
    filters: list[dict[str, Any]] = []
    branch = False
    for method, properties in folder.coders:
        filters.insert(0, _filter(method, properties))
        branch = branch or (method in _FILTERS and _FILTERS[method] != "delta")
    own = [item for item in filters if isinstance(item["id"], int)]
    if own == filters:
        out = _lzma(packed, filters, folder.size)
        if branch and len(out) < folder.size:
            # The branch filter holds back a tail it leaves as it is; without it the tail comes.
            out += _lzma(packed, filters[-1:], folder.size)[len(out) :]
    elif len(filters) == 1:
        out = _other(packed, str(filters[0]["id"]), folder.size)
    else:
        raise ArtifactError("the packing cannot be undone here")
    if len(out) != folder.size:
        raise TruncatedArtifact("The packed data end before their announced size.")
    return out


def _filter(method: bytes, properties: bytes) -> dict[str, Any]:
    if method == b"\x03\x01\x01" and len(properties) == 5:
        size = int.from_bytes(properties[1:5], "little")
        rest, lc = divmod(properties[0], 9)
        pb, lp = divmod(rest, 5)
        kind = {"id": lzma.FILTER_LZMA1, "dict_size": max(size, 4096), "lc": lc, "lp": lp, "pb": pb}
    elif method == b"\x21" and len(properties) == 1 and properties[0] <= 40:
        size = (2 | properties[0] & 1) << properties[0] // 2 + 11
        kind = {"id": lzma.FILTER_LZMA2, "dict_size": size}
    elif method in _FILTERS:
        name = _FILTERS[method]
        delta = {"dist": properties[0] + 1} if name == "delta" and properties else {}
        return {"id": _FILTER_IDS[name], **delta}
    else:
        plain = {b"\0": "copy", b"\x04\x01\x08": "deflate", b"\x04\x02\x02": "bzip2"}.get(method)
        if plain is None:
            raise ArtifactError(f"the packing method {method.hex()} is not known")
        return {"id": plain}
    if size > _DICTIONARY_MOST:
        raise LimitExceeded(f"Unpacking would take {size} bytes of memory.")
    return kind


def _lzma(packed: bytes, filters: list[dict[str, Any]], size: int) -> bytes:
    try:
        return lzma.LZMADecompressor(lzma.FORMAT_RAW, filters=filters).decompress(packed, size)
    except (lzma.LZMAError, EOFError, ValueError, MemoryError) as error:
        raise ArtifactError(f"the packed data are broken: {error}") from error


def _other(packed: bytes, kind: str, size: int) -> bytes:
    if kind == "copy":
        return packed[:size]
    try:
        if kind == "deflate":
            return zlib.decompressobj(-15).decompress(packed, max(size, 1))
        return bz2.BZ2Decompressor().decompress(packed, size)
    except (zlib.error, OSError, ValueError) as error:
        raise ArtifactError(f"the packed data are broken: {error}") from error
