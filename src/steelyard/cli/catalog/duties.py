# SPDX-License-Identifier: Apache-2.0
"""``steelyard catalog duties``: who must be told of an incident by when."""

from __future__ import annotations

import click

from steelyard.cli.catalog.door import framework_option, show
from steelyard.cli.door import format_option


@click.command("duties")
@click.argument("name", metavar="[ID]", required=False)
@framework_option("Only duties from this framework, such as GDPR.")
@format_option()
def command(name: str | None, framework: str | None, output_format: str) -> int:
    """List notification duties with their clocks, or show the one named ID.

    Not legal advice: each row says how well it was checked.
    """
    from steelyard.catalog import entries
    from steelyard.catalog.duties import duties
    from steelyard.reporting.terminal import catalog

    if name is None:
        return show(entries.duty_entries(framework), output_format, catalog.draw_duties)
    if name not in duties():
        raise entries.unknown("duties", name, duties())
    return show([entries.duty_entry(duties()[name])], output_format, catalog.draw_duty)
