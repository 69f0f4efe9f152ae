# SPDX-License-Identifier: Apache-2.0
"""What the commands of ``steelyard catalog`` share: their options, and printing entries."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import click

from steelyard.cli.door import EXIT_OK, console, print_json

if TYPE_CHECKING:
    from steelyard.catalog.entries import Entry
    from steelyard.reporting.terminal.catalog import Draw

_F = TypeVar("_F", bound=Callable[..., object])


def framework_option(help_text: str) -> Callable[[_F], _F]:
    """Return the ``--framework`` option every part of the catalog takes."""
    return click.option("--framework", metavar="ID", help=help_text)


def show(entries: Sequence[Entry], output_format: str, draw: Draw, **more: Any) -> int:
    """Print ``entries`` as the catalog's document, or let ``draw`` put them on the terminal."""
    if output_format == "json":
        import msgspec

        from steelyard.catalog.entries import CATALOG_SCHEMA

        print_json(msgspec.json.encode({"schema": CATALOG_SCHEMA, "items": entries}))
        return EXIT_OK
    from steelyard.reporting.terminal.look import Look

    draw(Look(console()), entries, **more)
    return EXIT_OK
