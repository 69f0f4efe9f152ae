# SPDX-License-Identifier: Apache-2.0
"""``steelyard lineage diff``: what two revisions of a model say differently about their making."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from steelyard.cli.assess import local_path
from steelyard.cli.door import EXIT_OK, EXIT_UNDECIDED, format_option, print_json
from steelyard.kernel.errors import InputError

if TYPE_CHECKING:
    from steelyard.kernel.lineage import ProvenanceGraph
    from steelyard.provenance.changes import LineageChange

_DOCUMENT_MOST = 64 * 1024 * 1024
_WORDS = {
    "origin": "origin",
    "kind": "what the files are",
    "license": "license",
    "source_added": "new source",
    "source_removed": "source no longer named",
    "revision": "revision of a source",
    "relation": "how a source went in",
    "dataset_added": "new training data",
    "dataset_removed": "training data no longer named",
    "source_license": "license of a source",
    "contradiction_added": "new contradiction",
    "contradiction_removed": "contradiction gone",
}


@click.command("diff")
@click.argument("old", metavar="OLD")
@click.argument("new", metavar="NEW")
@format_option()
@click.pass_context
def command(ctx: click.Context, old: str, new: str, output_format: str) -> None:
    """Say what NEW claims about its making that OLD did not.

    OLD and NEW are directories, hf:org/name[@revision] on a hub, or JSON documents written by
    `steelyard lineage show --format json`.

    Exit codes: 0 the same lineage, 3 it changed.
    """
    from steelyard.provenance.changes import compare_lineages

    before, after = (_graph(reference, output_format) for reference in (old, new))
    found = compare_lineages(before, after)
    if output_format == "json":
        import msgspec

        print_json(msgspec.json.encode(found))
    else:
        for change in found.changes:
            click.echo(_line(change))
        if not found.changes:
            click.echo("The lineage is the same.")
    ctx.exit(EXIT_UNDECIDED if found.changes else EXIT_OK)


def _graph(reference: str, output_format: str) -> ProvenanceGraph:
    from steelyard.cli.lineage.show import read_graph

    path = local_path(reference)
    if path.suffix == ".json" and path.is_file():
        return _document(path)
    graph, unread = read_graph(path, None, quiet=output_format != "text")
    for reason in unread:
        click.echo(f"steelyard: not fully read: {reason}", err=True)
    return graph


def _document(path: Path) -> ProvenanceGraph:
    import msgspec

    from steelyard.kernel.lineage import LINEAGE_GRAPH_SCHEMA, ProvenanceGraph

    try:
        with path.open("rb") as stream:
            data = stream.read(_DOCUMENT_MOST + 1)
    except OSError as error:
        raise InputError(
            f"{str(path)!r} cannot be read: {error.strerror}.",
            next_step="Check the path and its permissions.",
            code="input.unreadable",
        ) from error
    try:
        graph = msgspec.json.decode(data, type=ProvenanceGraph)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError) as error:
        raise _no_graph(path, str(error)) from error
    names = {node.name for node in graph.nodes}
    ends = {end for edge in graph.edges for end in (edge.upstream, edge.downstream)}
    if graph.schema != LINEAGE_GRAPH_SCHEMA or not graph.nodes or ends - names:
        raise _no_graph(path, "its schema, nodes or edges are not those of a lineage graph")
    return graph


def _no_graph(path: Path, why: str) -> InputError:
    return InputError(
        f"{str(path)!r} is no lineage graph: {why}.",
        next_step="Write one with `steelyard lineage show MODEL --format json`.",
        code="lineage.document",
    )


def _line(change: LineageChange) -> str:
    from steelyard.reporting.text import visible

    subject = visible(change.subject, 200)
    before, after = visible(change.before, 300), visible(change.after, 300)
    values = [value for value in (before, after) if value]
    return f"{_WORDS[change.what]}: {subject}: {' -> '.join(values) or 'nothing'}"
