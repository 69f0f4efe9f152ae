# SPDX-License-Identifier: Apache-2.0
"""The SPDX bill of materials, read back by the bindings made from the standard's own shapes."""

from __future__ import annotations

import io
import json
import re
from collections import Counter
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from spdx_python_model import v3_0_1 as spdx

from steelyard.kernel.finding import Verdict
from steelyard.reporting.bom import write_bom
from steelyard.reporting.bom.revision import Revision, of_assessment
from steelyard.reporting.bom.spdx_graph import CONTEXT, NO_ASSERTION
from tests.reporting import samples
from tests.reporting.bom.revisions import COMMIT, drawn, empty, large, revisions, rich


class Document:
    """A document after every check the standard allows."""

    def __init__(self, revision: Revision) -> None:
        data = write_bom(revision, "spdx-3.0.1")
        assert data == write_bom(revision, "spdx-3.0.1")
        self.raw: dict[str, Any] = json.loads(data)
        assert self.raw["@context"] == CONTEXT
        self.rows: list[dict[str, Any]] = self.raw["@graph"]
        self.by_id = {row["spdxId"]: row for row in self.rows if "spdxId" in row}
        assert len(self.by_id) == len(self.rows) - 1
        self._read_back(data)
        self._profiles()

    def _read_back(self, data: bytes) -> None:
        """Decode (classes, properties, types, enumerations, patterns) and encode (cardinality)."""
        objects = spdx.SHACLObjectSet()
        spdx.JSONLDDeserializer().read(io.BytesIO(data), objects)
        assert objects.link() == set()
        again = io.BytesIO()
        spdx.JSONLDSerializer().write(objects, again)
        # An element whose fields the bindings did not understand would come back with fewer.
        back = {
            row["spdxId"]: row for row in json.loads(again.getvalue())["@graph"] if "spdxId" in row
        }
        assert {key: set(row) for key, row in back.items()} == {
            key: set(row) for key, row in self.by_id.items()
        }

    def _profiles(self) -> None:
        """The AI and dataset profiles ask for exactly one license of each kind."""
        counted = Counter(
            (row["from"], row["relationshipType"])
            for row in self.of_type("Relationship")
            for _ in row["to"]
        )
        for row in self.of_type("ai_AIPackage") + self.of_type("dataset_DatasetPackage"):
            for relation in ("hasDeclaredLicense", "hasConcludedLicense"):
                assert counted[row["spdxId"], relation] == 1
        for row in self.of_type("simplelicensing_LicenseExpression"):
            assert re.fullmatch(r"[A-Za-z0-9.+:() -]+", row["simplelicensing_licenseExpression"])
        (document,) = self.of_type("SpdxDocument")
        (bom,) = self.of_type("software_Sbom")
        assert set(document["element"]) == set(self.by_id) - {document["spdxId"]}
        assert set(bom["element"]) == set(document["element"]) - {bom["spdxId"]}

    def of_type(self, kind: str) -> list[dict[str, Any]]:
        return [row for row in self.rows if row["type"] == kind]

    def named(self, name: str) -> dict[str, Any]:
        (row,) = [row for row in self.rows if row.get("name") == name and row["type"] in PACKAGES]
        return row

    def related(self, name: str, relation: str) -> list[str]:
        """Return what the named package stands in a relation to, by name or expression."""
        source = self.named(name)["spdxId"]
        found = []
        for row in self.of_type("Relationship"):
            if row["from"] == source and row["relationshipType"] == relation:
                found += [self._name(target) for target in row["to"]]
        return sorted(found)

    def _name(self, target: str) -> str:
        if target == NO_ASSERTION:
            return "NOASSERTION"
        row = self.by_id[target]
        name: str = row.get("name") or row["simplelicensing_licenseExpression"]
        return name


PACKAGES = ("ai_AIPackage", "dataset_DatasetPackage", "software_Package")


@pytest.mark.parametrize("name", list(samples.all_samples()))
def test_assessments_give_valid_documents(name: str) -> None:
    sample = samples.all_samples()[name]
    document = Document(of_assessment(sample))
    digests = {
        row["name"]: row["verifiedUsing"][0]["hashValue"]
        for row in document.of_type("software_File")
    }
    assert digests == {file.path: file.sha256 for file in sample.files}
    (note,) = document.of_type("Annotation")
    facts = json.loads(note["statement"])
    assert facts["steelyard:outcome"] == sample.decision.outcome.value
    assert facts["steelyard:manifest_sha256"] == sample.subject.manifest_sha256


