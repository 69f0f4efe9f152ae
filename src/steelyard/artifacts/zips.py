# SPDX-License-Identifier: Apache-2.0
"""Reads zip archives the way *other* readers might, and reports where they would disagree.

The central directory and the local headers are both read and compared: scanners have been evaded by
archives whose two halves differ, whose flags claim encryption that loaders ignore, or that carry a
second end record. Checksums and flags never stop the reading; they are problems. Structure follows
PKWARE's APPNOTE 6.3.x; Zip64 and data descriptors are understood. Inflating is bounded.
"""

from __future__ import annotations

import posixpath
import stat
import struct
import zlib

from msgspec import Struct
from msgspec.structs import replace

from steelyard.artifacts.compressed import Budget, budget_of, expand
from steelyard.artifacts.problem import Problem
from steelyard.artifacts.source import SliceSource, Source
from steelyard.kernel.errors import ArtifactError, LimitExceeded, TruncatedArtifact
from steelyard.kernel.limits import MIB, Limits

_END = b"PK\x05\x06"
_CENTRAL = b"PK\x01\x02"
_LOCAL = b"PK\x03\x04"
_DIRECTORY_MOST = 256 * MIB
_ZIP64_TAIL = 76
"""Bytes of a Zip64 end record and its locator, which some writers always add."""
_PROBLEMS_KEPT = 200
_OTHERS_KEPT = 100
_DESCRIPTOR = b"PK\x07\x08"
_UNICODE_PATH = 0x7075
_AES = 99
_METHODS = {8: "deflate", 12: "bzip2", 95: "xz"}


class ZipMember(Struct, frozen=True):
    """One entry of the central directory. ``offset`` is that of its local header."""

    name: str
    raw_name: bytes
    method: int
    flags: int
    size: int
    compressed_size: int
    crc: int
    offset: int
    data_offset: int
    """Where the stored bytes begin; -1 when the local header could not be read."""
    attributes: int
    extended: bool
    other_name: str = ""
    """What a Unicode path field (0x7075) calls the member, if that is something else."""

    @property
    def encrypted(self) -> bool:
        """Whether the entry claims to be encrypted."""
        return bool(self.flags & 1) or self.method == _AES

    @property
    def mode(self) -> int:
        """The Unix file mode in the external attributes; 0 if there is none."""
        return self.attributes >> 16

    @property
    def is_dir(self) -> bool:
        """Whether the entry names a directory."""
        return self.name.endswith("/")

    @property
    def is_symlink(self) -> bool:
        """Whether the Unix mode in the external attributes is that of a symbolic link."""
        return stat.S_ISLNK(self.mode)


class ZipArchive(Struct, frozen=True):
    """Members in the order of the central directory, and where the archive lies."""

    members: tuple[ZipMember, ...]
    problems: tuple[Problem, ...]


def read_zip(source: Source, limits: Limits) -> ZipArchive:
    """Return the structure of the archive in ``source``.

    Raises:
        ArtifactError: there is no central directory to read.
        LimitExceeded: more members than allowed; none is reported then.
    """
    problems: list[Problem] = []
    others: list[int] = []
    count, size, offset, end = _end_record(source, problems, others)
    if count > limits.archive_members:
        raise LimitExceeded(f"The archive claims {count} members.", code="archive.members")
    if size > _DIRECTORY_MOST:
        raise LimitExceeded(f"The archive's directory claims {size} bytes.")
    start, shift = _directory_start(source, size, offset, end, problems)
    directory = source.read_at(start, size)
    members = list(_central(directory, shift, source, problems, limits))
    if len(members) != count:
        problems.append(
            Problem("archive.count", f"The archive claims {count} members and has {len(members)}.")
        )
    _check_ends(members, others, problems)
    _check_overlaps(members, start, problems)
    _check_names(members, problems)
    return ZipArchive(tuple(members), tuple(problems))


