# SPDX-License-Identifier: Apache-2.0
"""The conversation of ``steelyard charter init``: one question at a time, with a way back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from steelyard.kernel.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable

    from steelyard.charter.founding.answers import Answers
    from steelyard.charter.founding.questions import Question

BACK = ("back", "<")
HELP = ("?", "help")
PREVIEW = "preview"


def ask(start: Answers, preview: Callable[[Answers], str]) -> Answers:
    """Return the answers somebody gives, beginning from ``start``.

    ``preview`` makes the charter of the answers so far. The end of the input stops everything.

    Raises:
        click.Abort: it was given up; nothing may be written.
    """
    from steelyard.charter.founding.questions import questions_for

    click.echo("A few questions. Enter takes what stands in brackets; `back`, `preview` and `?`")
    click.echo("work everywhere; Ctrl-C stops without writing anything.")
    answers, at = start, 0
    while True:
        questions = questions_for(answers)
        if at == len(questions):
            if _confirmed(answers, preview):
                return answers
            at -= 1
            continue
        answers, step = _one(questions, at, answers, preview)
        at = max(0, at + step)


def _one(
    questions: tuple[Question, ...], at: int, answers: Answers, preview: Callable[[Answers], str]
) -> tuple[Answers, int]:
    """Ask one question; return the answers and how many questions to go on."""
    from steelyard.charter.founding.questions import answered, default_of

    question = questions[at]
    default = default_of(question, answers)
    _show(question, f"({at + 1}/{len(questions)})")
    while True:
        typed = _read(default)
        if typed.lower() in BACK:
            return answers, -1
        if typed.lower() in HELP:
            _show(question, "")
            continue
        if typed.lower() == PREVIEW:
            click.echo(f"\n{preview(answers)}")
            continue
        try:
            return answered(question, answers, typed or default), 1
        except InputError as error:
            click.secho(f"  {error.message}", fg="yellow")
            if error.next_step:
                click.echo(f"  {error.next_step}")


def _show(question: Question, place: str) -> None:
    click.echo()
    click.secho(f"{place} {question.ask}".strip(), bold=True)
    click.secho(f"  {question.why}", dim=True)
    for number, (value, means) in enumerate(question.choices, 1):
        click.echo(f"  {number}) {value:<22} {means}")


def _read(default: str) -> str:
    typed: str = click.prompt("  ", default=default, show_default=bool(default), prompt_suffix="> ")
    return typed.strip()


def _confirmed(answers: Answers, preview: Callable[[Answers], str]) -> bool:
    """Show what will be written and ask once more; False goes back."""
    from steelyard.charter.founding.questions import summary

    click.echo()
    for name, value in summary(answers):
        click.echo(f"  {name:<20} {value}")
    while True:
        typed = click.prompt(
            "\nWrite it? (yes, back, preview)", default="yes", show_default=True
        ).strip()
        if typed.lower() in ("yes", "y"):
            return True
        if typed.lower() in (*BACK, "no", "n"):
            return False
        if typed.lower() == PREVIEW:
            click.echo(f"\n{preview(answers)}")
