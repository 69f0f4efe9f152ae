# SPDX-License-Identifier: Apache-2.0
"""``steelyard charter maturity``: how far an organization has come, and what to do next."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from steelyard.cli.charter.reading import print_document
from steelyard.cli.door import EXIT_OK, console, deliver, format_option
from steelyard.kernel.errors import InputError

if TYPE_CHECKING:
    from steelyard.charter.maturity import Gap, MaturityAnswers, MaturityResult
    from steelyard.reporting.terminal.look import Look


@click.command("maturity")
@click.option(
    "--answers", type=click.Path(path_type=Path, dir_okay=False),
    help="Take the answers from this YAML file instead of asking.",
)  # fmt: skip
@click.option(
    "--save", type=click.Path(path_type=Path, dir_okay=False),
    help="Write what was answered to this new file.",
)  # fmt: skip
@click.option(
    "--report", type=click.Path(path_type=Path, dir_okay=False),
    help="Write the result as an HTML page.",
)  # fmt: skip
@click.option("--questions", is_flag=True, help="Print a file of all questions, ready to fill in.")
@format_option()
def command(
    answers: Path | None,
    save: Path | None,
    report: Path | None,
    questions: bool,
    output_format: str,
) -> int:
    """Assess yourself: which profile you can carry, and what is missing for the next.

    26 questions in six areas, each with four levels in plain words. On a terminal they are asked;
    elsewhere --answers says where they stand. A question without an answer counts as level 0.
    """
    import msgspec

    from steelyard.charter.maturity import assess_maturity, questions_template

    if questions:
        if output_format == "json":
            from steelyard.catalog.maturity import maturity_catalog

            listed = msgspec.to_builtins(maturity_catalog())
            print_document({"schema": "steelyard.maturity-questions/v1", **listed})
        else:
            click.echo(questions_template(), nl=False)
        return EXIT_OK
    given = _given(answers)
    if save is not None:
        _save(save, given)
    result = assess_maturity(given)
    if report is not None:
        from steelyard.reporting.maturity_report import render_maturity

        deliver(render_maturity(result), report)
    if output_format == "json":
        document = msgspec.to_builtins(result)
        print_document({"schema": document.pop("schema"), **document})
        return EXIT_OK
    _show(result)
    if report is not None:
        click.echo(f"\nWrote the report to {report}.")
    return EXIT_OK


def _given(file: Path | None) -> MaturityAnswers:
    if file is not None:
        from steelyard.bootstrap import read_text
        from steelyard.charter.maturity import read_maturity

        return read_maturity(read_text(file, "file of answers"), str(file))
    if not sys.stdin.isatty():
        raise InputError(
            "There are no answers, and nobody to ask.",
            next_step="Fill in what `steelyard charter maturity --questions` prints, and give it "
            "with --answers.",
            code="maturity.answers",
        )
    return _ask()


def _ask() -> MaturityAnswers:
    """Ask every question; Enter keeps the level shown, ``back`` returns to the one before."""
    from steelyard.catalog.maturity import maturity_catalog
    from steelyard.charter.maturity import MaturityAnswers

    catalog = maturity_catalog()
    areas = {area.id: area.title for area in catalog.areas}
    click.echo("Answer with a level from 0 to 3. `back` returns; Ctrl-C stops.")
    levels: dict[str, int] = {}
    at = 0
    while at < len(catalog.questions):
        question = catalog.questions[at]
        click.echo()
        place = f"({at + 1}/{len(catalog.questions)}) {areas[question.area]}:"
        click.secho(f"{place} {question.ask}", bold=True)
        for number, text in enumerate(question.levels):
            click.echo(f"  {number}  {text}")
        typed = click.prompt("  ", default=str(levels.get(question.id, 0)), prompt_suffix="> ")
        if typed.strip().lower() in ("back", "<"):
            at = max(0, at - 1)
        elif typed.strip() in ("0", "1", "2", "3"):
            levels[question.id] = int(typed)
            at += 1
        else:
            click.secho("  It is 0, 1, 2 or 3.", fg="yellow")
    return MaturityAnswers(answers=levels)


def _save(file: Path, given: MaturityAnswers) -> None:
    from steelyard.platform.durable import create_file

    lines = [f"  {identity}: {level}" for identity, level in given.answers.items()]
    try:
        create_file(file, ("answers:\n" + "\n".join(lines) + "\n").encode())
    except OSError as error:
        raise InputError(
            f"The file {file} cannot be written: {error.strerror}.",
            next_step="Name a new file in a directory that exists.",
            code="maturity.save",
        ) from error


def _show(result: MaturityResult) -> None:
    from steelyard.charter.maturity import LEVELS
    from steelyard.reporting.maturity_report import headline
    from steelyard.reporting.terminal.look import Look

    look = Look(console())
    look.print(look.say(headline(result), "bold"))
    table = look.table("area", "level", "", f"{result.next or result.recommended} needs")
    for area in result.areas:
        style = "green" if area.level >= area.needed else "yellow"
        table.add_row(
            look.say(area.title),
            look.say(f"{area.level:.1f}"),
            look.bar(area.level / (len(LEVELS) - 1), 24, style),
            look.say(f"{area.needed:.1f}"),
        )
    look.print(look.heading("Where you stand"), table)
    if result.unanswered:
        look.print(look.say(f"{len(result.unanswered)} questions without an answer count as 0."))
    if result.gaps:
        look.print(look.heading(f"What to do next, in order, for {result.next}"))
        for number, gap in enumerate(result.gaps, 1):
            _show_gap(look, number, gap)


def _show_gap(look: Look, number: int, gap: Gap) -> None:
    from rich.padding import Padding

    look.print(look.say(f"{number}. {gap.do}", "bold"))
    controls = ", ".join(control.id for control in gap.controls)
    for text in (f"{gap.ask} Level {gap.level}, needed {gap.needed}.", f"Controls: {controls}"):
        look.print(Padding(look.say(text, "dim"), (0, 0, 0, 3)))
