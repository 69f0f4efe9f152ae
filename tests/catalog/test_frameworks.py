# SPDX-License-Identifier: Apache-2.0
"""The catalog of laws and standards, and the controls that cite it."""

from __future__ import annotations

import re

import pytest

from steelyard.catalog.frameworks import (
    all_items,
    current,
    find,
    frameworks,
    nearest_reference,
)


@pytest.mark.parametrize(
    ("reference", "title"),
    [
        ("OWASP-LLM-2025:LLM03", "Supply Chain"),
        ("ATLAS:AML.T0010", "AI Supply Chain Compromise"),
        ("EU-AI-Act:Art-15", "Accuracy, robustness and cybersecurity"),
        ("ISO-42001:A.6.2.4", "AI system verification and validation"),
        ("GDPR:Art-35", "Data protection impact assessment"),
        ("EU-AI-Act:Art-1", "Subject matter"),
    ],
)
def test_references_resolve(reference: str, title: str) -> None:
    item = find(reference)
    assert item is not None
    assert item.title == title
    assert item.source
    assert item.confidence in ("text", "secondary", "unverified")


def test_items_are_unique_and_attributed() -> None:
    items = all_items()
    assert len({item.id for item in items}) == len(items) > 1000
    assert all(" " not in item.id and item.title and item.as_of for item in items)
    owasp = [item for item in items if item.id.startswith("OWASP")]
    assert owasp
    assert all(item.license == "CC-BY-SA-4.0" and item.attribution for item in owasp)
    iso = [item for item in items if item.id.startswith("ISO-")]
    assert len([item for item in iso if item.id.startswith("ISO-42001:A.")]) >= 38
    assert all("titles only" in item.license for item in iso)


def test_nearest() -> None:
    assert find("GDPR:Art-350") is None
    assert nearest_reference("GDPR:Art-350") == "GDPR:Art-35"
    assert nearest_reference("OWASP-LLM-2025:LLM3") == "OWASP-LLM-2025:LLM03"


@pytest.mark.parametrize(
    ("framework", "kind", "count"),
    [
        ("ISO-42001", "control", 38),
        ("NIST-AI-RMF", "function", 4),
        ("NIST-AI-RMF", "category", 19),
        ("NIST-AI-RMF", "subcategory", 72),
        ("NIST-AI-600-1", "risk", 12),
        ("OWASP-LLM-2025", "risk", 10),
        ("OWASP-LLM-2026", "risk", 10),
        ("OWASP-ML-2023", "risk", 10),
        ("OWASP-AISVS", "requirement", 191),
        ("EU-AI-Act", "article", 113),
        ("EU-AI-Act", "annex", 13),
        ("GDPR", "article", 99),
        ("SSDF", "task", 42),
        ("SSDF-218A", "task", 6),
        ("ATLAS", "tactic", 16),
        ("ATLAS", "mitigation", 37),
        ("SAIF", "control", 23),
        ("CoSAI", "control", 35),
        ("EU-AI-Act-Concepts", "date", 9),
    ],
)
def test_counts_are_data(framework: str, kind: str, count: int) -> None:
    assert frameworks()[framework].kinds[kind] == count


def test_atlas_counts_the_newest_edition() -> None:
    kinds = frameworks()["ATLAS"].kinds
    assert kinds["technique"] + kinds["sub-technique"] == 178
    assert frameworks()["ATLAS"].version == "5.6.0, 2026.07"


@pytest.mark.parametrize(
    ("former", "standing", "today"),
    [
        ("ATLAS:AML.T0019", "removed", "ATLAS:AML.T0115.000"),
        ("ATLAS:AML.T0058", "removed", "ATLAS:AML.T0115.001"),
        ("ATLAS:AML.T0104", "removed", "ATLAS:AML.T0115.002"),
        ("OWASP-LLM-2025:LLM03", "superseded", "OWASP-LLM-2026:LLM04"),
        ("OWASP-LLM-2025:LLM07", "superseded", "OWASP-LLM-2026:LLM08"),
        ("GDPR:Art-5", "current", "GDPR:Art-5"),
    ],
)
def test_former_ids_resolve_and_say_what_stands_today(
    former: str, standing: str, today: str
) -> None:
    item = find(former)
    assert item is not None
    assert item.standing == standing
    assert [one.id for one in current(former)] == [today]
    assert bool(item.change_basis) == (standing != "current")


def test_every_entry_of_the_2025_list_has_a_successor_and_no_two_share_one() -> None:
    items = [item for item in all_items() if item.prefix == "OWASP-LLM-2025"]
    after = [one.id for item in items for one in current(item.id)]
    assert len(items) == len(set(after)) == 10
    assert all(one.startswith("OWASP-LLM-2026:") for one in after)


def test_a_renamed_entry_keeps_its_former_title() -> None:
    item = find("ATLAS:AML.T0020")
    assert item is not None
    assert (item.title, item.former_title) == ("Training Data Poisoning", "Poison Training Data")
    assert item.standing == "current"


def test_nothing_unknown_is_current() -> None:
    assert current("ATLAS:AML.T9999") == ()


def test_changes_lead_to_entries_that_stand() -> None:
    for item in all_items():
        assert all(one.standing == "current" for one in current(item.id))
        assert item.standing == "current" or current(item.id)


def test_titles_are_undamaged() -> None:
    for item in all_items():
        assert "`" not in item.title
        assert "\\" not in item.title
        assert "  " not in item.title
        assert not re.search(r"\b(indemni|classi|Veri) fi", item.title)


def test_frameworks_sum_up() -> None:
    assert len(frameworks()) >= 18
    for framework in frameworks().values():
        assert sum(framework.kinds.values()) == framework.items
        assert framework.sources
        assert framework.confidence in ("text", "secondary", "unverified")
        assert "" not in framework.kinds
