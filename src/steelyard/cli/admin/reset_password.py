# SPDX-License-Identifier: Apache-2.0
"""``steelyard admin reset-password``."""

from __future__ import annotations

from pathlib import Path

import click

from steelyard.cli.admin.door import account, data_option, opened
from steelyard.cli.door import EXIT_OK


@click.command("reset-password")
@click.argument("mail", metavar="EMAIL")
@click.option("--second-factor", is_flag=True, help="Switch off the second factor as well.")
@data_option()
def command(mail: str, second_factor: bool, data: Path | None) -> int:
    """Print a one-time link with which EMAIL chooses a new password within an hour."""
    from steelyard.kernel.actor import SYSTEM
    from steelyard.platform.identity import links
    from steelyard.platform.identity.second_factor import remove
    from steelyard.platform.work import Work

    with opened(data) as house:
        found = account(house, mail)

        def act(work: Work) -> str:
            if second_factor:
                remove(work, SYSTEM, found.id, code=None)
            return links.issue(work, SYSTEM, found.id, links.RESET)

        path = house.transact(act)
        click.echo(f"{house.settings.public_url.rstrip('/')}{path}")
    return EXIT_OK
