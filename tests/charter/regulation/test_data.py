# SPDX-License-Identifier: Apache-2.0
"""The data of the questionnaire is whole: every name resolves, everything can be reached."""

from __future__ import annotations

import datetime

import pytest

from steelyard.catalog.eu_ai_act import NOT_SURE, Obligation, Question, eu_ai_act
from steelyard.catalog.frameworks import find
from steelyard.charter.regulation.classify import obligation_ids, start_of
from steelyard.charter.regulation.formulas import names_in
from steelyard.charter.regulation.machine import UNSURE, Answer, next_question, questions, walk
from steelyard.charter.regulation.result import CLASSES, GPAI

ACT = eu_ai_act()
LEFT = {mark for question in ACT.questions for option in question.options for mark in option.marks}
DERIVED = [rule.mark for rule in ACT.derived]


def known(name: str, marks: set[str]) -> bool:
    if name.endswith(".*"):
        return any(mark.startswith(name[:-1]) for mark in marks)
    return name in marks


def test_ids_are_unique_and_no_option_takes_the_reserved_word() -> None:
    for rows in (ACT.questions, ACT.obligations, ACT.dates, ACT.timings, ACT.roles, ACT.classes):
        ids = [row.id for row in rows]
        assert len(ids) == len(set(ids))
    for question in ACT.questions:
        ids = [option.id for option in question.options]
        assert len(ids) == len(set(ids)) > 1 and NOT_SURE not in ids, question.id
        if question.kind == "yes-no":
            assert ids == ["yes", "no"], question.id
        assert any(o.alone for o in question.options) == (question.kind == "many"), question.id
        assert not question.mild or question.mild in ids
    assert len(DERIVED) == len(set(DERIVED)) and not set(DERIVED) & LEFT


def test_a_question_speaks_only_of_marks_left_above_it() -> None:
    above: set[str] = set()
    for question in ACT.questions:
        reachable = above | {rule.mark for rule in ACT.derived if feeds(rule.mark) <= above}
        for name in names_in(question.when):
            assert known(name, reachable), f"{question.id}: {name}"
        above |= {mark for option in question.options for mark in option.marks}


def feeds(mark: str) -> set[str]:
    """Return the marks of answers that a mark rests on; ``c.*`` on all that begin so."""
    if mark.endswith(".*"):
        return {one for one in LEFT if one.startswith(mark[:-1])}
    rules = {rule.mark: rule.when for rule in ACT.derived}
    if mark not in rules:
        return {mark}
    return {one for name in names_in(rules[mark]) for one in feeds(name)}


def test_a_derived_mark_uses_only_marks_known_by_then() -> None:
    have = set(LEFT)
    for rule in ACT.derived:
        assert all(known(name, have) for name in names_in(rule.when)), rule.mark
        have.add(rule.mark)


def test_every_formula_names_known_marks() -> None:
    have = LEFT | set(DERIVED)
    formulas = [
        *((kind.id, kind.when) for kind in (*ACT.classes, *ACT.gpai, *ACT.roles)),
        *((item.id, item.when) for item in ACT.obligations),
        *((timing.id, each.when) for timing in ACT.timings for each in timing.dates),
    ]
    for where, formula in formulas:
        for name in names_in(formula):
            assert known(name, have), f"{where}: {name}"


def test_every_mark_is_used_somewhere() -> None:
    used: set[str] = set()
    for formula in (
        *(question.when for question in ACT.questions),
        *(rule.when for rule in ACT.derived),
        *(kind.when for kind in (*ACT.classes, *ACT.gpai, *ACT.roles)),
        *(item.when for item in ACT.obligations),
        *(each.when for timing in ACT.timings for each in timing.dates),
    ):
        used |= set(names_in(formula))
    prefixes = tuple(name[:-1] for name in used if name.endswith(".*"))
    unused = {m for m in LEFT | set(DERIVED) if m not in used and not m.startswith(prefixes)}
    assert not unused


