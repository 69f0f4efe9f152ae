# SPDX-License-Identifier: Apache-2.0
"""Properties of the state machine: it ends, it is deterministic, doubt never makes it milder."""

from __future__ import annotations

import datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from steelyard.catalog.eu_ai_act import NOT_SURE, eu_ai_act
from steelyard.charter.regulation.classify import (
    classify,
    obligation_ids,
    standing_of,
    start_of,
)
from steelyard.charter.regulation.formulas import holds, names_in
from steelyard.charter.regulation.machine import (
    UNSURE,
    Answer,
    next_question,
    questions,
    walk,
)
from steelyard.charter.regulation.result import CLASSES, GPAI
from tests.charter.regulation.strategies import definite_answers, walks

TODAY = datetime.date(2026, 11, 27)
ACT = eu_ai_act()


def rank(marks: frozenset[str]) -> tuple[int, int]:
    standing = standing_of(marks)
    return CLASSES.index(standing.eu_class), GPAI.index(standing.gpai)


def starts(marks: frozenset[str]) -> dict[str, datetime.date]:
    owed = obligation_ids(marks)
    return {item.id: start_of(item, marks).date for item in ACT.obligations if item.id in owed}


@given(walks())
@settings(max_examples=200, deadline=None)
def test_every_path_ends_and_asks_each_question_at_most_once(answers: dict[str, Answer]) -> None:
    asked = [step.question.id for step in walk(answers).steps]
    assert next_question(answers) is None
    assert len(asked) == len(set(asked)) <= len(questions())
    assert list(answers) == asked, "questions come in the order of the walk, and none is moot"


@given(walks())
@settings(max_examples=100, deadline=None)
def test_the_result_depends_on_the_answers_and_not_on_their_order(
    answers: dict[str, Answer],
) -> None:
    backwards = dict(reversed(list(answers.items())))
    assert walk(answers).marks == walk(backwards).marks
    one, two = classify(answers, TODAY), classify(answers, TODAY)
    assert one == two
    assert one.eu_class == standing_of(walk(answers).marks).eu_class
    assert not one.unused


@given(walks(), st.data())
@settings(max_examples=400, deadline=None)
def test_not_sure_is_never_milder_than_a_definite_answer(
    answers: dict[str, Answer], data: st.DataObject
) -> None:
    """Whatever the other answers: replace one by "not sure", and nothing falls away."""
    name = data.draw(st.sampled_from(list(answers)))
    definite = data.draw(definite_answers(questions()[name]))
    known = walk({**answers, name: definite}, UNSURE)
    unsure = walk({**answers, name: UNSURE}, UNSURE)
    assert known.marks <= unsure.marks
    assert rank(unsure.marks) >= rank(known.marks)
    assert CLASSES.index(standing_of(unsure.marks).eu_class) >= CLASSES.index(
        standing_of(known.marks).eu_class
    )
    assert GPAI.index(standing_of(unsure.marks).gpai) >= GPAI.index(standing_of(known.marks).gpai)
    assert obligation_ids(known.marks) <= obligation_ids(unsure.marks)
    assert set(standing_of(known.marks).roles) <= set(standing_of(unsure.marks).roles)
    early, late = starts(unsure.marks), starts(known.marks)
    assert all(early[each] <= late[each] for each in late)
    asked = {step.question.id for step in known.steps}
    assert asked <= {step.question.id for step in unsure.steps}


@given(walks(unsure=False))
@settings(max_examples=200, deadline=None)
def test_a_whole_definite_walk_leaves_nothing_open(answers: dict[str, Answer]) -> None:
    result = classify(answers, TODAY)
    assert result.open_questions == ()
    assert result.class_at_least == result.eu_class
    assert not any(item.open for item in result.obligations)
    assert not any(role.open for role in result.roles)


@given(walks())
@settings(max_examples=200, deadline=None)
def test_the_mildest_reading_is_never_stricter_than_the_result(
    answers: dict[str, Answer],
) -> None:
    result = classify(answers, TODAY)
    assert CLASSES.index(result.class_at_least) <= CLASSES.index(result.eu_class)
    unsure = {name for name, answer in answers.items() if NOT_SURE in answer}
    assert set(result.open_questions) == unsure


@given(walks(), st.data())
@settings(max_examples=200, deadline=None)
def test_what_is_not_marked_open_is_owed_however_an_open_question_is_answered(
    answers: dict[str, Answer], data: st.DataObject
) -> None:
    """But for the prohibitions: a practice found to be prohibited is stopped, and that is all."""
    result = classify(answers, TODAY)
    open_ones = [q for q in result.open_questions if questions()[q].stage != "prohibited"]
    if not open_ones:
        return
    name = data.draw(st.sampled_from(open_ones))
    definite = data.draw(definite_answers(questions()[name]))
    other = walk({**answers, name: definite}, UNSURE)
    assert {item.id for item in result.obligations if not item.open} <= obligation_ids(other.marks)


@given(walks(), st.data())
@settings(max_examples=100, deadline=None)
def test_a_missing_answer_counts_as_not_sure(
    answers: dict[str, Answer], data: st.DataObject
) -> None:
    name = data.draw(st.sampled_from(list(answers)))
    without = {key: value for key, value in answers.items() if key != name}
    left_out, unsure = classify(without, TODAY), classify({**answers, name: UNSURE}, TODAY)
    assert (left_out.eu_class, left_out.gpai) == (unsure.eu_class, unsure.gpai)
    assert [o.id for o in left_out.obligations] == [o.id for o in unsure.obligations]
    assert name in left_out.open_questions


@given(walks(unsure=False, deep=True), st.data())
@settings(max_examples=60, deadline=None)
def test_what_would_change_is_what_changes(answers: dict[str, Answer], data: st.DataObject) -> None:
    result = classify(answers, TODAY)
    if not result.would_change:
        return
    change = data.draw(st.sampled_from(result.would_change))
    question = questions()[change.question]
    given = answers[question.id]
    alone = {option.id for option in question.options if option.alone}
    if change.answer in given:
        tried: Answer = tuple(name for name in given if name != change.answer)
    elif question.kind == "many" and change.answer not in alone:
        tried = (*(name for name in given if name not in alone), change.answer)
    else:
        tried = (change.answer,)
    became = classify({**answers, question.id: tried}, TODAY)
    assert (became.eu_class, became.gpai) == (change.eu_class, change.gpai)
    assert (became.eu_class, became.gpai) != (result.eu_class, result.gpai)
    assert change.certain == (not became.open_questions)


@given(walks())
@settings(max_examples=200, deadline=None)
def test_every_obligation_of_a_walk_has_a_date(answers: dict[str, Answer]) -> None:
    for item in classify(answers, TODAY).obligations:
        assert item.in_force == (item.applies_from <= TODAY)
        assert item.days_left == max(0, (item.applies_from - TODAY).days)


@pytest.mark.parametrize("text", ["a &", "& a", "(a", "a)", "a b", "()", "a | | b", "!a", "a & (b"])
def test_what_is_no_formula_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"formula|mark|parenthesis"):
        holds(text, set())


def test_formulas_read_and_before_or_and_stars_as_prefixes() -> None:
    assert holds("a | b & c", {"a"}) and not holds("a | b & c", {"b"})
    assert holds("(a | b) & c", {"b", "c"}) and not holds("(a | b) & c", {"a"})
    assert holds("iii.*", {"iii.5b"}) and not holds("iii.*", {"iiix", "ii.1"})
    assert holds("", set())
    assert names_in("a & (b.* | c)") == ("a", "b.*", "c")
