# SPDX-License-Identifier: Apache-2.0
"""``steelyard admin create-user``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from steelyard.cli.admin.door import data_option, opened
from steelyard.cli.door import EXIT_OK, format_option, print_json

if TYPE_CHECKING:
    from steelyard.platform.identity.people import Person
    from steelyard.platform.work import Work

SCHEMA = "steelyard.user/v1"


@click.command("create-user")
@click.argument("mail", metavar="EMAIL")
@click.option("--name", default="", help="Name to show.")
@click.option("--role", "roles", multiple=True, help="A role; may be repeated.")
@click.option("--unit", "units", multiple=True, help="A business unit; made if there is none yet.")
@click.option("--print-token", is_flag=True, help="Issue an API token and print it.")
@data_option()
@format_option()
def command(
    mail: str,
    name: str,
    roles: tuple[str, ...],
    units: tuple[str, ...],
    print_token: bool,
    data: Path | None,
    output_format: str,
) -> int:
    """Make an account for EMAIL on this machine's server.

    With --print-token the last line is an API token that lasts 90 days; it is shown this once.
    """
    import msgspec

    with opened(data) as house:
        person, token = house.transact(
            lambda work: _create(work, mail, name, roles, units, print_token)
        )
    if output_format == "json":
        print_json(
            msgspec.json.encode(
                {
                    "schema": SCHEMA,
                    "id": person.id,
                    "mail": person.mail,
                    "name": person.name,
                    "roles": sorted(person.roles),
                    "units": sorted(person.units),
                    "state": person.state,
                    "token": token or None,
                }
            )
        )
        return EXIT_OK
    click.echo(f"Created {person.mail} ({person.id}).", err=bool(token))
    if token:
        click.echo(token)
    return EXIT_OK


def _create(
    work: Work,
    mail: str,
    name: str,
    roles: tuple[str, ...],
    units: tuple[str, ...],
    print_token: bool,
) -> tuple[Person, str]:
    from steelyard.governance.charters.queries import named_roles
    from steelyard.kernel.actor import SYSTEM
    from steelyard.platform.identity import accounts, tokens
    from steelyard.platform.identity import units as unit_verbs
    from steelyard.platform.identity.tables import UnitRow

    person = accounts.create(work, SYSTEM, mail, name=name, state="active")
    known = frozenset(named_roles(work.session, work.today))
    for role in roles:
        person = accounts.grant(work, SYSTEM, person.id, role, known=known)
    for unit in units:
        if work.session.get(UnitRow, unit) is None:
            unit_verbs.create(work, SYSTEM, unit)
        person = accounts.join(work, SYSTEM, person.id, unit)
    token = tokens.issue(work, SYSTEM, person.id, "first token").token if print_token else ""
    return person, token
