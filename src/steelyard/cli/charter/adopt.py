# SPDX-License-Identifier: Apache-2.0
"""``steelyard charter adopt``: sign a charter and put its adoption into the ledger."""

from __future__ import annotations

from pathlib import Path

import click

from steelyard.cli.charter.reading import print_document
from steelyard.cli.door import EXIT_OK, format_option

ADOPTION_SCHEMA = "steelyard.charter-adoption/v1"


@click.command("adopt")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option(
    "--output", type=click.Path(path_type=Path, file_okay=False), required=True,
    help="Directory for the signed bundle of the charter; new, empty or an earlier one.",
)  # fmt: skip
@click.option(
    "--previous", type=click.Path(path_type=Path, file_okay=False, exists=True),
    help="Bundle of the adopted charter it takes the place of.",
)  # fmt: skip
@format_option()
def command(file: Path, output: Path, previous: Path | None, output_format: str) -> int:
    """Adopt the charter in FILE: check it, sign it, record it in the ledger.

    The bundle holds the texts, the resolved charter that decisions name by digest, the signed
    statement and the proof that it is in the ledger; `steelyard verify` checks it offline.
    """
    from steelyard.bootstrap import adopt_charter

    adopted = adopt_charter(file, output, previous=previous)
    for warning in adopted.warnings:
        click.echo(warning, err=True)
    if output_format == "json":
        print_document(
            {
                "schema": ADOPTION_SCHEMA,
                "charter": {
                    "name": adopted.name,
                    "version": adopted.version,
                    "sha256": adopted.sha256,
                },
                "effective": adopted.effective.isoformat(),
                "directory": str(adopted.directory),
                "ledger": {"index": adopted.index, "key": adopted.key},
            }
        )
    else:
        click.echo(
            f"Adopted charter {adopted.name} {adopted.version} (sha256 {adopted.sha256[:12]}), in "
            f"force from {adopted.effective.isoformat()}."
        )
        click.echo(f"  ledger entry {adopted.index}, bundle in {adopted.directory}")
        click.echo(f"  next: steelyard verify {adopted.directory}")
    return EXIT_OK
