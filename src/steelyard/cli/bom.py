# SPDX-License-Identifier: Apache-2.0
"""``steelyard bom``: write a bill of materials of a model."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from steelyard.cli.assess import local_path
from steelyard.cli.door import console, deliver, format_option, print_json
from steelyard.cli.progress import examining

if TYPE_CHECKING:
    from steelyard.licensing.lineage.graph import LineageGraph
    from steelyard.reporting.bom import Spec


@click.command()
@click.argument("reference", metavar="MODEL")
@click.option(
    "--spec",
    type=click.Choice(["cyclonedx-1.6", "cyclonedx-1.7", "spdx-3.0.1"]),
    default="cyclonedx-1.6",
    show_default=True,
    help="Standard and version to write.",
)
@click.option("--purl", help="Package URL of the revision, if you vouch for it.")
@click.option(
    "--lineage",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Lineage graph (YAML or JSON) that knows more of its origin than its own files.",
)
@click.option("--output", type=click.Path(path_type=Path, dir_okay=False), help="Write it here.")
@click.option(
    "--coverage",
    is_flag=True,
    help='Print which clusters of the G7 "SBOM for AI" it has content for, not the document.',
)
@format_option()
def command(
    reference: str,
    spec: Spec,
    purl: str | None,
    lineage: Path | None,
    output: Path | None,
    coverage: bool,
    output_format: str,
) -> None:
    """Write a bill of materials of MODEL: files, digests, licenses, model card, origin.

    MODEL is a directory, a file, or hf:org/name[@revision] on a hub. What its files do not state
    is absent; what they claim is marked as declared.

    The document itself is JSON; --format text with --output prints a one-line summary instead.
    """
    from steelyard import bootstrap
    from steelyard.kernel.limits import DEFAULT_LIMITS
    from steelyard.platform.tree import walk

    graph = _lineage(lineage) if lineage is not None else None
    path = local_path(reference)
    tree = walk(path, DEFAULT_LIMITS)
    quiet = output_format != "text" or (output is None and not coverage)
    with examining(tree, quiet=quiet) as progress, bootstrap.examine(tree, progress) as running:
        document, subject = bootstrap.bill_of_materials(running, path, purl, spec=spec, drawn=graph)
    if output is not None or not coverage:
        deliver(document, output)
    if coverage:
        _print_coverage(document, spec, output_format)
    elif output is not None and output_format == "json":
        print_json(document)
    elif output is not None:
        click.echo(f"Wrote {output}: {subject.purl}, {subject.files} files, {subject.size} bytes.")


def _print_coverage(document: bytes, spec: Spec, output_format: str) -> None:
    from steelyard.reporting.bom.coverage import coverage_of, render_coverage

    found = coverage_of(document, spec)
    if output_format == "json":
        import msgspec

        print_json(msgspec.json.encode(found))
    else:
        render_coverage(console(), found)


def _lineage(path: Path) -> LineageGraph:
    """Return the graph in a file, checked, with warnings on standard error."""
    from steelyard import bootstrap
    from steelyard.governance.assessment.lineage_graph import load_graph
    from steelyard.licensing.lineage.graph import order

    graph, warnings = load_graph(bootstrap.read_text(path, "lineage"), str(path))
    for warning in warnings:
        click.echo(f"steelyard: warning: {warning}", err=True)
    order(graph)
    return graph
