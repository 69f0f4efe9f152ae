# SPDX-License-Identifier: Apache-2.0
"""``steelyard decide``: decisions on a server, their evidence, and stopping them."""

from __future__ import annotations

from pathlib import Path

import click

from steelyard.cli.door import EXIT_OK, EXIT_REJECTED, format_option, print_json
from steelyard.cli.remote.make import given, listing, quoted, showing, verb

_OF = "/decisions/{id}"
_WHY = click.option("--why", required=True, help="Why; it is kept beside the ledger.")


@click.group("decide")
def command() -> None:
    """See decisions on a server, fetch their evidence, stop them; see `steelyard login`."""


@command.command("bundle")
@click.argument("decision")
@click.option(
    "--output",
    required=True,
    type=click.Path(path_type=Path, file_okay=False),
    help="Directory for the evidence; it must be new or empty.",
)
@format_option()
def bundle(decision: str, output: Path, output_format: str) -> int:
    """Fetch the evidence of a decision; `steelyard verify` checks it offline."""
    import io
    import zipfile

    import msgspec

    from steelyard.kernel.errors import IntegrityError
    from steelyard.ledger.bundle import is_name
    from steelyard.platform.client import Client
    from steelyard.platform.file_ledger import write_bundle

    data = Client.here().get(f"/decisions/{quoted(decision)}/bundle").body
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        strange = [name for name in archive.namelist() if not is_name(name)]
        if strange:
            raise IntegrityError(
                f"The server sent a file called {strange[0]!r}, which no bundle has.",
                next_step="Do not trust this server.",
                code="bundle.name",
            )
        files = {name: archive.read(name) for name in archive.namelist()}
    write_bundle(output, files)
    if output_format == "json":
        print_json(msgspec.json.encode({"directory": str(output), "files": sorted(files)}))
    else:
        click.echo(f"{len(files)} files in {output}. Next: steelyard verify {output}")
    return EXIT_OK


@command.command("admission")
@click.option("--revision", required=True, help="Id of the revision.")
@click.option("--use-case", "use_case", required=True, help="Id of the use case.")
@click.option("--environment", required=True)
@format_option()
def admission(revision: str, use_case: str, environment: str, output_format: str) -> int:
    """Say whether a revision may be served now. Exit code 0: yes; 1: no."""
    import msgspec

    from steelyard.cli.remote.show import details
    from steelyard.platform.client import Client

    found = Client.here().get(
        "/decisions/admission", revision=revision, use_case=use_case, environment=environment
    ).body  # fmt: skip
    if output_format == "json":
        print_json(msgspec.json.encode(found))
    else:
        details(found)
    return EXIT_OK if found["allowed"] else EXIT_REJECTED


command.add_command(
    listing(
        "list",
        "/decisions",
        ("id", "outcome", "state", "tier", "environment", "purl", "valid_until", "decided_by"),
        help="List the decisions you can see, newest first.",
        empty="No decisions yet. Next: steelyard request submit REF --use-case NAME --why TEXT",
        filters=("request", "revision", "use_case", "environment", "state", "unit"),
    )
)
command.add_command(showing("show", _OF, help="Show one decision with its conditions."))
for _name, _help, _done in (
    ("suspend", "Stop a decision for now.", "Said."),
    ("revoke", "End a decision for good.", "Said."),
    ("reinstate", "Let a suspended decision run again.", "Said."),
):
    command.add_command(verb(_name, f"{_OF}/{_name}", given, _WHY, help=_help, of=_OF, done=_done))
