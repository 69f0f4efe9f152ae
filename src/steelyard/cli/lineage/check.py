# SPDX-License-Identifier: Apache-2.0
"""``steelyard lineage check``: think about a lineage without any model at hand."""

from __future__ import annotations

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
    print_json,
)
from steelyard.kernel.errors import InputError

if TYPE_CHECKING:
    from rich.console import Console

    from steelyard.kernel.lineage_answer import Duty, LineageAnswer, LineageReason

_WORDS = {
    "prohibited": ("prohibited", "bold red"),
    "needs_license": ("needs a license", "bold magenta"),
    "duty_missing": ("duty missing", "bold yellow"),
    "review": ("needs a review", "bold cyan"),
    "ok": ("ok", "bold green"),
}
_EXITS = {"ok": EXIT_OK, "prohibited": EXIT_REJECTED}


@click.command("check")
@click.argument("graph", type=click.Path(path_type=Path, dir_okay=False))
@click.option(
    "--report",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Also write one HTML page here: the drawing, the reasons, the checklist.",
)
@format_option()
@click.pass_context
def command(ctx: click.Context, graph: Path, report: Path | None, output_format: str) -> None:
    """Say what the licenses along a lineage mean for a use.

    GRAPH is a YAML or JSON file that lists nodes (models, adapters, merges, data sets, code), the
    edges between them, and the use case; `-` reads standard input. No model is needed.

    Exit codes: 0 ok, 1 prohibited, 2 the graph cannot be read, 3 a license or duty is missing or a
    human must look.
    """
    from steelyard.governance.assessment.lineage_graph import load_graph
    from steelyard.licensing.lineage.check import check_lineage

    loaded, warnings = load_graph(_read(graph), str(graph))
    answer = check_lineage(loaded)
    for warning in warnings:
        click.echo(f"steelyard: warning: {warning}", err=True)
    if report is not None:
        from steelyard.reporting.lineage_report import render_lineage

        deliver(render_lineage(loaded, answer), report)
    if output_format == "json":
        import msgspec

        print_json(msgspec.json.encode(answer))
    else:
        _render(console(), answer)
    ctx.exit(_EXITS.get(answer.result, EXIT_UNDECIDED))


def _read(path: Path) -> str:
    from steelyard.governance.assessment.lineage_graph import MAX_CHARACTERS

    at_most = 4 * MAX_CHARACTERS + 1
    try:
        if str(path) == "-":
            return sys.stdin.buffer.read(at_most).decode("utf-8")
        with path.open("rb") as stream:
            return stream.read(at_most).decode("utf-8")
    except OSError as error:
        raise InputError(
            f"{str(path)!r} cannot be read: {error.strerror}.",
            next_step="Name a file with a lineage graph, or - for standard input.",
            code="input.unreadable",
        ) from error
    except UnicodeDecodeError as error:
        raise InputError(
            f"{str(path)!r} is not UTF-8 text (byte {error.start}).",
            next_step="Save it as UTF-8.",
            code="input.encoding",
        ) from error


def _render(screen: Console, answer: LineageAnswer) -> None:
    from rich.text import Text

    from steelyard.reporting.chips import HEADLINES

    word, style = _WORDS[answer.result]
    screen.print(Text.assemble((word.upper(), style), f"  {HEADLINES[answer.result]}"))
    screen.print(Text(f"Judged: {', '.join(answer.finals[:10])}"))
    for reason in answer.reasons:
        _reason(screen, reason)
    _checklist(screen, answer.duties)
    if answer.gpai is not None:
        for question, fact in (
            ("Open-source exemption (EU AI Act 53(2))", answer.gpai.open_source_exemption),
            ("Modifier becomes provider", answer.gpai.modifier_becomes_provider),
        ):
            screen.print(Text(f"{question}: {fact.answer}", style="bold"))
            for line in fact.reasons:
                screen.print(Text(f"  {line}"))


def _reason(screen: Console, reason: LineageReason) -> None:
    from rich.padding import Padding
    from rich.text import Text

    from steelyard.reporting.text import visible

    word, style = _WORDS[reason.result]
    screen.print()
    screen.print(Text.assemble((word, style), f": {visible(reason.message, 600)}"))
    lines = [f"clause: {visible(reason.clause)}, {visible(reason.document)}"]
    if reason.quote:
        lines.append(f"“{visible(reason.quote, 500)}”")
    if reason.path:
        lines.append(f"path: {_path(reason)}")
    lines.append(f"next: {visible(reason.remedy, 300)}")
    for line in lines:
        screen.print(Padding(Text(line), (0, 0, 0, 2)))


def _path(reason: LineageReason) -> str:
    from steelyard.reporting.text import visible

    steps = [visible(reason.path[0].upstream, 80)]
    steps += [f"--{step.relation}-> {visible(step.downstream, 80)}" for step in reason.path]
    if len(steps) > 10:
        steps = [*steps[:5], f"… {len(steps) - 9} more …", *steps[-4:]]
    return " ".join(steps)


def _checklist(screen: Console, duties: tuple[Duty, ...]) -> None:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    from steelyard.reporting.text import visible

    if not duties:
        return
    plain = screen.encoding.lower() not in ("utf-8", "utf8")
    screen.print(Text("\nChecklist", style="bold"))
    table = Table(box=box.ASCII if plain else box.SIMPLE_HEAD, pad_edge=False)
    for title in ("state", "license", "duty", "words or file"):
        table.add_column(title, overflow="fold")
    for duty in duties:
        table.add_row(
            Text(duty.state),
            Text(visible(duty.license)),
            Text(visible(duty.what, 300)),
            Text(visible(duty.text or duty.file, 300)),
        )
    screen.print(table)