def member_source(
    source: Source, member: ZipMember, limits: Limits, budget: Budget | None = None
) -> Source:
    """Return the bytes of ``member``: a window if stored, else expanded under ``budget``.

    Raises:
        LimitExceeded: the bytes expand beyond reason.
        ArtifactError: the method is unknown or the data are broken.
    """
    if member.data_offset < 0:
        raise ArtifactError("The member's local header cannot be read.")
    if member.data_offset + member.compressed_size > source.size:
        raise TruncatedArtifact("The archive ends inside this member.", offset=member.data_offset)
    stored = SliceSource(source, member.data_offset, member.compressed_size)
    if member.method == 0:
        return stored
    kind = _METHODS.get(member.method)
    if kind is None:
        raise ArtifactError(f"The compression method {member.method} is not supported.")
    content, broken = expand(stored, kind, limits, budget or budget_of(source, limits))
    if broken is not None and not content.size:
        raise broken
    return content


def crc_matches(member: ZipMember, content: Source) -> bool:
    """Tell whether ``content`` (the expanded member, in memory) has the announced checksum."""
    return zlib.crc32(content.read_at(0, content.size)) == member.crc


def _end_record(
    source: Source, problems: list[Problem], others: list[int]
) -> tuple[int, int, int, int]:
    """Return members, directory size, its claimed offset, and where it ends.

    Positions of further end records that a reader could take for the real one go to ``others``.
    """
    tail_size = min(source.size, 22 + 65_535)
    base = source.size - tail_size
    tail = source.read_at(base, tail_size)
    at = tail.rfind(_END)
    while at >= 0 and len(tail) - at < 22:
        at = tail.rfind(_END, 0, at)
    if at < 0:
        raise ArtifactError("The archive has no end record.", code="archive.no-end")
    fields = struct.unpack_from("<HHHHIIH", tail, at + 4)
    _, _, _, count, size, offset, comment = fields
    trailing = len(tail) - at - 22 - comment
    if trailing != 0:
        problems.append(
            Problem("archive.suffix", "Bytes stand after the archive's end.", f"byte {base + at}")
        )
    other = tail.find(_END)
    while 0 <= other < at and len(others) < _OTHERS_KEPT:
        if _plausible_end(source, base + other, tail[other : other + 22]):
            others.append(base + other)
        other = tail.find(_END, other + 1)
    return _zip64_end(source, base + at, (count, size, offset), problems)


def _two_ends(where: str) -> Problem:
    return Problem(
        "archive.two-ends",
        "Two end records point at different directories; readers will disagree.",
        where,
    )


def _directory_start(
    source: Source, size: int, offset: int, end: int, problems: list[Problem]
) -> tuple[int, int]:
    """Return where the directory begins, and by how much every stated offset is shifted."""
    if offset + size <= end and (size == 0 or source.read_at(offset, 4) == _CENTRAL):
        gap = end - offset - size
        if gap and source.read_at(end - size, 4) == _CENTRAL:
            # Readers that count back from the end find another directory than those that do not.
            problems.append(_two_ends(f"byte {end - size}"))
            return (end - size, gap) if size else (offset, 0)
        if gap not in (0, _ZIP64_TAIL):
            problems.append(
                Problem("archive.gap", "Bytes stand between the directory and the archive's end.")
            )
        return offset, 0
    start = max(0, end - size)
    if start == offset:
        return start, 0
    problems.append(
        Problem("archive.prefix", "Bytes that are not part of the archive stand before it.")
    )
    return start, start - offset


def _plausible_end(source: Source, at: int, record: bytes) -> bool:
    if len(record) < 22:
        return False
    size, offset = struct.unpack_from("<II", record, 12)
    start = at - size
    return start >= 0 and (size == 0 or source.read_at(start, 4) == _CENTRAL or offset == start)


