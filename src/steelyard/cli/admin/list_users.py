# SPDX-License-Identifier: Apache-2.0
"""``steelyard admin list-users``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from steelyard.cli.admin.door import data_option, opened
from steelyard.cli.door import EXIT_OK, console, format_option, print_json

if TYPE_CHECKING:
    from steelyard.platform.identity.people import Person

SCHEMA = "steelyard.users/v1"


@click.command("list-users")
@data_option()
@format_option()
def command(data: Path | None, output_format: str) -> int:
    """List the accounts of this machine's server."""
    import msgspec

    from steelyard.platform.identity import people

    found: list[Person] = []
    with opened(data) as house, house.reading() as session:
        while page := people.search(session, limit=500, after=(found[-1].id,) if found else None):
            found += page
    if output_format == "json":
        print_json(msgspec.json.encode({"schema": SCHEMA, "items": [_plain(p) for p in found]}))
        return EXIT_OK
    from rich.table import Table

    table = Table("Mail", "Name", "State", "Roles", "Units", box=None)
    for each in found:
        table.add_row(
            each.mail, each.name, each.state,
            ", ".join(sorted(each.roles)), ", ".join(sorted(each.units)),
        )  # fmt: skip
    console().print(table)
    return EXIT_OK


def _plain(person: Person) -> dict[str, object]:
    return {
        "id": person.id,
        "mail": person.mail,
        "name": person.name,
        "state": person.state,
        "roles": sorted(person.roles),
        "units": sorted(person.units),
    }
