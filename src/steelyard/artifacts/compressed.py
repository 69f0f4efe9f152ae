# SPDX-License-Identifier: Apache-2.0
"""Expands gzip, zlib, bzip2, xz, LZ4 and Zstandard streams in bounded steps, and stops at bombs.

What fits is held in memory; what does not is read through a window that can be rewound, so a large
compressed file is examined whole with little memory. A :class:`Budget` is shared by everything that
is expanded from one file, at every depth, so archives inside archives cannot multiply.
"""

from __future__ import annotations

import bz2
import importlib
import lzma
import zlib
from typing import Any, Protocol

from steelyard.artifacts.lz4 import Lz4Expander
from steelyard.artifacts.source import BytesSource, Source, SourceStream
from steelyard.kernel.errors import ArtifactError, LimitExceeded
from steelyard.kernel.limits import MIB, Limits

KINDS = ("gzip", "zlib", "bzip2", "xz", "lzma", "lz4", "zstd")
_STEP = 256 * 1024
_FIRST = 1024
"""Bytes given to a fresh decompressor; doubled as it goes on. A file of very many tiny streams
would otherwise copy its unread input once for every stream."""
_STREAMS_MOST = 1_000_000
_WINDOW = 4 * MIB
_REWINDS = 64
_LZMA_MEMORY = 256 * MIB
_ZSTD_WINDOW_LOG = 27
"""Largest Zstandard window, as a power of two: 128 MiB."""


class Budget:
    """Bytes that may still be expanded from one file."""

    def __init__(self, size: int, limits: Limits) -> None:
        allowed = max(limits.archive_free, limits.archive_ratio * size)
        self.left = self.allowed = min(allowed, limits.archive_expanded)

    def spend(self, count: int) -> None:
        """Take ``count`` bytes.

        Raises:
            LimitExceeded: nothing is left.
        """
        self.left -= count
        if self.left < 0:
            raise LimitExceeded(
                f"The file expands to more than {self.allowed} bytes: this is how a decompression "
                "bomb looks.",
                code="archive.bomb",
            )


def budget_of(source: Source, limits: Limits) -> Budget:
    """Return the budget ``source`` was itself expanded under, or a fresh one."""
    found = getattr(source, "budget", None)
    return found if isinstance(found, Budget) else Budget(source.size, limits)


def share_budget(content: Source, budget: Budget) -> None:
    """Let what is expanded from ``content``, a part of the same file, count against ``budget``."""
    if getattr(content, "budget", budget) is None:
        vars(content)["budget"] = budget


class Expander(Protocol):
    """One decompressor, in steps of bounded output."""

    def expand(self, data: bytes, most: int) -> tuple[bytes, bytes]:
        """Return expanded bytes (at most ``most``) and the input that is left over."""
        ...

    @property
    def ended(self) -> bool:
        """Whether the compressed stream has ended."""
        ...

    @property
    def hungry(self) -> bool:
        """Whether it has to be given input to go on."""
        ...


class ZlibExpander:
    """Deflate with the framing that ``wbits`` names."""

    hungry = True

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
    """bzip2, xz, LZMA or Zstandard; the engines keep unread input and are fed when hungry."""

    def __init__(self, kind: str) -> None:
        self._engine: Any
        self._error: type[Exception] = ValueError
        if kind == "bzip2":
            self._engine = bz2.BZ2Decompressor()
        elif kind == "zstd":
            self._engine, self._error = _zstd_engine()
        else:
            form = lzma.FORMAT_ALONE if kind == "lzma" else lzma.FORMAT_AUTO
            self._engine = lzma.LZMADecompressor(form, memlimit=_LZMA_MEMORY)

    def expand(self, data: bytes, most: int) -> tuple[bytes, bytes]:
        """Decompress at most ``most`` bytes."""
        try:
            out: bytes = self._engine.decompress(data, most)
        except self._error as error:
            raise ValueError(str(error)) from error
        return out, self._engine.unused_data if self._engine.eof else b""

    @property
    def ended(self) -> bool:
        """Whether the compressed stream has ended."""
        return bool(self._engine.eof)

    @property
    def hungry(self) -> bool:
        """Whether the engine has used up its input."""
        return bool(self._engine.needs_input)


def _zstd_engine() -> tuple[Any, type[Exception]]:
    """Return Python's own Zstandard decompressor, or its backport, with a bounded window, and the
    error it raises."""
    for name in ("compression.zstd", "backports.zstd"):
        try:
            module = importlib.import_module(name)
        except ImportError:
            continue
        window = {module.DecompressionParameter.window_log_max: _ZSTD_WINDOW_LOG}
        return module.ZstdDecompressor(options=window), module.ZstdError
    raise ArtifactError(
        "Zstandard data are expanded by Python 3.14 or with the package backports.zstd installed."
    )


def expander_for(kind: str) -> Expander:
    """Return a fresh decompressor for one of :data:`KINDS` or ``deflate`` (raw)."""
    if kind == "lz4":
        return Lz4Expander()
    wbits = {"gzip": 31, "zlib": 15, "deflate": -15}.get(kind)
    return BlockExpander(kind) if wbits is None else ZlibExpander(wbits)


