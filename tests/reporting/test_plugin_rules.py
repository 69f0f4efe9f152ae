# SPDX-License-Identifier: Apache-2.0
"""What the rules of plug-ins mean stands in the reports; nothing stands there without plug-ins."""

from __future__ import annotations

import json

from steelyard.kernel.finding import Coverage, FileReport, Finding, Severity, Verdict
from steelyard.kernel.inspection import RuleText, Scanner
from steelyard.reporting.json_document import scan_json
from steelyard.reporting.sarif import scan_sarif

SCANNER = Scanner(version="1", rules_digest="0" * 64)
TEXT = RuleText(
    id="x-acme.word",
    title="A word",
    severity=Severity.HIGH,
    what="It holds a word.",
    references=(("Acme", "https://acme.example/words"),),
)
FILE = FileReport(
    path="a.txt",
    format="text",
    size=1,
    sha256="0" * 64,
    verdict=Verdict.SUSPICIOUS,
    coverage=Coverage.FULL,
    findings=(Finding(rule="x-acme.word", severity=Severity.HIGH, message="Here."),),
)


def test_sarif_explains_rules_of_plugins() -> None:
    (run,) = json.loads(scan_sarif([FILE], SCANNER, rules=[TEXT]))["runs"]
    (rule,) = run["tool"]["driver"]["rules"]
    assert rule["shortDescription"]["text"] == "A word"
    assert rule["help"]["text"] == "It holds a word."
    assert rule["helpUri"] == "https://acme.example/words"


def test_json_carries_them_and_nothing_without() -> None:
    document = json.loads(scan_json([FILE], SCANNER, Verdict.SUSPICIOUS, rules=[TEXT]))
    assert document["rules"][0]["what"] == "It holds a word."
    assert "rules" not in json.loads(scan_json([FILE], SCANNER, Verdict.SUSPICIOUS))
