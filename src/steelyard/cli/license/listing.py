# SPDX-License-Identifier: Apache-2.0
"""``steelyard license list``: every license the catalog knows."""

from __future__ import annotations

import click

from steelyard.cli.door import EXIT_OK, console, format_option, print_json


@click.command("list")
@click.option("--category", help="Only this category, such as permissive or community.")
@click.option("--search", "words", help="Only those whose key, name or tags hold this text.")
@format_option()
def command(category: str | None, words: str | None, output_format: str) -> int:
    """List the licenses that are known, with category and commercial use."""
    from steelyard.catalog.licenses import CATEGORY_ORDER, licenses
    from steelyard.kernel.errors import InputError

    if category is not None and category not in CATEGORY_ORDER:
        raise InputError(
            f"There is no category {category!r}.",
            next_step=f"Categories are {', '.join(CATEGORY_ORDER[:-1])}.",
            code="license.category",
        )
    wanted = (words or "").casefold()
    found = [
        entry
        for entry in licenses()
        if (category is None or entry.category == category)
        and wanted in " ".join((entry.key, entry.spdx, entry.name, *entry.hub_tags)).casefold()
    ]
    if output_format == "json":
        import msgspec

        print_json(msgspec.json.encode({"schema": "steelyard.licenses/v1", "licenses": found}))
        return EXIT_OK
    from rich import box
    from rich.table import Table

    screen = console()
    if not found:
        screen.print("No license matches. Leave out --search or --category to see all.")
        return EXIT_OK
    plain = screen.encoding.lower() not in ("utf-8", "utf8")
    table = Table(box=box.ASCII if plain else box.SIMPLE_HEAD, pad_edge=False)
    for title in ("key", "name", "category", "commercial", "Hub tag"):
        table.add_column(title, overflow="fold")
    for entry in found:
        table.add_row(
            entry.key,
            entry.name,
            entry.category,
            entry.commercial_use.answer,
            ", ".join(entry.hub_tags),
        )
    screen.print(table)
    return EXIT_OK
