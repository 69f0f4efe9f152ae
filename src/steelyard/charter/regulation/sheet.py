# SPDX-License-Identifier: Apache-2.0
"""Answers as a YAML file: what was answered, with the questions beside, or a blank one."""

from __future__ import annotations

import textwrap

from steelyard.catalog.eu_ai_act import NOT_SURE, Question, eu_ai_act
from steelyard.charter.regulation.machine import Answer, Answers, questions


def filled_sheet(answers: Answers, name: str = "") -> str:
    """Return a file of answers, in the order of the questions, each with its question above it."""
    lines = _head(name)
    for question in questions().values():
        if question.id in answers:
            lines += [f"  # {question.text}", f"  {question.id}: {_shown(answers[question.id])}"]
    if len(lines) == len(_head(name)):
        lines[-1] += " {}"
    return "\n".join(lines) + "\n"


def blank_sheet() -> str:
    """Return a file with every question, its answers, and "not sure" everywhere.

    What need not be asked, given the other answers, may be left as it is or deleted.
    """
    lines = _head("")
    stage = ""
    for question in questions().values():
        if question.stage != stage:
            stage = question.stage
            lines += ["", f"  # --- {stage} " + "-" * (70 - len(stage)), ""]
        lines += [f"  # {line}" for line in textwrap.wrap(question.text, 92)]
        lines += _choices(question)
        lines.append(f"  {question.id}: {NOT_SURE}")
    return "\n".join(lines) + "\n"


def _choices(question: Question) -> list[str]:
    if question.kind == "yes-no":
        return [f"  #   yes, no or {NOT_SURE}"]
    many = " (a list of)" if question.kind == "many" else ""
    lines = [f"  #  {many} one of these, or {NOT_SURE}:".replace("a list of) one of", "a list of)")]
    for option in question.options:
        wrapped = textwrap.wrap(f"{option.id}: {option.text}", 88, subsequent_indent="    ")
        lines += [f"  #     {line}" for line in wrapped]
    return lines


def _head(name: str) -> list[str]:
    act = eu_ai_act()
    return [
        f"# Answers to the questionnaire on the EU AI Act, version {act.version}.",
        "# Check them with: steelyard regulation classify --answers FILE",
        *([f"classification: {name}"] if name else []),
        "answers:",
    ]


def _shown(answer: Answer) -> str:
    return answer[0] if len(answer) == 1 else f"[{', '.join(answer)}]"
