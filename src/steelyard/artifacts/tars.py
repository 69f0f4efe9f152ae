# SPDX-License-Identifier: Apache-2.0
"""Walks tar archives (POSIX ustar, GNU long names, pax paths) without extracting anything."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

from steelyard.artifacts.source import BytesSource, SliceSource, Source, SourceStream, Stream
from steelyard.kernel.errors import ArtifactError, LimitExceeded, TruncatedArtifact
from steelyard.kernel.limits import MIB, Limits

BLOCK = 512
_KINDS = {b"0": "file", b"\0": "file", b"7": "file", b"1": "hardlink", b"2": "symlink",
          b"3": "device", b"4": "device", b"5": "directory", b"6": "fifo"}  # fmt: skip


class TarMember(Struct, frozen=True):
    """One entry. ``content`` holds a file's bytes; None when they are more than may be held."""

    name: str
    kind: str
    size: int
    link_target: str
    content: Source | None


def looks_like_tar(header: bytes) -> bool:
    """Tell whether 512 bytes are a tar header by their checksum."""
    return len(header) >= BLOCK and _checksum_ok(header[:BLOCK]) and any(header[:100])


def read_tar(source: Source, limits: Limits) -> Iterator[TarMember]:
    """Yield the members of an archive that is not compressed; contents are windows onto it.

    Raises as :func:`iter_tar` does.
    """
    return iter_tar(SourceStream(source), limits, source)


def iter_tar(stream: Stream, limits: Limits, whole: Source | None = None) -> Iterator[TarMember]:
    """Yield the members of the archive in ``stream``, which reads ``whole`` if that is given.

    Raises:
        TruncatedArtifact: the archive ends inside a member.
        LimitExceeded: too many members.
        ArtifactError: a header's checksum is wrong.
    """
    common: dict[str, str] = {}
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
            found = _extension(flag, _body(stream, size, MIB))
            if flag == b"g":
                common |= found
            else:
                overrides |= found
            continue
        known = common | overrides
        name = known.get("path") or _name(header)
        link = known.get("linkpath") or _text(header[157:257])
        if "size" in known:
            size = _decimal(known["size"])
        overrides = {}
        if flag == b"S":
            _skip_sparse(stream, header)
        kind = _KINDS.get(flag, "unknown")
        if kind == "file" or kind == "unknown":
            content = _content(stream, size, limits.member_memory, whole)
        else:
            content, size = None, 0
        yield TarMember(name, kind, size, link, content)


def _checksum_ok(header: bytes) -> bool:
    try:
        stated = int(_text(header[148:156]).strip() or "0", 8)
    except ValueError:
        return False
    counted = header[:148] + b" " * 8 + header[156:BLOCK]
    high = sum(byte > 127 for byte in counted)
    # Some old writers summed signed bytes.
    return stated in (sum(counted), sum(counted) - 256 * high)


def _number(field: bytes) -> int:
    if field[:1] and field[0] & 0x80:
        return int.from_bytes(bytes([field[0] & 0x7F]) + field[1:], "big")
    text = _text(field).strip() or "0"
    if not set(text) <= set("01234567"):
        raise ArtifactError("A tar header has a size that is no number.")
    return int(text, 8)


def _decimal(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 20):
        raise ArtifactError("A tar extension header has a size that is no number.")
    return int(text)


def _skip_sparse(stream: Stream, header: bytes) -> None:
    """Step over the extra headers of a GNU sparse file."""
    more = header[482]
    for _ in range(10_000):
        if not more:
            return
        more = _exact(stream, BLOCK)[504]
    raise LimitExceeded("A sparse member has too many headers.")


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
    at = 0
    while at < len(body):
        space = body.find(b" ", at, at + 10)
        digits = body[at:space] if space > 0 else b""
        if not digits.isdigit() or int(digits) <= len(digits) + 1:
            break
        record = body[space + 1 : at + int(digits)].rstrip(b"\n")
        key, _, value = record.partition(b"=")
        if key in (b"path", b"linkpath", b"size"):
            found[key.decode()] = value.decode("utf-8", "backslashreplace")
        at += int(digits)
    return found


def _body(stream: Stream, size: int, most: int) -> bytes:
    if size > most:
        raise LimitExceeded(f"A tar extension header claims {size} bytes.")
    body = _exact(stream, size)
    _exact(stream, -size % BLOCK, allow_end=True)
    return body


def _content(stream: Stream, size: int, most: int, whole: Source | None) -> Source | None:
    if whole is not None and isinstance(stream, SourceStream):
        start = stream.tell()
        stream.skip(size)
        _exact(stream, -size % BLOCK, allow_end=True)
        return SliceSource(whole, start, size)
    if size <= most:
        return BytesSource(_body(stream, size, most))
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
