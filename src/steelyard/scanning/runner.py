# SPDX-License-Identifier: Apache-2.0
"""Examines the files of one request: open, hash, sniff, hand to the examiner, sum up.

Whatever escapes an examiner lowers that file's coverage and keeps what was found before; nothing
that goes wrong here can make a file look better. While a large file is still being hashed, the next
one is already examined.
"""

from __future__ import annotations

import functools
import hashlib
import os
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import resources

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
    Inspection,
    InspectionRequest,
    Scanner,
    TreeFile,
    path_of,
)
from steelyard.scanning.disguise import examine_disguise
from steelyard.scanning.interface import Context, Examination, printable
from steelyard.scanning.papers import Papers
from steelyard.scanning.registry import INERT, UNREAD, examiner_for

_PENDING = 64
"""Files that may be open, waiting for their digest, while others are examined."""
_PENDING_LARGE = 2
"""Of those, files large enough to be hashed on a thread of their own."""


@dataclass(slots=True)
class _Pending:
    file: TreeFile
    source: FileSource
    format: str
    into: Examination


def _large(pending: deque[_Pending]) -> int:
    return sum(item.file.size > INLINE for item in pending)


class Runner:
    """Runs one request; iterate :meth:`reports`, then read :meth:`end`."""

    def __init__(self, request: InspectionRequest) -> None:
        self._request = request
        self._papers = Papers()
        self._scan = "scan" in request.tasks
        self._alone = len(request.files) == 1 and not self._scan

    def reports(self) -> Iterator[FileReport]:
        """Yield one report per file: the largest files are begun first, so that their hashing
        runs while everything else is examined."""
        pending: deque[_Pending] = deque()
        for file in sorted(self._request.files, key=lambda file: -file.size):
            large = file.size > INLINE
            while len(pending) >= _PENDING or (large and _large(pending) >= _PENDING_LARGE):
                yield self._finish(pending.popleft())
            opened = self._open(file)
            if isinstance(opened, FileReport):
                yield opened
            else:
                pending.append(opened)
        yield from (self._finish(item) for item in pending)

    def end(self, isolation: tuple[str, ...]) -> Inspection:
        """Return everything that is not about one file."""
        papers = self._papers
        return Inspection(
            scanner=Scanner(version=__version__, rules_digest=rules_digest()),
            files=(),
            isolation=isolation,
            cards=tuple(papers.cards),
            configs=tuple(papers.configs),
            packages=tuple(papers.packages),
            license_files=tuple(papers.license_files),
            declared=tuple(papers.declared),
        )

    def _open(self, file: TreeFile) -> _Pending | FileReport:
        into = Examination(self._request.limits)
        try:
            source = open_file(os.fsdecode(path_of(file.location)), file.size)
        except ArtifactError as error:
            into.gap(Coverage.NONE, error.message)
            return self._report(file, "unknown", "", into)
        if self._scan:
            source.start_hash()
        kind = self._examine(file, source, into)
        return _Pending(file, source, kind, into)

    def _examine(self, file: TreeFile, source: FileSource, into: Examination) -> str:
        """Fill ``into`` and return the format."""
        sniffed = Sniffed("unknown")
        try:
            if self._scan:
                sniffed = sniff(source, file.path.rpartition("/")[2])
                self._scan_file(file, sniffed, source, into)
            gap = self._papers.read(
                file.path, source, self._request.tasks, self._request.limits, alone=self._alone
            )
            if gap:
                into.gap(Coverage.PARTIAL, gap)
        except (MemoryError, RecursionError) as error:
            into.gap(Coverage.PARTIAL, f"the examination ran out of {type(error).__name__[:-5]}")
        except Exception as error:  # the fail-closed boundary: no examiner may stop the run
            into.gap(Coverage.PARTIAL, f"the examiner failed: {type(error).__name__}: {error}")
        return sniffed.format

    def _scan_file(
        self, file: TreeFile, sniffed: Sniffed, source: Source, into: Examination
    ) -> None:
        context = Context(
            path=file.path,
            format=sniffed.format,
            limits=self._request.limits,
            examine_nested=examine_nested,
        )
        _note_mismatch(context, sniffed, into)
        examine_as(context, source, into)
        examine_disguise(context, source, into)

    def _finish(self, item: _Pending) -> FileReport:
        digest = ""
        with item.source as source:
            if self._scan:
                try:
                    digest = source.digest()
                except ArtifactError as error:
                    item.into.gap(Coverage.NONE, error.message)
        return self._report(item.file, item.format, digest, item.into)

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


def examine_nested(context: Context, source: Source, into: Examination) -> None:
    """Sniff and examine bytes found inside a file."""
    if context.depth > into.limits.archive_depth + 2:
        into.gap(Coverage.PARTIAL, context.at("nested too deep"))
        return
    sniffed = sniff(source, context.name)
    inner = Context(
        path=context.path,
        format=sniffed.format,
        limits=context.limits,
        member=context.member,
        depth=context.depth,
        examine_nested=examine_nested,
    )
    _note_mismatch(inner, sniffed, into)
    examine_as(inner, source, into)
    examine_disguise(inner, source, into)


def _note_mismatch(context: Context, sniffed: Sniffed, into: Examination) -> None:
    if not sniffed.mismatch:
        return
    # Pictures are not looked into: one under the name of a model hides what it carries.
    grave = sniffed.format in EXECUTES | INERT or "two readers" in sniffed.mismatch
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
    for package in ("steelyard.artifacts", "steelyard.scanning"):
        stack = [(package, resources.files(package))]
        while stack:
            name, folder = stack.pop()
            for item in sorted(folder.iterdir(), key=lambda item: item.name, reverse=True):
                path = f"{name}/{item.name}"
                if item.is_dir() and item.name != "__pycache__":
                    stack.append((path, item))
                elif item.name.endswith((".py", ".txt", ".toml", ".json")):
                    hasher.update(f"{path}\0".encode() + item.read_bytes() + b"\0")
    return hasher.hexdigest()
