# SPDX-License-Identifier: Apache-2.0
"""The state machine: answers leave marks, marks say which question is next.

Questions come in one fixed order and a question's formula speaks only of marks that questions above
it leave, so a walk ends after each question was asked at most once. "Not sure" leaves the marks of
every option together: whatever any definite answer would have brought is then there.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from functools import cache, lru_cache

from msgspec import Struct

from steelyard.catalog.eu_ai_act import NOT_SURE, Option, Question, eu_ai_act
from steelyard.charter.regulation.formulas import holds

Answer = tuple[str, ...]
"""Ids of the options chosen: one, or for a question of kind "many" several, or ``not-sure``."""
Answers = Mapping[str, Answer]
UNSURE: Answer = (NOT_SURE,)


class Step(Struct, frozen=True):
    """One question of a walk. ``answer`` is None where the walk has none."""

    question: Question
    answer: Answer | None


class Walk(Struct, frozen=True):
    """The questions asked, in order, and all marks left by the answers."""

    steps: tuple[Step, ...]
    marks: frozenset[str]

    @property
    def waiting(self) -> Question | None:
        """The first question that has no answer."""
        return next((step.question for step in self.steps if step.answer is None), None)


@cache
def questions() -> dict[str, Question]:
    """Return every question by id, in the order they are asked."""
    return {question.id: question for question in eu_ai_act().questions}


def options(question: Question) -> dict[str, Option]:
    """Return the options of a question by id."""
    return {option.id: option for option in question.options}


def walk(answers: Answers, missing: Answer | None = None) -> Walk:
    """Ask every question that the answers lead to.

    A question without an answer takes ``missing``; where that is None it leaves no marks, so that
    nothing that depends on it is asked yet.
    """
    left: set[str] = set()
    steps: list[Step] = []
    marks = close(left)
    for question in questions().values():
        if not holds(question.when, marks):
            continue
        answer = answers.get(question.id, missing)
        steps.append(Step(question, answer))
        new = marks_of(question, answer) - left if answer else set()
        if new:
            left |= new
            marks = close(left)
    return Walk(tuple(steps), marks)


def marks_of(question: Question, answer: Answer) -> set[str]:
    """Return the marks an answer leaves; "not sure" leaves those of every option."""
    known = options(question)
    chosen: Iterable[Option] = (
        known.values() if NOT_SURE in answer else (known[name] for name in answer)
    )
    return {mark for option in chosen for mark in option.marks}


def close(marks: AbstractSet[str]) -> frozenset[str]:
    """Return the marks with all that follow from them."""
    return _closed(frozenset(marks))


@lru_cache(maxsize=4096)
def _closed(marks: frozenset[str]) -> frozenset[str]:
    # Remembered, because a walk with one more answer begins like the one before it.
    found = set(marks)
    # One pass suffices: a derived mark uses only those derived above it.
    for rule in eu_ai_act().derived:
        if holds(rule.when, found):
            found.add(rule.mark)
    return frozenset(found)


def next_question(answers: Answers) -> Question | None:
    """Return the next question to ask; None when there is none left."""
    return walk(answers).waiting
