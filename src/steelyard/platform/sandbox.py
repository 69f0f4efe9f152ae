# SPDX-License-Identifier: Apache-2.0
"""Runs the examination of hostile bytes in a process of its own, and distrusts its answer.

The parent lists the files (:mod:`steelyard.platform.tree`), starts ``python -m steelyard.scanning``
without its own environment, and reads one JSON line per finished file. The answer is hostile input:
it must decode into strict types, name exactly the files the parent saw with the sizes it saw, and
its strings are cut and cleaned. Verdicts are recomputed from findings and coverage. A file that got
no answer, because the process died, hung or lied, is reported as not examined.
"""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Self, TypeVar

import msgspec

from steelyard.kernel.digest import is_sha256
from steelyard.kernel.errors import UndecidedError
from steelyard.kernel.finding import Coverage, FileReport, verdict_of, worst
from steelyard.kernel.inspection import Inspection, InspectionRequest, Reply, Task, TreeFile
from steelyard.kernel.limits import DEFAULT_LIMITS, Limits
from steelyard.platform.tree import Tree, walk

Progress = Callable[[str, int], None]
"""Called with the path and size of every finished file."""

PAPERS_AND_BYTES: tuple[Task, ...] = ("scan", "license", "card")
"""The tasks an assessment rests on."""

_COMMAND = ("-E", "-P", "-m", "steelyard.scanning")
_STRING_MOST = 20_000
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
_T = TypeVar("_T")


def inspect(
    root: Path,
    *,
    tasks: Sequence[Task] = ("scan",),
    limits: Limits = DEFAULT_LIMITS,
    progress: Progress | None = None,
) -> Inspection:
    """Examine the model at ``root`` and return what was found and what was not examined.

    Raises:
        InputError: there is nothing to examine at ``root``.
        UndecidedError: the sandbox could not be started, or examined nothing at all.
    """
    with begin(walk(root, limits), tasks=tasks, limits=limits, progress=progress) as running:
        return running.result()


def begin(
    tree: Tree,
    *,
    tasks: Sequence[Task] = ("scan",),
    limits: Limits = DEFAULT_LIMITS,
    progress: Progress | None = None,
) -> Running:
    """Start examining ``tree`` and return at once; the caller can do other work meanwhile."""
    request = InspectionRequest(
        files=tuple(tree.files),
        tasks=tuple(tasks),
        limits=limits,
        roots=tuple(sorted(tree.roots)),
        progress=progress is not None,
    )
    return Running(tree, _Run(request, progress))


class Running:
    """An examination under way. Leaving its ``with`` block ends the process, finished or not."""

    def __init__(self, tree: Tree, run: _Run) -> None:
        self._tree, self._run = tree, run
        self._process = run.start()
        self._thread = threading.Thread(target=run.go, args=[self._process], daemon=True)
        self._thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._thread.is_alive():
            _kill(self._process)
            self._thread.join()

    def result(self) -> Inspection:
        """Wait for the end and return the inspection.

        Raises:
            UndecidedError: nothing at all could be examined.
        """
        self._thread.join()
        return _merge(self._tree, self._run)


