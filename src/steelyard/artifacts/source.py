# SPDX-License-Identifier: Apache-2.0
"""Where bytes come from: a file on disk, a slice of one, an archive member, a buffer.

A :class:`Source` gives random access without ever holding the whole file; a :class:`Stream` reads
forward only (an inflating archive member). Readers take one or the other and nothing else.

A file's bytes are hashed in one streaming pass on a thread of its own, which leaves the interpreter
free while it reads and digests. Meanwhile readers fetch the little they need by position from the
same descriptor, while its pages are in memory.
"""

from __future__ import annotations

import hashlib
import os
import stat
import threading
from collections.abc import Callable
from typing import Protocol, Self

from steelyard.kernel.errors import ArtifactError, TruncatedArtifact
from steelyard.kernel.limits import MIB

INLINE = MIB
"""Files up to this size are hashed without a second thread."""
_HELD = 64 * 1024
"""Files up to this size are read once: what is hashed and what is examined are the same bytes."""
_BUFFER = 1024 * 1024
"""Bytes read at a time: small enough for the processor's cache, large enough that the thread seldom
needs the interpreter while an examiner holds it."""


class Source(Protocol):
    """Random access to the bytes of one file, slice or buffer."""

    @property
    def size(self) -> int:
        """Bytes in total."""
        ...

    def read_at(self, offset: int, length: int) -> bytes:
        """Return up to ``length`` bytes from ``offset``; fewer only at the end."""
        ...


class Stream(Protocol):
    """Bytes that can be read forward once."""

    def read(self, length: int, /) -> bytes:
        """Return up to ``length`` bytes; an empty result means the end."""
        ...


