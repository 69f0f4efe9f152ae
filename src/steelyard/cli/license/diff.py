# SPDX-License-Identifier: Apache-2.0
"""``steelyard license diff``: what changes from one license, or one revision, to another."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from steelyard.cli.door import (
    EXIT_OK,
    EXIT_UNDECIDED,
    console,
    format_option,
    print_json,
)
from steelyard.cli.license.show import find

if TYPE_CHECKING:
    from steelyard.licensing.term_changes import LicenseChange, Papers

_STYLES = {"stricter": "red", "looser": "green", "different": "yellow", "mixed": "yellow"}


@click.command("diff")
@click.argument("old")
@click.argument("new")
@format_option()
def command(old: str, new: str, output_format: str) -> int:
    """Say what changes from OLD to NEW, as stricter or looser for every fact.

    OLD and NEW are both licenses (a key, SPDX id or tag) or both directories or files with license
    texts, such as two revisions of a model.

    Exit codes: 0 nothing that takes a decision back, 3 a decision taken under OLD must be taken
    again under NEW.
    """
    from steelyard.licensing.term_changes import compare_licenses, compare_revisions, reopens

    if Path(old).exists() and Path(new).exists():
        quiet = output_format != "text"
        change = compare_revisions(_papers(Path(old), quiet), _papers(Path(new), quiet))
    else:
        change = compare_licenses([find(old)], [find(new)])
    again = reopens(change)
    if output_format == "json":
        import msgspec

        document = {**msgspec.to_builtins(change), "reopens": list(again)}
        print_json(msgspec.json.encode(document))
    else:
        _render(change, again)
    return EXIT_UNDECIDED if again else EXIT_OK


def _papers(path: Path, quiet: bool) -> Papers:
    from steelyard.cli.progress import examining
    from steelyard.licensing.term_changes import Papers
    from steelyard.platform.sandbox import begin
    from steelyard.platform.tree import join

    tree = join((path,))
    with (
        examining(tree, quiet=quiet) as progress,
        begin(tree, tasks=("license", "card"), progress=progress) as running,
    ):
        inspection = running.result()
    return Papers(
        files=inspection.license_files,
        declared=inspection.declared,
        digests={report.path: report.sha256 for report in inspection.files},
    )


def _render(change: LicenseChange, again: tuple[str, ...]) -> None:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    from steelyard.reporting.text import visible

    screen = console()
    style = _STYLES.get(change.direction, "")
    screen.print(
        Text.assemble(
            f"{', '.join(change.before)} → {', '.join(change.after)}: ",
            (change.direction, f"bold {style}".strip()),
        )
    )
    plain = screen.encoding.lower() not in ("utf-8", "utf8")
    if change.facts:
        table = Table(box=box.ASCII if plain else box.SIMPLE_HEAD, pad_edge=False)
        for title in ("fact", "direction", "before", "after"):
            table.add_column(title, overflow="fold")
        for fact in change.facts:
            table.add_row(
                fact.fact,
                Text(fact.direction, _STYLES.get(fact.direction, "")),
                Text(visible(fact.before, 300)),
                Text(visible(fact.after, 300)),
            )
        screen.print(table)
    for file in change.files:
        screen.print(
            Text(
                f"{visible(file.path, 200)}: {file.change} ({visible(file.before) or 'not there'} "
                f"→ {visible(file.after) or 'not there'})"
            )
        )
    if again:
        screen.print(Text("\nA decision taken before must be taken again:", "bold"))
        for line in again[:20]:
            screen.print(Text(f"  {visible(line, 300)}"))
    else:
        screen.print("Nothing takes an earlier decision back.")
