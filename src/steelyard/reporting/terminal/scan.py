# SPDX-License-Identifier: Apache-2.0
"""A scan as text to read and to paste into a ticket: verdict, findings, gaps, summary."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence

from msgspec import Struct

from steelyard.kernel.finding import (
    VERDICT_ORDER,
    Coverage,
    FileReport,
    Finding,
    Severity,
    Verdict,
    by_severity,
)
from steelyard.kernel.triage import Triage
from steelyard.kernel.weights import WeightReport
from steelyard.reporting.chips import SEVERITIES, VERDICTS, Chip
from steelyard.reporting.terminal.plain import Screen
from steelyard.reporting.text import visible
from steelyard.reporting.view import count_text, size_text

_FILES_LISTED = 25
"""Files up to which the summary has a row for each; beyond, one for each format."""
_TABLE_LEAST = 80
"""Columns below which the summary by format is sentences, and that by file has no formats."""
_GAPS_LISTED = 20
_SHOWN_MOST = 300
_GRAVE = (Severity.CRITICAL, Severity.HIGH, Severity.MEDIUM)
_NEXT = {
    Verdict.CLEAN: "Nothing was found that needs a person. This says nothing about what the model "
    "will answer.",
    Verdict.UNREADABLE: "Look at what was not examined before anybody loads this model.",
    Verdict.SUSPICIOUS: "A person must look at the findings above. `steelyard scan --explain RULE` "
    "says what a rule means and when it is harmless.",
    Verdict.MALICIOUS: "Do not load this model. Keep the files, tell the publisher and your "
    "security team; `steelyard scan --explain RULE` says what a rule means.",
}


class Scan(Struct, frozen=True, kw_only=True):
    """What is to be shown."""

    title: str
    files: Sequence[FileReport]
    tree_findings: Sequence[Finding]
    triage: Triage
    version: str
    isolation: Sequence[str]
    seconds: float
    weights: WeightReport | None = None
    verbose: bool = False


def scan_lines(scan: Scan, screen: Screen) -> Iterator[str]:
    """Yield the lines of a scan."""
    yield from _headline(scan, screen)
    yield from _findings(scan, screen)
    yield from _notes(scan, screen)
    yield from _gaps(scan, screen)
    yield from _weights(scan, screen)
    yield from _triage(scan, screen)
    yield ""
    yield from _summary(scan, screen)
    yield ""
    yield from screen.wrapped(_NEXT[scan.triage.verdict], first="Next: ", indent=6)


def _headline(scan: Scan, screen: Screen) -> Iterator[str]:
    size = size_text(sum(report.size for report in scan.files))
    parts = [
        visible(scan.title, 200), _count(len(scan.files), "file"), size,
        f"{scan.seconds:.1f} s", f"steelyard {scan.version}",
    ]  # fmt: skip
    chip = VERDICTS[scan.triage.verdict]
    yield from screen.after_chip(chip, " · ".join(parts), indent=2, strong=True)
    missing = [wall for wall in scan.isolation if wall.startswith("no ")]
    if missing:
        yield from screen.wrapped(
            f"The sandbox ran without {', '.join(wall[3:] for wall in missing)} on this machine."
        )


def _findings(scan: Scan, screen: Screen) -> Iterator[str]:
    """Show every file with a finding that counts and needs a person, the worst first."""
    if _counting(scan, "", scan.tree_findings):
        yield ""
        yield screen.bold("Several files together")
        yield from _listed(scan, "", scan.tree_findings, screen)
    for report in _worst_first(scan):
        quiet = scan.triage.file_verdicts[report.path] in (Verdict.CLEAN, Verdict.UNREADABLE)
        if quiet and not (scan.verbose and report.findings):
            continue
        yield ""
        yield from _heading(report, VERDICTS[scan.triage.file_verdicts[report.path]], screen)
        yield from _listed(scan, report.path, report.findings, screen)


def _heading(report: FileReport, chip: Chip, screen: Screen) -> Iterator[str]:
    """Name the file, whole on one line so that it can be copied, and say what it is."""
    name, verdict = visible(report.path, 200), screen.chip(chip)
    facts = f"{report.format} · {size_text(report.size)}"
    if report.sha256:
        whole = f"{facts} · sha256 {report.sha256}"
        facts = whole if len(whole) + 2 <= screen.width else whole[:-48]
    if len(name) + len(chip.word) + 4 <= screen.width:
        yield f"{screen.bold(name)}  {verdict}"
    else:
        yield screen.bold(name)
        yield f"  {verdict}"
    yield f"  {screen.faint(facts)}"


def _worst_first(scan: Scan) -> list[FileReport]:
    verdicts = scan.triage.file_verdicts
    return sorted(
        scan.files, key=lambda report: (-VERDICT_ORDER.index(verdicts[report.path]), report.path)
    )


def _counting(scan: Scan, path: str, findings: Sequence[Finding]) -> list[Finding]:
    return [
        finding for index, finding in enumerate(findings) if scan.triage.of(path, index) is None
    ]


def _listed(scan: Scan, path: str, findings: Sequence[Finding], screen: Screen) -> Iterator[str]:
    for finding in by_severity(_counting(scan, path, findings)):
        chip = SEVERITIES[finding.severity]
        yield from screen.after_chip(chip, visible(finding.message), margin=2, indent=6)
        for label, value in (
            ("rule", finding.rule),
            ("where", finding.location),
            ("proof", finding.evidence),
            ("next", finding.remedy),
        ):
            if value:
                text = visible(value, _SHOWN_MOST)
                yield from screen.labelled(label, text, margin=6, width=7)


def _notes(scan: Scan, screen: Screen) -> Iterator[str]:
    """Sum up, by rule, what is worth knowing about files that need nobody."""
    if scan.verbose:
        return
    places: dict[tuple[Severity, str], list[str]] = defaultdict(list)
    for report in scan.files:
        if scan.triage.file_verdicts[report.path] in (Verdict.CLEAN, Verdict.UNREADABLE):
            for finding in _counting(scan, report.path, report.findings):
                if finding.severity not in _GRAVE:
                    places[finding.severity, finding.rule].append(report.path)
    if not places:
        return
    from steelyard.catalog.rules import scanner_rule

    yield ""
    yield f"{screen.bold('Worth knowing')}  {screen.faint('--verbose shows each')}"
    for (severity, rule), paths in sorted(places.items(), key=lambda item: item[0][1]):
        known = scanner_rule(rule)
        title = known.title if known else rule
        unique = list(dict.fromkeys(paths))
        more = f" and {len(unique) - 1} more" if len(unique) > 1 else ""
        text = f"{title}: {visible(unique[0], 80)}{more} ({rule})"
        yield from screen.after_chip(SEVERITIES[severity], text, margin=2, indent=6)


def _gaps(scan: Scan, screen: Screen) -> Iterator[str]:
    gaps = [report for report in scan.files if report.coverage is not Coverage.FULL]
    if not gaps:
        return
    size = size_text(sum(report.size for report in gaps))
    yield ""
    facts = f"{_count(len(gaps), 'file')} · {size}"
    yield f"{screen.bold('Not fully examined')}  {screen.text(facts)}"
    for report in gaps[: None if scan.verbose else _GAPS_LISTED]:
        how = "not at all" if report.coverage is Coverage.NONE else "in part"
        reason = visible(report.coverage_reason or "no reason was given", _SHOWN_MOST)
        text = f"{visible(report.path, 160)} ({size_text(report.size)}, {how}): {reason}"
        yield from screen.wrapped(text, first="  ", indent=4)
    if len(gaps) > _GAPS_LISTED and not scan.verbose:
        yield screen.text(f"  … and {len(gaps) - _GAPS_LISTED} more; --verbose lists them")


def _weights(scan: Scan, screen: Screen) -> Iterator[str]:
    if scan.weights is None:
        return
    report = scan.weights
    yield ""
    kinds = ", ".join(report.dtypes) or "none in safetensors files"
    tensors = _count(len(report.weights.tensors), "tensor")
    text = f"{tensors} · {count_text(report.parameters)} parameters · {kinds}"
    yield f"{screen.bold('Weights')}  {screen.text(text)}"
    if report.comparison is not None:
        yield from screen.wrapped(report.comparison.sentence, first="  ", indent=2)
    for gap in report.gaps:
        text = f"not looked at: {visible(gap.path, 160)}: {visible(gap.reason)}"
        yield from screen.wrapped(text, first="  ", indent=4)


def _triage(scan: Scan, screen: Screen) -> Iterator[str]:
    triage = scan.triage
    if not (triage.dispositions or triage.gone or triage.notes):
        return
    yield ""
    yield screen.bold("Decided earlier")
    kinds = Counter(decided.kind for decided in triage.dispositions.values())
    if kinds["known"]:
        yield f"  {_count(kinds['known'], 'finding')} known from the baseline"
    rules: Mapping[str, Sequence[Finding]] = {report.path: report.findings for report in scan.files}
    for (path, index), decided in sorted(triage.dispositions.items()):
        if decided.kind == "suppressed":
            text = (
                f"suppressed until {decided.expires}: {rules[path][index].rule} in "
                f"{visible(path, 120)} ({visible(decided.owner, 80)}: {visible(decided.reason)})"
            )
            yield from screen.wrapped(text, first="  ", indent=4)
    for gone in triage.gone[:_GAPS_LISTED]:
        yield from screen.wrapped(
            f"gone: {gone.rule} in {visible(gone.path, 120)}", first="  ", indent=4
        )
    for note in triage.notes:
        yield from screen.wrapped(visible(note), first="  ", indent=4)


def _summary(scan: Scan, screen: Screen) -> Iterator[str]:
    verdicts = scan.triage.file_verdicts
    if len(scan.files) <= _FILES_LISTED:
        rows = [
            [visible(report.path, 200), report.format, size_text(report.size),
             verdicts[report.path].value,
             {"full": "fully", "partial": "partly", "none": "not"}[report.coverage.value]]
            for report in scan.files
        ]  # fmt: skip
        head = ["file", "format", "size", "verdict", "examined"]
        size = 2
        if screen.width < _TABLE_LEAST:  # a name says more than a format
            head, rows, size = head[:1] + head[2:], [row[:1] + row[2:] for row in rows], 1
        yield from screen.columns(head, rows, frozenset({size}), VERDICTS)
        return
    files: Counter[str] = Counter()
    sizes: Counter[str] = Counter()
    counts: dict[str, Counter[Verdict]] = defaultdict(Counter)
    for report in scan.files:
        files[report.format] += 1
        sizes[report.format] += report.size
        counts[report.format][verdicts[report.path]] += 1
    shown = [
        verdict for verdict in reversed(VERDICT_ORDER) if any(c[verdict] for c in counts.values())
    ]
    if screen.width < _TABLE_LEAST:
        for kind, number in files.most_common():
            told = ", ".join(f"{counts[kind][v]} {v.value}" for v in shown if counts[kind][v])
            text = f"{kind}: {_count(number, 'file')}, {size_text(sizes[kind])}; {told}"
            yield from screen.wrapped(text, indent=2)
        return
    rows = [
        [kind, str(number), size_text(sizes[kind]),
         *(str(counts[kind][verdict] or "-") for verdict in shown)]
        for kind, number in sorted(files.items(), key=lambda item: (-item[1], item[0]))
    ]  # fmt: skip
    head = ["format", "files", "size", *(verdict.value for verdict in shown)]
    yield from screen.columns(head, rows, frozenset(range(1, len(head))))


def _count(number: int, word: str) -> str:
    return f"{number:,} {word}{'' if number == 1 else 's'}"
