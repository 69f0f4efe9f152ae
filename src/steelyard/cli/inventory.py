# SPDX-License-Identifier: Apache-2.0
"""``steelyard inventory``: models, revisions and suppliers on a server."""

from __future__ import annotations

import click

from steelyard.cli.door import EXIT_OK, format_option, print_json
from steelyard.cli.remote.make import given, listing, quoted, showing, verb


@click.group("inventory")
def command() -> None:
    """See models, revisions and suppliers on a server; see `steelyard login`."""


@command.command("diff")
@click.argument("revision")
@click.option("--against", required=True, help="The revision to compare with.")
@format_option()
def diff(revision: str, against: str, output_format: str) -> int:
    """Say what changed from one revision to another: files, weights, license, code, findings."""
    import msgspec

    from steelyard.cli.remote.show import details
    from steelyard.platform.client import Client

    found = Client.here().get(f"/revisions/{quoted(revision)}/diff", against=against).body
    if output_format == "json":
        print_json(msgspec.json.encode(found))
    else:
        details(found)
    return EXIT_OK


command.add_command(
    listing(
        "models",
        "/models",
        ("id", "name", "kind", "publisher", "state", "owner", "unit"),
        help="List the models you can see, newest first.",
        empty="No models yet. They come in with requests.",
        filters=("state", "publisher", "kind", "unit"),
    )
)
command.add_command(showing("model", "/models/{id}", help="Show one model."))
command.add_command(
    listing(
        "revisions",
        "/revisions",
        ("id", "name", "state", "commit", "files", "size", "model"),
        help="List the revisions you can see, newest first.",
        empty="No revisions yet. They come in with requests.",
        filters=("state", "model", "unit"),
    )
)
command.add_command(showing("revision", "/revisions/{id}", help="Show one revision."))
command.add_command(
    listing(
        "derived",
        "/models/derived",
        ("revision.id", "revision.name", "revision.state", "by"),
        help="List what is, derives from, or holds the bytes of something (--of).",
        empty="Nothing in the inventory derives from it.",
        filters=("of",),
    )
)
command.add_command(
    listing(
        "suppliers",
        "/suppliers",
        ("id", "name", "kind", "support", "contract_ends", "exit_test_due", "state"),
        help="List suppliers with support, contract and exit plan.",
        empty="No suppliers are registered.",
        filters=("support",),
    )
)
command.add_command(showing("supplier", "/suppliers/{id}", help="Show one supplier."))
command.add_command(
    verb(
        "retire",
        "/revisions/{id}/retire",
        given,
        click.option("--effective", required=True, help="The day it ends, such as 2027-03-31."),
        click.option("--replacement", help="Id of the revision that takes its place."),
        click.option("--notice", required=True, help="What its consumers are told."),
        help="Announce that a revision ends on a date; its consumers are told.",
        of="/revisions/{id}",
        done="Announced.",
    )
)
