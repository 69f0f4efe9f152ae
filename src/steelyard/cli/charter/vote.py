# SPDX-License-Identifier: Apache-2.0
"""``steelyard charter vote``: say yes or no to a proposed charter, on a server."""

from __future__ import annotations

import click

from steelyard.cli.remote.make import given, verb

command = verb(
    "vote",
    "/charters/proposals/{id}/votes",
    given,
    click.argument("answer", type=click.Choice(["yes", "no"])),
    click.option("--role", required=True, help="The role you answer in."),
    click.option("--reason", help="Why."),
    help="Say yes or no to a proposed charter.",
    of="/charters/proposals/{id}",
    argument="PROPOSAL",
    done="Said.",
)
