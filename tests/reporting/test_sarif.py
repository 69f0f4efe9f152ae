# SPDX-License-Identifier: Apache-2.0
"""SARIF: the shape the standard asks for, and nothing that hides a file nobody examined."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft4Validator, Draft202012Validator, FormatChecker

from steelyard.catalog.rules import scanner_rule
from steelyard.kernel.assessment import CoverageGap
from steelyard.kernel.finding import Coverage, FileReport, Finding, Severity, Verdict
from steelyard.kernel.triage import Disposition, Triage
from steelyard.reporting.sarif import assessment_sarif, scan_sarif
from tests.reporting import samples


def _object(required: list[str], **properties: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "required": required,
        "additionalProperties": False,
        "properties": {**properties, "properties": {"type": "object"}},
    }


def _list(items: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": items}


TEXT = {"type": "string"}
MESSAGE = _object(["text"], text={"type": "string", "minLength": 1})
LEVEL = {"enum": ["none", "note", "warning", "error"]}
INDEX = {"type": "integer", "minimum": 0}
ARTIFACT_LOCATION = _object(["uri"], uri={"type": "string", "format": "uri-reference"},
                            uriBaseId=TEXT, index=INDEX)  # fmt: skip
LOCATION = _object(
    ["physicalLocation"],
    physicalLocation=_object(
        ["artifactLocation"],
        artifactLocation=ARTIFACT_LOCATION,
        region=_object([], startLine={"type": "integer", "minimum": 1}, byteOffset=INDEX),
    ),
    logicalLocations=_list(_object(["name"], name=TEXT, fullyQualifiedName=TEXT, kind=TEXT)),
    message=MESSAGE,
)
RULE = _object(
    ["id"],
    id=TEXT,
    name=TEXT,
    shortDescription=MESSAGE,
    fullDescription=MESSAGE,
    help=MESSAGE,
    helpUri={"type": "string", "format": "uri"},
    defaultConfiguration=_object([], level=LEVEL),
)
RESULT = _object(
    ["message", "ruleId", "locations", "partialFingerprints"],
    ruleId=TEXT,
    ruleIndex=INDEX,
    level=LEVEL,
    message=MESSAGE,
    locations=_list(LOCATION),
    partialFingerprints={"type": "object", "additionalProperties": TEXT},
    baselineState={"enum": ["new", "unchanged"]},
    suppressions=_list(
        _object(
            ["kind"],
            kind={"const": "external"},
            status={"const": "accepted"},
            justification=TEXT,
        )
    ),
)
NOTIFICATION = _object(
    ["message"],
    descriptor=_object(["id"], id=TEXT),
    level=LEVEL,
    message=MESSAGE,
    locations=_list(LOCATION),
)
RUN = _object(
    ["tool", "results"],
    tool=_object(
        ["driver"],
        driver=_object(["name"], name=TEXT, version=TEXT, semanticVersion=TEXT, rules=_list(RULE)),
    ),
    invocations=_list(
        _object(
            ["executionSuccessful"],
            executionSuccessful={"type": "boolean"},
            toolExecutionNotifications=_list(NOTIFICATION),
        )
    ),
    originalUriBaseIds={"type": "object", "additionalProperties": _object([], description=MESSAGE)},
    artifacts=_list(
        _object(
            ["location"],
            location=ARTIFACT_LOCATION,
            length={"type": "integer", "minimum": -1},
            hashes={"type": "object", "additionalProperties": TEXT},
        )
    ),
    results=_list(RESULT),
    columnKind={"enum": ["utf16CodeUnits", "unicodeCodePoints"]},
    defaultEncoding=TEXT,
)
SUBSET: dict[str, Any] = {
    "type": "object",
    "required": ["version", "runs"],
    "additionalProperties": False,
    "properties": {"$schema": TEXT, "version": {"const": "2.1.0"}, "runs": _list(RUN)},
}
"""The parts of the SARIF 2.1.0 schema that are written here; it forbids all other properties."""
OFFICIAL = json.loads(
    (Path(__file__).parent / "sarif_schema" / "sarif-2.1.0-rtm.5.json").read_text("utf-8")
)


def run_of(data: bytes) -> dict[str, Any]:
    document = json.loads(data)
    Draft202012Validator(SUBSET, format_checker=FormatChecker()).validate(document)
    Draft4Validator(OFFICIAL, format_checker=FormatChecker()).validate(document)
    run: dict[str, Any] = document["runs"][0]
    return run


@pytest.mark.parametrize("name", list(samples.all_samples()))
def test_every_finding_becomes_a_result(name: str) -> None:
    sample = samples.all_samples()[name]
    run = run_of(assessment_sarif(sample))
    assert [result["ruleId"] for result in run["results"]] == [f.rule for f in sample.findings]
    rules = run["tool"]["driver"]["rules"]
    for result in run["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
    assert len(run["artifacts"]) == len(sample.files)
    assert run["properties"]["steelyard:outcome"] == sample.decision.outcome.value


def test_levels_follow_severity_and_places_are_kept() -> None:
    results = run_of(assessment_sarif(samples.rejected()))["results"]
    assert [result["level"] for result in results] == ["error", "error", "note"]
    place = results[0]["locations"][0]
    assert place["physicalLocation"]["artifactLocation"]["uri"] == "pytorch_model.bin"
    assert place["logicalLocations"][0]["name"] == "archive/data.pkl"
    assert results[2]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "./"
    assert results[0]["properties"]["security-severity"] == "9.5"


def test_a_file_nobody_examined_is_visible_and_the_run_unsuccessful() -> None:
    for data in (
        assessment_sarif(samples.rejected()),
        scan_sarif(samples.scan_files(), samples.SCANNER),
    ):
        (invocation,) = run_of(data)["invocations"]
        assert invocation["executionSuccessful"] is False
        (notice,) = invocation["toolExecutionNotifications"]
        assert notice["level"] == "error"
        assert "blob.dat was not examined" in notice["message"]["text"]
    assert run_of(assessment_sarif(samples.approved()))["invocations"][0]["executionSuccessful"]


def test_a_gap_whose_file_is_not_listed_is_still_visible() -> None:
    sample = samples.approved()
    gap = CoverageGap(path="pipe", level="none", reason="This is not a regular file.")
    sample = msgspec.structs.replace(
        sample, coverage=msgspec.structs.replace(sample.coverage, gaps=(gap,))
    )
    (notice,) = run_of(assessment_sarif(sample))["invocations"][0]["toolExecutionNotifications"]
    assert notice["message"]["text"] == "pipe was not examined: This is not a regular file."


def test_rule_texts_come_from_the_catalog_and_else_from_the_finding() -> None:
    run = run_of(assessment_sarif(samples.rejected()))
    rules = {rule["id"]: rule for rule in run["tool"]["driver"]["rules"]}
    known = scanner_rule("pickle.dangerous-call")
    assert known is not None
    assert rules["pickle.dangerous-call"]["shortDescription"]["text"] == known.title
    assert rules["pickle.unknown-global"]["help"]["text"].startswith("Leave this file out")


def test_fingerprints_differ_between_findings_and_not_between_runs() -> None:
    finding = Finding(rule="r", severity=Severity.LOW, message="m")
    first = scan_sarif((), samples.SCANNER, tree_findings=[finding, finding])
    marks = [
        result["partialFingerprints"]["steelyardFinding/v1"] for result in run_of(first)["results"]
    ]
    assert len(set(marks)) == 2
    assert first == scan_sarif((), samples.SCANNER, tree_findings=[finding, finding])


def test_a_rewording_keeps_the_fingerprint() -> None:
    one = Finding(rule="r", severity=Severity.LOW, message="Old words.", evidence="e")
    two = msgspec.structs.replace(one, message="New words.")
    marks = {
        run_of(scan_sarif((), samples.SCANNER, tree_findings=[finding]))["results"][0][
            "partialFingerprints"
        ]["steelyardFinding/v1"]
        for finding in (one, two)
    }
    assert len(marks) == 1


@settings(max_examples=30, deadline=None)
@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=60))
def test_any_path_gives_a_valid_document(text: str) -> None:
    run = run_of(assessment_sarif(samples.infected(text)))
    uri = run["artifacts"][0]["location"]["uri"]
    assert uri.isascii()
    assert ":" not in uri


def scanned(path: str, *findings: Finding, triage: Triage | None = None) -> dict[str, Any]:
    report = FileReport(
        path=path, format="pickle", size=9, sha256="0" * 64, verdict=Verdict.MALICIOUS,
        coverage=Coverage.FULL, findings=findings,
    )  # fmt: skip
    return run_of(scan_sarif([report], samples.SCANNER, triage=triage))


@pytest.mark.parametrize(
    ("place", "region"),
    [
        ("byte 57", {"byteOffset": 57}),
        ("byte 0", {"byteOffset": 0}),
        ("line 4", {"startLine": 4}),
        ("line 4, column 2", {"startLine": 4}),
        ("line 0", None),
        ("member data.pkl, byte 57", None),
        ("chat_template, line 3", None),
        ("byte 99999999999999999999999", None),
        ("byte", None),
        ("", None),
    ],
)
def test_a_place_in_the_file_itself_is_a_region(place: str, region: dict[str, int] | None) -> None:
    finding = Finding(rule="r", severity=Severity.LOW, message="m", location=place)
    (result,) = scanned("a.pkl", finding)["results"]
    assert result["locations"][0]["physicalLocation"].get("region") == region


@pytest.mark.parametrize(
    "path", ["a b.bin", "modèle/ü.bin", "100%25.bin", "a:b#c?d.bin", "日本.pt"]
)
def test_a_name_survives_as_a_uri(path: str) -> None:
    run = scanned(path, Finding(rule="r", severity=Severity.LOW, message="m"))
    uri = run["artifacts"][0]["location"]["uri"]
    assert unquote(uri) == path
    assert not set(" #?:") & set(uri)
    place = run["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"]
    assert (place["uri"], place["index"]) == (uri, 0)


def test_what_was_decided_earlier_is_told() -> None:
    findings = [
        Finding(rule="r", severity=Severity.HIGH, message="m", evidence=str(number))
        for number in range(3)
    ]
    triage = Triage(
        dispositions={
            ("a", 0): Disposition(kind="known"),
            ("a", 1): Disposition(
                kind="suppressed", reason="Reviewed.", owner="a@b.example", expires="2027-01-01"
            ),
        },
        verdict=Verdict.SUSPICIOUS,
        file_verdicts={"a": Verdict.SUSPICIOUS},
        compared=True,
    )
    results = scanned("a", *findings, triage=triage)["results"]
    assert [result["baselineState"] for result in results] == ["unchanged", "new", "new"]
    assert "suppressions" not in results[0] | results[2]
    (suppression,) = results[1]["suppressions"]
    assert suppression["justification"] == "Reviewed."
    assert suppression["properties"] == {"owner": "a@b.example", "expires": "2027-01-01"}


def test_without_a_baseline_nothing_is_called_new() -> None:
    finding = Finding(rule="r", severity=Severity.HIGH, message="m")
    triage = Triage(
        dispositions={}, verdict=Verdict.SUSPICIOUS, file_verdicts={"a": Verdict.SUSPICIOUS}
    )
    (result,) = scanned("a", finding, triage=triage)["results"]
    assert "baselineState" not in result
    assert "suppressions" not in result
