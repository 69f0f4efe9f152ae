# SPDX-License-Identifier: Apache-2.0
"""SARIF: the shape the standard asks for, and nothing that hides a file nobody examined."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator, FormatChecker

from steelyard.catalog.rules import scanner_rule
from steelyard.kernel.assessment import CoverageGap
from steelyard.kernel.finding import Finding, Severity
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
    physicalLocation=_object(["artifactLocation"], artifactLocation=ARTIFACT_LOCATION),
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


def run_of(data: bytes) -> dict[str, Any]:
    document = json.loads(data)
    Draft202012Validator(SUBSET, format_checker=FormatChecker()).validate(document)
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
