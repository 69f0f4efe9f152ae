# SPDX-License-Identifier: Apache-2.0
"""Finds the case that shows how two charters answer one question differently."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from steelyard.charter.diff.changes import Example
from steelyard.charter.worlds import Answers, Question, view_of_world
from steelyard.charter.worlds.ask import Domains, essential


def example_of(
    one: Question,
    other: Question,
    answers: Answers,
    wanted: Callable[[Any, Any], bool],
    words: Callable[[Any], str],
) -> Example | None:
    """Return a case in which the old and the new answer are as ``wanted``, with what matters."""
    found = next((item for item in answers.rows.items() if wanted(*item[0])), None)
    if found is None:
        return None
    (old, new), world = found
    values = Domains((*one.texts, *other.texts)).values
    facts = essential(
        world,
        values,
        lambda facts: (
            (one.answer(view_of_world(facts)), other.answer(view_of_world(facts))) == (old, new)
        ),
    )
    return Example(facts=facts, old=words(old), new=words(new))