def _zip64_end(
    source: Source, end: int, small: tuple[int, int, int], problems: list[Problem]
) -> tuple[int, int, int, int]:
    """Read the Zip64 end record if there is one: readers prefer it whatever the small one says."""
    locator = source.read_at(end - 20, 20) if end >= 20 else b""
    if locator[:4] != b"PK\x06\x07":
        return (*small, end)
    (at,) = struct.unpack_from("<Q", locator, 8)
    record = source.read_at(at, 56)
    if record[:4] != b"PK\x06\x06":
        at = end - _ZIP64_TAIL  # something stands before the archive
        record = source.read_at(at, 56)
    if record[:4] != b"PK\x06\x06" or len(record) < 56:
        raise ArtifactError("The archive's Zip64 end record cannot be read.", offset=max(at, 0))
    large = struct.unpack_from("<QQQ", record, 32)
    for one, other, unset in zip(small, large, (0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF), strict=True):
        if one not in (other, unset):
            problems.append(_two_ends(f"byte {at}"))
            break
    return (*large, at)


def _central(
    directory: bytes, shift: int, source: Source, problems: list[Problem], limits: Limits
) -> list[ZipMember]:
    members: list[ZipMember] = []
    at = 0
    while directory[at : at + 4] == _CENTRAL:
        if len(directory) - at < 46:
            break
        if len(members) >= limits.archive_members:
            raise LimitExceeded("The archive has too many members.", code="archive.members")
        (_, _, flags, method, _, _, crc, packed, size, name_size, extra_size, comment_size) = (
            struct.unpack_from("<HHHHHHIIIHHH", directory, at + 4)
        )
        _, _, attributes, offset = struct.unpack_from("<HHII", directory, at + 34)
        raw = directory[at + 46 : at + 46 + name_size]
        extra = directory[at + 46 + name_size : at + 46 + name_size + extra_size]
        size, packed, offset = _zip64_extra(extra, size, packed, offset)
        member = ZipMember(
            name=_decode(raw, flags), raw_name=raw, method=method, flags=flags, size=size,
            compressed_size=packed, crc=crc, offset=offset + shift, data_offset=-1,
            attributes=attributes, extended=bool(extra), other_name=_unicode_path(extra, raw),
        )  # fmt: skip
        if len(problems) > _PROBLEMS_KEPT:
            del problems[_PROBLEMS_KEPT:]
        members.append(_with_local(member, source, problems))
        at += 46 + name_size + extra_size + comment_size
    if at != len(directory):
        problems.append(
            Problem("archive.directory", "The archive's directory ends early.", f"entry {at}")
        )
    return members


def _with_local(member: ZipMember, source: Source, problems: list[Problem]) -> ZipMember:
    """Read the local header, compare it, and return the member with its data offset."""
    header = source.read_at(member.offset, 30)
    where = f"member {member.name[:200]}"
    if header[:4] != _LOCAL or len(header) < 30:
        problems.append(
            Problem("archive.no-local-header", "The member has no local header.", where)
        )
        return member
    (_, flags, method, _, _, crc, packed, size, name_size, extra_size) = struct.unpack_from(
        "<HHHHHIIIHH", header, 4
    )
    raw = source.read_at(member.offset + 30, name_size)
    extra = source.read_at(member.offset + 30 + name_size, extra_size)
    size, packed, _ = _zip64_extra(extra, size, packed, 0)
    start = member.offset + 30 + name_size + extra_size
    differs = [
        what
        for what, wrong in (
            ("name", raw != member.raw_name),
            ("method", method != member.method),
            ("encryption flag", (flags ^ member.flags) & 1),
            ("stored size", not member.method and member.size != member.compressed_size),
            ("where the name ends", b"\0" in member.raw_name),
        )
        if wrong
    ]
    if not flags & 8:
        differs += ["checksum"] * (crc != member.crc)
        differs += ["size"] * ((packed, size) != (member.compressed_size, member.size))
    elif not _deferred_agree(member, (crc, packed, size), source, start):
        differs.append("sizes behind the data")
    local_name = _unicode_path(extra, raw)
    if member.raw_name.isascii() and (member.other_name or local_name):
        differs.append("the name and its Unicode form")
    if differs:
        problems.append(
            Problem(
                "archive.headers-disagree",
                f"The archive's two headers disagree on {', '.join(differs)}; "
                "one reader sees other content than the next.",
                where,
            )
        )
    return replace(member, data_offset=start, other_name=member.other_name or local_name)


