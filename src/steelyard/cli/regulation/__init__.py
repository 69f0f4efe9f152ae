# SPDX-License-Identifier: Apache-2.0
"""``steelyard regulation``: what the EU AI Act makes of a use."""

from __future__ import annotations

import click

from steelyard.cli.lazy import LazyGroup

COMMANDS: dict[str, str] = {
    "classify": "Find class, roles and obligations under the EU AI Act.",
    "questions": "List every question and its answers.",
}


@click.group("regulation", cls=LazyGroup, listed=COMMANDS, package="steelyard.cli.regulation")
def command() -> None:
    """Classify a use under the EU AI Act, with dated obligations."""