class BytesSource:
    """A source over bytes in memory."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self.size = len(data)
        self.budget: object = None
        """What the bytes were expanded under, if they were; see :mod:`.compressed`."""

    def read_at(self, offset: int, length: int) -> bytes:
        """Return up to ``length`` bytes from ``offset``."""
        if offset < 0 or length <= 0:
            return b""
        return self._data[offset : offset + length]


class SliceSource:
    """A window onto another source; what lies outside cannot be reached through it."""

    def __init__(self, source: Source, offset: int, length: int) -> None:
        self._source = source
        self._offset = max(0, min(offset, source.size))
        self.size = max(0, min(length, source.size - self._offset))
        self.budget: object = getattr(source, "budget", None)

    def read_at(self, offset: int, length: int) -> bytes:
        """Return up to ``length`` bytes from ``offset`` within the window."""
        if offset < 0 or length <= 0 or offset >= self.size:
            return b""
        return self._source.read_at(self._offset + offset, min(length, self.size - offset))


class SourceStream:
    """Buffered forward reading of a source."""

    def __init__(self, source: Source, offset: int = 0, chunk: int = 256 * 1024) -> None:
        self._source = source
        self._chunk = chunk
        self._buffer = b""
        self._at = 0
        self._next = offset

    def tell(self) -> int:
        """Return the position in the source of the next byte."""
        return self._next - (len(self._buffer) - self._at)

    def read(self, length: int, /) -> bytes:
        """Return up to ``length`` bytes, fewer only at the end."""
        have = len(self._buffer) - self._at
        if have < length:
            more = self._source.read_at(self._next, max(self._chunk, length - have))
            self._next += len(more)
            self._buffer = self._buffer[self._at :] + more
            self._at = 0
        data = self._buffer[self._at : self._at + length]
        self._at += len(data)
        return data

    def read_exact(self, length: int) -> bytes:
        """Return exactly ``length`` bytes.

        Raises:
            TruncatedArtifact: the source ends before.
        """
        start = self.tell()
        if length > self._source.size - start:
            raise TruncatedArtifact(
                f"The file ends at byte {self._source.size}, where {length} more bytes from byte "
                f"{start} were announced.",
                offset=start,
            )
        data = self.read(length)
        if len(data) < length:
            # The file shrank, or a compressed member holds less than it announced.
            raise TruncatedArtifact("The bytes end before their announced size.", offset=start)
        return data

    def skip(self, length: int) -> None:
        """Step over ``length`` bytes without reading them.

        Raises:
            TruncatedArtifact: the source ends before.
        """
        start = self.tell()
        if length > self._source.size - start:
            raise TruncatedArtifact(
                f"{length} bytes were announced from byte {start}, more than there are.",
                offset=start,
            )
        have = len(self._buffer) - self._at
        if length <= have:
            self._at += length
        else:
            self._buffer, self._at, self._next = b"", 0, start + length


class FileSource:
    """A regular file on disk, opened once; see :func:`open_file`."""

    def __init__(self, descriptor: int, size: int) -> None:
        self._descriptor = descriptor
        self._before = os.fstat(descriptor)
        self.size = size
        self._held: bytes | None = None
        self._digest: str | None = None
        self._thread: threading.Thread | None = None
        self._failure: OSError | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._thread is not None:
            self._thread.join()
        os.close(self._descriptor)

    def read_at(self, offset: int, length: int) -> bytes:
        """Return up to ``length`` bytes from ``offset``; an unreadable sector is an error."""
        if offset < 0 or length <= 0 or offset >= self.size:
            return b""
        if self._held is not None:
            return self._held[offset : offset + length]
        parts: list[bytes] = []
        wanted = min(length, self.size - offset)
        while wanted:
            try:
                part = os.pread(self._descriptor, wanted, offset)
            except OSError as error:
                raise ArtifactError(f"The file cannot be read: {error.strerror}.") from error
            if not part:
                break
            parts.append(part)
            offset += len(part)
            wanted -= len(part)
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def start_hash(self, hashed: Callable[[int], None] | None = None) -> None:
        """Begin the streaming pass over the bytes; small files are hashed at once.

        ``hashed`` is told, on the thread of the pass, how many bytes of a large file are done.
        """
        if self.size <= INLINE:
            data = self.read_at(0, self.size)
            self._digest = hashlib.sha256(data).hexdigest()
            if self.size <= _HELD:
                self._held = data
            return
        self._thread = threading.Thread(target=self._hash, args=[hashed], name="hash", daemon=True)
        self._thread.start()

    def digest(self) -> str:
        """Return the SHA-256 of the bytes, waiting for the pass to end.

        Raises:
            ArtifactError: the bytes could not be read or changed while they were examined.
        """
        if self._digest is None and self._thread is None:
            self.start_hash()
        if self._thread is not None:
            self._thread.join()
        if self._failure is not None:
            raise ArtifactError(f"The file cannot be read: {self._failure.strerror}.")
        after = os.fstat(self._descriptor)
        same = (after.st_size, after.st_mtime_ns) == (self.size, self._before.st_mtime_ns)
        if not same or self._digest is None:
            raise ArtifactError("The file was changed while it was examined.", code="file.changed")
        return self._digest

    def _hash(self, hashed: Callable[[int], None] | None) -> None:
        """Digest the file through one small buffer, which stays in the processor's cache."""
        hasher = hashlib.sha256()
        buffer = bytearray(_BUFFER)
        view = memoryview(buffer)
        total = 0
        try:
            while count := os.preadv(self._descriptor, [buffer], total):
                hasher.update(view[:count])
                total += count
                if hashed is not None:
                    hashed(total)
        except OSError as error:
            self._failure = error
            return
        if total == self.size:
            self._digest = hasher.hexdigest()


def open_file(location: str, expected_size: int) -> FileSource:
    """Open the regular file at ``location`` for examination, never through a final link.

    Raises:
        ArtifactError: it cannot be opened, is not a regular file (a pipe or device would block or
            never end), or its size is not the one seen when the tree was walked.
    """
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    try:
        descriptor = os.open(location, flags)
    except OSError as error:
        raise ArtifactError(
            f"The file cannot be opened: {error.strerror}.", code="file.unreadable"
        ) from error
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode):
        os.close(descriptor)
        raise ArtifactError("This is not a regular file.", code="file.special")
    if status.st_size != expected_size:
        os.close(descriptor)
        raise ArtifactError("The file changed its size after it was listed.", code="file.changed")
    return FileSource(descriptor, expected_size)
