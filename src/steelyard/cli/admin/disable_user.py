# SPDX-License-Identifier: Apache-2.0
"""``steelyard admin disable-user``."""

from __future__ import annotations

from pathlib import Path

import click

from steelyard.cli.admin.door import account, data_option, opened
from steelyard.cli.door import EXIT_OK


@click.command("disable-user")
@click.argument("mail", metavar="EMAIL")
@data_option()
def command(mail: str, data: Path | None) -> int:
    """Disable the account of EMAIL: its sessions and tokens stop at once."""
    from steelyard.kernel.actor import SYSTEM
    from steelyard.platform.identity import erasure

    with opened(data) as house:
        found = account(house, mail)
        house.transact(lambda work: erasure.disable(work, SYSTEM, found.id))
    click.echo(f"Disabled {found.mail}.")
    return EXIT_OK
