# SPDX-License-Identifier: Apache-2.0
"""The open-source exemption and the modifier's role: yes, no and unknown, each with its reason."""

from __future__ import annotations

import pytest

from steelyard.catalog.license_terms import license_terms
from steelyard.licensing.gpai import Release, gpai_facts

OPEN = Release(weights_public=True, architecture_public=True, usage_public=True, training_flop=2e24)


@pytest.mark.parametrize(
    ("key", "answer"),
    [
        ("apache-2.0", "yes"),
        ("mit", "yes"),
        ("gpl-3.0", "yes"),
        ("cc-by-4.0", "yes"),
        ("cc-by-nc-4.0", "no"),
        ("llama-3.1-license-2024", "no"),
        ("nowhere", "unknown"),
    ],
)
def test_the_license_decides_first(key: str, answer: str) -> None:
    fact = gpai_facts([license_terms(key)], OPEN).open_source_exemption
    assert fact.answer == answer, fact.reasons
    assert fact.source and fact.as_of and fact.confidence == "secondary"


def test_what_is_not_public_or_not_said() -> None:
    mit = [license_terms("mit")]
    closed = Release(weights_public=True, architecture_public=False, usage_public=True)
    assert gpai_facts(mit, closed).open_source_exemption.answer == "no"
    assert gpai_facts(mit, Release()).open_source_exemption.answer == "unknown"


def test_systemic_risk_voids_it() -> None:
    big = Release(
        weights_public=True, architecture_public=True, usage_public=True, training_flop=2e25
    )
    fact = gpai_facts([license_terms("mit")], big).open_source_exemption
    assert fact.answer == "no" and "systemic" in fact.reasons[0]


@pytest.mark.parametrize(
    ("training", "spent", "answer"),
    [
        (3e24, 1.1e24, "yes"),
        (3e24, 0.9e24, "no"),
        (None, 4e22, "yes"),
        (None, 1e21, "no"),
        (3e24, None, "unknown"),
    ],
)
def test_a_third_of_the_compute(training: float | None, spent: float | None, answer: str) -> None:
    release = Release(training_flop=training, modification_flop=spent)
    assert gpai_facts([], release).modifier_becomes_provider.answer == answer
