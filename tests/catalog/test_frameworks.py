# SPDX-License-Identifier: Apache-2.0
"""The catalog of laws and standards, and the controls that cite it."""

from __future__ import annotations

import pytest

from steelyard.catalog.frameworks import all_items, find, nearest_reference


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
