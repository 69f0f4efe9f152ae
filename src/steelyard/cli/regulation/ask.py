# SPDX-License-Identifier: Apache-2.0
"""Asks the questions one at a time, by keyboard, on standard error."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import click

from steelyard.catalog.eu_ai_act import Question
from steelyard.charter.document import nearest
from steelyard.charter.regulation.classify import answer_text
from steelyard.charter.regulation.machine import UNSURE, Answer, next_question, options, walk
from steelyard.charter.regulation.prefill import Suggestion
from steelyard.cli.door import console
from steelyard.reporting.text import plain

STAGES = {
    "scope": "Is it in scope?",
    "prohibited": "Is it prohibited?",
    "roles": "Which role is yours?",
    "high-risk": "Is it high-risk?",
    "transparency": "Must people be told?",
    "gpai": "Is there a general-purpose model?",
}
KEYS = "s not sure · b back · ? why this is asked · q stop"
Saved = Callable[[dict[str, Answer]], None]


class Back(Exception):
    """The previous question is wanted again."""


def ask_all(
    given: Mapping[str, Answer], suggested: Mapping[str, Suggestion], saved: Saved
) -> dict[str, Answer]:
    """Ask what ``given`` leaves open and return all answers; ``saved`` is told after each.

    Raises:
        click.Abort: the person stopped; what was answered has been saved.
    """
    answers = dict(given)
    order: list[str] = []
    stage = ""
    while (question := next_question(answers)) is not None:
        if question.stage != stage:
            stage = question.stage
            _say(f"\n{STAGES[stage]}", bold=True)
        try:
            answers[question.id] = ask(
                question, len(walk(answers).steps), suggested.get(question.id)
            )
            order.append(question.id)
            saved(answers)
        except Back:
            if order:
                del answers[order.pop()]
                stage = ""
            else:
                _say("This is the first question.")
    return {step.question.id: step.answer for step in walk(answers).steps if step.answer}


def ask(question: Question, number: int, suggestion: Suggestion | None) -> Answer:
    """Ask one question until the answer can be read.

    Raises:
        Back: the previous question is wanted.
        click.Abort: the person stopped.
    """
    _say(f"\n{number}. {question.text}")
    if question.kind != "yes-no":
        for index, option in enumerate(question.options, 1):
            _say(f"   {index}  {option.text}")
    default = ""
    if suggestion is not None:
        default = ",".join(suggestion.answer)
        _say(f"   Suggested: {answer_text(question, suggestion.answer)} ({suggestion.why})")
    how = {
        "yes-no": "y yes · n no",
        "one": "a number",
        "many": "numbers with commas",
    }[question.kind]
    while True:
        said = click.prompt(
            _plain(f"   {how} · {KEYS}"),
            default=default,
            show_default=bool(default),
            prompt_suffix="\n   > ",
            err=True,
        ).strip()
        answer = _understood(question, said)
        if answer is not None:
            return answer


def _understood(question: Question, said: str) -> Answer | None:
    word = said.lower()
    if word in ("q", "quit"):
        raise click.Abort
    if word in ("b", "back"):
        raise Back
    if word == "?":
        _say(f"   {question.help}")
        refs = question.clause or ", ".join(ref.partition(":")[2] for ref in question.refs)
        _say(f"   {refs}")
        return None
    if word in ("s", "not-sure", "not sure"):
        return UNSURE
    found = [_option(question, part.strip().lower()) for part in said.split(",") if part.strip()]
    if not found or None in found:
        _say(f"   {_unknown(question, said)}")
        return None
    chosen = dict.fromkeys(name for name in found if name is not None)
    if len(chosen) > 1 and question.kind != "many":
        _say("   Choose one.")
        return None
    known = options(question)
    alone = next((name for name in chosen if known[name].alone), None)
    if alone is not None and len(chosen) > 1:
        _say(f"   “{known[alone].text}” cannot stand beside others.")
        return None
    return tuple(name for name in known if name in chosen)


def _option(question: Question, word: str) -> str | None:
    known = list(options(question))
    if question.kind == "yes-no" and word in ("y", "n"):
        return {"y": "yes", "n": "no"}[word]
    if word in known:
        return word
    if question.kind != "yes-no" and word.isdecimal() and 1 <= int(word) <= len(known):
        return known[int(word) - 1]
    return None


def _unknown(question: Question, said: str) -> str:
    if not said:
        return "Please answer, or type s if you are not sure."
    return f"{said!r} is no answer here. {nearest(said, options(question))}".rstrip()


def _say(text: str, *, bold: bool = False) -> None:
    from rich.text import Text

    screen = console(stderr=True)
    shown = plain(text) if screen.options.ascii_only else text
    screen.print(Text(shown, style="bold" if bold else ""))


def _plain(text: str) -> str:
    return plain(text) if console(stderr=True).options.ascii_only else text
