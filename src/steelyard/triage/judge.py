# SPDX-License-Identifier: Apache-2.0
"""Decides which findings of a scan count, and sums up what is left."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from steelyard.kernel.finding import (
    SEVERITY_ORDER,
    Coverage,
    FileReport,
    Finding,
    Severity,
    Verdict,
    verdict_of,
    worst,
)
from steelyard.kernel.triage import Disposition, Gone, Triage, identities

if TYPE_CHECKING:
    from steelyard.triage.baseline import Baseline, KnownFile
    from steelyard.triage.suppressions import Suppression

_GONE_KEPT = 1000


def triage(
    files: Sequence[FileReport],
    tree_findings: Sequence[Finding],
    *,
    baseline: Baseline | None = None,
    suppressions: Sequence[Suppression] = (),
    today: datetime.date,
) -> Triage:
    """Return which findings do not count and the verdicts without them.

    A finding is known if the baseline has it in the same file, no less severe; a critical one only
    while the file's bytes are the same, which a file without a digest cannot show. Coverage always
    counts: neither baseline nor suppression examines a file.
    """
    in_force = [entry for entry in suppressions if entry.expires >= today]
    used: set[int] = set()
    decided: dict[tuple[str, int], Disposition] = {}
    verdicts = {}
    gone: list[Gone] = []
    for report in files:
        known = baseline.files.get(report.path) if baseline is not None else None
        _known(report.path, report.findings, report.sha256, known, decided)
        _suppressed(report, in_force, decided, used)
        gone += _gone(report.path, report.findings, known)
        verdicts[report.path] = _verdict(report, decided)
    of_tree = baseline.files.get("") if baseline is not None else None
    _known("", tree_findings, "", of_tree, decided)
    left = [f for i, f in enumerate(tree_findings) if ("", i) not in decided]
    every = [*verdicts.values()]
    if left:
        every.append(verdict_of(left, Coverage.FULL))
    paths = {report.path for report in files}
    for path, file in baseline.files.items() if baseline is not None else ():
        if path and path not in paths:
            gone += [
                Gone(path=path, rule=f.rule, message=f.message) for f in file.findings.values()
            ]
    return Triage(
        dispositions=decided,
        verdict=worst(every),
        file_verdicts=verdicts,
        gone=tuple(gone[:_GONE_KEPT]),
        notes=tuple(_notes(suppressions, in_force, used, today)),
        compared=baseline is not None,
    )


def _verdict(report: FileReport, decided: Mapping[tuple[str, int], Disposition]) -> Verdict:
    """Return the verdict without what was decided; what made it worse than its findings stays."""
    left = [f for i, f in enumerate(report.findings) if (report.path, i) not in decided]
    own = verdict_of(left, report.coverage)
    explained = report.verdict is verdict_of(report.findings, report.coverage)
    return own if explained else worst([own, report.verdict])


def _known(
    path: str,
    findings: Sequence[Finding],
    sha256: str,
    known: KnownFile | None,
    decided: dict[tuple[str, int], Disposition],
) -> None:
    if known is None:
        return
    same = sha256 != "" and sha256 == known.sha256
    for index, identity in enumerate(identities(path, findings)):
        before = known.findings.get(identity)
        severity = findings[index].severity
        if before is None or SEVERITY_ORDER.index(severity) < SEVERITY_ORDER.index(before.severity):
            continue
        if same or severity is not Severity.CRITICAL:
            decided[path, index] = Disposition(kind="known")


def _suppressed(
    report: FileReport,
    entries: Sequence[Suppression],
    decided: dict[tuple[str, int], Disposition],
    used: set[int],
) -> None:
    for index, finding in enumerate(report.findings) if entries else ():
        for number, entry in enumerate(entries):
            if entry.matches(report, finding):
                used.add(number)
                suppressed = Disposition(
                    kind="suppressed",
                    reason=entry.reason,
                    owner=entry.owner,
                    expires=entry.expires.isoformat(),
                )
                decided.setdefault((report.path, index), suppressed)
                break


def _gone(path: str, findings: Sequence[Finding], known: KnownFile | None) -> list[Gone]:
    if known is None:
        return []
    now = set(identities(path, findings))
    return [
        Gone(path=path, rule=finding.rule, message=finding.message)
        for identity, finding in known.findings.items()
        if identity not in now
    ]


def _notes(
    entries: Sequence[Suppression],
    in_force: Sequence[Suppression],
    used: set[int],
    today: datetime.date,
) -> list[str]:
    notes = [
        f"The suppression of {entry.rule} in {entry.path} by {entry.owner} ended on "
        f"{entry.expires} and does not count."
        for entry in entries
        if entry.expires < today
    ]
    for number, entry in enumerate(in_force):
        if number not in used:
            why = "" if entry.sha256 else " (a critical finding needs the file's sha256)"
            notes.append(
                f"The suppression of {entry.rule} in {entry.path} matches no finding{why}."
            )
    return notes
