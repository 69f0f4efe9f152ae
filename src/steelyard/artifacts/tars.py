# SPDX-License-Identifier: Apache-2.0
"""Walks tar archives (POSIX ustar, GNU long names, pax paths) without extracting anything."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

from steelyard.artifacts.problem import Problem
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
    mode: int = 0
    """Permission bits, without the type."""
    sparse: bool = False
    """Holes were left out of the stored bytes, so ``content`` is not what a reader sees."""


def looks_like_tar(header: bytes) -> bool:
    """Tell whether 512 bytes are a tar header by their checksum."""
    return len(header) >= BLOCK and _checksum_ok(header[:BLOCK]) and any(header[:100])


def read_tar(source: Source, limits: Limits, problems: list[Problem]) -> Iterator[TarMember]:
    """Yield the members of an archive that is not compressed; contents are windows onto it.

    Raises as :func:`iter_tar` does.
    """
    return iter_tar(SourceStream(source), limits, problems, source)


def iter_tar(
    stream: Stream, limits: Limits, problems: list[Problem], whole: Source | None = None
) -> Iterator[TarMember]:
    """Yield the members of the archive in ``stream``, which reads ``whole`` if that is given.

    What readers treat differently goes to ``problems``: a header with a wrong checksum (some stop,
    some go on at the next good one), members behind the end mark, names stated twice.

    Raises:
        TruncatedArtifact: the archive ends inside a member.
        LimitExceeded: too many members.
        ArtifactError: a size is no number.
    """
    common: dict[str, str] = {}
    overrides: dict[str, str] = {}
    count = 0
    while header := _next_header(stream, problems):
        count += 1
        if count > limits.archive_members:
            raise LimitExceeded("The archive has too many members.", code="archive.members")
        size = _number(header[124:136])
        flag = header[156:157]
        if flag in (b"L", b"K", b"x", b"g", b"X"):
            found = _extension(flag, _body(stream, size, MIB), problems)
            _note_contradiction(overrides, found, problems)
            if flag == b"g":
                common |= found
            else:
                overrides |= found
            continue
        known = common | overrides
        overrides = {}
        if "size" in known:
            size = _decimal(known["size"])
        sparse = flag == b"S" or "sparse" in known
        if flag == b"S":
            _skip_sparse(stream, header)
        kind = _KINDS.get(flag, "unknown")
        content = None
        if kind in ("file", "unknown"):
            content = _content(stream, size, limits.member_memory, whole)
        yield TarMember(
            name=known.get("sparse") or known.get("path") or _name(header),
            kind=kind,
            size=size if kind in ("file", "unknown") else 0,
            link_target=known.get("linkpath") or _text(header[157:257]),
            content=content,
            mode=_mode(header[100:108]),
            sparse=sparse,
        )


def _next_header(stream: Stream, problems: list[Problem]) -> bytes:
    """Return the next header block with a true checksum, or nothing at the end of the file."""
    ended = skipped = False
    while block := _exact(stream, BLOCK, allow_end=True, allow_part=True):
        if not any(block):
            ended = True
        elif len(block) == BLOCK and _checksum_ok(block):
            if ended and not skipped:
                _note_once(problems, "archive.two-ends", "Members follow the end of the archive; "
                           "some readers stop there and others go on.")  # fmt: skip
            return block
        elif not skipped:
            skipped = True
            if ended:
                message = "Bytes that are no members follow the end of the archive."
            else:
                message = ("A header has a wrong checksum: some readers stop there, others go on "
                           "at the next good one, as was done here.")  # fmt: skip
            _note_once(problems, "archive.tar-checksum", message)
    return b""


def _note_once(problems: list[Problem], code: str, message: str) -> None:
    if all(problem.code != code for problem in problems):
        problems.append(Problem(code, message))


def _note_contradiction(
    known: dict[str, str], found: dict[str, str], problems: list[Problem]
) -> None:
    """Note two extension headers in front of one member that do not say the same."""
    if any(found.get(key, value) != value for key, value in known.items()):
        _note_once(problems, "archive.headers-disagree", "Two extension headers of one member "
                   "contradict each other; readers will disagree on which one counts.")  # fmt: skip


def _mode(field: bytes) -> int:
    try:
        return int(_text(field).strip() or "0", 8) & 0o7777
    except ValueError:
        return 0


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


def _extension(flag: bytes, body: bytes, problems: list[Problem]) -> dict[str, str]:
    if flag in (b"L", b"K"):
        return {"path" if flag == b"L" else "linkpath": _text(body)}
    found: dict[str, str] = {}
    at = 0
    while at < len(body):
        space = body.find(b" ", at, at + 10)
        digits = body[at:space] if space > 0 else b""
        if not digits.isdigit() or int(digits) <= len(digits) + 1:
            if body[at:].strip(b"\0"):
                _note_once(problems, "archive.pax", "A pax header has a record without a length.")
            break
        record = body[space + 1 : at + int(digits)].rstrip(b"\n")
        key, _, value = record.partition(b"=")
        text = value.decode("utf-8", "backslashreplace")
        if key in (b"path", b"linkpath", b"size"):
            found[key.decode()] = text
            if "\0" in text:
                _note_once(problems, "archive.headers-disagree", "A pax header states a name with "
                           "a NUL, where only some readers stop.")  # fmt: skip
        elif key.startswith(b"GNU.sparse."):
            found["sparse"] = text if key == b"GNU.sparse.name" else found.get("sparse", "")
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


def _exact(
    stream: Stream, length: int, *, allow_end: bool = False, allow_part: bool = False
) -> bytes:
    parts: list[bytes] = []
    left = length
    while left:
        part = stream.read(left)
        if not part:
            break
        parts.append(part)
        left -= len(part)
    if left and not allow_part and not (allow_end and left == length):
        raise TruncatedArtifact("The tar archive ends inside a member.")
    return b"".join(parts)
