# SPDX-License-Identifier: Apache-2.0
"""``steelyard charter diff``: what one charter changes against another, by meaning."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from steelyard.cli.charter.reading import read_charter
from steelyard.cli.door import EXIT_OK, EXIT_UNDECIDED, console, format_option, print_json

if TYPE_CHECKING:
    from steelyard.charter.diff import CharterDiff

_STYLES = {
    "looser": "bold red",
    "mixed": "bold yellow",
    "unclear": "bold yellow",
    "stricter": "green",
    "same": "dim",
}
_PLAIN = {"looser": "v", "mixed": "*", "unclear": "?", "stricter": "^", "same": "-"}


@click.command("diff")
@click.argument("old")
@click.argument("new")
@format_option("markdown")
def command(old: str, new: str, output_format: str) -> int:
    """Say what changes from charter OLD to charter NEW: stricter, looser, and in which cases.

    OLD and NEW are charter files, shipped charters by name, or evidence bundles (the charter that
    decided there). Rules are compared by what they do, on models that stand for all others.

    Exit codes: 0 nothing is looser, 3 something is looser or a person must judge it.
    """
    from steelyard.charter.diff import compare

    diff = compare(read_charter(old), read_charter(new))
    if output_format == "json":
        import msgspec

        print_json(msgspec.json.encode(diff))
    elif output_format == "markdown":
        from steelyard.reporting.charter_diff import markdown

        click.echo(markdown(diff), nl=False)
    else:
        _render(diff)
    return EXIT_UNDECIDED if diff.needs_a_look else EXIT_OK


def _render(diff: CharterDiff) -> None:
    from rich.padding import Padding
    from rich.text import Text

    from steelyard.reporting.charter_diff import (
        ICONS,
        ORDER,
        VERDICTS,
        WORDS,
        cases_of,
        counted,
        section_of,
        wording_of,
    )
    from steelyard.reporting.text import plain, visible

    terminal = console()
    ascii_only = terminal.options.ascii_only
    icons = _PLAIN if ascii_only else ICONS

    def say(text: str, columns: int = 0, style: str = "") -> None:
        text = text.replace("→", "->") if ascii_only else text
        shown = plain(visible(text)) if ascii_only else visible(text)
        terminal.print(Padding(Text(shown, style=style), (0, 0, 0, columns), expand=False))

    old, new = diff.old, diff.new
    say(f"{old.name} {old.version} ({old.sha256[:12]}) → {new.name} {new.version}"
        f" ({new.sha256[:12]})")  # fmt: skip
    say(f"{icons[diff.verdict]} {VERDICTS[diff.verdict]}", style=_STYLES[diff.verdict])
    say(counted(diff), 2)
    for direction in ORDER:
        changes = [change for change in diff.changes if change.direction == direction]
        if not changes:
            continue
        terminal.print()
        say(f"{icons[direction]} {WORDS[direction]}", style=_STYLES[direction])
        for change in changes:
            head = Text("  ").append(visible(change.subject), style="bold")
            terminal.print(head.append(f"  {section_of(change)}", style="dim"))
            say(change.says, 4)
            for told in wording_of(change):
                say(told, 6, "dim")
            for told in cases_of(change):
                say(told, 6, "cyan")
            if change.doubt:
                say(f"Not proven: {change.doubt}", 6, "yellow")
