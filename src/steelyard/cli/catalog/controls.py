# SPDX-License-Identifier: Apache-2.0
"""``steelyard catalog controls``: the library of controls."""

from __future__ import annotations

import click

from steelyard.cli.catalog.door import framework_option, show
from steelyard.cli.door import format_option


@click.command("controls")
@click.argument("name", metavar="[ID]", required=False)
@framework_option("Only controls mapped to this framework, such as EU-AI-Act.")
@click.option("--topic", help="Only controls of this topic, such as privacy.")
@click.option("--stage", help="Only controls of this stage, such as testing.")
@format_option()
def command(
    name: str | None,
    framework: str | None,
    topic: str | None,
    stage: str | None,
    output_format: str,
) -> int:
    """List controls, or show the one named ID with everything about it.

    A control says which state is reached, why, when it is called for, the tasks with their
    acceptance criteria, and for every mapping to a law or standard where the mapping comes from.
    """
    from steelyard.catalog import entries
    from steelyard.catalog.controls import controls
    from steelyard.reporting.terminal import catalog

    if name is None:
        return show(
            entries.control_entries(framework, topic, stage), output_format, catalog.draw_controls
        )
    if name not in controls():
        raise entries.unknown("controls", name, controls())
    return show([entries.control_entry(controls()[name])], output_format, catalog.draw_control)
