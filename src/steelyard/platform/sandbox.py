# SPDX-License-Identifier: Apache-2.0
"""Runs the examination of hostile bytes in processes of its own, and distrusts their answers.

The parent lists the files (:mod:`steelyard.platform.tree`), shares them among sandbox processes
(:mod:`steelyard.platform.pool`) and checks every answer (:mod:`steelyard.platform.answers`). A file
that got no answer, because its process died, hung or lied, is reported as not examined.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Self

from msgspec import structs

from steelyard.kernel.errors import UndecidedError
from steelyard.kernel.finding import Coverage, FileReport, verdict_of, worst
from steelyard.kernel.inspection import (
    FilePapers,
    Inspection,
    InspectionRequest,
    PluginRef,
    Scanner,
    Task,
    TreeFile,
)
from steelyard.kernel.limits import DEFAULT_LIMITS, Limits
from steelyard.platform.answers import cleaned
from steelyard.platform.children import start_process
from steelyard.platform.known_bad import KnownBad, note_known_bad
from steelyard.platform.pool import Pool, Progress, merged, usable_cpus, weakest
from steelyard.platform.tree import Tree, walk

__all__ = [
    "PAPERS_AND_BYTES",
    "Progress",
    "Running",
    "begin",
    "cleaned",
    "inspect",
    "start_process",
]

PAPERS_AND_BYTES: tuple[Task, ...] = ("scan", "license", "card")
"""The tasks an assessment rests on."""

_COMMAND: str | tuple[str, ...] = "steelyard.scanning"


def inspect(
    root: Path,
    *,
    tasks: Sequence[Task] = ("scan",),
    limits: Limits = DEFAULT_LIMITS,
    progress: Progress | None = None,
    jobs: int | None = None,
    plugins: Sequence[PluginRef] = (),
    known_bad: KnownBad | None = None,
) -> Inspection:
    """Examine the model at ``root`` and return what was found and what was not examined.

    Raises:
        InputError: there is nothing to examine at ``root``.
        UndecidedError: the sandbox could not be started, or examined nothing at all.
    """
    with begin(
        walk(root, limits),
        tasks=tasks,
        limits=limits,
        progress=progress,
        jobs=jobs,
        plugins=plugins,
        known_bad=known_bad,
    ) as running:
        return running.result()


def begin(
    tree: Tree,
    *,
    tasks: Sequence[Task] = ("scan",),
    limits: Limits = DEFAULT_LIMITS,
    progress: Progress | None = None,
    jobs: int | None = None,
    plugins: Sequence[PluginRef] = (),
    known_bad: KnownBad | None = None,
) -> Running:
    """Start examining ``tree`` and return at once; the caller can do other work meanwhile.

    At most ``jobs`` processes work at a time, by default as many as there are usable processors;
    small work has one anyway. ``plugins`` must all take part. ``known_bad`` is an organization's
    own list of malicious files, besides the one that is shipped.

    Raises:
        UndecidedError: no process can be started.
    """
    scanned = "scan" in tasks
    request = InspectionRequest(
        tasks=tuple(tasks),
        limits=limits,
        roots=tuple(sorted(tree.roots)),
        alone=len(tree.files) == 1 and not scanned,
        plugins=tuple(plugins),
    )
    pool = Pool(
        request,
        tree.files,
        jobs=max(1, jobs if jobs is not None else usable_cpus()),
        progress=progress,
        command=_COMMAND,
    )
    return Running(tree, pool, known_bad)


class Running:
    """An examination under way. Leaving its ``with`` block ends its processes, finished or not."""

    def __init__(self, tree: Tree, pool: Pool, known_bad: KnownBad | None = None) -> None:
        self._tree, self._pool, self._known_bad = tree, pool, known_bad
        self._thread = threading.Thread(target=pool.go, daemon=True)
        self._thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._thread.is_alive():
            self._pool.stop()
            self._thread.join()

    def result(self) -> Inspection:
        """Wait for the end and return the inspection.

        Raises:
            UndecidedError: nothing at all could be examined, or a plug-in could not take part.
        """
        self._thread.join()
        return note_known_bad(_merge(self._tree, self._pool), self._known_bad)


def _merge(tree: Tree, pool: Pool) -> Inspection:
    """Return the inspection with one report for every file the walk saw, whoever answered."""
    if pool.refusal is not None:
        raise UndecidedError(
            f"The plug-in {pool.refusal.plugin!r} cannot take part: {pool.refusal.reason}.",
            next_step="Install the version that is named, or take the plug-in out of the charter "
            "or the command.",
            code="plugin.unusable",
        )
    reports = [
        pool.reports.get(file.path) or _unexamined(file, pool.lost.get(file.path) or pool.failure)
        for file in tree.files
    ]
    reports += tree.reports
    reports.sort(key=lambda report: report.path)
    if pool.failure:
        _refuse_nothing(reports, pool.failure)
        reports = [_lowered(report, pool.failure) for report in reports]
    papers = merged([pool.papers[path] for path in sorted(pool.papers)])
    return Inspection(
        scanner=pool.ready[0].scanner if pool.ready else _no_scanner(),
        files=tuple(reports),
        isolation=weakest(pool.ready),
        tree_findings=tuple(tree.findings),
        rules=pool.ready[0].rules if pool.ready else (),
        **{name: getattr(papers, name) for name in FilePapers.__struct_fields__},
    )


def _refuse_nothing(reports: Sequence[FileReport], failure: str) -> None:
    """Refuse to go on when the sandbox never answered about any file."""
    if all(report.coverage is Coverage.NONE for report in reports):
        raise UndecidedError(
            f"Nothing could be examined: {failure}.",
            next_step="Run again; if it repeats, examine the files one by one to find the cause.",
            code="sandbox.failed",
        )


def _no_scanner() -> Scanner:
    from steelyard import __version__
    from steelyard.kernel.digest import EMPTY_SHA256

    return Scanner(version=__version__, rules_digest=EMPTY_SHA256)


def _lowered(report: FileReport, failure: str) -> FileReport:
    """A run that did not end well may have been tampered with: nothing in it is full."""
    if report.coverage is not Coverage.FULL:
        return report
    return structs.replace(
        report,
        coverage=Coverage.PARTIAL,
        coverage_reason=failure,
        verdict=worst([report.verdict, verdict_of(report.findings, Coverage.PARTIAL)]),
    )


def _unexamined(file: TreeFile, failure: str) -> FileReport:
    return FileReport(
        path=file.path,
        format="unknown",
        size=file.size,
        sha256="",
        verdict=verdict_of((), Coverage.NONE),
        coverage=Coverage.NONE,
        coverage_reason=failure or "the examination did not answer about this file",
    )
