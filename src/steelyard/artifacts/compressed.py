# SPDX-License-Identifier: Apache-2.0
"""Expands gzip, zlib, bzip2 and xz streams in bounded steps, and stops at bombs."""

from __future__ import annotations

import bz2
import lzma
import zlib
from typing import Protocol

from steelyard.artifacts.source import Source, SourceStream
from steelyard.kernel.errors import ArtifactError, LimitExceeded
from steelyard.kernel.limits import Limits

KINDS = ("gzip", "zlib", "bzip2", "xz")
_STEP = 256 * 1024


class Expander(Protocol):
    """One decompressor, in steps of bounded output."""

    def expand(self, data: bytes, most: int) -> tuple[bytes, bytes]:
        """Return expanded bytes (at most ``most``) and the input that is left over."""
        ...

    @property
    def ended(self) -> bool:
        """Whether the compressed stream has ended."""
        ...


class ZlibExpander:
    """Deflate with the framing that ``wbits`` names."""

    def __init__(self, wbits: int) -> None:
        self._engine = zlib.decompressobj(wbits)

    def expand(self, data: bytes, most: int) -> tuple[bytes, bytes]:
        """Inflate at most ``most`` bytes."""
        out = self._engine.decompress(data, most)
        return out, self._engine.unconsumed_tail or self._engine.unused_data

    @property
    def ended(self) -> bool:
        """Whether the deflate stream has ended."""
        return self._engine.eof


class BlockExpander:
    """bzip2 or xz; both engines keep their own unread input."""

    def __init__(self, kind: str) -> None:
        self._engine: bz2.BZ2Decompressor | lzma.LZMADecompressor
        if kind == "bzip2":
            self._engine = bz2.BZ2Decompressor()
        else:
            self._engine = lzma.LZMADecompressor(memlimit=256 * 1024 * 1024)

    def expand(self, data: bytes, most: int) -> tuple[bytes, bytes]:
        """Decompress at most ``most`` bytes."""
        out = self._engine.decompress(data, most)
        return out, self._engine.unused_data if self._engine.eof else b""

    @property
    def ended(self) -> bool:
        """Whether the compressed stream has ended."""
        return self._engine.eof


def expander_for(kind: str) -> Expander:
    """Return a fresh decompressor for one of :data:`KINDS` or ``deflate`` (raw)."""
    wbits = {"gzip": 31, "zlib": 15, "deflate": -15}.get(kind)
    return BlockExpander(kind) if wbits is None else ZlibExpander(wbits)


class ExpandingStream:
    """A forward stream of expanded bytes; several concatenated streams are followed.

    Reading raises :class:`LimitExceeded` past the ratio or size limits and
    :class:`ArtifactError` where the compressed data are broken or end early.
    """

    def __init__(self, source: Source, kind: str, limits: Limits) -> None:
        self._input = SourceStream(source)
        self._kind = kind
        self._limits = limits
        self._expander = expander_for(kind)
        self._pending = b""
        self._out = b""
        self._stored = source.size
        self.produced = 0
        self._done = False

    def read(self, length: int, /) -> bytes:
        """Return up to ``length`` expanded bytes, fewer only at the end."""
        while len(self._out) < length and not self._done:
            self._step()
        data, self._out = self._out[:length], self._out[length:]
        return data

    def _step(self) -> None:
        if not self._pending:
            self._pending = self._input.read(_STEP)
        given = self._pending
        try:
            out, self._pending = self._expander.expand(given, _STEP)
        except (zlib.error, OSError, lzma.LZMAError, EOFError, ValueError) as error:
            raise ArtifactError(f"The {self._kind} data are broken: {error}.") from error
        self.produced += len(out)
        self._out += out
        self._check()
        if self._expander.ended:
            self._next_stream()
        elif not out and not given:
            raise ArtifactError(f"The {self._kind} data end before their stream does.")

    def _next_stream(self) -> None:
        rest = self._pending or self._input.read(_STEP)
        rest = rest.lstrip(b"\0")
        if self._kind == "deflate" or not rest:
            self._done = True
            return
        self._pending = rest
        self._expander = expander_for(self._kind)

    def _check(self) -> None:
        limits = self._limits
        allowed = max(limits.archive_free, limits.archive_ratio * self._stored)
        if self.produced > min(allowed, limits.archive_expanded):
            raise LimitExceeded(
                f"{self._stored} stored bytes expand to more than {min(allowed, self.produced)}: "
                "this is how a decompression bomb looks.",
                code="archive.bomb",
            )


def read_all(stream: ExpandingStream, most: int) -> bytes:
    """Return everything a stream holds.

    Raises:
        LimitExceeded: it holds more than ``most`` bytes.
    """
    parts: list[bytes] = []
    total = 0
    while part := stream.read(_STEP):
        total += len(part)
        if total > most:
            raise LimitExceeded(f"The expanded data are larger than {most} bytes.")
        parts.append(part)
    return b"".join(parts)
