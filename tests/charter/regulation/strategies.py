# SPDX-License-Identifier: Apache-2.0
"""Answers for property tests: whole walks, definite or with "not sure" among them."""

from __future__ import annotations

from hypothesis import strategies as st

from steelyard.catalog.eu_ai_act import Question
from steelyard.charter.regulation.machine import UNSURE, Answer, next_question, options


def definite(question: Question) -> list[Answer]:
    """Return the definite answers that matter: each option, for "many" also all at once."""
    answers: list[Answer] = [(option.id,) for option in question.options]
    if question.kind == "many":
        answers.append(tuple(o.id for o in question.options if not o.alone))
    return answers


@st.composite
def definite_answers(draw: st.DrawFn, question: Question) -> Answer:
    if question.kind == "many" and draw(st.booleans()):
        real = [option.id for option in question.options if not option.alone]
        chosen = draw(st.sets(st.sampled_from(real), min_size=1))
        return tuple(name for name in options(question) if name in chosen)
    return draw(st.sampled_from(definite(question)))


@st.composite
def walks(draw: st.DrawFn, *, unsure: bool = True, deep: bool = True) -> dict[str, Answer]:
    """Return answers to every question asked, in the order they were asked.

    With ``deep`` the answers that end the questions early are rare.
    """
    answers: dict[str, Answer] = {}
    while (question := next_question(answers)) is not None:
        if unsure and draw(st.integers(0, 5)) == 0:
            answers[question.id] = UNSURE
        elif deep and question.stage in ("scope", "prohibited") and draw(st.integers(0, 19)):
            answers[question.id] = LIVELY.get(question.id, ("no",))
        else:
            answers[question.id] = draw(definite_answers(question))
    return answers


LIVELY: dict[str, Answer] = {"scope.ai": ("yes",), "scope.eu": ("offered", "used")}
