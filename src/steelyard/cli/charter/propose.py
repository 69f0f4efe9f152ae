# SPDX-License-Identifier: Apache-2.0
"""``steelyard charter propose``: put a charter before those who may change it, on a server."""

from __future__ import annotations

from pathlib import Path

import click

from steelyard.cli.door import EXIT_OK, format_option, print_json


@click.command("propose")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--unit", default="", help="Business unit it is for; by default everybody.")
@click.option("--why", default="", help="Why it should change.")
@format_option()
def command(file: Path, unit: str, why: str, output_format: str) -> int:
    """Propose the charter in FILE, with every file it names, to a server (`steelyard login`)."""
    import msgspec

    from steelyard.bootstrap.texts import charter_texts
    from steelyard.cli.remote.show import details
    from steelyard.platform.client import Client

    top, texts = charter_texts(file)
    body = {"file": top, "texts": texts, "unit": unit, "why": why}
    made = Client.here().post("/charters/proposals", body).body
    if output_format == "json":
        print_json(msgspec.json.encode(made))
    else:
        details(made, title="Proposed.")
    return EXIT_OK
