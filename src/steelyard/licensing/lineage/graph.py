# SPDX-License-Identifier: Apache-2.0
"""The graph a lawyer draws: what was made from what, and what the result is to be used for."""

from __future__ import annotations

from collections import deque
from typing import Annotated

from msgspec import Meta, Struct, field

from steelyard.kernel.errors import InputError
from steelyard.kernel.lineage import NodeKind, Relation
from steelyard.licensing.gpai import Release

MAX_NODES = 20_000
MAX_EDGES = 100_000

Kind = NodeKind
Name = Annotated[str, Meta(pattern=r"\S", max_length=500, description="a name")]


class LineageNode(Struct, frozen=True, kw_only=True):
    """A model, a dataset or code. ``actual`` (the license its text says) beats ``declared``."""

    name: Name
    kind: Kind
    license: str = "unknown"
    """Catalog key, SPDX id or Hub tag; ``unknown`` when nobody says."""
    declared: str | None = None
    """The label it is passed on under, where that differs from ``license``."""
    actual: str | None = None
    """The license found in its text, where that was read."""
    files: tuple[str, ...] | None = None
    """Names of the papers that go with it; None when that is not known."""
    website_display: tuple[str, ...] | None = None
    """Phrases shown on its page, interface or documentation; None when not known."""
    role: str | None = None
    """What it is in the system: ``final``, ``multimodal``, ``tokenizer``, ``classifier`` …"""


class LineageEdge(Struct, frozen=True, kw_only=True):
    """``from`` went into ``to`` in the way ``relation`` says."""

    upstream: Name = field(name="from")
    downstream: Name = field(name="to")
    relation: Relation


class LineageUse(Struct, frozen=True, kw_only=True):
    """What the result is used for. What is absent is unknown, and unknown is never satisfied."""

    commercial: bool | None = None
    hosted: bool | None = None
    """Offered to others over a network."""
    establishment: str | None = None
    """Where the user is established: ISO country codes or ``EU``, separated by commas."""
    redistribute: bool | None = None
    """Copies of the result are handed to others."""
    outputs_train_models: bool | None = None
    monthly_users: int | None = None
    monthly_users_at_release: int | None = None
    """Monthly active users when the upstream version was released; some caps count then."""
    revenue_usd: int | None = None
    """Yearly revenue in US dollars."""
    registered: bool | None = None
    """The registration or questionnaire a license asks for was answered, or its license granted."""
    purpose: str | None = None


class LineageGraph(Struct, frozen=True, kw_only=True):
    """Nodes, edges and the use. See design of ``steelyard lineage check``."""

    nodes: tuple[LineageNode, ...]
    edges: tuple[LineageEdge, ...] = ()
    use_case: LineageUse = LineageUse()
    release: Release | None = None
    """How the result is released, for the questions of the EU AI Act; asked only when given."""


class Ordered(Struct, frozen=True, kw_only=True):
    """A checked graph, upstream first. Indices are positions in ``graph.nodes``."""

    graph: LineageGraph
    order: tuple[int, ...]
    incoming: tuple[tuple[tuple[int, Relation], ...], ...]
    """For each node, the upstream nodes and how they went into it."""
    finals: tuple[int, ...]
    """Nodes nothing is made from, or those whose role is ``final``."""

    def ancestry(self) -> tuple[int, ...]:
        """Return the final nodes and everything they were made from, upstream first."""
        wanted = set(self.finals)
        for at in reversed(self.order):
            if at in wanted:
                wanted.update(source for source, _ in self.incoming[at])
        return tuple(at for at in self.order if at in wanted)


def order(graph: LineageGraph) -> Ordered:
    """Return the graph in the order of making, after checking that it can be one.

    Raises:
        InputError: a name is used twice or not at all, something is made from itself, or the graph
            is empty or too large. The message names the node.
    """
    if not graph.nodes:
        raise _wrong("The graph has no nodes.", "List at least the model you want to use.")
    if len(graph.nodes) > MAX_NODES or len(graph.edges) > MAX_EDGES:
        raise _wrong(
            f"The graph has {len(graph.nodes):,} nodes and {len(graph.edges):,} edges; at most "
            f"{MAX_NODES:,} and {MAX_EDGES:,} are read.",
            "Leave out what the result was not made from.",
        )
    index = _index(graph)
    incoming: list[dict[tuple[int, Relation], None]] = [{} for _ in graph.nodes]
    outgoing: list[list[int]] = [[] for _ in graph.nodes]
    for number, edge in enumerate(graph.edges):
        for end, name in (("from", edge.upstream), ("to", edge.downstream)):
            if name not in index:
                raise _wrong(
                    f"edges[{number}].{end} names {name!r}, which is no node.", _near(name, index)
                )
        source, target = index[edge.upstream], index[edge.downstream]
        if source == target:
            raise _wrong(
                f"edges[{number}] says that {edge.upstream!r} is made from itself.",
                "Name the version it was made from as a node of its own.",
            )
        if (source, edge.relation) not in incoming[target]:
            incoming[target][source, edge.relation] = None
            outgoing[source].append(target)
    sequence = _topological(graph, incoming, outgoing)
    marked = tuple(at for at, node in enumerate(graph.nodes) if node.role == "final")
    return Ordered(
        graph=graph,
        order=sequence,
        incoming=tuple(tuple(found) for found in incoming),
        finals=marked or tuple(at for at in sequence if not outgoing[at]),
    )


def _index(graph: LineageGraph) -> dict[str, int]:
    index: dict[str, int] = {}
    for at, node in enumerate(graph.nodes):
        if node.name in index:
            raise _wrong(
                f"nodes[{at}].name is {node.name!r}, which nodes[{index[node.name]}] already has.",
                "Give every node a name of its own, such as org/name@revision.",
            )
        index[node.name] = at
    return index


def _topological(
    graph: LineageGraph,
    incoming: list[dict[tuple[int, Relation], None]],
    outgoing: list[list[int]],
) -> tuple[int, ...]:
    """Kahn's algorithm; a rest that never gets ready holds a cycle."""
    waiting = [len(found) for found in incoming]
    ready = deque(at for at, count in enumerate(waiting) if count == 0)
    sequence = []
    while ready:
        at = ready.popleft()
        sequence.append(at)
        for target in outgoing[at]:
            waiting[target] -= 1
            if waiting[target] == 0:
                ready.append(target)
    if len(sequence) == len(graph.nodes):
        return tuple(sequence)
    stuck = next(at for at, count in enumerate(waiting) if count)
    ring: list[int] = []
    while stuck not in ring:
        ring.append(stuck)
        stuck = next(source for source, _ in incoming[stuck] if waiting[source])
    ring = ring[ring.index(stuck) :]
    names = [graph.nodes[at].name for at in reversed(ring)]
    shown = [*names[:6], "…"] if len(names) > 6 else names
    raise _wrong(
        f"The lineage runs in a circle: {' → '.join([*shown, names[0]])}.",
        "Something can only be made from what was there before; name the versions apart.",
    )


def _near(name: str, index: dict[str, int]) -> str:
    import difflib

    close = difflib.get_close_matches(name, list(index)[:2000], n=1, cutoff=0.6)
    return f"Did you mean {close[0]!r}?" if close else "Add it to the nodes."


def _wrong(message: str, next_step: str) -> InputError:
    return InputError(message, next_step=next_step, code="lineage.graph")