def test_references_sources_roles_and_dates_resolve() -> None:
    roles = {role.id for role in ACT.roles}
    dates = {date.id for date in ACT.dates}
    timings = {timing.id for timing in ACT.timings}
    cited = [(row.id, row.refs, row.source) for row in ACT.questions]
    cited += [(row.id, row.refs, row.source) for row in ACT.obligations]
    for name, refs, source in cited:
        assert refs and all(find(ref) for ref in refs), name
        assert source in ACT.sources, name
    for item in ACT.obligations:
        assert set(item.who) <= roles and item.who, item.id
        assert item.timing in timings, item.id
    for kind in (*ACT.classes, *ACT.roles):
        assert all(find(ref) for ref in kind.refs), kind.id
        assert set(kind.timings) <= timings
    for timing in ACT.timings:
        assert {each.date for each in timing.dates} <= dates
    assert {timing.id for timing in ACT.timings} == {item.timing for item in ACT.obligations}
    assert all(date.source in ACT.sources for date in ACT.dates)
    used = {source for _, _, source in cited} | {date.source for date in ACT.dates}
    assert set(ACT.sources) == used


def test_classes_and_standings_are_those_of_the_document_worst_first() -> None:
    assert tuple(kind.id for kind in reversed(ACT.classes)) == CLASSES
    assert tuple(kind.id for kind in reversed(ACT.gpai)) == GPAI
    assert ACT.classes[-1].when == "" and ACT.gpai[-1].when == ""


def test_every_question_is_asked_and_every_obligation_owed_somewhere() -> None:
    everything = walk({}, UNSURE)
    assert [step.question.id for step in everything.steps] == list(questions())
    assert obligation_ids(everything.marks) == {item.id for item in ACT.obligations}


def answers_towards(formula: str) -> dict[str, Answer]:
    """Return definite answers to every question, chosen for the marks a formula rests on."""
    wanted: set[str] = set()
    fresh = direct = {mark for name in names_in(formula) for mark in feeds(name)}
    while fresh:
        wanted |= fresh
        askers = [q for q in ACT.questions if any(set(o.marks) & fresh for o in q.options)]
        named = {name for question in askers for name in names_in(question.when)}
        fresh = {mark for name in named for mark in feeds(name)} - wanted
    answers: dict[str, Answer] = {}
    while (question := next_question(answers)) is not None:
        best = sorted(question.options, key=lambda o: not set(o.marks) & direct)
        useful = tuple(o.id for o in best if set(o.marks) & wanted)
        chosen = useful if question.kind == "many" else useful[:1]
        answers[question.id] = chosen or (question.options[-1].id,)
    return answers


@pytest.mark.parametrize("question", ACT.questions, ids=lambda q: q.id)
def test_every_question_is_reached_by_definite_answers(question: Question) -> None:
    assert question.id in answers_towards(question.when)


@pytest.mark.parametrize("item", ACT.obligations, ids=lambda item: item.id)
def test_every_obligation_is_reached_by_definite_answers(item: Obligation) -> None:
    marks = walk(answers_towards(item.when)).marks
    assert item.id in obligation_ids(marks)
    assert start_of(item, marks).date >= datetime.date(2025, 2, 2)


def test_the_dates_are_those_of_the_amended_act() -> None:
    told = {date.id: (date.date.isoformat(), date.before and date.before.isoformat())
            for date in ACT.dates}  # fmt: skip
    assert told["annex-iii"] == ("2027-12-02", "2026-08-02")
    assert told["annex-i"] == ("2028-08-02", "2027-08-02")
    assert told["new-prohibitions"] == ("2026-12-02", None)
    assert told["marking-legacy"] == ("2026-12-02", "2026-08-02")
    assert told["general"] == ("2026-08-02", None)
    assert told["prohibitions"][0] == "2025-02-02" and told["gpai"][0] == "2025-08-02"
    assert told["public-authorities"][0] == "2030-08-02"
    assert all(date.source and date.confidence for date in ACT.dates)
