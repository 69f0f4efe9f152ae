# SPDX-License-Identifier: Apache-2.0
"""``steelyard lineage``: what a model was made from, and what that means for using it."""

from __future__ import annotations

import importlib

import click

COMMANDS: dict[str, str] = {
    "check": "Say what the licenses along a lineage mean for a use.",
    "show": "Show what a model's own files claim it was made from.",
    "diff": "Say what changed between the lineages of two revisions.",
}


class _LazyCommands(click.Group):
    """Knows its commands by name and imports one only to run it."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Name the commands in the order a newcomer meets them."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import and return one command."""
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"steelyard.cli.lineage.{cmd_name}")
        command: click.Command = module.command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands without importing any of them."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group("lineage", cls=_LazyCommands)
def command() -> None:
    """Follow a model back to what it was made from."""
