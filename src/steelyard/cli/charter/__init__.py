# SPDX-License-Identifier: Apache-2.0
"""``steelyard charter``: write charters, check them, and say what they decide and why."""

from __future__ import annotations

import click

from steelyard.cli.lazy import LazyGroup

COMMANDS: dict[str, str] = {
    "init": "Write a shipped charter to a file, ready to edit.",
    "check": "Check a charter: fields, rules, references.",
    "maturity": "Assess yourself: which profile fits, what comes next.",
    "docs": "Write a charter as a handbook for staff (HTML, PDF).",
    "schema": "Print the JSON Schema for completion in an editor.",
    "adopt": "Sign a charter and put its adoption into the ledger.",
    "diff": "Say what one charter changes against another: stricter, looser, and where.",
    "explain": "Explain an assessment: rules, facts, what would change it.",
    "test": "Run the test cases of a charter.",
    "propose": "Propose a charter to a server.",
    "proposals": "List what was proposed to a server.",
    "vote": "Say yes or no to a proposed charter.",
    "adopt-proposal": "Adopt a proposal everybody needed agreed to.",
    "replay": "Say which recorded decisions another charter would change.",
}


@click.group(
    "charter",
    cls=LazyGroup,
    listed=COMMANDS,
    package="steelyard.cli.charter",
    modules={"adopt-proposal": "adopt_proposal"},
)
def command() -> None:
    """Write, check, test, explain and replay charters."""
