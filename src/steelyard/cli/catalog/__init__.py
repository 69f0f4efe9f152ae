# SPDX-License-Identifier: Apache-2.0
"""``steelyard catalog``: the knowledge the product ships, each entry with where it comes from."""

from __future__ import annotations

import click

from steelyard.cli.lazy import LazyGroup

COMMANDS: dict[str, str] = {
    "frameworks": "Laws and standards, and their items.",
    "controls": "Controls: what must be done, why, and what proves it.",
    "licenses": "Licenses: what each permits, asks and rules out.",
    "duties": "Notification duties: who must be told by when.",
    "playbooks": "What to do when something happens.",
}


@click.group("catalog", cls=LazyGroup, listed=COMMANDS, package="steelyard.cli.catalog")
def command() -> None:
    """Look up laws, standards, controls, licenses, duties and playbooks.

    Each entry says where it comes from, of which day it is, and how well it was checked:
    `text` (against the source's own text), `secondary` or `unverified`.
    """
