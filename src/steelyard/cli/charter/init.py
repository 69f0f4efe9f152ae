# SPDX-License-Identifier: Apache-2.0
"""``steelyard charter init``: start a charter from a shipped one."""

from __future__ import annotations

from pathlib import Path

import click

from steelyard.cli.charter.reading import print_document
from steelyard.cli.door import EXIT_OK, format_option
from steelyard.kernel.errors import InputError

PROFILES = ("starter", "standard", "regulated")


@click.command("init")
@click.option(
    "--profile", type=click.Choice(PROFILES), default="starter", show_default=True,
    help="Which shipped charter to start from.",
)  # fmt: skip
@click.option(
    "--output", type=click.Path(path_type=Path, dir_okay=False), required=True,
    help="The file to write; an existing one is never overwritten.",
)  # fmt: skip
@format_option()
def command(profile: str, output: Path, output_format: str) -> int:
    """Write a shipped charter to a file, ready to edit."""
    from steelyard.catalog.charters import charter_text

    text = charter_text(profile)
    try:
        with output.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError as error:
        raise InputError(
            f"The file {output} exists already.",
            next_step="Choose another name, or remove the file first.",
            code="charter.exists",
        ) from error
    except OSError as error:
        raise InputError(
            f"The file {output} cannot be written: {error.strerror}.",
            next_step="Check that its directory exists and may be written to.",
            code="charter.write",
        ) from error
    if output_format == "json":
        print_document({"profile": profile, "file": str(output)})
    else:
        click.echo(f"Wrote the {profile} charter to {output}.")
        click.echo(f"  next: edit it, then run: steelyard charter check {output}")
    return EXIT_OK