def _deferred_agree(
    member: ZipMember, local: tuple[int, int, int], source: Source, start: int
) -> bool:
    """Tell whether the sizes behind the data, or else before it, are those of the directory."""
    stated = (member.crc, member.compressed_size, member.size)
    if local == stated:
        return True
    unset = all(value in (0, known, 0xFFFFFFFF) for value, known in zip(local, stated, strict=True))
    behind = source.read_at(start + member.compressed_size, 24)
    behind = behind[4:] if behind[:4] == _DESCRIPTOR else behind
    forms = [struct.pack("<III", stated[0], *(value & 0xFFFFFFFF for value in stated[1:]))]
    forms.append(struct.pack("<IQQ", *stated))
    return unset and behind.startswith(tuple(forms))


def _unicode_path(extra: bytes, raw: bytes) -> str:
    """Return the name that a field of Info-ZIP (0x7075) gives the member, if it is another one."""
    at = 0
    while at + 4 <= len(extra):
        tag, length = struct.unpack_from("<HH", extra, at)
        field = extra[at + 4 : at + 4 + length]
        # Readers that honor it ask that it was written for this very name.
        written_for = int.from_bytes(field[1:5], "little")
        if tag == _UNICODE_PATH and field[5:] not in (b"", raw) and written_for == zlib.crc32(raw):
            return field[5:].decode("utf-8", "backslashreplace")
        at += 4 + length
    return ""


def _zip64_extra(extra: bytes, size: int, packed: int, offset: int) -> tuple[int, int, int]:
    at = 0
    while at + 4 <= len(extra):
        tag, length = struct.unpack_from("<HH", extra, at)
        if tag == 1:
            values = [
                int.from_bytes(extra[start : start + 8], "little")
                for start in range(at + 4, min(at + 4 + length, len(extra)) - 7, 8)
            ]
            if size == 0xFFFFFFFF and values:
                size = values.pop(0)
            if packed == 0xFFFFFFFF and values:
                packed = values.pop(0)
            if offset == 0xFFFFFFFF and values:
                offset = values.pop(0)
        at += 4 + length
    return size, packed, offset


def _decode(raw: bytes, flags: int) -> str:
    if flags & 0x800:
        return raw.decode("utf-8", "backslashreplace")
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("cp437")


def _check_ends(members: list[ZipMember], others: list[int], problems: list[Problem]) -> None:
    """Report an end record outside every member; a stored archive in an archive has its own."""
    for at in others:
        inside = any(
            member.data_offset <= at < member.data_offset + member.compressed_size
            for member in members
            if member.data_offset >= 0
        )
        if not inside:
            problems.append(_two_ends(f"byte {at}"))
            return


def _check_overlaps(members: list[ZipMember], directory: int, problems: list[Problem]) -> None:
    spans = sorted(
        (member.offset, member.data_offset + member.compressed_size)
        for member in members
        if member.data_offset >= 0
    )
    previous = 0
    for start, end in spans:
        if start < previous or end > directory:
            problems.append(
                Problem(
                    "archive.overlap",
                    "Members share the same bytes: this is how a decompression bomb looks.",
                    f"byte {start}",
                )
            )
            return
        previous = end


def _check_names(members: list[ZipMember], problems: list[Problem]) -> None:
    exact: set[str] = set()
    folded: set[str] = set()
    for member in members:
        for name in filter(None, (member.name, member.other_name)):
            path = canonical(name)
            if path in exact:
                code, message = "archive.duplicate", "Two members have the same name; readers"
            elif path.casefold() in folded:
                code, message = (
                    "archive.similar-names",
                    ("Two members have names that differ in case only; file systems"),
                )
            else:
                exact.add(path)
                folded.add(path.casefold())
                continue
            where = f"member {member.name[:200]}"
            problems.append(Problem(code, f"{message} will disagree on which one counts.", where))
            return


def canonical(name: str) -> str:
    """Return the path that readers make of a member's name: Windows' too, and up to a NUL."""
    return posixpath.normpath(name.partition("\0")[0].replace("\\", "/"))
