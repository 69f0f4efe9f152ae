# SPDX-License-Identifier: Apache-2.0
"""The questions of the self-assessment are complete and lead to controls."""

from __future__ import annotations

from steelyard.catalog.charters import NAMES
from steelyard.catalog.controls import controls
from steelyard.catalog.maturity import maturity_catalog


def test_areas_and_questions() -> None:
    catalog = maturity_catalog()
    areas = [area.id for area in catalog.areas]
    assert areas == ["governance", "inventory", "risk", "security", "operations", "people"]
    assert len(catalog.questions) == 26
    ids = [question.id for question in catalog.questions]
    assert len(ids) == len(set(ids))
    order = [areas.index(question.area) for question in catalog.questions]
    assert order == sorted(order)
    assert set(order) == set(range(6))


def test_a_stricter_profile_never_needs_less() -> None:
    for question in maturity_catalog().questions:
        needs = [question.needs[name] for name in NAMES]
        assert set(question.needs) == set(NAMES)
        assert needs == sorted(needs)
        assert needs[0] >= 0
        assert needs[-1] <= 3


def test_every_question_says_what_to_do_and_where_it_says_more() -> None:
    for question in maturity_catalog().questions:
        assert question.do.endswith(".")
        assert question.ask.endswith("?")
        assert len(set(question.levels)) == 4
        assert question.controls
        assert len(question.controls) == len(set(question.controls))
        assert set(question.controls) <= set(controls())


def test_it_says_that_it_is_our_own_judgment() -> None:
    catalog = maturity_catalog()
    assert catalog.confidence == "unverified"
    assert "our own" in catalog.note
    assert catalog.as_of
