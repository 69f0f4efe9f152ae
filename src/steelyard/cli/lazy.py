# SPDX-License-Identifier: Apache-2.0
"""A group of commands that knows them by name and imports one only to run it."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import Any

import click


class LazyGroup(click.Group):
    """Commands by name with their short help; each is ``command`` in a module of ``package``.

    ``modules`` names the module of a command whose name is not a module's.
    """

    def __init__(
        self,
        *args: Any,
        listed: Mapping[str, str],
        package: str,
        modules: Mapping[str, str] | None = None,
        **more: Any,
    ) -> None:
        super().__init__(*args, **more)
        self.listed, self._package, self._modules = listed, package, modules or {}

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Name the commands in the order a newcomer meets them."""
        return list(self.listed)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import and return one command."""
        if cmd_name not in self.listed:
            return None
        importlib.import_module("steelyard.kernel.quick")  # before anything imports msgspec
        name = self._modules.get(cmd_name, cmd_name)
        command: click.Command = importlib.import_module(f"{self._package}.{name}").command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands without importing any of them."""
        with formatter.section("Commands"):
            formatter.write_dl(list(self.listed.items()))
