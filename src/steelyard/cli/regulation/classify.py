# SPDX-License-Identifier: Apache-2.0
"""``steelyard regulation classify``: by questions on a terminal, or from a file of answers."""

from __future__ import annotations

import datetime
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from steelyard.cli.door import (
    EXIT_OK,
    EXIT_REJECTED,
    EXIT_UNDECIDED,
    console,
    deliver,
    format_option,
)
from steelyard.kernel.errors import InputError

if TYPE_CHECKING:
    from steelyard.charter.regulation.machine import Answer
    from steelyard.charter.regulation.prefill import Suggestion
    from steelyard.charter.regulation.result import Classification

FILE = click.Path(path_type=Path, dir_okay=False)


@click.command("classify")
@click.option("--answers", "answers_file", type=FILE, help="A YAML file with the answers.")
@click.option("--use-case", "use_case_file", type=FILE, help="A use case that suggests answers.")
@click.option("--ask", is_flag=True, help="Ask what the file of answers leaves open.")
@click.option("--save", type=FILE, help="Write the answers to this YAML file as you give them.")
@click.option(
    "--on",
    "day",
    type=click.DateTime(["%Y-%m-%d"]),
    help="The day that 'in force' is meant for; today if left out.",
)
@click.option("--report", type=FILE, help="Also write one HTML page here.")
@click.option("--output", type=FILE, help="Write the result here instead of printing it.")
@format_option()
@click.pass_context
def command(
    ctx: click.Context,
    answers_file: Path | None,
    use_case_file: Path | None,
    ask: bool,
    save: Path | None,
    day: datetime.datetime | None,
    report: Path | None,
    output: Path | None,
    output_format: str,
) -> None:
    """Find class, roles and dated obligations of a use under the EU AI Act.

    On a terminal the questions come one by one. With --answers or --use-case nothing is asked, and
    what is not answered counts as "not sure". "Not sure" is always allowed and never makes the
    result milder. This is orientation, not legal advice.

    Exit codes: 0 classified, 1 prohibited, 2 an input cannot be read, 3 questions are open.
    """
    from steelyard import bootstrap
    from steelyard.charter.regulation.classify import classify
    from steelyard.charter.regulation.prefill import answers_with, prefill

    name, given = _given(answers_file)
    use_case = bootstrap.load_use_case(use_case_file) if use_case_file else None
    suggested = prefill(use_case) if use_case else {}
    name = name or (use_case.name if use_case else "")
    if (
        ask
        or (answers_file is None and use_case_file is None)
        or _wants_questions(answers_file, use_case_file)
    ):
        given = _asked(given, suggested, save, name)
        suggested = {}
    elif save is not None:
        _save(save, given, name)
    answers, reasons = answers_with(given, suggested)
    on = day.date() if day else bootstrap.utc_now().date()
    result = classify(answers, on, prefilled=reasons)
    _show(result, name, output, output_format)
    if report is not None:
        from steelyard.reporting.regulation.html import render_classification

        deliver(render_classification(result, name), report)
    ctx.exit(exit_code(result))


def exit_code(result: Classification) -> int:
    """Return 1 for a prohibited practice, 3 while questions are open, else 0."""
    if result.open_questions:
        return EXIT_UNDECIDED
    return EXIT_REJECTED if result.eu_class == "prohibited" else EXIT_OK


def _given(file: Path | None) -> tuple[str, dict[str, Answer]]:
    if file is None:
        return "", {}
    from steelyard.bootstrap import read_text
    from steelyard.charter.regulation.answers import load_answers

    loaded = load_answers(read_text(file, "file of answers"), str(file))
    return loaded.name, dict(loaded.answers)


def _wants_questions(answers_file: Path | None, use_case_file: Path | None) -> bool:
    """Say whether to ask: a use case alone, at a terminal."""
    return answers_file is None and use_case_file is not None and _at_terminal()


def _at_terminal() -> bool:
    return sys.stdin.isatty() and sys.stderr.isatty()


def _asked(
    given: dict[str, Answer], suggested: dict[str, Suggestion], save: Path | None, name: str
) -> dict[str, Answer]:
    if not _at_terminal():
        raise InputError(
            "There is nobody to ask: this is not a terminal.",
            next_step="Give --answers FILE; steelyard regulation questions --format yaml writes "
            "one to fill in.",
            code="regulation.no-terminal",
        )
    from steelyard.cli.regulation.ask import ask_all

    def saved(answers: dict[str, Answer]) -> None:
        if save is not None:
            _save(save, answers, name)

    return ask_all(given, suggested, saved)


def _save(file: Path, answers: dict[str, Answer], name: str) -> None:
    from steelyard.charter.regulation.sheet import filled_sheet

    deliver(filled_sheet(answers, name).encode(), file)


def _show(result: Classification, name: str, output: Path | None, output_format: str) -> None:
    if output_format == "json":
        import msgspec

        deliver(msgspec.json.encode(result), output)
        return
    from steelyard.reporting.regulation.text import classification_text, print_classification

    if output is None:
        print_classification(console(), result, name)
    else:
        deliver(classification_text(result, name).encode(), output)
