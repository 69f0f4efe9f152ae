# SPDX-License-Identifier: Apache-2.0
"""``steelyard catalog playbooks``: what to do when something happens."""

from __future__ import annotations

import click

from steelyard.cli.catalog.door import framework_option, show
from steelyard.cli.door import format_option


@click.command("playbooks")
@click.argument("name", metavar="[ID]", required=False)
@framework_option("Only playbooks with a duty from this framework, such as GDPR.")
@format_option()
def command(name: str | None, framework: str | None, output_format: str) -> int:
    """List playbooks, or show the one named ID: the first hour and what follows."""
    from steelyard.catalog import entries
    from steelyard.catalog.playbooks import playbooks
    from steelyard.reporting.terminal import catalog

    if name is None:
        return show(entries.playbook_entries(framework), output_format, catalog.draw_playbooks)
    if name not in playbooks():
        raise entries.unknown("playbooks", name, playbooks())
    return show([entries.playbook_entry(playbooks()[name])], output_format, catalog.draw_playbook)
