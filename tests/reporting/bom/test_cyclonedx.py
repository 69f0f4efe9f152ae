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
from steelyard.reporting.bom import Spec, write_bom
from steelyard.reporting.bom.revision import Revision, of_assessment
from tests.reporting import samples
from tests.reporting.bom.revisions import COMMIT, drawn, empty, large, revisions, rich

VALIDATORS = {
    "cyclonedx-1.6": JsonStrictValidator(SchemaVersion.V1_6),
    "cyclonedx-1.7": JsonStrictValidator(SchemaVersion.V1_7),
}
SPECS: tuple[Spec, ...] = ("cyclonedx-1.6", "cyclonedx-1.7")


def written(revision: Revision, spec: Spec = "cyclonedx-1.6") -> dict[str, Any]:
    """Write a bill of materials and hold it against the standard and against itself."""
    data = write_bom(revision, spec)
    assert data == write_bom(revision, spec)
    error = VALIDATORS[spec].validate_str(data.decode("utf-8"))
    assert error is None, error
    document: dict[str, Any] = json.loads(data)
    known = references(document)
    assert len(known) == len(set(known))
    dependencies = [item["ref"] for item in document["dependencies"]]
    assert len(dependencies) == len(set(dependencies))
    for dependency in document["dependencies"]:
        assert {dependency["ref"], *dependency.get("dependsOn", [])} <= set(known)
    parameters = document["metadata"]["component"].get("modelCard", {}).get("modelParameters", {})
    kinds = {item["bom-ref"]: item["type"] for item in document["components"]}
    assert all(kinds[item["ref"]] == "data" for item in parameters.get("datasets", []))
    return document


def bom(assessment: Assessment) -> dict[str, Any]:
    return written(of_assessment(assessment))


