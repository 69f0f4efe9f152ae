# SPDX-License-Identifier: Apache-2.0
"""``steelyard catalog licenses``: the licenses as part of the catalog."""

from __future__ import annotations

import click

from steelyard.cli.catalog.door import framework_option, show
from steelyard.cli.door import format_option


@click.command("licenses")
@click.argument("name", metavar="[ID]", required=False)
@framework_option("Licenses belong to no framework: the list is then empty.")
@format_option()
def command(name: str | None, framework: str | None, output_format: str) -> int:
    """List licenses, or show the one named ID: a catalog key, SPDX id, Hub tag or usual name.

    `steelyard license` reads licenses from files and compares them.
    """
    from steelyard.catalog import entries
    from steelyard.cli.license import show as license_pages
    from steelyard.reporting.terminal import catalog

    if name is None:
        return show(entries.license_entries(framework), output_format, catalog.draw_licenses)
    found = license_pages.find(name)
    if output_format == "text":
        return license_pages.display(found)
    return show([entries.license_entry(found)], output_format, catalog.draw_licenses)
