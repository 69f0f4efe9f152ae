# SPDX-License-Identifier: Apache-2.0
"""A scan as JUnit XML, which every CI system shows: one test case a file.

A finding of medium severity and above is a failure, a file that was not fully examined an error;
what is known or suppressed is told in the case's output and does not fail it. The shape is the one
the Jenkins xUnit schema describes.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from xml.sax.saxutils import escape, quoteattr

from steelyard.kernel.finding import Coverage, FileReport, Finding, Severity
from steelyard.kernel.inspection import Scanner
from steelyard.kernel.triage import Triage

_FAILING = (Severity.CRITICAL, Severity.HIGH, Severity.MEDIUM)
_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def scan_junit(
    files: Sequence[FileReport],
    scanner: Scanner,
    triage: Triage,
    *,
    tree_findings: Sequence[Finding] = (),
) -> bytes:
    """Return the scan as one JUnit test suite."""
    cases = [_case(report.path, report.findings, report, triage) for report in files]
    if tree_findings:
        cases.append(_case("", tree_findings, None, triage))
    failures = sum("<failure " in case for case in cases)
    errors = sum("<error " in case for case in cases)
    head = (
        f'<testsuite name="steelyard scan" tests="{len(cases)}" failures="{failures}" '
        f'errors="{errors}" skipped="0" time="0">'
    )
    properties = "".join(
        f"<property name={quoteattr(name)} value={quoteattr(_clean(value))}/>"
        for name, value in (("version", scanner.version), ("rules_digest", scanner.rules_digest))
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<testsuites>\n'
        f"{head}\n<properties>{properties}</properties>\n" + "\n".join(cases)
        + "\n</testsuite>\n</testsuites>"
    ).encode()  # fmt: skip


def _case(path: str, findings: Sequence[Finding], report: FileReport | None, triage: Triage) -> str:
    counted, told = [], []
    for index, finding in enumerate(findings):
        decided = triage.of(path, index)
        if decided is None and finding.severity in _FAILING:
            counted.append(finding)
        else:
            mark = f"[{decided.kind}] " if decided else ""
            told.append(f"{mark}{_line(finding)}")
    parts = []
    if counted:
        title = f"{len(counted)} finding{'s' if len(counted) > 1 else ''}: {counted[0].message}"
        body = "\n\n".join(_whole(finding) for finding in counted)
        parts.append(_element("failure", title, counted[0].rule, body))
    elif report is not None and report.coverage is not Coverage.FULL:
        how = "not examined" if report.coverage is Coverage.NONE else "examined only in part"
        parts.append(_element("error", f"The file was {how}.", "coverage", report.coverage_reason))
    if told:
        parts.append(f"<system-out>{escape(_clean(chr(10).join(told)))}</system-out>")
    name = quoteattr(_clean(path or "(several files)"))
    kind = quoteattr(_clean(f"steelyard.scan.{report.format if report else 'tree'}"))
    return f'<testcase name={name} classname={kind} time="0">{"".join(parts)}</testcase>'


def _element(name: str, message: str, kind: str, body: str) -> str:
    return (
        f"<{name} message={quoteattr(_clean(message))} type={quoteattr(_clean(kind))}>"
        f"{escape(_clean(body))}</{name}>"
    )


def _line(finding: Finding) -> str:
    place = f" ({finding.location})" if finding.location else ""
    return f"{finding.severity.value} {finding.rule}: {finding.message}{place}"


def _whole(finding: Finding) -> str:
    lines = [_line(finding)]
    if finding.evidence:
        lines.append(f"proof: {finding.evidence}")
    if finding.remedy:
        lines.append(f"next: {finding.remedy}")
    return "\n".join(lines)


def _clean(text: str) -> str:
    """Return ``text`` without what XML 1.0 cannot carry."""
    return _FORBIDDEN.sub("\ufffd", text)
