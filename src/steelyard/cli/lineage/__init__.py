# SPDX-License-Identifier: Apache-2.0
"""``steelyard lineage``: what a model was made from, and what that means for using it."""

from __future__ import annotations

import click

from steelyard.cli.lazy import LazyGroup

COMMANDS: dict[str, str] = {
    "check": "Say what the licenses along a lineage mean for a use.",
    "show": "Show what a model's own files claim it was made from.",
    "diff": "Say what changed between the lineages of two revisions.",
}


@click.group("lineage", cls=LazyGroup, listed=COMMANDS, package="steelyard.cli.lineage")
def command() -> None:
    """Follow a model back to what it was made from."""
