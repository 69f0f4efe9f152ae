# SPDX-License-Identifier: Apache-2.0
"""The bill of materials, held against the strict validator of the CycloneDX library."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from hypothesis import given, settings
from hypothesis import strategies as st

from steelyard.kernel.assessment import Assessment
from steelyard.kernel.license import LicenseSummary
from steelyard.reporting.cyclonedx import ml_bom
from tests.reporting import samples

VALIDATOR = JsonStrictValidator(SchemaVersion.V1_6)


def bom(assessment: Assessment) -> dict[str, Any]:
    data = ml_bom(assessment)
    error = VALIDATOR.validate_str(data.decode("utf-8"))
    assert error is None, error
    document: dict[str, Any] = json.loads(data)
    return document


def references(value: Any) -> list[str]:
    if isinstance(value, dict):
        own = [value["bom-ref"]] if "bom-ref" in value else []
        return own + [ref for item in value.values() for ref in references(item)]
    if isinstance(value, list):
        return [ref for item in value for ref in references(item)]
    return []


@pytest.mark.parametrize("name", list(samples.all_samples()))
def test_it_is_valid_complete_and_consistent(name: str) -> None:
    sample = samples.all_samples()[name]
    document = bom(sample)
    own = document["metadata"]["component"]
    assert own["type"] == "machine-learning-model"
    assert own["purl"] == sample.subject.purl
    digests = {part["name"]: part["hashes"][0]["content"] for part in own["components"]}
    assert digests == {file.path: file.sha256 for file in sample.files}
    known = references(document)
    assert len(known) == len(set(known))
    for dependency in document["dependencies"]:
        assert {dependency["ref"], *dependency.get("dependsOn", [])} <= set(known)
    facts = {item["name"]: item["value"] for item in document["metadata"]["properties"]}
    assert facts["steelyard:outcome"] == sample.decision.outcome.value
    assert facts["steelyard:verdict"] == sample.verdict.value
    assert facts["steelyard:manifest_sha256"] == sample.subject.manifest_sha256
    assert document["metadata"]["timestamp"] == sample.assessed_at


def test_the_model_card_says_what_the_card_says() -> None:
    card = bom(samples.approved())["metadata"]["component"]["modelCard"]
    assert card["modelParameters"]["task"] == "sentence-similarity"
    assert card["modelParameters"]["architectureFamily"] == "bert"
    assert [data["name"] for data in card["modelParameters"]["datasets"]] == list(
        samples.CARD.datasets
    )
    assert card["quantitativeAnalysis"]["performanceMetrics"][0] == {
        "type": "spearman",
        "value": "82.03",
        "slice": "STSBenchmark (STS)",
    }
    assert card["considerations"]["technicalLimitations"] == [samples.CARD.limitations.excerpt]


def test_what_is_not_stated_is_absent() -> None:
    own = bom(samples.rejected())["metadata"]["component"]
    assert "modelCard" not in own
    assert "licenses" not in own
    assert "pedigree" not in own
    assert own["version"] == "main"


def test_base_models_are_components_and_ancestors() -> None:
    document = bom(samples.review_deep())
    (base,) = document["components"]
    assert base["purl"] == "pkg:huggingface/meta-llama/Meta-Llama-3.1-8B"
    (ancestor,) = document["metadata"]["component"]["pedigree"]["ancestors"]
    assert ancestor["purl"] == base["purl"]


@pytest.mark.parametrize(
    ("expression", "declared", "wanted"),
    [
        ("Apache-2.0", None, {"license": {"id": "Apache-2.0", "acknowledgement": "concluded"}}),
        (
            "Apache-2.0 AND LicenseRef-llama-3.1",
            None,
            {"expression": "Apache-2.0 AND LicenseRef-llama-3.1", "acknowledgement": "concluded"},
        ),
        (
            "LicenseRef-llama-3.1",
            None,
            {"expression": "LicenseRef-llama-3.1", "acknowledgement": "concluded"},
        ),
        ("mine (own)", None, {"license": {"name": "mine (own)", "acknowledgement": "concluded"}}),
        (None, "llama3.1", {"license": {"name": "llama3.1", "acknowledgement": "declared"}}),
        (None, "mit", {"license": {"id": "MIT", "acknowledgement": "declared"}}),
    ],
)
def test_licenses_go_by_id_expression_or_name(
    expression: str | None, declared: str | None, wanted: dict[str, Any]
) -> None:
    sample = msgspec.structs.replace(
        samples.approved(), license=LicenseSummary(expression=expression, declared=declared)
    )
    assert bom(sample)["metadata"]["component"]["licenses"] == [wanted]


def test_the_serial_number_names_the_bytes() -> None:
    one, two = ml_bom(samples.approved()), ml_bom(samples.approved())
    assert one == two
    serials = {bom(sample)["serialNumber"] for sample in samples.all_samples().values()}
    # Approved, conditions and review are of the same bytes here.
    assert len(serials) == 2


@settings(max_examples=20, deadline=None)
@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=40))
def test_any_text_gives_a_valid_document(text: str) -> None:
    document = bom(samples.infected(text))
    known = references(document)
    assert len(known) == len(set(known))
