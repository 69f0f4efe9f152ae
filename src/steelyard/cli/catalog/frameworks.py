# SPDX-License-Identifier: Apache-2.0
"""``steelyard catalog frameworks``: laws and standards, and what they hold."""

from __future__ import annotations

import click

from steelyard.cli.catalog.door import framework_option, show
from steelyard.cli.door import format_option


@click.command("frameworks")
@click.argument("name", metavar="[ID]", required=False)
@framework_option("List the items of this framework, such as ISO-42001.")
@click.option("--kind", help="Only items of this kind, such as control or article.")
@format_option()
def command(name: str | None, framework: str | None, kind: str | None, output_format: str) -> int:
    """List laws and standards with counts, or the items of one with --framework.

    ID is a framework such as GDPR, or one of its items such as ISO-42001:A.6.2.4. An item that a
    later edition dropped is still found and says what replaced it.
    """
    from steelyard.catalog import entries
    from steelyard.catalog.frameworks import find, nearest_reference
    from steelyard.kernel.errors import InputError
    from steelyard.reporting.terminal import catalog

    if name is None:
        if framework is None and kind is not None:
            raise InputError(
                "--kind needs --framework.",
                next_step="Name the framework too: --framework ISO-42001 --kind control",
                code="catalog.kind",
            )
        listed = entries.framework_entries(framework, kind)
        draw = catalog.draw_frameworks if framework is None else catalog.draw_items
        return show(listed, output_format, draw)
    if ":" not in name:
        one = entries.framework_entry(entries.known_framework(name))
        return show([one], output_format, catalog.draw_framework)
    item = find(name)
    if item is None:
        near = nearest_reference(name)
        raise entries.unknown("frameworks", name, [near] if near else [])
    return show([entries.item_entry(item)], output_format, catalog.draw_item)
