# SPDX-License-Identifier: Apache-2.0
"""``steelyard admin``: manage accounts on the machine of the server, without logging in."""

from __future__ import annotations

import click

from steelyard.cli.lazy import LazyGroup

COMMANDS: dict[str, str] = {
    "create-user": "Make an account, with roles and a token if wanted.",
    "list-users": "List the accounts.",
    "reset-password": "Print a link to choose a new password with.",
    "disable-user": "Disable an account and all that it has open.",
}


@click.group("admin", cls=LazyGroup, listed=COMMANDS, package="steelyard.cli.admin", modules={
    name: name.replace("-", "_") for name in COMMANDS
})  # fmt: skip
def command() -> None:
    """Manage accounts on the machine of the server.

    Works on the database itself, so whoever can read and write that needs no account. What is done
    stands in the ledger as done by the house.
    """
