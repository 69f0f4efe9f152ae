# SPDX-License-Identifier: Apache-2.0
"""Walks tar archives (POSIX ustar, GNU long names, pax paths) without extracting anything."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

from steelyard.artifacts.source import Stream
from steelyard.kernel.errors import ArtifactError, LimitExceeded, TruncatedArtifact
from steelyard.kernel.limits import MIB, Limits

BLOCK = 512
_KINDS = {b"0": "file", b"\0": "file", b"7": "file", b"1": "hardlink", b"2": "symlink",
          b"3": "device", b"4": "device", b"5": "directory", b"6": "fifo"}  # fmt: skip


class TarMember(Struct, frozen=True):
    """One entry. ``content`` holds a file's bytes, or None when it is larger than may be held."""

    name: str
    kind: str
    size: int
    link_target: str
    content: bytes | None


def looks_like_tar(header: bytes) -> bool:
    """Tell whether 512 bytes are a tar header by their checksum."""
    return len(header) >= BLOCK and _checksum_ok(header[:BLOCK]) and any(header[:100])


def iter_tar(stream: Stream, limits: Limits) -> Iterator[TarMember]:
    """Yield the members of the archive in ``stream``.

    Raises:
        TruncatedArtifact: the archive ends inside a member.
        LimitExceeded: too many members.
        ArtifactError: a header's checksum is wrong.
    """
    overrides: dict[str, str] = {}
    count = 0
    while True:
        header = _exact(stream, BLOCK, allow_end=True)
        if not header or not any(header):
            return
        if not _checksum_ok(header):
            raise ArtifactError("A tar header has a wrong checksum.")
        count += 1
        if count > limits.archive_members:
            raise LimitExceeded("The archive has too many members.", code="archive.members")
        size = _number(header[124:136])
        flag = header[156:157]
        if flag in (b"L", b"K", b"x", b"g"):
            overrides |= _extension(flag, _body(stream, size, MIB))
            continue
        name = overrides.get("path") or _name(header)
        link = overrides.get("linkpath") or _text(header[157:257])
        overrides = {}
        kind = _KINDS.get(flag, "unknown")
        if kind == "file" or kind == "unknown":
            content = _body_or_none(stream, size, limits.member_memory)
        else:
            content, size = None, 0
        yield TarMember(name, kind, size, link, content)


def _checksum_ok(header: bytes) -> bool:
    try:
        stated = int(_text(header[148:156]).strip() or "0", 8)
    except ValueError:
        return False
    return stated == sum(header[:148]) + 8 * 32 + sum(header[156:BLOCK])


def _number(field: bytes) -> int:
    if field[:1] and field[0] & 0x80:
        return int.from_bytes(bytes([field[0] & 0x7F]) + field[1:], "big")
    try:
        return int(_text(field).strip() or "0", 8)
    except ValueError as error:
        raise ArtifactError("A tar header has a size that is no number.") from error


def _text(field: bytes) -> str:
    return field.split(b"\0", 1)[0].decode("utf-8", "backslashreplace")


def _name(header: bytes) -> str:
    prefix = _text(header[345:500]) if header[257:262] == b"ustar" else ""
    name = _text(header[:100])
    return f"{prefix}/{name}" if prefix else name


def _extension(flag: bytes, body: bytes) -> dict[str, str]:
    if flag in (b"L", b"K"):
        return {"path" if flag == b"L" else "linkpath": _text(body)}
    found: dict[str, str] = {}
    while body:
        length_text, _, _ = body.partition(b" ")
        if not length_text.isdigit() or len(length_text) > 9:
            break
        length = int(length_text)
        if length <= len(length_text) + 1:
            break
        record = body[len(length_text) + 1 : length].rstrip(b"\n")
        key, _, value = record.partition(b"=")
        if key in (b"path", b"linkpath"):
            found[key.decode()] = value.decode("utf-8", "backslashreplace")
        body = body[length:]
    return found


def _body(stream: Stream, size: int, most: int) -> bytes:
    if size > most:
        raise LimitExceeded(f"A tar extension header claims {size} bytes.")
    body = _exact(stream, size)
    _exact(stream, -size % BLOCK, allow_end=True)
    return body


def _body_or_none(stream: Stream, size: int, most: int) -> bytes | None:
    if size <= most:
        return _body(stream, size, most)
    left = size + (-size % BLOCK)
    while left:
        part = stream.read(min(left, MIB))
        if not part:
            raise TruncatedArtifact("The tar archive ends inside a member.")
        left -= len(part)
    return None


def _exact(stream: Stream, length: int, *, allow_end: bool = False) -> bytes:
    parts: list[bytes] = []
    left = length
    while left:
        part = stream.read(left)
        if not part:
            break
        parts.append(part)
        left -= len(part)
    if left and not (allow_end and left == length):
        raise TruncatedArtifact("The tar archive ends inside a member.")
    return b"".join(parts)
