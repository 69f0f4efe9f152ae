# SPDX-License-Identifier: Apache-2.0
"""The archive: a plain tar whose last member lists every other one with size and SHA-256.

The index ends with its own digest. That finds damage; who rewrites an archive cannot rewrite the
ledger in it, which is signed.

It is written in one pass, whatever the size, and read without unpacking: members have the names
this module gives them, and nothing is ever written to a path that an archive names.
"""

from __future__ import annotations

import hashlib
import io
import re
import tarfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import msgspec
from msgspec import Struct

from steelyard.kernel.digest import sha256_hex
from steelyard.kernel.errors import InputError, IntegrityError

SCHEMA = "steelyard.backup/v1"
INDEX = "index.json"
_NAME = re.compile(r"\A(tables/[a-z_]+/\d{6}\.jsonl|blobs/[0-9a-f]{64}|keys/[A-Za-z0-9._-]+)\Z")
_CHUNK = 1 << 20
_INDEX_MOST = 1 << 30


class Member(Struct, frozen=True):
    """One file of the archive."""

    name: str
    size: int
    sha256: str


class Index(Struct, frozen=True, kw_only=True):
    """What a backup holds."""

    made_at: str
    version: str
    """Of the program that made it."""
    tables: dict[str, list[str]]
    """Table → its columns, in the order of the rows."""
    counts: dict[str, int]
    ledger: str
    """The newest checkpoint; empty before the first event."""
    members: list[Member]
    step: str = ""
    """How far the tables had been brought."""
    schema: str = SCHEMA


class Writer:
    """Adds members one after another."""

    def __init__(self, file: IO[bytes]) -> None:
        self._tar = tarfile.open(fileobj=file, mode="w", format=tarfile.PAX_FORMAT)  # noqa: SIM115
        self.members: list[Member] = []

    def add(self, name: str, size: int, pieces: Iterable[bytes]) -> None:
        """Add a member of ``size`` bytes.

        Raises:
            IntegrityError: there are fewer or more bytes.
        """
        stream = _Counted(iter(pieces))
        info = tarfile.TarInfo(name)
        info.size, info.mode = size, 0o600
        try:
            self._tar.addfile(info, stream)
        except OSError as error:
            if stream.short:
                raise IntegrityError(
                    f"{name} has fewer bytes than it should.", code="backup.size"
                ) from error
            raise
        self.members.append(Member(name, size, stream.digest.hexdigest()))

    def close(self, index: Index) -> None:
        """End the archive with its index."""
        text = msgspec.json.encode(index)
        data = text + b"\n" + sha256_hex(text).encode("ascii") + b"\n"
        info = tarfile.TarInfo(INDEX)
        info.size, info.mode = len(data), 0o600
        self._tar.addfile(info, io.BytesIO(data))
        self._tar.close()


class _Counted(io.RawIOBase):
    """Pieces as a file, hashed while they are read."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        super().__init__()
        self._pieces, self._held = pieces, b""
        self.digest = hashlib.sha256()
        self.short = False

    def read(self, size: int = -1) -> bytes:
        while len(self._held) < size:
            piece = next(self._pieces, None)
            if piece is None:
                self.short = True
                break
            self._held += piece
        part, self._held = self._held[:size], self._held[size:]
        self.digest.update(part)
        return part


class Archive:
    """An archive that was read once from end to end and is as its index says."""

    def __init__(self, path: Path) -> None:
        self.path = path
        found, data = _read(path)
        self.index = _index(data)
        for member in self.index.members:
            if found.pop(member.name, None) != member:
                raise _broken(f"{member.name} is missing or was changed")
        if found:
            raise _broken(f"{min(found)} does not stand in its index")

    def members(self, folder: str) -> Iterator[tuple[str, int, IO[bytes]]]:
        """Yield name, size and content of every member in a folder, in their order."""
        with _opened(self.path) as tar:
            for info, file in _members(tar):
                if info.name.startswith(f"{folder}/"):
                    yield info.name.removeprefix(f"{folder}/"), info.size, file


def _read(path: Path) -> tuple[dict[str, Member], bytes]:
    """Return what members an archive has, as they are, and its index."""
    found: dict[str, Member] = {}
    index: bytes | None = None
    with _opened(path) as tar:
        for info, file in _members(tar):
            if index is not None:
                raise _broken("something follows its index")
            if info.name == INDEX:
                index = file.read(_INDEX_MOST)
                continue
            if not _NAME.match(info.name) or info.name in found:
                raise _broken(f"{info.name[:100]!r} does not belong into it")
            hashed = hashlib.sha256()
            while piece := file.read(_CHUNK):
                hashed.update(piece)
            found[info.name] = Member(info.name, info.size, hashed.hexdigest())
    if index is None:
        raise _broken("it has no index: it was not written to its end")
    return found, index


def _index(data: bytes) -> Index:
    written, _, digest = data.removesuffix(b"\n").rpartition(b"\n")
    if sha256_hex(written).encode("ascii") != digest:
        raise _broken("its index was changed")
    try:
        index = msgspec.json.decode(written, type=Index)
    except msgspec.DecodeError as error:
        raise _broken("its index cannot be read") from error
    if index.schema != SCHEMA:
        raise _broken(f"it is of the kind {index.schema[:60]!r}")
    return index


@contextmanager
def _opened(path: Path) -> Iterator[tarfile.TarFile]:
    try:
        with tarfile.open(path, "r:") as tar:
            yield tar
    except (tarfile.TarError, EOFError) as error:
        raise _broken(f"{error}") from error
    except OSError as error:
        raise InputError(
            f"The backup {str(path)!r} cannot be read: {error.strerror}.",
            next_step="Check the path and its permissions.",
            code="backup.unreadable",
        ) from error


def _members(tar: tarfile.TarFile) -> Iterator[tuple[tarfile.TarInfo, IO[bytes]]]:
    for info in tar:
        file: Any = tar.extractfile(info) if info.isfile() else None
        if file is None:
            raise _broken(f"{info.name[:100]!r} is not a plain file")
        yield info, file


def _broken(why: str) -> IntegrityError:
    return IntegrityError(
        f"The backup does not verify: {why}.",
        next_step="Use another backup.",
        code="backup.broken",
    )