def by_ref(document: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {item["bom-ref"]: item for item in document["components"]}


def facts(item: dict[str, Any]) -> dict[str, str]:
    return {row["name"]: row["value"] for row in item.get("properties", [])}


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
    found = facts(document["metadata"])
    assert found["steelyard:outcome"] == sample.decision.outcome.value
    assert found["steelyard:verdict"] == sample.verdict.value
    assert found["steelyard:manifest_sha256"] == sample.subject.manifest_sha256
    assert document["metadata"]["timestamp"] == sample.assessed_at


def test_the_model_card_says_what_the_card_says() -> None:
    document = bom(samples.approved())
    card = document["metadata"]["component"]["modelCard"]
    assert card["modelParameters"]["task"] == "sentence-similarity"
    assert card["modelParameters"]["architectureFamily"] == "bert"
    components = by_ref(document)
    assert [
        components[data["ref"]]["name"] for data in card["modelParameters"]["datasets"]
    ] == list(samples.CARD.datasets)
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
    bases = [item for item in document["components"] if item["bom-ref"].startswith("base:")]
    assert "pkg:huggingface/meta-llama/Llama-3.1-8B" in {base.get("purl") for base in bases}
    ancestors = document["metadata"]["component"]["pedigree"]["ancestors"]
    assert {item["name"] for item in ancestors} <= {base["name"] for base in bases}
    assert ancestors


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
    serials = {bom(sample)["serialNumber"] for sample in samples.all_samples().values()}
    # Approved, conditions and review are of the same bytes here.
    assert len(serials) == 2
    assert written(rich(), "cyclonedx-1.7")["serialNumber"] != written(rich())["serialNumber"]


def test_an_expression_stands_beside_the_declared_license_only_where_it_may() -> None:
    concluded = {
        "expression": "Apache-2.0 AND LicenseRef-scancode-llama-3.1-license-2024",
        "acknowledgement": "concluded",
    }
    declared = {"license": {"name": "llama3.1", "acknowledgement": "declared"}}
    assert written(rich())["metadata"]["component"]["licenses"] == [concluded]
    newer = written(rich(), "cyclonedx-1.7")["metadata"]["component"]["licenses"]
    assert newer == [concluded, declared]


def test_sources_are_named_as_somebody_named_them() -> None:
    document = written(rich())
    components = by_ref(document)
    known = components["base:meta-llama/Llama-3.1-8B"]
    assert known["purl"] == "pkg:huggingface/meta-llama/Llama-3.1-8B"
    assert "version" not in known
    assert facts(known)["steelyard:claimed_by"] == "README.md"
    unknown = components["base:/srv/models/secret base"]
    assert "purl" not in unknown
    assert facts(unknown)["steelyard:identity"] == "unknown"
    stray = components["base:acme/stray"]
    assert facts(stray)["steelyard:confidence"] == "weak"
    own = document["metadata"]["component"]
    # What only a tool left behind is a component, and no ancestor.
    assert len(own["pedigree"]["ancestors"]) == 2
    assert own["pedigree"]["commits"] == [{"uid": COMMIT}]
    assert facts(own)["steelyard:lineage:finetune"] in components
    assert "formulation" not in document


def test_parts_packages_and_addresses() -> None:
    document = written(rich())
    components = by_ref(document)
    needs = {item["ref"]: item.get("dependsOn", []) for item in document["dependencies"]}
    assert needs["adapter:adapters/de"] == [
        "base:acme/claims-8b-en",
        "file:adapters/de/adapter_config.json",
        "file:adapters/de/adapter_model.safetensors",
    ]
    assert needs["tokenizer:"] == ["file:tokenizer.json", "file:tokenizer_config.json"]
    assert needs["shipped:code"] == ["file:modeling_claims.py"]
    package = components["package:wheels/tools-1.2.dist-info/METADATA"]
    assert package["purl"] == "pkg:pypi/claims-tools@1.2"
    assert package["evidence"] == {"occurrences": [{"location": package["bom-ref"][8:]}]}
    own = document["metadata"]["component"]
    assert {(item["type"], item["url"]) for item in own["externalReferences"]} == {
        ("model-card", "README.md"),
        ("license", "LICENSE.txt"),
        ("distribution", "https://hub.example.org/acme"),
    }
    unread = next(item for item in own["components"] if item["name"] == "broken.bin")
    assert "hashes" not in unread


def test_no_address_appears_that_nobody_stated() -> None:
    revision = msgspec.structs.replace(
        rich(), subject=msgspec.structs.replace(rich().subject, purl="pkg:huggingface/acme/x")
    )
    text = json.dumps(written(revision)["metadata"]["component"])
    assert "http" not in text


def test_a_drawn_lineage_is_joined_with_the_claims() -> None:
    document = written(msgspec.structs.replace(rich(), drawn=drawn()), "cyclonedx-1.7")
    components = by_ref(document)
    needs = {item["ref"]: item.get("dependsOn", []) for item in document["dependencies"]}
    base = components["base:meta-llama/Llama-3.1-8B"]
    assert [item["license"]["acknowledgement"] for item in base["licenses"]] == [
        "concluded",
        "declared",
    ]
    assert facts(base)["steelyard:claimed_by"] == "README.md"
    assert needs["base:acme/merge@1"] == ["base:meta-llama/Llama-3.1-8B"]
    assert components["base:acme/merge@1"]["version"] == "1"
    assert facts(components["base:a teacher"])["steelyard:identity"] == "unknown"
    assert needs["dataset:generated answers"] == ["base:a teacher", "dataset:pages"]
    own = document["metadata"]["component"]
    assert {item["ref"] for item in own["modelCard"]["modelParameters"]["datasets"]} == {
        "dataset:HuggingFaceH4/ultrachat_200k",
        "dataset:squad",
        "dataset:generated answers",
    }
    assert facts(own)["steelyard:lineage:evaluated_on"] == "dataset:MMLU"
    assert "base:acme/claims-8b" not in components


@pytest.mark.parametrize("spec", SPECS)
def test_nothing_at_all_gives_a_valid_document(spec: Spec) -> None:
    document = written(empty(), spec)
    assert document["components"] == []
    assert set(document["metadata"]["component"]) == {
        "type", "bom-ref", "name", "purl", "properties",
    }  # fmt: skip


def test_a_thousand_files() -> None:
    document = json.loads(write_bom(large(1_000), "cyclonedx-1.6"))
    own = document["metadata"]["component"]
    names = {item["name"]: item["hashes"][0]["content"] for item in own["components"]}
    assert names == {file.path: file.sha256 for file in large(1_000).files}
    files, (first, *needs) = own["components"], document["dependencies"]
    assert first["dependsOn"] == [row["ref"] for row in needs]
    assert len(set(first["dependsOn"])) == len(names) == 1_000
    # The validator compares every row with every other, so it gets them in turns.
    for start in range(0, len(files), 25):
        own["components"] = files[start : start + 25]
        rows = needs[start : start + 25]
        document["dependencies"] = [{**first, "dependsOn": [row["ref"] for row in rows]}, *rows]
        assert VALIDATORS["cyclonedx-1.6"].validate_str(json.dumps(document)) is None


@pytest.mark.parametrize("spec", SPECS)
@settings(max_examples=40, deadline=None)
@given(revision=revisions())
def test_any_revision_gives_a_valid_document(spec: Spec, revision: Revision) -> None:
    written(revision, spec)


@settings(max_examples=20, deadline=None)
@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=40))
def test_any_text_gives_a_valid_document(text: str) -> None:
    bom(samples.infected(text))
