# SPDX-License-Identifier: Apache-2.0
"""The parts of the catalog as entries of one shape."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
import pytest

from steelyard.catalog.entries import (
    Entry,
    control_entries,
    duty_entries,
    framework_entries,
    item_entry,
    known_framework,
    license_entries,
    playbook_entries,
    unknown,
)
from steelyard.catalog.frameworks import find
from steelyard.kernel.errors import InputError

PARTS: dict[str, Callable[[str | None], list[Entry]]] = {
    "frameworks": framework_entries,
    "controls": control_entries,
    "licenses": license_entries,
    "duties": duty_entries,
    "playbooks": playbook_entries,
}


@pytest.mark.parametrize("part", PARTS)
def test_entries_have_one_shape(part: str) -> None:
    entries = PARTS[part](None)
    assert entries
    assert len({entry["id"] for entry in entries}) == len(entries)
    for entry in entries:
        assert all(entry[key] for key in ("id", "title", "source", "as_of")), entry["id"]
        assert entry["confidence"] in ("text", "secondary", "unverified")
    assert len(msgspec.json.decode(msgspec.json.encode(entries))) == len(entries)


@pytest.mark.parametrize("part", PARTS)
def test_a_framework_filters_every_part(part: str) -> None:
    all_of_it, gdpr = PARTS[part](None), PARTS[part]("GDPR")
    assert len(gdpr) < len(all_of_it) or part == "frameworks"
    with pytest.raises(InputError, match="no framework 'GDPRR'") as caught:
        PARTS[part]("GDPRR")
    assert caught.value.code == "catalog.framework"
    assert "'GDPR'" in (caught.value.next_step or "")
    assert (gdpr == []) == (part == "licenses")


def test_items_of_a_framework_and_of_a_kind() -> None:
    assert len(framework_entries("ISO-42001")) == 88
    controls = framework_entries("iso-42001", "control")
    assert len(controls) == 38
    assert {entry["kind"] for entry in controls} == {"control"}
    assert all(entry["framework"] == "ISO-42001" and entry["version"] for entry in controls)
    assert len(framework_entries("NIST-AI-RMF", "subcategory")) == 72
    with pytest.raises(InputError, match="nothing of the kind 'rule'") as caught:
        framework_entries("ISO-42001", "rule")
    assert caught.value.code == "catalog.kind"


def test_an_item_lists_the_controls_that_answer_it_with_the_basis() -> None:
    item = find("ISO-42001:A.8.4")
    assert item is not None
    entry = item_entry(item)
    by_id = {each["id"]: each["basis"] for each in entry["controls"]}
    assert by_id["incident-contact"] == "The item's title names this subject."
    assert by_id["incident-drill"] == "Our judgement."


def test_a_mapping_of_another_catalog_names_it() -> None:
    (entry,) = [one for one in control_entries() if one["id"] == "agent-budgets"]
    basis = {mapping["ref"]: mapping["basis"] for mapping in entry["mappings"]}
    assert basis["OWASP-LLM-2025:LLM10"] == (
        "CoSAI's own mapping of its control controlAgentExecutionBounds."
    )
    assert basis["OWASP-AISVS:9.1.2"] == "The item's own wording asks for this."


def test_controls_are_filtered() -> None:
    privacy = control_entries(topic="privacy")
    assert {entry["topic"] for entry in privacy} == {"privacy"}
    retiring = control_entries(stage="retirement")
    assert {entry["id"] for entry in retiring} == {"retirement-plan", "weights-disposal"}
    both = control_entries("GDPR", "privacy", "scoping")
    assert {"lawful-basis"} <= {entry["id"] for entry in both} < {e["id"] for e in privacy}
    for wrong, code in (({"topic": "x"}, "catalog.topic"), ({"stage": "x"}, "catalog.stage")):
        with pytest.raises(InputError) as caught:
            control_entries(**wrong)
        assert caught.value.code == code


def test_frameworks_count_what_they_hold() -> None:
    by_id = {entry["id"]: entry for entry in framework_entries()}
    assert by_id["ISO-42001"]["kinds"]["control"] == 38
    assert by_id["NIST-AI-RMF"]["kinds"]["subcategory"] == 72
    assert by_id["GDPR"]["controls"] >= 20
    assert known_framework("gdpr").id == "GDPR"


def test_an_unknown_name_gets_the_nearest_one() -> None:
    error = unknown("controls", "human-oversigt", ["human-oversight", "kill-switch"])
    assert error.code == "catalog.unknown"
    assert "'human-oversight'" in (error.next_step or "")
    assert "steelyard catalog controls" in (unknown("controls", "zzz", []).next_step or "")
