# SPDX-License-Identifier: Apache-2.0
"""``steelyard license``: which licenses govern these files, what they ask, where they conflict."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from steelyard.cli.door import EXIT_OK, EXIT_UNDECIDED, console, format_option, print_json
from steelyard.cli.progress import examining
from steelyard.kernel.finding import Coverage, FileReport
from steelyard.kernel.inspection import Task
from steelyard.kernel.license import LicenseConflict, LicenseFile, LicenseSummary

if TYPE_CHECKING:
    from rich.console import Console

LICENSE_SCHEMA = "steelyard.license/v1"
_TASKS: tuple[Task, ...] = ("license", "card")
_SHOWN = 10
"""Changed places listed for one file."""
_VERDICTS = {
    "exact": "word for word",
    "same_wording": "same wording",
    "variant_of": "altered",
    "plus_additional_terms": "with additional terms",
    "several": "several licenses",
    "unknown": "unknown",
    "none": "no license terms",
}


@click.command()
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path))
@format_option()
@click.pass_context
def command(ctx: click.Context, paths: tuple[Path, ...], output_format: str) -> None:
    """Find licenses, what they ask, and where labels and texts conflict.

    One file is judged as a license text whatever its name; of a directory, its license files,
    cards and package metadata are read. All texts are read in a sandbox.

    Exit codes: 0 every license is known, 3 something is unknown, altered or could not be read.
    """
    from steelyard.licensing.compose import summarize
    from steelyard.platform.sandbox import begin
    from steelyard.platform.tree import join

    tree = join(paths)
    with (
        examining(tree, quiet=output_format != "text") as progress,
        begin(tree, tasks=_TASKS, progress=progress) as running,
    ):
        inspection = running.result()
    summary = summarize(inspection.declared, inspection.license_files)
    unread = [report for report in inspection.files if report.coverage is not Coverage.FULL]
    if output_format == "json":
        print_json(_document(summary, unread))
    else:
        _render(console(), summary, unread)
    ctx.exit(EXIT_UNDECIDED if unread or summary.category == "unknown" else EXIT_OK)


def _document(summary: LicenseSummary, unread: list[FileReport]) -> bytes:
    import msgspec

    return msgspec.json.encode(
        {
            "schema": LICENSE_SCHEMA,
            "files": summary.files,
            "declared": summary.declarations,
            "expression": summary.expression,
            "category": summary.category,
            "commercial_use": summary.commercial_use,
            "conflicts": summary.conflicts,
            "obligations": summary.obligations,
            "not_examined": [
                {"path": report.path, "reason": report.coverage_reason} for report in unread
            ],
        }
    )


def _render(screen: Console, summary: LicenseSummary, unread: list[FileReport]) -> None:
    """Show what governs, then files, declarations, conflicts, obligations and what is missing."""
    from rich.text import Text

    from steelyard.reporting.text import visible

    governs = summary.expression or "no license that could be named for all of it"
    screen.print(Text(f"License: {visible(governs)}", style="bold"))
    screen.print(Text(f"Category: {summary.category}; commercial use: {summary.commercial_use}"))
    _render_files(screen, summary.files)
    _section(
        screen,
        "Declared",
        [f"{each.path}: {each.raw}" + _resolved(each.spdx) for each in summary.declarations],
    )
    _section(screen, "Conflicts", [line for each in summary.conflicts for line in _told(each)])
    owed: dict[str, list[str]] = {}
    for obligation in summary.obligations:
        owed.setdefault(obligation.license, []).append(f"{obligation.kind}: {obligation.text}")
    for entry, lines in owed.items():
        _section(screen, f"{entry} asks", lines)
    _section(
        screen,
        "Not fully examined",
        [f"{report.path}: {report.coverage_reason}" for report in unread],
    )


def _render_files(screen: Console, files: tuple[LicenseFile, ...]) -> None:
    from rich import box
    from rich.padding import Padding
    from rich.table import Table
    from rich.text import Text

    from steelyard.reporting.text import visible

    if not files:
        screen.print(Text("No license text was found."))
        return
    plain = screen.encoding.lower() not in ("utf-8", "utf8")
    table = Table(box=box.ASCII if plain else box.SIMPLE_HEAD, pad_edge=False)
    for title in ("file", "license", "found"):
        table.add_column(title, overflow="fold")
    for file in files:
        names = ", ".join(match.spdx or match.key for match in file.matches)
        if file.verdict == "unknown" and names:
            names = f"(nearest: {names})"
        table.add_row(Text(visible(file.path, 200)), Text(visible(names)), _VERDICTS[file.verdict])
    screen.print(table)
    for file in files:
        spans = [span for match in file.matches for span in match.changed]
        lines = [
            f"{span.kind} at character {span.start}: {visible(span.text, 200)}"
            for span in dict.fromkeys(spans)
            if span.severity in ("high", "medium")
        ]
        if file.verdict != "unknown":
            lines += [
                f"further terms at character {terms.start}: {visible(terms.text, 200)}"
                for terms in file.additional_terms
            ]
        for line in lines[:_SHOWN]:
            screen.print(Padding(Text(f"{visible(file.path, 100)}: {line}"), (0, 0, 0, 2)))
        if len(lines) > _SHOWN:
            screen.print(Text(f"  … and {len(lines) - _SHOWN} more (see --format json)"))


def _told(conflict: LicenseConflict) -> list[str]:
    """Return a conflict and, indented below it, the words of each document."""
    lines = [f"{conflict.message} ({conflict.kind})"]
    return lines + [f"  {quote.path}: “{quote.text}”" for quote in conflict.quotes]


def _section(screen: Console, title: str, lines: list[str]) -> None:
    from rich.padding import Padding
    from rich.text import Text

    from steelyard.reporting.text import visible

    if not lines:
        return
    screen.print(Text(f"\n{visible(title)}", style="bold"))
    for line in lines:
        screen.print(Padding(Text(visible(line, 1000)), (0, 0, 0, 2)))


def _resolved(spdx: str) -> str:
    return f" ({spdx})" if spdx else " (not known)"
