# SPDX-License-Identifier: Apache-2.0
"""Sums up an inspection: coverage, findings in order, files, and what the model says it is."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from msgspec import Struct

from steelyard.kernel.assessment import (
    ComponentFile,
    CoverageGap,
    CoverageSummary,
    LocatedFinding,
    Model,
    Subject,
)
from steelyard.kernel.card import ModelCard
from steelyard.kernel.finding import (
    SEVERITY_ORDER,
    Coverage,
    FileReport,
    Finding,
    Verdict,
    verdict_of,
    worst,
)
from steelyard.kernel.inspection import Inspection
from steelyard.kernel.manifest import FileEntry, Manifest, manifest_of

_SAFE_INTEGER = 2**53 - 1
"""Headers may claim any number; larger ones than this no JSON reader keeps exactly."""
_COVERAGE_WORST_FIRST = (Coverage.NONE, Coverage.PARTIAL, Coverage.FULL)


class Summary(Struct, frozen=True):
    """An inspection summed up once, for the facts and for the document."""

    verdict: Verdict
    coverage: CoverageSummary
    findings: tuple[LocatedFinding, ...]
    card: ModelCard | None
    model: Model


def summarize(subject: Subject, inspection: Inspection) -> Summary:
    """Return everything this module says about ``inspection``."""
    card = main_card(inspection.cards)
    return Summary(
        verdict=overall_verdict(inspection),
        coverage=coverage_summary(inspection.files),
        findings=located_findings(inspection),
        card=card,
        model=model_summary(subject, inspection, card),
    )


def manifest_from(inspection: Inspection) -> Manifest:
    """Return the manifest of the files whose bytes were read; what could not be read is a gap."""
    return manifest_of(
        FileEntry(path=report.path, size=report.size, sha256=report.sha256)
        for report in inspection.files
        if report.sha256
    )


def overall_verdict(inspection: Inspection) -> Verdict:
    """Return the worst verdict of the files and of what was found about the tree."""
    verdicts = [report.verdict for report in inspection.files]
    if inspection.tree_findings:
        verdicts.append(verdict_of(inspection.tree_findings, Coverage.FULL))
    return worst(verdicts)


def coverage_summary(files: Sequence[FileReport]) -> CoverageSummary:
    """Count files by coverage; the level of the whole is that of its worst file."""
    counts = {level: sum(file.coverage is level for file in files) for level in Coverage}
    level = next((level for level in _COVERAGE_WORST_FIRST if counts[level]), Coverage.NONE)
    gaps = tuple(
        CoverageGap(path=file.path, level=file.coverage.value, reason=file.coverage_reason)
        for file in files
        if file.coverage is not Coverage.FULL
    )
    return CoverageSummary(
        level=level.value,
        files=len(files),
        full=counts[Coverage.FULL],
        partial=counts[Coverage.PARTIAL],
        none=counts[Coverage.NONE],
        gaps=gaps,
    )


def located_findings(inspection: Inspection) -> tuple[LocatedFinding, ...]:
    """Return every finding with its file, worst first, then by path."""
    located = [
        _located(report.path, finding) for report in inspection.files for finding in report.findings
    ]
    located += [_located("", finding) for finding in inspection.tree_findings]
    located.sort(key=lambda finding: (SEVERITY_ORDER.index(finding.severity), finding.path))
    return tuple(located)


def _located(path: str, finding: Finding) -> LocatedFinding:
    return LocatedFinding(
        path=path,
        rule=finding.rule,
        severity=finding.severity,
        message=finding.message,
        location=finding.location,
        evidence=finding.evidence,
        remedy=finding.remedy,
    )


def component_files(files: Sequence[FileReport]) -> tuple[ComponentFile, ...]:
    """Return the files as reports list them, by path."""
    return tuple(
        ComponentFile(
            path=file.path,
            format=file.format,
            size=file.size,
            sha256=file.sha256,
            verdict=file.verdict,
            coverage=file.coverage.value,
        )
        for file in sorted(files, key=lambda file: file.path)
    )


def main_card(cards: Sequence[ModelCard]) -> ModelCard | None:
    """Return the ``README`` at the root of the tree, else the shallowest card."""

    def rank(card: ModelCard) -> tuple[int, bool, str]:
        name = card.path.rpartition("/")[2].lower()
        return card.path.count("/"), not name.startswith("readme"), card.path

    return min(cards, key=rank, default=None)


def model_summary(subject: Subject, inspection: Inspection, card: ModelCard | None) -> Model:
    """Return what the model is, as its own files state it.

    ``parameters`` counts the tensors of one weight format only (the largest sum), because the same
    weights are often shipped in several formats.
    """
    configs = sorted(inspection.configs, key=lambda config: (config.path.count("/"), config.path))
    by_format: dict[str, int] = {}
    for file in inspection.files:
        if file.traits.weights:
            by_format[file.format] = by_format.get(file.format, 0) + file.traits.parameters
    publisher, _, _ = subject.name.rpartition("/")
    libraries = [card.library_name] if card else []
    libraries += [config.library for config in configs]
    return Model(
        publisher=publisher,
        task=card.pipeline_tag if card else "",
        library=_first(libraries),
        library_version=_first(config.library_version for config in configs),
        model_type=_first(config.model_type for config in configs),
        architectures=_unique(name for config in configs for name in config.architectures),
        languages=card.languages if card else (),
        formats=tuple(sorted(by_format)),
        parameters=min(max(by_format.values(), default=0), _SAFE_INTEGER),
        base_models=card.base_models if card else (),
        datasets=card.datasets if card else (),
    )


def _first(values: Iterable[str]) -> str:
    return next((value for value in values if value), "")


def _unique(values: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(values))
