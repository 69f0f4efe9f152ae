# SPDX-License-Identifier: Apache-2.0
"""``steelyard license``: read licenses from files, look them up, compare them.

``steelyard license PATH…`` is the short form of ``steelyard license files PATH…``; a path that is
named like one of the commands is written ``./show``.
"""

from __future__ import annotations

import click

from steelyard.cli.lazy import LazyGroup

COMMANDS: dict[str, str] = {
    "files": "Find licenses, what they ask, and where labels and texts conflict.",
    "show": "Show the terms of a license, with its own words.",
    "list": "List the licenses that are known.",
    "diff": "Say what changes from one license or revision to another.",
}


class _Licenses(LazyGroup):
    """Anything that names no command is a path for ``files``."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Put ``files`` in front of what names no command and does not ask for help."""
        if not args or (args[0] not in COMMANDS and args[0] not in ("--help", "-h")):
            args = ["files", *args]
        return super().parse_args(ctx, args)

    def format_usage(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Show both forms."""
        formatter.write_usage(ctx.command_path, "PATHS... | COMMAND [ARGS]...")


@click.group(
    "license",
    cls=_Licenses,
    listed=COMMANDS,
    package="steelyard.cli.license",
    modules={"list": "listing"},
)
def command() -> None:
    """Find licenses, conflicts and obligations; look licenses up and compare them.

    `license PATHS...` is short for `license files PATHS...`.
    """
