# SPDX-License-Identifier: Apache-2.0
"""``steelyard lineage show``: what a model's own files claim it was made from."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from steelyard.cli.assess import local_path
from steelyard.cli.door import EXIT_OK, EXIT_UNDECIDED, console, format_option, print_json
from steelyard.cli.progress import examining

if TYPE_CHECKING:
    from rich.console import Console

    from steelyard.kernel.lineage import Contradiction, GraphEdge, GraphNode, ProvenanceGraph

_ORIGINS = {
    "stated": "stated",
    "unnamed": "there is a source, and no file names it",
    "unstated": "not stated; no file says what it was made from",
}
_STYLES = {"high": "bold red", "medium": "bold yellow", "low": "cyan", "info": "dim"}
_CLAIMS_SHOWN = 3


@click.command("show")
@click.argument("reference", metavar="MODEL")
@click.option("--purl", help="Package URL of the revision, if you vouch for it.")
@format_option()
@click.pass_context
def command(ctx: click.Context, reference: str, purl: str | None, output_format: str) -> None:
    """Show what the files of MODEL claim it was made from, with quotes.

    MODEL is a directory, a file, or hf:org/name[@revision] on a hub. Nothing is looked up: a claim
    is what a file says, not what is true. The nodes and edges of the JSON document can be given to
    `steelyard lineage check`.

    Exit codes: 0 shown, 3 something contradicts, or a file could not be read.
    """
    path = local_path(reference)
    graph, unread = read_graph(path, purl, quiet=output_format != "text")
    if output_format == "json":
        import msgspec

        print_json(msgspec.json.encode(graph))
    else:
        _render(console(), graph)
        for reason in unread:
            click.echo(f"steelyard: not fully read: {reason}", err=True)
    grave = any(item.severity in ("high", "medium") for item in graph.contradictions)
    ctx.exit(EXIT_UNDECIDED if grave or unread else EXIT_OK)


def read_graph(path: Path, purl: str | None, *, quiet: bool) -> tuple[ProvenanceGraph, list[str]]:
    """Read the lineage of the model at ``path``, and say which files were not read in full."""
    from steelyard import bootstrap
    from steelyard.kernel.inspection import Task
    from steelyard.kernel.limits import DEFAULT_LIMITS
    from steelyard.platform.sandbox import begin
    from steelyard.platform.tree import walk

    tree = walk(path, DEFAULT_LIMITS)
    # One file alone would be read as a license text whatever it is.
    tasks: tuple[Task, ...] = ("license", "card") if len(tree.files) > 1 else ("card",)
    with (
        examining(tree, quiet=quiet) as progress,
        begin(tree, tasks=tasks, progress=progress) as running,
    ):
        return bootstrap.claimed_lineage(running, path, purl)


def _render(screen: Console, graph: ProvenanceGraph) -> None:
    from rich.text import Text

    from steelyard.reporting.text import visible

    nodes = {node.name: node for node in graph.nodes}
    final = nodes[graph.subject]
    screen.print(Text(f"{visible(final.name, 200)} ({final.kind})", style="bold"))
    screen.print(Text(f"Origin: {_ORIGINS[graph.origin]}"))
    for edge in graph.edges:
        _edge(screen, edge, nodes[edge.upstream], final)
    if graph.evaluated_on:
        named = ", ".join(visible(name, 80) for name in graph.evaluated_on[:10])
        screen.print(Text(f"\nEvaluated on (no part of its making): {named}"))
    for item in graph.contradictions:
        _contradiction(screen, item)
    for problem in graph.problems:
        screen.print(Text(f"\nNot read: {visible(problem, 300)}"))


def _edge(screen: Console, edge: GraphEdge, node: GraphNode, final: GraphNode) -> None:
    from rich.padding import Padding
    from rich.text import Text

    from steelyard.reporting.text import visible

    how = "inferred" if edge.inferred else "stated"
    below = "" if edge.downstream == final.name else f" into {visible(edge.downstream, 120)}"
    screen.print()
    screen.print(
        Text.assemble(
            (edge.relation, "bold"),
            f"{below}  {visible(node.name, 160)}  ({node.kind}, license {visible(node.license)})",
        )
    )
    screen.print(Padding(Text(f"claim: {edge.confidence}; relation {how}"), (0, 0, 0, 2)))
    for claim in edge.claims[:_CLAIMS_SHOWN]:
        line = (
            f"{visible(claim.file, 120)} {visible(claim.key, 120)}: “{visible(claim.quote, 200)}”"
        )
        screen.print(Padding(Text(line), (0, 0, 0, 2)))
    left = len(edge.claims) - _CLAIMS_SHOWN + edge.more_claims
    if left > 0:
        screen.print(Padding(Text(f"… and {left} more claims"), (0, 0, 0, 2)))


def _contradiction(screen: Console, item: Contradiction) -> None:
    from rich.padding import Padding
    from rich.text import Text

    from steelyard.reporting.text import visible

    screen.print()
    word = (f"contradiction, {item.severity}", _STYLES[item.severity])
    screen.print(Text.assemble(word, f": {visible(item.message, 400)}"))
    for quote in item.quotes:
        line = (
            f"{visible(quote.file, 120)} {visible(quote.key, 120)}: “{visible(quote.quote, 200)}”"
        )
        screen.print(Padding(Text(line), (0, 0, 0, 2)))
