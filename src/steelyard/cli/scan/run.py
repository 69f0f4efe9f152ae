# SPDX-License-Identifier: Apache-2.0
"""What ``steelyard scan`` does between its words and its output."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct, structs

from steelyard.cli.progress import examining
from steelyard.kernel.errors import InputError
from steelyard.kernel.finding import FileReport, Finding, verdict_of, worst
from steelyard.kernel.inspection import Inspection
from steelyard.kernel.triage import Triage
from steelyard.kernel.weights import WeightPrint, WeightReport
from steelyard.platform.tree import Tree
from steelyard.reporting.terminal.plain import Screen

if TYPE_CHECKING:
    from steelyard.triage.suppressions import Suppression


_REPOSITORY = re.compile(r"\A[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*\Z")


class Options(Struct, frozen=True, kw_only=True):
    """The options that decide what is examined and what counts."""

    quiet: bool = False
    jobs: int | None = None
    baseline: Path | None = None
    write_baseline: Path | None = None
    suppressions: Path | None = None
    known_bad: Path | None = None
    plugins: tuple[str, ...] = ()
    weights: bool = False
    base: str | None = None
    write_prints: Path | None = None


class Result(Struct, frozen=True, kw_only=True):
    """Everything a scan showed."""

    title: str
    inspection: Inspection
    triage: Triage
    seconds: float
    weights: WeightReport | None = None
    decided: bool = False
    """Whether a baseline or suppressions took part."""

    def lines(self, screen: Screen, *, verbose: bool) -> Iterator[str]:
        """Yield the scan as text."""
        from steelyard.reporting.terminal.scan import Scan, scan_lines

        scan = Scan(
            title=self.title,
            files=self.inspection.files,
            tree_findings=self.inspection.tree_findings,
            triage=self.triage,
            version=self.inspection.scanner.version,
            isolation=self.inspection.isolation,
            seconds=self.seconds,
            weights=self.weights,
            verbose=verbose,
        )
        return scan_lines(scan, screen)


def run(references: Sequence[str], options: Options) -> Result:
    """Examine what ``references`` name.

    Raises:
        InputError: a reference, a file of an option, or a plug-in's name is wrong.
        UndecidedError: nothing could be examined, or a plug-in could not take part.
    """
    from steelyard.platform.sandbox import begin
    from steelyard.platform.tree import join

    started = time.monotonic()
    judge = _Judge(options)
    tree = join([local(reference) for reference in references])
    base = _base(options) if options.weights or options.base or options.write_prints else None
    with (
        examining(tree, quiet=options.quiet) as progress,
        begin(
            tree, progress=progress, jobs=options.jobs, plugins=judge.plugins,
            known_bad=judge.known_bad,
        ) as running,
    ):  # fmt: skip
        inspection = running.result()
    weights = None
    if base is not None:
        weights = _survey(tree, base, options)
        inspection = _with_weights(inspection, weights)
    result = Result(
        title=references[0] if len(references) == 1 else f"{len(references)} models",
        inspection=inspection,
        triage=judge.triage(inspection),
        seconds=time.monotonic() - started,
        weights=weights,
        decided=bool(options.baseline or options.suppressions),
    )
    if options.write_baseline is not None:
        everything = structs.replace(result, triage=judge.undecided(inspection), decided=False)
        _write(document(everything, "json"), options.write_baseline)
    return result


def document(result: Result, output_format: str, *, verbose: bool = False) -> bytes:
    """Return a scan as a document of one of the formats."""
    inspection = result.inspection
    tree_findings = inspection.tree_findings
    decided = result.triage if result.decided else None
    if output_format == "text":
        lines = result.lines(Screen(), verbose=verbose)
        return "\n".join(lines).encode("utf-8", "backslashreplace")
    if output_format == "sarif":
        from steelyard.reporting.sarif import scan_sarif

        return scan_sarif(
            inspection.files, inspection.scanner, tree_findings=tree_findings,
            rules=inspection.rules, triage=decided,
        )  # fmt: skip
    if output_format == "junit":
        from steelyard.reporting.junit import scan_junit

        return scan_junit(
            inspection.files, inspection.scanner, result.triage, tree_findings=tree_findings
        )
    from steelyard.reporting.json_document import scan_json

    verdicts = result.triage.file_verdicts
    files = [
        report
        if report.verdict is verdicts[report.path]
        else structs.replace(report, verdict=verdicts[report.path])
        for report in inspection.files
    ]
    return scan_json(
        files, inspection.scanner, result.triage.verdict,
        tree_findings=tree_findings, rules=inspection.rules, triage=decided,
        weights=result.weights,
    )  # fmt: skip


def local(reference: str) -> Path:
    """Return the path a reference names, fetched first if it is on a hub.

    Raises:
        InputError: there is nothing at the path, and it looks like a repository's name.
    """
    from steelyard.cli.assess import local_path

    if reference == "-":
        raise InputError(
            "Standard input cannot be scanned: a file's name and size matter.",
            next_step="Write it to a file and name that.",
            code="scan.stdin",
        )
    path = local_path(reference)
    if _REPOSITORY.match(reference) and not path.exists() and not path.parent.exists():
        raise InputError(
            f"There is nothing at {reference!r}.",
            next_step=f"If it is a repository on a hub, write hf:{reference}.",
            code="path.missing",
        )
    return path


class _Judge:
    """Reads the files of the options before anything is examined, so that errors come first."""

    def __init__(self, options: Options) -> None:
        from steelyard import bootstrap

        self.plugins = [bootstrap.parse_plugin(text) for text in options.plugins]
        self.known_bad = None
        if options.known_bad is not None:
            from steelyard.platform.known_bad import read_known_bad

            self.known_bad = read_known_bad(options.known_bad)
        self._today = bootstrap.utc_now().date()
        self._baseline = None
        if options.baseline is not None:
            from steelyard.triage.baseline import read_baseline

            self._baseline = read_baseline(_bytes(options.baseline), str(options.baseline))
        self._suppressions: Sequence[Suppression] = ()
        if options.suppressions is not None:
            self._suppressions = self._read_suppressions(options.suppressions)

    def _read_suppressions(self, path: Path) -> Sequence[Suppression]:
        from steelyard import bootstrap
        from steelyard.catalog.rules import scanner_rules
        from steelyard.triage.suppressions import read_suppressions

        text = bootstrap.read_text(path, "file of suppressions")
        return read_suppressions(text, str(path), self._today, frozenset(scanner_rules()))

    def undecided(self, inspection: Inspection) -> Triage:
        """Return the triage in which everything counts."""
        from steelyard.triage.judge import triage

        return triage(inspection.files, inspection.tree_findings, today=self._today)

    def triage(self, inspection: Inspection) -> Triage:
        """Return what counts."""
        from steelyard.triage.judge import triage

        return triage(
            inspection.files,
            inspection.tree_findings,
            baseline=self._baseline,
            suppressions=self._suppressions,
            today=self._today,
        )


class _Base(Struct, frozen=True):
    """What weights are compared with, if anything."""

    source: Tree | WeightPrint | None = None
    name: str = ""


def _base(options: Options) -> _Base:
    if options.base is None:
        return _Base()
    path = local(options.base)
    if path.is_file() and path.suffix == ".json":
        from steelyard.platform.weights import read_print

        return _Base(read_print(path), options.base)
    from steelyard.platform.tree import join

    return _Base(join([path]), options.base)


def _survey(tree: Tree, base: _Base, options: Options) -> WeightReport:
    from steelyard.platform.weights import survey_weights

    report = survey_weights(tree, base=base.source, base_name=base.name)
    if options.write_prints is not None:
        import msgspec

        _write(msgspec.json.encode(report.weights), options.write_prints)
    return report


def _with_weights(inspection: Inspection, weights: WeightReport) -> Inspection:
    """Put the findings about numbers to those about structure."""
    by_path: dict[str, list[Finding]] = {}
    for item in weights.findings:
        by_path.setdefault(item.path, []).append(item.finding)
    return structs.replace(
        inspection,
        files=tuple(_added(report, by_path.get(report.path, [])) for report in inspection.files),
        tree_findings=(*inspection.tree_findings, *by_path.get("", [])),
    )


def _added(report: FileReport, findings: list[Finding]) -> FileReport:
    if not findings:
        return report
    every = (*report.findings, *findings)
    verdict = worst([report.verdict, verdict_of(every, report.coverage)])
    return structs.replace(report, findings=every, verdict=verdict)


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise InputError(
            f"{str(path)!r} cannot be read: {error.strerror}.",
            next_step="Check the path and its permissions.",
            code="input.unreadable",
        ) from error


def _write(data: bytes, path: Path) -> None:
    from steelyard.cli.door import deliver

    deliver(data, path)
