# SPDX-License-Identifier: Apache-2.0
"""A unit's own words, and answers about the EU AI Act, in a use case."""

from __future__ import annotations

from pathlib import Path

import pytest

from steelyard.charter.regulation.facts import classify_use_case, eu_facts
from steelyard.charter.schema import Term
from steelyard.governance.use_cases.facts import load_use_case
from steelyard.kernel.errors import DocumentErrors

TEXT = (Path(__file__).parents[3] / "examples/use-cases/internal-search.yaml").read_text("utf-8")
TERMS = (
    Term(word="C3", field="data_class", means="confidential", unit="retail"),
    Term(word="tickets", field="data_sources", means="support-tickets"),
)


def test_a_units_word_means_what_the_charter_says() -> None:
    text = TEXT.replace("data_class: internal", "data_class: C3")
    own = text + "unit: retail\ndata_sources: [tickets, handbook]\n"
    use_case = load_use_case(own, "u.yaml", TERMS)
    assert use_case.data_class == "confidential"
    assert use_case.data_sources == ("support-tickets", "handbook")
    for other in (text, text + "unit: research\n"):
        with pytest.raises(DocumentErrors, match="must be one of public"):
            load_use_case(other, "u.yaml", TERMS)
    with pytest.raises(DocumentErrors):
        load_use_case(own, "u.yaml")


def test_answers_about_the_eu_ai_act_are_checked_at_their_place() -> None:
    text = TEXT + "eu_ai_act:\n  scope.ai: yes\n  roles: [deployr]\n"
    with pytest.raises(DocumentErrors) as caught:
        load_use_case(text, "u.yaml")
    (error,) = caught.value.errors
    assert error.line == text.count("\n")
    assert "deployer" in str(error)


def test_open_questions_count_as_the_strictest_answer() -> None:
    text = TEXT + "eu_ai_act:\n  scope.ai: yes\n  roles: [deployer]\n"
    use_case = load_use_case(text, "u.yaml")
    assert use_case.eu_ai_act is not None
    facts = eu_facts(classify_use_case(use_case.eu_ai_act, use_case.expires, use_case))
    assert facts.eu_class == "prohibited"
    assert facts.eu_open
