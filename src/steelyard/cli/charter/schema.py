# SPDX-License-Identifier: Apache-2.0
"""``steelyard charter schema``: the JSON Schema that editors complete and check with."""

from __future__ import annotations

from pathlib import Path

import click

from steelyard.cli.charter.reading import print_document
from steelyard.cli.door import EXIT_OK, deliver, format_option

DOCUMENT = "steelyard.charter-schema/v1"


@click.command("schema")
@click.option(
    "--kind", type=click.Choice(["charter", "pack", "use-case"]), default="charter",
    show_default=True, help="Which document the schema is for.",
)  # fmt: skip
@click.option(
    "--output", type=click.Path(path_type=Path, dir_okay=False),
    help="Write it to this file instead of printing it.",
)  # fmt: skip
@format_option()
def command(kind: str, output: Path | None, output_format: str) -> int:
    """Print the JSON Schema of a charter, for completion and checks in an editor.

    Begin the charter with a line `# yaml-language-server: $schema=FILE`.
    """
    from steelyard.reporting.editor_schema import MODELINE, editor_schema

    deliver(editor_schema(kind).rstrip(b"\n"), output)
    if output is None:
        return EXIT_OK
    if output_format == "json":
        print_document({"schema": DOCUMENT, "kind": kind, "file": str(output)})
    else:
        click.echo(f"Wrote the schema of a {kind} to {output}.")
        click.echo(f"  next: begin your file with: {MODELINE.format(file=output.name).rstrip()}")
    return EXIT_OK
