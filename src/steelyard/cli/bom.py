# SPDX-License-Identifier: Apache-2.0
"""``steelyard bom``: write a CycloneDX ML-BOM of a model."""

from __future__ import annotations

from pathlib import Path

import click

from steelyard.cli.assess import local_path
from steelyard.cli.door import deliver, format_option, print_json
from steelyard.cli.progress import examining


@click.command()
@click.argument("reference", metavar="MODEL")
@click.option("--purl", help="Package URL of the revision, if you vouch for it.")
@click.option("--output", type=click.Path(path_type=Path, dir_okay=False), help="Write it here.")
@format_option()
def command(reference: str, purl: str | None, output: Path | None, output_format: str) -> None:
    """Write a CycloneDX ML-BOM of MODEL: files, digests, licenses, model card, base models.

    MODEL is a directory, a file, or hf:org/name[@revision] on a hub.

    The document itself is JSON; --format text with --output prints a one-line summary instead.
    """
    from steelyard import bootstrap
    from steelyard.kernel.limits import DEFAULT_LIMITS
    from steelyard.platform.tree import walk

    path = local_path(reference)
    tree = walk(path, DEFAULT_LIMITS)
    quiet = output_format != "text" or output is None
    with examining(tree, quiet=quiet) as progress, bootstrap.examine(tree, progress) as running:
        document, subject = bootstrap.bill_of_materials(running, path, purl)
    deliver(document, output)
    if output is None:
        return
    if output_format == "json":
        print_json(document)
    else:
        click.echo(f"Wrote {output}: {subject.purl}, {subject.files} files, {subject.size} bytes.")