class _Run:
    """One sandbox process, its validated answers, and how it ended."""

    def __init__(self, request: InspectionRequest, progress: Progress | None) -> None:
        self.reports: dict[str, FileReport] = {}
        self.end: Inspection | None = None
        self.failure = ""
        self._request = request
        self._question = msgspec.json.encode(request)
        self._expected = {file.path: file for file in request.files}
        self._progress = progress
        self._scanned = "scan" in request.tasks

    def go(self, process: subprocess.Popen[bytes]) -> None:
        """Follow the process to its end, its time limit or its first lie."""
        timer = threading.Timer(self._request.limits.wall_seconds, self._expire, [process])
        timer.daemon = True
        timer.start()
        feeder = threading.Thread(target=self._feed, args=[process], daemon=True)
        watcher = threading.Thread(target=self._watch, args=[process], daemon=True)
        feeder.start()
        watcher.start()
        try:
            self._read(process)
        finally:
            timer.cancel()
            if self.failure or self.end is None:
                _kill(process)
            code = process.wait()
            watcher.join(5)
            feeder.join(5)
            for pipe in (process.stdout, process.stderr):
                if pipe is not None:
                    pipe.close()
        if self.end is None and not self.failure:
            how = f"by signal {-code}" if code < 0 else f"with exit code {code}"
            self.failure = f"the examination ended early ({how})"

    def start(self) -> subprocess.Popen[bytes]:
        """Start the process, without this one's environment, in a session of its own."""
        # What the dynamic loader needs to find this very Python; nothing else crosses.
        keep = ("LD_LIBRARY_PATH",)
        environment = {name: os.environ[name] for name in keep if name in os.environ}
        try:
            return subprocess.Popen(
                [sys.executable, *_COMMAND],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env=environment | {"LC_ALL": "C.UTF-8"},
                cwd="/",
                start_new_session=True,
            )
        except OSError as error:
            raise UndecidedError(
                f"The examination process cannot be started: {error.strerror}.",
                next_step="Check that this Python can start itself.",
                code="sandbox.start",
            ) from error

    def _expire(self, process: subprocess.Popen[bytes]) -> None:
        self.failure = (
            f"the examination took longer than {self._request.limits.wall_seconds:.0f} seconds"
        )
        _kill(process)

    def _feed(self, process: subprocess.Popen[bytes]) -> None:
        assert process.stdin is not None
        # A child that died before reading shows in its exit code.
        with contextlib.suppress(BrokenPipeError), process.stdin:
            process.stdin.write(self._question)

    def _watch(self, process: subprocess.Popen[bytes]) -> None:
        """Drain standard error; lines that are progress of a known file are passed on."""
        stream = process.stderr
        assert stream is not None
        decoder = msgspec.json.Decoder(tuple[str, int])
        while line := stream.readline(65_536):
            if self._progress is None:
                continue
            with contextlib.suppress(msgspec.MsgspecError):
                path, _ = decoder.decode(line)
                if path in self._expected:
                    self._progress(path, self._expected[path].size)

    def _read(self, process: subprocess.Popen[bytes]) -> None:
        assert process.stdout is not None
        decoder = msgspec.json.Decoder(Reply)
        left = self._request.limits.reply_bytes
        while line := process.stdout.readline(left + 1):
            left -= len(line)
            if left < 0:
                self.failure = "the examination answered with too much"
                return
            try:
                reply = decoder.decode(line)
            except (msgspec.MsgspecError, RecursionError):
                self.failure = self.failure or "the examination answered with something unreadable"
                return
            if reply.file is not None and not self._accept(reply.file):
                self.failure = "the examination answered about files it was not asked about"
                return
            if reply.end is not None:
                self.end = _cleaned(reply.end, Inspection)

    def _accept(self, report: FileReport) -> bool:
        """Keep one report if it is about a file we asked for and have no report of."""
        file = self._expected.get(report.path)
        if file is None or report.path in self.reports or report.size != file.size:
            return False
        digest_ok = is_sha256(report.sha256) or (
            report.sha256 == "" and self._may_lack_digest(report)
        )
        if not digest_ok:
            return False
        clean = _cleaned(msgspec.structs.replace(report, path=""), FileReport)
        verdict = worst([clean.verdict, verdict_of(clean.findings, clean.coverage)])
        self.reports[report.path] = msgspec.structs.replace(
            clean, path=report.path, verdict=verdict
        )
        return True

    def _may_lack_digest(self, report: FileReport) -> bool:
        return not self._scanned or report.coverage is Coverage.NONE


def _merge(tree: Tree, run: _Run) -> Inspection:
    """Return the inspection with one report for every file the walk saw."""
    reports = [run.reports.get(file.path) or _unexamined(file, run.failure) for file in tree.files]
    reports += tree.reports
    reports.sort(key=lambda report: report.path)
    end = run.end
    if end is None:
        _refuse_nothing(reports, run.failure)
        reports = [_lowered(report, run.failure) for report in reports]
        end = _no_end()
    return msgspec.structs.replace(
        end, files=tuple(reports), tree_findings=(*tree.findings, *end.tree_findings)
    )


def _refuse_nothing(reports: Sequence[FileReport], failure: str) -> None:
    """Refuse to go on when the sandbox never answered about any file."""
    if all(report.coverage is Coverage.NONE for report in reports):
        raise UndecidedError(
            f"Nothing could be examined: {failure or 'the examination did not answer'}.",
            next_step="Run again; if it repeats, examine the files one by one to find the cause.",
            code="sandbox.failed",
        )


def _no_end() -> Inspection:
    from steelyard import __version__
    from steelyard.kernel.digest import EMPTY_SHA256
    from steelyard.kernel.inspection import Scanner

    return Inspection(scanner=Scanner(version=__version__, rules_digest=EMPTY_SHA256), files=())


def _lowered(report: FileReport, failure: str) -> FileReport:
    """A run that did not end may have missed papers and tree findings: nothing in it is full."""
    if report.coverage is not Coverage.FULL:
        return report
    return msgspec.structs.replace(
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


def _kill(process: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)


def _cleaned(value: _T, kind: type[_T]) -> _T:
    """Return ``value`` with every string cut and freed of control and direction characters."""
    plain = msgspec.to_builtins(value)
    return msgspec.convert(_clean(plain), kind)


def _clean(value: Any) -> Any:
    if isinstance(value, str):
        return _CONTROL.sub("\ufffd", value[:_STRING_MOST])
    if isinstance(value, dict):
        return {_clean(key): _clean(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_clean(item) for item in value]
    return value
