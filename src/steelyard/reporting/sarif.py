# SPDX-License-Identifier: Apache-2.0
"""Findings as SARIF 2.1.0 (OASIS standard), the format code-scanning pages and editors read.

A SARIF viewer shows an empty list as "nothing wrong". A file that was not examined therefore also
becomes a notification of the invocation, and the invocation counts as unsuccessful.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple
from urllib.parse import quote

import msgspec

from steelyard.catalog.rules import RuleReference, ScannerRule, scanner_rule
from steelyard.kernel.assessment import Assessment
from steelyard.kernel.digest import sha256_hex
from steelyard.kernel.finding import FileReport, Finding, Severity
from steelyard.kernel.inspection import RuleText, Scanner
from steelyard.kernel.triage import Triage

SARIF_SCHEMA = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
)
_ROOT = "MODEL"
_LEVELS = {
    Severity.CRITICAL: "error",
    Severity.HIGH: "error",
    Severity.MEDIUM: "warning",
    Severity.LOW: "note",
    Severity.INFO: "note",
}
_SCORES = {
    Severity.CRITICAL: "9.5",
    Severity.HIGH: "8.0",
    Severity.MEDIUM: "5.5",
    Severity.LOW: "3.0",
    Severity.INFO: "0.0",
}
"""``security-severity``, on the scale of CVSS, by which code-scanning pages sort."""
_MEMBER = "member "
_PLACE = re.compile(r"(byte|line) (\d{1,19})(?!\d)")
_INTEGER_MOST = 2**63 - 1
_BYTES = ("utf-8", "backslashreplace")


class _File(NamedTuple):
    path: str
    size: int
    sha256: str
    format: str
    coverage: str
    coverage_reason: str


def assessment_sarif(assessment: Assessment) -> bytes:
    """Return the findings of ``assessment`` as one SARIF run, with the outcome as a property."""
    reasons = {gap.path: gap.reason for gap in assessment.coverage.gaps}
    files = [
        _File(file.path, file.size, file.sha256, file.format, file.coverage,
              reasons.pop(file.path, ""))
        for file in assessment.files
    ]  # fmt: skip
    levels = {gap.path: gap.level for gap in assessment.coverage.gaps}
    files += [_File(path, -1, "", "", levels[path], reason) for path, reason in reasons.items()]
    found = [(finding.path, finding) for finding in assessment.findings]
    properties = {
        "steelyard:outcome": assessment.decision.outcome.value,
        "steelyard:verdict": assessment.verdict.value,
        "steelyard:tier": assessment.risk.tier,
        "steelyard:manifest_sha256": assessment.subject.manifest_sha256,
        "steelyard:purl": assessment.subject.purl,
        "steelyard:assessed_at": assessment.assessed_at,
    }
    return _document(files, found, assessment.scanner, properties)


def scan_sarif(
    files: Sequence[FileReport],
    scanner: Scanner,
    *,
    tree_findings: Iterable[Finding] = (),
    rules: Iterable[RuleText] = (),
    triage: Triage | None = None,
) -> bytes:
    """Return the findings of a scan as one SARIF run; ``rules`` are the texts of plug-ins.

    With ``triage``, suppressed findings carry who answers for them, and with a baseline every
    finding says whether it is new.
    """
    listed = [
        _File(file.path, file.size, file.sha256, file.format, file.coverage.value,
              file.coverage_reason)
        for file in files
    ]  # fmt: skip
    found = [(file.path, finding) for file in files for finding in file.findings]
    found += [("", finding) for finding in tree_findings]
    texts = {rule.id: _as_rule(rule) for rule in rules}
    return _document(listed, found, scanner, {}, texts, triage)


def _document(
    files: Sequence[_File],
    found: Sequence[tuple[str, Finding]],
    scanner: Scanner,
    properties: dict[str, str],
    texts: Mapping[str, ScannerRule] | None = None,
    triage: Triage | None = None,
) -> bytes:
    worst: dict[str, Finding] = {}
    for _, finding in found:
        known = worst.setdefault(finding.rule, finding)
        if _SCORES[finding.severity] > _SCORES[known.severity]:
            worst[finding.rule] = finding
    rule_index = {rule: index for index, rule in enumerate(sorted(worst))}
    file_index = {file.path: index for index, file in enumerate(files)}
    gaps = [file for file in files if file.coverage != "full"]
    run: dict[str, Any] = {
        "tool": {
            "driver": {
                "name": "Steelyard",
                "semanticVersion": scanner.version,
                "version": scanner.version,
                "rules": [_rule(worst[rule], texts or {}) for rule in rule_index],
                "properties": {"rules_digest": scanner.rules_digest},
            }
        },
        "invocations": [
            {
                "executionSuccessful": not gaps,
                "toolExecutionNotifications": [_gap(file, file_index) for file in gaps],
            }
        ],
        "originalUriBaseIds": {
            _ROOT: {"description": {"text": "The root directory of the model revision."}}
        },
        "artifacts": [_artifact(file) for file in files],
        "results": _results(found, rule_index, file_index, triage),
        "columnKind": "unicodeCodePoints",
        "defaultEncoding": "utf-8",
    }
    if properties:
        run["properties"] = properties
    document = {"$schema": SARIF_SCHEMA, "version": "2.1.0", "runs": [run]}
    return msgspec.json.format(msgspec.json.encode(document), indent=2)


def _as_rule(text: RuleText) -> ScannerRule:
    return ScannerRule(
        id=text.id,
        title=text.title,
        severity=text.severity,
        what=text.what,
        why=text.why,
        remedy=text.remedy,
        false_alarm=text.false_alarm,
        references=tuple(RuleReference(title=title, url=url) for title, url in text.references),
    )


def _rule(finding: Finding, texts: Mapping[str, ScannerRule]) -> dict[str, Any]:
    known = scanner_rule(finding.rule) or texts.get(finding.rule)
    title = known.title if known else finding.rule
    advice = (known and rule_help(known)) or finding.remedy or finding.message
    rule: dict[str, Any] = {
        "id": finding.rule,
        "name": _pascal(finding.rule),
        "shortDescription": {"text": title},
        "fullDescription": {"text": advice},
        "help": {"text": advice},
        "defaultConfiguration": {"level": _LEVELS[finding.severity]},
        "properties": {
            "security-severity": _SCORES[finding.severity],
            "tags": ["security", "machine-learning", finding.rule.partition(".")[0]],
        },
    }
    links = [reference.url for reference in known.references if reference.url] if known else []
    if links:
        rule["helpUri"] = links[0]
    return rule


def rule_help(rule: ScannerRule) -> str:
    """Return what a rule means as one paragraph."""
    return " ".join(part for part in (rule.what, rule.why, rule.remedy) if part)


def _results(
    found: Sequence[tuple[str, Finding]],
    rule_index: dict[str, int],
    file_index: dict[str, int],
    triage: Triage | None,
) -> list[dict[str, Any]]:
    repeats: dict[str, int] = {}
    positions: dict[str, int] = {}
    results = []
    for path, finding in found:
        result = _result(path, finding, rule_index, file_index, repeats)
        index = positions.get(path, 0)
        positions[path] = index + 1
        if triage is not None:
            _note_triage(result, triage, path, index)
        results.append(result)
    return results


def _note_triage(result: dict[str, Any], triage: Triage, path: str, index: int) -> None:
    decided = triage.of(path, index)
    if triage.compared:
        known = decided is not None and decided.kind == "known"
        result["baselineState"] = "unchanged" if known else "new"
    if decided is not None and decided.kind == "suppressed":
        result["suppressions"] = [
            {
                "kind": "external",
                "status": "accepted",
                "justification": decided.reason,
                "properties": {"owner": decided.owner, "expires": decided.expires},
            }
        ]


def _pascal(rule: str) -> str:
    return "".join(part.capitalize() for part in rule.replace("-", ".").split("."))


def _result(
    path: str,
    finding: Finding,
    rule_index: dict[str, int],
    file_index: dict[str, int],
    repeats: dict[str, int],
) -> dict[str, Any]:
    text = finding.message
    if finding.evidence:
        text += f" Evidence: {finding.evidence}"
    if finding.remedy:
        text += f" Remedy: {finding.remedy}"
    # The same finding may stand twice at one place; counting keeps fingerprints apart and stable.
    base = "\n".join((finding.rule, path, finding.location, finding.evidence))
    repeats[base] = repeats.get(base, 0) + 1
    return {
        "ruleId": finding.rule,
        "ruleIndex": rule_index[finding.rule],
        "level": _LEVELS[finding.severity],
        "message": {"text": text},
        "locations": [_location(path, finding.location, file_index)],
        "partialFingerprints": {
            "steelyardFinding/v1": sha256_hex(f"{base}\n{repeats[base]}".encode(*_BYTES))
        },
        "properties": {
            "severity": finding.severity.value,
            "security-severity": _SCORES[finding.severity],
        },
    }


def _location(path: str, place: str, file_index: dict[str, int]) -> dict[str, Any]:
    artifact: dict[str, Any] = {"uri": _uri(path), "uriBaseId": _ROOT}
    if path in file_index:
        artifact["index"] = file_index[path]
    physical: dict[str, Any] = {"artifactLocation": artifact}
    location: dict[str, Any] = {"physicalLocation": physical}
    region = _region(place)
    if region:
        physical["region"] = region
    if place:
        location["message"] = {"text": place}
    if place.startswith(_MEMBER):
        member = place.removeprefix(_MEMBER).partition(", ")[0]
        location["logicalLocations"] = [
            {"name": member, "fullyQualifiedName": f"{path} > {member}", "kind": "member"}
        ]
    return location


def _region(place: str) -> dict[str, int]:
    """Return where in the file itself ``place`` is; a place in a member is none in the file."""
    found = _PLACE.match(place)
    if found is None:
        return {}
    number = min(int(found[2]), _INTEGER_MOST)
    if found[1] == "byte":
        return {"byteOffset": number}
    return {"startLine": number} if number else {}


def _artifact(file: _File) -> dict[str, Any]:
    artifact: dict[str, Any] = {
        "location": {"uri": _uri(file.path), "uriBaseId": _ROOT},
        "properties": {"format": file.format, "coverage": file.coverage},
    }
    if file.size >= 0:
        artifact["length"] = file.size
    if file.sha256:
        artifact["hashes"] = {"sha-256": file.sha256}
    return artifact


def _gap(file: _File, file_index: dict[str, int]) -> dict[str, Any]:
    how = "was not examined" if file.coverage == "none" else "was examined only in part"
    reason = file.coverage_reason or "no reason was given"
    return {
        "descriptor": {"id": f"coverage.{file.coverage}"},
        "level": "error" if file.coverage == "none" else "warning",
        "message": {"text": f"{file.path} {how}: {reason}"},
        "locations": [_location(file.path, "", file_index)],
    }


def _uri(path: str) -> str:
    """Return ``path`` as a relative URI; a finding about the whole tree points at its root.

    A colon is encoded, or the first part of the path would read as a scheme.
    """
    return quote(path.encode(*_BYTES), safe="/!$&'()*+,;=@~-._") if path else "./"