def test_the_model_says_what_its_card_says() -> None:
    document = Document(rich())
    model = document.named("acme/claims-8b")
    assert model["software_packageVersion"] == COMMIT
    assert model["ai_typeOfModel"] == ["llama", "LlamaForCausalLM"]
    assert model["ai_limitation"] == "English only."
    assert model["ai_informationAboutTraining"] == "Two million support dialogues."
    assert [(row["key"], row["value"]) for row in model["ai_metric"]] == [
        ("f1 on squad (QA)", "0.91"),
        ("accuracy", "0.88"),
    ]
    assert [row["locator"] for row in model["externalRef"]] == [["https://hub.example.org/acme"]]
    for field in ("ai_domain", "ai_energyConsumption", "ai_hyperparameter", "ai_autonomyType"):
        assert field not in model


def test_licenses_are_declared_and_concluded_apart() -> None:
    document = Document(rich())
    name = "acme/claims-8b"
    scancode = "LicenseRef-scancode-llama-3.1-license-2024"
    assert document.related(name, "hasDeclaredLicense") == [scancode]
    assert document.related(name, "hasConcludedLicense") == [f"Apache-2.0 AND {scancode}"]
    assert document.related("squad", "hasDeclaredLicense") == ["NOASSERTION"]
    assert document.related("Claims_Tools", "hasDeclaredLicense") == ["MIT"]


def test_relationships_of_the_claims() -> None:
    document = Document(rich())
    name = "acme/claims-8b"
    assert document.related(name, "trainedOn") == ["HuggingFaceH4/ultrachat_200k", "squad"]
    assert document.related(name, "testedOn") == ["MMLU"]
    assert document.related(name, "descendantOf") == [
        "/srv/models/secret base",
        "acme/stray",
        "meta-llama/Llama-3.1-8B",
    ]
    assert "stray name" in document.named("acme/stray")["comment"]
    assert document.related(name, "dependsOn") == ["Claims_Tools"]
    assert document.related(name, "hasDocumentation") == ["README.md"]
    assert document.related("adapters/de", "dependsOn") == ["acme/claims-8b-en"]
    assert document.related("tokenizer", "contains") == ["tokenizer.json", "tokenizer_config.json"]
    contained = document.related(name, "contains")
    assert {file.path for file in rich().files} | {"adapters/de", "code", "tokenizer"} == set(
        contained
    )
    assert "identity is unknown" in document.named("/srv/models/secret base")["comment"]
    (whole,) = [
        row["completeness"]
        for row in document.of_type("Relationship")
        if row["relationshipType"] == "contains" and len(row["to"]) == len(rich().files)
    ]
    # One file could not be read.
    assert whole == "incomplete"


def test_relationships_of_a_drawn_lineage() -> None:
    document = Document(msgspec.structs.replace(rich(), drawn=drawn()))
    name = "acme/claims-8b"
    assert "acme/merge@1" in document.related(name, "descendantOf")
    assert document.related("acme/merge@1", "descendantOf") == ["meta-llama/Llama-3.1-8B"]
    assert document.related(name, "usesTool") == ["acme/train@v2"]
    assert document.related("a teacher", "generates") == ["generated answers"]
    assert document.related("generated answers", "contains") == ["pages"]
    assert document.related("squad", "hasDeclaredLicense") == ["CC-BY-SA-4.0"]
    (unlisted,) = document.related("generated answers", "hasDeclaredLicense")
    assert unlisted.startswith("LicenseRef-declared-Acme-Terms-3-")
    own = next(
        row["comment"]
        for row in document.of_type("simplelicensing_LicenseExpression")
        if row["simplelicensing_licenseExpression"] == unlisted
    )
    assert "'Acme Terms 3'" in own
    assert document.related("meta-llama/Llama-3.1-8B", "hasConcludedLicense") == [
        "LicenseRef-scancode-llama-3.1-license-2024"
    ]


def test_ids_change_with_the_content_and_with_nothing_else() -> None:
    one, other = (
        Document(rich()),
        Document(msgspec.structs.replace(rich(), verdict=Verdict.MALICIOUS)),
    )
    assert not set(one.by_id) & set(other.by_id)


def test_nothing_and_very_much() -> None:
    assert len(Document(empty()).of_type("software_File")) == 0
    assert len(Document(large(1_000)).of_type("software_File")) == 1_000


@settings(max_examples=60, deadline=None)
@given(revisions())
def test_any_revision_gives_a_valid_document(revision: Revision) -> None:
    Document(revision)