class ExpandingStream:
    """A forward stream of expanded bytes; several concatenated streams are followed.

    Reading raises :class:`LimitExceeded` past the ratio, size or budget limits and
    :class:`ArtifactError` where the compressed data are broken or end early.
    """

    def __init__(
        self, source: Source, kind: str, limits: Limits, budget: Budget | None = None
    ) -> None:
        self._input = SourceStream(source)
        self._kind = kind
        self._limits = limits
        self._expander = expander_for(kind)
        self._pending = b""
        self._at = 0
        self._feed = _FIRST
        self._out = b""
        self._out_at = 0
        self._own = Budget(source.size, limits)
        self._budget = budget
        self._streams = 1
        self._done = False

    def read(self, length: int, /) -> bytes:
        """Return up to ``length`` expanded bytes, fewer only at the end."""
        parts: list[bytes] = []
        missing = length
        while missing > 0:
            if self._out_at >= len(self._out):
                if self._done:
                    break
                self._step()
                continue
            part = self._out[self._out_at : self._out_at + missing]
            self._out_at += len(part)
            missing -= len(part)
            parts.append(part)
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def read_some(self) -> bytes:
        """Return the next expanded bytes as they come, at least one; empty means the end."""
        while self._out_at >= len(self._out):
            if self._done:
                return b""
            self._step()
        return self.read(len(self._out) - self._out_at)

    def _step(self) -> None:
        given = b""
        asked = self._expander.hungry
        if asked:
            if self._at >= len(self._pending):
                self._pending, self._at = self._input.read(_STEP), 0
            given = self._pending[self._at : self._at + self._feed]
            self._feed = min(2 * self._feed, _STEP)
        try:
            out, rest = self._expander.expand(given, _STEP)
        except (zlib.error, OSError, lzma.LZMAError, EOFError, ValueError, MemoryError) as error:
            raise ArtifactError(f"The {self._kind} data are broken: {error}.") from error
        self._at += len(given) - len(rest)
        self._out, self._out_at = out, 0
        self._own.spend(len(out))
        if self._budget is not None:
            self._budget.spend(len(out))
        if self._expander.ended:
            self._next_stream()
        elif asked and not out and not given:
            if getattr(self._expander, "may_end", False):
                self._done = True
                return
            raise ArtifactError(f"The {self._kind} data end before their stream does.")

    def _next_stream(self) -> None:
        if self._kind == "deflate":
            self._done = True
            return
        while True:
            if self._at >= len(self._pending):
                self._pending, self._at = self._input.read(_STEP), 0
                if not self._pending:
                    self._done = True
                    return
            if self._pending[self._at]:
                break
            # Padding between streams: skip the whole run of zeros at once.
            rest = self._pending[self._at :].lstrip(b"\0")
            self._at = len(self._pending) - len(rest)
        self._streams += 1
        if self._streams > _STREAMS_MOST:
            raise LimitExceeded("The data are too many compressed streams.", code="archive.bomb")
        self._expander = expander_for(self._kind)
        self._feed = _FIRST


class ExpandedSource:
    """Random access to expanded bytes that are too many to hold, through one moving window."""

    def __init__(self, source: Source, kind: str, limits: Limits, size: int) -> None:
        self._source, self._kind, self._limits = source, kind, limits
        self.size = size
        self.budget: Budget | None = None
        self._rewinds = 0
        self._open()

    def _open(self) -> None:
        self._stream = ExpandingStream(self._source, self._kind, self._limits)
        self._window = b""
        self._base = 0

    def read_at(self, offset: int, length: int) -> bytes:
        """Return up to ``length`` bytes from ``offset``.

        Raises:
            LimitExceeded: the reader jumps back so often that expanding again costs too much.
        """
        if offset < 0 or length <= 0 or offset >= self.size:
            return b""
        end = min(offset + length, self.size)
        if offset < self._base:
            self._rewinds += 1
            if self._rewinds > _REWINDS:
                raise LimitExceeded("The compressed data are read back and forth too often.")
            self._open()
        while (reached := self._base + len(self._window)) < end:
            more = self._stream.read(min(_WINDOW, self.size - reached))
            if not more:
                break
            keep = min(len(self._window), max(_WINDOW, reached - offset))
            self._base = reached - keep
            self._window = self._window[len(self._window) - keep :] + more
        return self._window[offset - self._base : end - self._base]


def expand(
    source: Source, kind: str, limits: Limits, budget: Budget
) -> tuple[Source, ArtifactError | None]:
    """Return what ``source`` expands to, and the error at which its data break off, if they do.

    Raises:
        LimitExceeded: the data expand beyond reason.
    """
    stream = ExpandingStream(source, kind, limits, budget)
    parts: list[bytes] = []
    total = 0
    broken: ArtifactError | None = None
    try:
        while part := stream.read_some():
            total += len(part)
            if total <= limits.member_memory:
                parts.append(part)
            else:
                parts.clear()
    except LimitExceeded:
        raise
    except ArtifactError as error:
        broken = error
    if total > limits.member_memory:
        large = ExpandedSource(source, kind, limits, total)
        large.budget = budget
        return large, broken
    content = BytesSource(b"".join(parts))
    content.budget = budget
    return content, broken
