# SPDX-License-Identifier: Apache-2.0
"""Bytes kept under their SHA-256. What was not verified never appears, and memory stays bounded.

An upload is atomic in every store: parts lie aside until the last one is there. The last one is
held back until the digest of all of them is known to be the right one, so a file that changes while
it is read, or a download that was tampered with, leaves nothing.
"""

from __future__ import annotations

import errno
import hashlib
import os
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import obstore
from obstore.exceptions import BaseError
from obstore.store import LocalStore, MemoryStore, ObjectStore, S3Store

from steelyard.kernel.digest import is_sha256, sha256_hex
from steelyard.kernel.errors import InputError, IntegrityError, MissingError, UnavailableError
from steelyard.platform.durable import flush_directory

CHUNK = 1 << 20
"""Bytes of one piece of a stream."""
PART = 8 << 20
"""Bytes of one part of an upload; a store takes 10,000 of them, so files up to 78 GiB."""
_PARTS_MOST = 10_000
_MARK = "steelyard-blobs"
"""An object that is there as long as the store is: an empty directory is not a store that vanished
with everything in it."""


class Blobs:
    """A store of files by digest."""

    def __init__(self, store: ObjectStore) -> None:
        self._store = store
        root = store.prefix if isinstance(store, LocalStore) else None
        self._root = Path(root) if root is not None else None
        with _translated(writing=True):
            obstore.put(store, _MARK, b"Files of Steelyard, by SHA-256.\n")

    def put_bytes(self, data: bytes) -> str:
        """Keep ``data`` and return its digest."""
        sha256 = sha256_hex(data)
        self._put([data], sha256, len(data))
        return sha256

    def put_file(self, path: Path) -> str:
        """Keep the file at ``path`` and return its digest.

        Raises:
            InputError: it cannot be read.
            IntegrityError: it changed while it was read.
        """
        try:
            with path.open("rb") as file:
                sha256 = hashlib.file_digest(file, "sha256").hexdigest()
                size = file.tell()
                file.seek(0)
                self._put(_pieces(file), sha256, size)
        except OSError as error:
            raise InputError(
                f"The file {str(path)!r} cannot be read: {error.strerror}.",
                next_step="Check the path and its permissions.",
                code="input.unreadable",
            ) from error
        return sha256

    def put_stream(self, pieces: Iterable[bytes], *, sha256: str = "", most: int) -> str:
        """Keep what a stream gives, at most ``most`` bytes, and return its digest.

        With ``sha256`` it goes straight to its place, if it has that digest; without, it is
        written to a temporary file first.

        Raises:
            InputError: there are more bytes.
            IntegrityError: they have another digest.
        """
        if sha256:
            self._put(_bounded(pieces, most), _checked(sha256), most)
            return sha256
        with tempfile.NamedTemporaryFile(prefix="steelyard-upload-") as file:
            with _translated():
                for piece in _bounded(pieces, most):
                    file.write(piece)
                file.flush()
            return self.put_file(Path(file.name))

    def read(self, sha256: str, *, most: int) -> bytes:
        """Return the bytes of a file that has at most ``most`` of them, verified.

        Raises:
            MissingError: there is no such file.
            InputError: it is larger.
            IntegrityError: what lies there has another digest.
        """
        size = self.size(sha256)
        if size > most:
            raise InputError(
                f"The file has {size} bytes; at most {most} are read here.", code="blob.size"
            )
        return b"".join(self.stream(sha256))

    def stream(
        self, sha256: str, offset: int = 0, length: int | None = None
    ) -> Iterator[bytes]:  # fmt: skip
        """Yield a file, or ``length`` bytes from ``offset``, in pieces of up to 1 MiB.

        A whole file is verified: one with another digest ends in an error before its last piece.

        Raises:
            MissingError: there is no such file.
            InputError: the range is not in the file.
            IntegrityError: what lies there has another digest.
        """
        size = self.size(sha256)
        end = size if length is None else offset + length
        if not 0 <= offset <= end <= size:
            raise InputError(
                f"Bytes {offset} to {end} are not all in a file of {size} bytes.",
                code="blob.range",
            )
        if offset == end:
            pieces: Iterator[bytes] = iter(())
        else:
            pieces = self._range(sha256, offset, end)
        if (offset, end) == (0, size):
            return _verified(pieces, sha256)
        return pieces

    def _range(self, sha256: str, offset: int, end: int) -> Iterator[bytes]:
        with _translated():
            got = obstore.get(self._store, _path(sha256), options={"range": (offset, end)})
            for large in got.stream(min_chunk_size=CHUNK):
                view = memoryview(large)
                for start in range(0, len(view), CHUNK):
                    yield bytes(view[start : start + CHUNK])

    def has(self, sha256: str) -> bool:
        """Tell whether the file is kept."""
        return self._size(sha256) is not None

    def size(self, sha256: str) -> int:
        """Return how many bytes it has.

        Raises:
            MissingError: there is no such file.
        """
        size = self._size(sha256)
        if size is None:
            raise MissingError(
                f"There is no file with the digest {sha256[:80]}.",
                next_step="It may have been deleted after its retention.",
                code="blob.missing",
            )
        return size

    def delete(self, sha256: str) -> None:
        """Delete a file, if it is there."""
        if self.has(sha256):
            with _translated():
                obstore.delete(self._store, _path(sha256))

    def verify(self, sha256: str) -> int:
        """Read a whole file, compare its digest, and return its size.

        Raises:
            MissingError: there is no such file.
            IntegrityError: what lies there has another digest.
        """
        return sum(len(piece) for piece in self.stream(sha256))

    def digests(self) -> Iterator[str]:
        """Yield the digest of every file that is kept."""
        with _translated():
            for batch in obstore.list(self._store, "sha256"):
                for meta in batch:
                    digest = "".join(meta["path"].split("/")[-2:])
                    if is_sha256(digest):
                        yield digest

    def check(self) -> None:
        """Look whether the store is there.

        Raises:
            UnavailableError: it is not.
        """
        try:
            with _translated():
                obstore.head(self._store, _MARK)
        except FileNotFoundError as error:
            raise UnavailableError(
                "The store of files is not where it was: its mark is gone.",
                next_step="Look whether its disk is mounted, or the bucket exists.",
                code="blob.unavailable",
            ) from error

    def _size(self, sha256: str) -> int | None:
        try:
            with _translated():
                return int(obstore.head(self._store, _path(sha256))["size"])
        except FileNotFoundError:
            self.check()
            return None

    def _put(self, pieces: Iterable[bytes], sha256: str, size: int) -> None:
        if self._root is not None:
            self.check()  # or the directories of a disk that is not mounted would be made anew
        kept = self._size(sha256)
        if kept is not None and (kept == size or (size > kept > 0 and self._intact(sha256))):
            return
        part = max(PART, -(-size // (_PARTS_MOST - 1)))
        with _translated(writing=True):
            obstore.put(
                self._store,
                _path(sha256),
                _verified(iter(pieces), sha256),
                chunk_size=part,
                max_concurrency=4,
            )
            if self._root is not None:
                _flush(self._root / _path(sha256))

    def _intact(self, sha256: str) -> bool:
        try:
            self.verify(sha256)
        except IntegrityError:
            return False
        return True


def open_blobs(url: str, directory: Path, *, endpoint: str = "", region: str = "") -> Blobs:
    """Return the store at ``url``, ``s3://bucket/prefix`` or ``file:///path``; else ``directory``.

    Raises:
        InputError: the URL is of another kind.
        UnavailableError: the store is not there.
    """
    parts = urlsplit(url)
    if parts.scheme in ("", "file") and not parts.netloc:
        path = Path(unquote(parts.path)) if url else directory
        with _translated():
            path.mkdir(parents=True, exist_ok=True)
            return Blobs(LocalStore(path.resolve(), mkdir=True))
    if parts.scheme != "s3" or not parts.netloc:
        raise InputError(
            "The address of the store of files is not one that is understood.",
            next_step="Write s3://bucket/prefix or file:///path.",
            code="blob.url",
        )
    config: dict[str, Any] = {"region": region}
    if endpoint:
        config |= {"endpoint": endpoint, "virtual_hosted_style_request": False}
    with _translated():
        return Blobs(
            S3Store(
                parts.netloc,
                prefix=parts.path.strip("/") or None,
                config=config,  # type: ignore[arg-type] # keys of a total TypedDict
                client_options={
                    "allow_http": endpoint.startswith("http://"),
                    "connect_timeout": "5s",
                    "timeout": "120s",
                },
                retry_config={"max_retries": 3, "retry_timeout": _seconds(20)},
            )
        )


def memory_blobs() -> Blobs:
    """Return a store that lasts as long as this process: for tests."""
    return Blobs(MemoryStore())


def _seconds(count: int) -> Any:
    import datetime as dt

    return dt.timedelta(seconds=count)


def _checked(sha256: str) -> str:
    if not is_sha256(sha256):
        raise InputError(f"{sha256[:80]!r} is not a SHA-256 digest.", code="blob.digest")
    return sha256


def _path(sha256: str) -> str:
    _checked(sha256)
    return f"sha256/{sha256[:2]}/{sha256[2:]}"


def _pieces(file: Any) -> Iterator[bytes]:
    while piece := file.read(CHUNK):
        yield piece


def _bounded(pieces: Iterable[bytes], most: int) -> Iterator[bytes]:
    seen = 0
    for piece in pieces:
        seen += len(piece)
        if seen > most:
            raise InputError(
                f"The file is larger than the {most} bytes that are taken.",
                next_step="Send a smaller file.",
                code="blob.size",
            )
        yield piece


def _verified(pieces: Iterator[bytes], sha256: str) -> Iterator[bytes]:
    """Yield ``pieces``, and hold the last one back until the digest is known to be right."""
    digest = hashlib.sha256()
    held: bytes | None = None
    for piece in pieces:
        digest.update(piece)
        if held is not None:
            yield held
        held = piece
    if digest.hexdigest() != sha256:
        raise IntegrityError(
            f"The file with the digest {sha256} holds other bytes.",
            next_step="Restore it from a backup, or fetch it again.",
            code="blob.tampered",
        )
    if held is not None:
        yield held


def _flush(path: Path) -> None:
    """Have a file and the names that lead to it on disk before anybody is told that it is kept."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    for directory in (path.parent, path.parent.parent, path.parent.parent.parent):
        flush_directory(directory)


@contextmanager
def _translated(*, writing: bool = False) -> Iterator[None]:
    """Turn what stores say about the world into a sentence.

    That a file is not there passes, unless one is written: then it is the store that is missing.
    """
    try:
        yield
    except (BaseError, OSError) as error:
        if isinstance(error, FileNotFoundError) and not writing:
            raise
        said = " ".join(str(error).partition("Debug source:")[0].split())
        full = getattr(error, "errno", None) == errno.ENOSPC or "no space left" in said.lower()
        raise UnavailableError(
            "The store of files is full; nothing was kept."
            if full
            else f"The store of files cannot do this now: {said[:300]}",
            next_step="Free space where files are kept." if full else "Try again in a moment.",
            code="blob.full" if full else "blob.unavailable",
            retry_after=60 if full else 5,
        ) from error
