# SPDX-License-Identifier: Apache-2.0
"""The frozen JSON documents and their published schemas."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from steelyard.kernel.assessment import Assessment
from steelyard.kernel.finding import Finding, Severity, Verdict
from steelyard.reporting import json_document
from tests.reporting import samples

REFERENCE = Path(__file__).parents[2] / "docs" / "reference"


def validator(schema: bytes) -> Draft202012Validator:
    document = json.loads(schema)
    Draft202012Validator.check_schema(document)
    return Draft202012Validator(document)


@pytest.mark.parametrize("name", list(samples.all_samples()))
def test_an_assessment_survives_the_round_trip(name: str) -> None:
    sample = samples.all_samples()[name]
    data = json_document.assessment_json(sample)
    assert msgspec.json.decode(data, type=Assessment) == sample
    validator(json_document.assessment_schema()).validate(json.loads(data))


def test_the_frozen_keys_of_the_assessment() -> None:
    document = json.loads(json_document.assessment_json(samples.review_deep()))
    assert next(iter(document)) == "schema"
    assert document["schema"] == "steelyard.assessment/v1"
    frozen = {
        "subject": {"purl", "commit", "manifest_sha256"},
        "charter": {"name", "version", "sha256"},
        "risk": {"tier", "score", "drivers"},
        "license": {
            "declared", "detected", "expression", "category", "obligations", "conflicts",
        },
        "review": {"track", "sign_offs_required"},
        "decision": {"outcome", "reasons", "conditions", "valid_until"},
    }  # fmt: skip
    for part, keys in frozen.items():
        assert keys <= set(document[part])
    assert {"use_case", "environment", "findings", "coverage", "controls"} <= set(document)
    assert {"id", "why", "frameworks", "tasks", "state"} <= set(document["controls"][0])
    assert {"rule", "message", "facts", "remedy"} <= set(document["decision"]["reasons"][0])


def test_pretty_and_compact_say_the_same_and_order_does_not_matter() -> None:
    sample = samples.approved()
    pretty = json_document.assessment_json(sample, pretty=True)
    assert b'\n  "' in pretty
    assert json.loads(pretty) == json.loads(json_document.assessment_json(sample))
    turned = msgspec.structs.replace(sample, facts=dict(reversed(sample.facts.items())))
    assert json_document.assessment_json(turned) == json_document.assessment_json(sample)


def test_the_scan_document_has_exactly_the_frozen_keys() -> None:
    data = json_document.scan_json(samples.scan_files(), samples.SCANNER, Verdict.MALICIOUS)
    document: dict[str, Any] = json.loads(data)
    validator(json_document.scan_schema()).validate(document)
    assert list(document) == ["schema", "scanner", "verdict", "files"]
    assert document["schema"] == "steelyard.scan/v1"
    assert set(document["scanner"]) == {"version", "rules_digest"}
    for file in document["files"]:
        assert list(file) == [
            "path", "format", "size", "sha256", "verdict", "coverage", "coverage_reason",
            "findings",
        ]  # fmt: skip
        for finding in file["findings"]:
            assert list(finding) == [
                "rule", "severity", "message", "location", "evidence", "remedy",
            ]  # fmt: skip


def test_findings_about_the_tree_are_not_lost() -> None:
    finding = Finding(rule="tree.clash", severity=Severity.CRITICAL, message="Two names clash.")
    data = json_document.scan_json(
        (), samples.SCANNER, Verdict.MALICIOUS, tree_findings=[finding], pretty=True
    )
    document = json.loads(data)
    validator(json_document.scan_schema()).validate(document)
    assert document["tree_findings"][0]["rule"] == "tree.clash"


@pytest.mark.parametrize(
    ("change", "where"),
    [({"verdict": "fine"}, "verdict"), ({"schema": "other"}, "schema"), ({"files": 1}, "files")],
)
def test_the_schemas_refuse_wrong_documents(change: dict[str, Any], where: str) -> None:
    data = json_document.scan_json(samples.scan_files(), samples.SCANNER, Verdict.MALICIOUS)
    errors = list(validator(json_document.scan_schema()).iter_errors(json.loads(data) | change))
    assert [next(iter(error.path)) for error in errors] == [where]


def test_the_schemas_explain_their_fields() -> None:
    schema = json.loads(json_document.assessment_schema())
    assert schema["$id"] == "urn:steelyard:assessment:v1"
    assessed = schema["$defs"]["Assessment"]["properties"]["assessed_at"]
    assert assessed["description"] == "RFC 3339, UTC."
    assert "schema" in schema["$defs"]["Assessment"]["required"]
    assert schema["$defs"]["LocatedFinding"]["description"]


@pytest.mark.parametrize("name", list(json_document.published_schemas()))
def test_the_published_schema_is_the_generated_one(name: str) -> None:
    published = (REFERENCE / name).read_bytes()
    assert published == json_document.published_schemas()[name], "run: make docs"


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=60))
def test_any_text_survives(text: str) -> None:
    sample = samples.infected(text)
    assert msgspec.json.decode(json_document.assessment_json(sample), type=Assessment) == sample
