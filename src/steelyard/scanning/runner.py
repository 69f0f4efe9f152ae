# SPDX-License-Identifier: Apache-2.0
"""Examines the files of one request: open, hash, sniff, hand to the examiner, sum up.

Whatever escapes an examiner lowers that file's coverage and keeps what was found before; nothing
that goes wrong here can make a file look better. While a large file is still being hashed, the next
one of the batch is already examined.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import os
from collections import deque
from collections.abc import Iterable, Iterator
from typing import Protocol

from msgspec import Struct, structs

from steelyard import __version__
from steelyard.artifacts.sniff import EXECUTES, Sniffed, sniff
from steelyard.artifacts.source import INLINE, FileSource, Source, open_file
from steelyard.kernel.errors import ArtifactError, LimitExceeded, TruncatedArtifact
from steelyard.kernel.finding import (
    Coverage,
    FileReport,
    Finding,
    Severity,
    Traits,
    verdict_of,
)
from steelyard.kernel.inspection import (
    FilePapers,
    InspectionRequest,
    Ready,
    Scanner,
    TreeFile,
    path_of,
)
from steelyard.scanning.disguise import examine_disguise
from steelyard.scanning.interface import Context, Examination, printable
from steelyard.scanning.papers import Papers
from steelyard.scanning.plugin_host import NO_PLUGINS, PluginHost, Recognized
from steelyard.scanning.registry import INERT, UNREAD, examiner_for
from steelyard.scanning.shipped import PACKAGE, read_shipped

_PENDING_LARGE = 2
"""Large files that may be open, hashed on a thread of their own, while others are examined."""

_TWO_READERS = "two readers"
"""Part of the sentence about a file that ends as a zip archive of which its start says nothing."""
_FOLLOWED = frozenset({"image", "audio", "7z", "zip", "npz", "keras", "torch-zip", "torchscript"})
"""Formats whose examiners reach such an archive themselves."""

Answer = tuple[FileReport, FilePapers | None]
"""What is known about one file, and what it says as a paper, if anything."""


class Watch(Protocol):
    """Told what is in work, so that it is known when this process dies."""

    def begin(self, number: int) -> None:
        """File ``number`` of all that were given is examined from now on; 0 means none is."""
        ...

    def hashed(self, count: int) -> None:
        """``count`` bytes of the last file were hashed."""
        ...


class _Pending(Struct):
    file: TreeFile
    source: FileSource
    format: str
    into: Examination
    papers: FilePapers | None


class Runner:
    """Examines files under the settings of one request."""

    def __init__(
        self,
        request: InspectionRequest,
        *,
        watch: Watch | None = None,
        plugins: PluginHost = NO_PLUGINS,
    ) -> None:
        self._request = request
        self._watch = watch
        self._plugins = plugins
        self._scan = "scan" in request.tasks
        self._papers = request.tasks != ("scan",)
        self._given = 0

    def reports(self) -> Iterator[FileReport]:
        """Yield one report per file of the request, the largest first."""
        for report, _ in self.examine(sorted(self._request.files, key=lambda file: -file.size)):
            yield report

    def ready(self, isolation: tuple[str, ...]) -> Ready:
        """Return what the process says before it opens the first file."""
        return Ready(
            scanner=Scanner(version=__version__, rules_digest=self._plugins.digest(rules_digest())),
            isolation=isolation,
            rules=self._plugins.rules(),
        )

    def examine(self, files: Iterable[TreeFile]) -> Iterator[Answer]:
        """Yield one answer per file. The hashing of a large one runs while the next is examined."""
        pending: deque[_Pending] = deque()
        for file in files:
            self._given += 1
            large = file.size > INLINE
            while large and len(pending) >= _PENDING_LARGE:
                yield self._finish(pending.popleft())
            if self._watch is not None:
                self._watch.begin(self._given)
            opened = self._open(file)
            if not isinstance(opened, _Pending):
                yield opened
            elif large:
                pending.append(opened)
            else:
                yield self._finish(opened)
        if self._watch is not None:
            self._watch.begin(0)
        yield from (self._finish(item) for item in pending)

    def _open(self, file: TreeFile) -> _Pending | Answer:
        into = Examination(self._request.limits)
        try:
            source = open_file(os.fsdecode(path_of(file.location)), file.size)
        except ArtifactError as error:
            into.gap(Coverage.NONE, error.message)
            return self._report(file, "unknown", "", into), None
        if self._scan:
            source.start_hash(None if self._watch is None else self._watch.hashed)
        item = _Pending(file, source, "unknown", into, None)
        try:
            self._examine(item)
        except (MemoryError, RecursionError) as error:
            into.gap(Coverage.PARTIAL, f"the examination ran out of {type(error).__name__[:-5]}")
        except Exception as error:  # the fail-closed boundary: no examiner may stop the run
            into.gap(Coverage.PARTIAL, f"the examiner failed: {type(error).__name__}: {error}")
        return item

    def _examine(self, item: _Pending) -> None:
        """Fill what ``item`` is to say."""
        file = item.file
        if self._scan:
            sniffed = sniff(item.source, file.path.rpartition("/")[2])
            item.format = sniffed.format
            context = Context(
                path=file.path,
                format=sniffed.format,
                limits=self._request.limits,
                examine_nested=functools.partial(examine_nested, plugins=self._plugins),
            )
            plugin = self._plugins.recognize(context, item.source, item.into)
            if plugin is not None:
                item.format = plugin.format
            _look(context, sniffed, item.source, item.into, self._plugins, plugin)
        if not self._papers:
            return
        papers = Papers()
        request = self._request
        try:
            gap = papers.read(
                file.path,
                item.source,
                request.tasks,
                request.limits,
                alone=request.alone,
                header=item.into.header,
            )
        finally:
            item.papers = papers.found()
        if gap:
            item.into.gap(Coverage.PARTIAL, gap)

    def _finish(self, item: _Pending) -> Answer:
        digest = ""
        with item.source as source:
            if self._scan:
                try:
                    digest = source.digest()
                except ArtifactError as error:
                    item.into.gap(Coverage.NONE, error.message)
        return self._report(item.file, item.format, digest, item.into), item.papers

    def _report(self, file: TreeFile, kind: str, digest: str, into: Examination) -> FileReport:
        if into.dropped:
            into.findings.append(
                Finding(
                    rule="file.more-findings",
                    severity=Severity.MEDIUM,
                    message=f"{into.dropped} more findings of this file are not listed.",
                )
            )
        findings = tuple(into.findings)
        return FileReport(
            path=file.path,
            format=kind,
            size=file.size,
            sha256=digest,
            verdict=verdict_of(findings, into.coverage),
            coverage=into.coverage,
            coverage_reason="; ".join(into.coverage_reasons),
            findings=findings,
            traits=_traits(into),
        )


def examine_as(context: Context, source: Source, into: Examination) -> None:
    """Hand ``source`` to the examiner of ``context.format``; reader errors become findings."""
    if context.format in INERT:
        return
    if context.format in UNREAD:
        level = Coverage.PARTIAL if context.depth else Coverage.NONE
        into.gap(level, context.at(UNREAD[context.format]))
        return
    examine = examiner_for(context.format)
    if examine is None:
        into.gap(Coverage.NONE, f"no examiner for {context.format}")
        return
    try:
        examine(context, source, into)
    except ArtifactError as error:
        _note_error(context, error, into)


def examine_nested(
    context: Context, source: Source, into: Examination, plugins: PluginHost = NO_PLUGINS
) -> None:
    """Sniff and examine bytes found inside a file."""
    if context.depth > into.limits.archive_depth + 2:
        into.gap(Coverage.PARTIAL, context.at("nested too deep"))
        return
    sniffed = sniff(source, context.name)
    inner = structs.replace(context, format=sniffed.format)
    _look(inner, sniffed, source, into, plugins, plugins.recognize(inner, source, into))


def _look(
    context: Context,
    sniffed: Sniffed,
    source: Source,
    into: Examination,
    plugins: PluginHost,
    known: Recognized | None,
) -> None:
    """Hand bytes to everything that looks at their format."""
    _note_mismatch(context, sniffed, into)
    if known is None or context.format not in UNREAD:
        examine_as(context, source, into)
    followed = _TWO_READERS in sniffed.mismatch and context.format not in _FOLLOWED
    if followed and context.depth <= into.limits.archive_depth:
        # Readers of zip look for its end and find it, whatever stands in front.
        examine_as(structs.replace(context, format="zip"), source, into)
    examine_disguise(context, source, into)
    if plugins is not NO_PLUGINS:
        plugins.examine(context, source, into, known)


def _note_mismatch(context: Context, sniffed: Sniffed, into: Examination) -> None:
    if not sniffed.mismatch:
        return
    # Pictures are not looked into: one under the name of a model hides what it carries.
    grave = (
        sniffed.format in EXECUTES | INERT | {"image", "audio"} or _TWO_READERS in sniffed.mismatch
    )
    into.add(
        "file.type-mismatch",
        Severity.MEDIUM if grave else Severity.LOW,
        sniffed.mismatch,
        location=context.at(""),
        remedy="Ask the publisher why; do not load it by its name.",
    )


def _note_error(context: Context, error: ArtifactError, into: Examination) -> None:
    if isinstance(error, TruncatedArtifact):
        rule, severity = "file.truncated", Severity.MEDIUM
    elif isinstance(error, LimitExceeded):
        rule, severity = "file.limit", Severity.MEDIUM
    else:
        rule, severity = "file.malformed", Severity.MEDIUM
    place = f"byte {error.offset}" if error.offset >= 0 else ""
    into.add(
        rule,
        severity,
        f"The {context.format} data cannot be read: {error.message}",
        location=context.at(place),
        remedy="Fetch the file again; if it is the same, do not load it.",
    )
    into.gap(Coverage.PARTIAL, error.message)


def _traits(into: Examination) -> Traits:
    return Traits(
        weights=into.weights,
        executes_on_load=into.executes_on_load,
        remote_code=into.remote_code,
        load_calls=tuple(printable(call) for call in into.load_calls),
        tensors=into.tensors,
        parameters=min(into.parameters, 2**53 - 1),
        dtypes=tuple(sorted(printable(name) for name in into.dtypes))[:32],
    )


@functools.cache
def rules_digest() -> str:
    """Return the SHA-256 over every module and data file that takes part in judging."""
    hasher = hashlib.sha256()
    with contextlib.suppress(FileNotFoundError):
        known = read_shipped(f"{PACKAGE}/catalog/data/known_bad.toml")
        hasher.update(b"known_bad\0" + known + b"\0")
    for package in ("artifacts", "scanning"):
        stack = [(f"steelyard.{package}", f"{PACKAGE}/{package}")]
        while stack:
            name, folder = stack.pop()
            with os.scandir(folder) as items:
                ordered = sorted(items, key=lambda item: item.name, reverse=True)
            for item in ordered:
                path = f"{name}/{item.name}"
                if item.name.endswith((".py", ".txt", ".toml", ".json")):
                    hasher.update(f"{path}\0".encode() + read_shipped(item.path) + b"\0")
                elif item.name != "__pycache__" and item.is_dir():
                    stack.append((path, item.path))
    return hasher.hexdigest()
