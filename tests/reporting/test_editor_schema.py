# SPDX-License-Identifier: Apache-2.0
"""The schemas editors use say what the reader says, as far as a schema can."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft7Validator

from steelyard.catalog.charters import NAMES, charter_text
from steelyard.catalog.packs import pack_names, pack_text
from steelyard.charter.document import Document
from steelyard.charter.load import load_charter
from steelyard.charter.schema import CharterDocument, Sections
from steelyard.governance.use_cases.facts import load_use_case
from steelyard.kernel.errors import DocumentErrors
from steelyard.reporting.editor_schema import KINDS, editor_schema
from steelyard.reporting.field_words import WORDS

ROOT = Path(__file__).parents[2]
EXAMPLES = sorted((ROOT / "examples" / "charters").glob("*.yaml"))
USE_CASES = sorted((ROOT / "examples" / "use-cases").glob("*.yaml"))


def validator(kind: str) -> Draft7Validator:
    document = json.loads(editor_schema(kind))
    Draft7Validator.check_schema(document)
    return Draft7Validator(document)


def plain(text: str) -> Any:
    """Return a YAML text as an editor sees it: JSON values, dates as text."""
    return json.loads(json.dumps(yaml.safe_load(text), default=str))


def errors(kind: str, text: str) -> list[str]:
    return [error.message for error in validator(kind).iter_errors(plain(text))]


@pytest.mark.parametrize("name", NAMES)
def test_shipped_charters_follow_the_schema(name: str) -> None:
    assert errors("charter", charter_text(name)) == []


def test_shipped_packs_follow_the_schema() -> None:
    assert {name: errors("pack", pack_text(name)) for name in pack_names()} == {
        name: [] for name in pack_names()
    }


FULL = """
charter: full
version: 1
effective: 2026-01-01
owner: a@example.org
purpose: Everything a charter can say.
extends: standard
include: [./unit.yaml]
objectives: [{id: quick, text: Decide quickly., indicator: days, target: 3 days}]
scope: {covers: [models], environments: [sandbox, production], regions: [EU]}
stakeholders: [{name: Customers, interest: Safety}]
terms: [{word: client data, field: data_class, means: confidential}]
models: {allow: {tasks: [text-generation], modalities: [text]}, most_parameters: 70000000000}
data_sources: {use: {forbid: [scraped]}, training: {forbid: [leaked]}}
licenses:
  allow: [permissive]
  review: [community, {license: content, when: "use_case.commercial", why: Attribution.}]
  clauses: {forbid: [no-commercial-use]}
security: {malicious: reject, code_on_load: {sandbox: warn, other: reject}}
risk:
  tolerance: [{accepts: moderate, environments: [production], otherwise: review(risk)}]
tracks:
  deep: {steps: [{name: look, sign_offs: [security], within: 2 days}], escalate_after: 2 days}
standing_approvals: [{id: pilots, why: Harmless., when: "environment == 'sandbox'"}]
release: [{name: pilot, environments: [staging], users: 50, share: 5}]
gates: {testing: {asks: ['Was it tested?'], opened_by: [model-owner]}}
roles: {security: {title: Security, held_by: [s@example.org], independent: true}}
committees: {board: {title: Board, members: [security], quorum: 1, majority: two-thirds}}
decision_rights: [{action: approve, role: security, tiers: [high], quorum: 2}]
responsibilities: {choice: {does: Choose., accountable: security, responsible: [security]}}
exceptions: {longest: 90 days, granted_by: security, longest_for: {high: 30 days}}
remediation: {within: {critical: 2 days}, sponsor: [critical]}
controls: [{select: ["stage:testing", inventory-record]}]
"""


def test_every_section_can_be_written() -> None:
    assert errors("charter", FULL) == []
    decoded = Document(FULL, "full.yaml").decode(CharterDocument)
    silent = [name for name in Sections.__struct_fields__ if not getattr(decoded, name)]
    assert silent == ["rules", "scanner"]


@pytest.mark.parametrize("file", EXAMPLES, ids=lambda file: file.name)
def test_example_charters_follow_the_schema(file: Path) -> None:
    assert errors("charter", file.read_text("utf-8")) == []


@pytest.mark.parametrize("file", USE_CASES, ids=lambda file: file.name)
def test_example_use_cases_follow_the_schema(file: Path) -> None:
    assert errors("use-case", file.read_text("utf-8")) == []


def test_there_are_examples() -> None:
    assert EXAMPLES
    assert USE_CASES


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("owner:", "ower:"),
        ("otherwise: reject", "otherwise: rejekt"),
        ("otherwise: reject", "otherwis: reject"),
        ("longest: 90 days", "longest: 90 sunsets"),
        ("renewals: 1", "renewals: 11"),
        ("tier: critical", "tier: criticl"),
        ("of: use_case.data_class", "of: use_case.data_clas"),
        ("[inventory-record, integrity-pinning]", "[inventory-recor]"),
        ("ISO-42001:A.10.3", "IS0-42001:A.10.3"),
        ("public: 0", "public: 101"),
        ("charter: starter", "charter: Starter"),
    ],
)
def test_what_the_reader_refuses_the_editor_refuses(right: str, wrong: str) -> None:
    text = charter_text("starter")
    assert right in text
    broken = text.replace(right, wrong, 1)
    assert errors("charter", broken) != []
    with pytest.raises(DocumentErrors):
        load_charter(broken, "c.yaml")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("owner", "somebody"),
        ("name", "Internal Search"),
        ("environment", "Production"),
        ("sector", "Health Care"),
        ("regions", "[]"),
        ("regions", "[Germany]"),
        ("data_class", "secret"),
        ("commercial", "perhaps"),
        ("nonsense", "1"),
    ],
)
def test_wrong_use_cases_are_refused_by_both(field: str, value: str) -> None:
    lines = USE_CASES[0].read_text("utf-8").splitlines()
    kept = [line for line in lines if not line.startswith(f"{field}:")]
    broken = "\n".join([*kept, f"{field}: {value}"])
    assert errors("use-case", broken) != []
    with pytest.raises(DocumentErrors):
        load_use_case(broken, "u.yaml")


def test_numbers_where_text_is_read_are_no_errors() -> None:
    text = charter_text("starter").replace("version: 1", "version: 2.5")
    assert errors("charter", text) == []
    assert load_charter(text, "c.yaml").version == "2.5"


@pytest.mark.parametrize("kind", KINDS)
def test_sections_and_fields_say_what_they_mean(kind: str) -> None:
    document = json.loads(editor_schema(kind))
    definitions = document["definitions"]
    silent = [
        f"{name}.{field}"
        for name, section in definitions.items()
        for field, node in section["properties"].items()
        if not node.get("description")
    ]
    silent += [name for name, section in definitions.items() if not section.get("description")]
    assert not silent


def test_no_word_is_about_a_field_that_is_gone() -> None:
    known = set()
    for kind in KINDS:
        for name, section in json.loads(editor_schema(kind))["definitions"].items():
            known |= {f"{name}.{field}" for field in section["properties"]}
    known |= {f"Sections.{field}" for field in Sections.__struct_fields__}
    assert set(WORDS) <= known


def test_there_are_no_patterns_an_editor_cannot_read() -> None:
    document = [json.loads(editor_schema(kind)) for kind in KINDS]
    assert "\\A" not in json.dumps(document)


@pytest.mark.parametrize("kind", KINDS)
def test_the_published_schema_is_this_one(kind: str) -> None:
    published = ROOT / "docs" / "reference" / f"{kind}.schema.json"
    assert published.read_bytes() == editor_schema(kind), "run `make docs`"
