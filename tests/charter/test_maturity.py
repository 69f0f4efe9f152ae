# SPDX-License-Identifier: Apache-2.0
"""Which profile an organization can carry, and what is missing for the next."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steelyard.catalog.charters import NAMES
from steelyard.catalog.maturity import maturity_catalog
from steelyard.charter.maturity import (
    MaturityAnswers,
    MaturityResult,
    assess_maturity,
    questions_template,
    read_maturity,
)
from steelyard.kernel.errors import DocumentErrors

IDS = [question.id for question in maturity_catalog().questions]


def result_of(answers: dict[str, int]) -> MaturityResult:
    return assess_maturity(MaturityAnswers(answers=answers))


def just(profile: str) -> dict[str, int]:
    """Return the least answers that ``profile`` can be carried with."""
    return {question.id: question.needs[profile] for question in maturity_catalog().questions}


@pytest.mark.parametrize("profile", NAMES)
def test_a_profile_is_recommended_exactly_when_it_can_be_carried(profile: str) -> None:
    least = just(profile)
    result = result_of(least)
    assert result.recommended == profile
    assert result.ready
    for identity, level in least.items():
        if level:
            lower = result_of({**least, identity: level - 1})
            assert NAMES.index(lower.recommended) < NAMES.index(profile) or not lower.ready


def test_nothing_answered_is_not_ready_for_anything() -> None:
    result = result_of({})
    assert not result.ready
    assert result.recommended == result.next == "starter"
    assert {gap.question for gap in result.gaps} == {
        question.id for question in maturity_catalog().questions if question.needs["starter"]
    }
    assert result.unanswered == tuple(IDS)
    assert not any(gap.answered for gap in result.gaps)


def test_everything_proven_leaves_nothing_to_do() -> None:
    result = result_of(dict.fromkeys(IDS, 3))
    assert result.recommended == "regulated"
    assert result.next == ""
    assert result.gaps == ()
    assert all(area.word == "proven" for area in result.areas)


def test_gaps_say_what_to_do_in_order() -> None:
    result = result_of({**just("standard"), "licenses": 0, "scanning": 1, "stop": 0})
    assert result.recommended == "starter"
    assert result.next == "standard"
    assert [gap.question for gap in result.gaps] == ["licenses", "stop", "scanning"]
    first, _, last = result.gaps
    assert first.do == "Let legal sort the categories of licenses once."
    assert last.do.startswith("Get to this: Always, by a scanner")
    assert last.today == "By hand, when somebody is careful."
    assert {control.id for control in first.controls} >= {"license-record", "license-duties"}
    assert all(control.title for gap in result.gaps for control in gap.controls)


@given(
    st.dictionaries(st.sampled_from(IDS), st.integers(0, 3)),
    st.sampled_from(IDS),
    st.integers(0, 3),
)
def test_getting_better_never_makes_the_result_worse(
    answers: dict[str, int], identity: str, level: int
) -> None:
    before = result_of(answers)
    better = {**answers, identity: max(level, answers.get(identity, 0))}
    after = result_of(better)
    rank = {"starter": 0, "standard": 1, "regulated": 2}
    assert (after.ready, rank[after.recommended]) >= (before.ready, rank[before.recommended])
    if after.next == before.next:
        assert {gap.question for gap in after.gaps} <= {gap.question for gap in before.gaps}
    for old, new in zip(before.areas, after.areas, strict=True):
        assert new.level >= old.level


def test_the_file_of_questions_can_be_read_back() -> None:
    text = questions_template()
    assert read_maturity(text, "m.yaml").answers == dict.fromkeys(IDS, 0)
    for question in maturity_catalog().questions:
        assert question.ask in text
        assert all(level in text for level in question.levels)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("scaning: 1", "Did you mean 'scanning'?"),
        ("scanning: 4", "at most 3"),
        ("scanning: -1", "at least 0"),
        ("scanning: often", "must be a whole number"),
    ],
)
def test_wrong_answers_have_a_line(line: str, said: str) -> None:
    with pytest.raises(DocumentErrors) as caught:
        read_maturity(f"organization: N\nanswers:\n  {line}\n", "m.yaml")
    (error,) = caught.value.errors
    assert error.line == 3
    assert said in str(error)
