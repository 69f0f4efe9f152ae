# SPDX-License-Identifier: Apache-2.0
"""``steelyard card``: what a model card says and lacks, and a skeleton for one's own models."""

from __future__ import annotations

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
from steelyard.cli.progress import examining

if TYPE_CHECKING:
    from rich.console import Console

    from steelyard.kernel.inspection import Inspection
    from steelyard.provenance.card_quality import CardQuality

_STATES = {
    "stated": ("✓ stated", "green"),
    "template": ("○ template only", "yellow"),
    "absent": ("- absent", "red"),
    "permitted": ("✓ permitted", "green"),
    "forbidden": ("✗ forbidden", "red"),
    "unlisted": ("? unlisted", "yellow"),
}


@click.group("card")
def command() -> None:
    """See what a model card says and lacks, or start one."""


@command.command("check")
@click.argument("path", type=click.Path(path_type=Path))
@click.option(
    "--require",
    "required",
    multiple=True,
    metavar="TOPIC",
    help="A topic or front matter field that must hold content. May be repeated.",
)
@click.option(
    "--permit-data",
    "permitted",
    multiple=True,
    metavar="PATTERN",
    help="Data sets that may be used, such as 'wikimedia/*'. May be repeated.",
)
@click.option(
    "--forbid-data",
    "forbidden",
    multiple=True,
    metavar="PATTERN",
    help="Data sets that may not be used. May be repeated.",
)
@format_option()
def check(
    path: Path,
    required: tuple[str, ...],
    permitted: tuple[str, ...],
    forbidden: tuple[str, ...],
    output_format: str,
) -> int:
    """Show which topics of the model card in PATH hold content and which only a heading.

    Without --require the topics are objectives, intended use, training data, limitations and
    performance.

    Exit codes: 0 everything required is stated, 1 a forbidden data set is named, 3 something is
    missing or a data set is not on the list of permitted ones.
    """
    from steelyard.provenance.card_quality import REQUIRED, card_quality

    card_quality(None, required or REQUIRED)  # a wrong word is told before anything is read
    inspection = _inspect(path, quiet=output_format != "text")
    from steelyard.governance.assessment.summary import main_card

    quality = card_quality(
        main_card(inspection.cards), required or REQUIRED, permitted=permitted, forbidden=forbidden
    )
    if output_format == "json":
        import msgspec

        print_json(msgspec.json.encode(quality))
    else:
        _render(console(), quality)
    if any(use.state == "forbidden" for use in quality.datasets):
        return EXIT_REJECTED
    open_data = bool(permitted) and any(use.state != "permitted" for use in quality.datasets)
    return EXIT_UNDECIDED if quality.missing or open_data else EXIT_OK


@command.command("new")
@click.argument("path", type=click.Path(path_type=Path), required=False)
@click.option("--name", help="Name of the model; else that of the directory.")
@click.option("--output", type=click.Path(path_type=Path, dir_okay=False), help="Write it here.")
@format_option()
def new(path: Path | None, name: str | None, output: Path | None, output_format: str) -> int:
    """Write the skeleton of a model card, filled with what the model in PATH already says.

    What nobody has answered yet counts as not stated in `card check`.
    """
    from steelyard.provenance.card_skeleton import card_skeleton

    text = _filled(path, name) if path else card_skeleton(name or "Name of the model")
    if output_format == "json":
        import msgspec

        print_json(msgspec.json.encode({"schema": "steelyard.card-skeleton/v1", "text": text}))
        return EXIT_OK
    deliver(text.encode("utf-8"), output)
    if output is not None:
        click.echo(f"Wrote {output}. Answer its questions, then run: steelyard card check …")
    return EXIT_OK


def _filled(path: Path, name: str | None) -> str:
    from steelyard.governance.assessment.summary import main_card
    from steelyard.provenance.card_skeleton import card_skeleton

    inspection = _inspect(path, quiet=True)
    card = main_card(inspection.cards)
    configs = inspection.configs
    bases = [base for config in configs for base in config.base_models]
    declared = [each.spdx or each.raw for each in inspection.declared]
    return card_skeleton(
        name or (card.title if card else "") or path.resolve().name,
        license_name=(card.license[0] if card and card.license else "") or "".join(declared[:1]),
        base_models=(card.base_models if card else ()) or tuple(dict.fromkeys(bases)),
        datasets=card.datasets if card else (),
        task=card.pipeline_tag if card else "",
        library=(card.library_name if card else "")
        or next((config.library for config in configs if config.library), ""),
        languages=card.languages if card else (),
        architectures=tuple(
            dict.fromkeys(word for config in configs for word in config.architectures)
        ),
    )


def _inspect(path: Path, *, quiet: bool) -> Inspection:
    from steelyard.platform.sandbox import begin
    from steelyard.platform.tree import join

    tree = join((path,))
    with (
        examining(tree, quiet=quiet) as progress,
        begin(tree, tasks=("card",), progress=progress) as running,
    ):
        return running.result()


def _render(screen: Console, quality: CardQuality) -> None:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    from steelyard.reporting.text import visible

    plain = screen.encoding.lower() not in ("utf-8", "utf8")
    screen.print(
        Text(f"Model card {visible(quality.path) or '(none)'}: {quality.score} of 100", "bold")
    )
    table = Table(box=box.ASCII if plain else box.SIMPLE_HEAD, pad_edge=False)
    for title in ("topic", "state", "says, or what to write"):
        table.add_column(title, overflow="fold")
    for row in quality.rows:
        if not row.required and row.state == "absent":
            continue
        word, style = _STATES[row.state]
        name = row.topic.replace("_", " ") + ("" if row.required else " (not required)")
        table.add_row(name, Text(word, style), Text(visible(row.quote or row.ask, 160)))
    screen.print(table)
    for use in quality.datasets:
        word, style = _STATES[use.state]
        screen.print(Text.assemble("data set ", visible(use.name, 200), ": ", (word, style)))
    for quote in quality.quotes[:12]:
        name = quote.name.replace("_", " ")
        said = f"{name}: {visible(quote.value)} (“{visible(quote.quote, 200)}”)"
        screen.print(Text(said))
    for problem in quality.problems:
        screen.print(Text(visible(problem, 300), "yellow"))
