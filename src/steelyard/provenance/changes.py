# SPDX-License-Identifier: Apache-2.0
"""What changed in the lineage of a model between two of its revisions."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from steelyard.kernel.lineage import Contradiction, GraphEdge, GraphNode, ProvenanceGraph
from steelyard.provenance.lineage.names import identity

LINEAGE_DIFF_SCHEMA = "steelyard.lineage-diff/v1"
What = Literal[
    "origin",
    "kind",
    "license",
    "source_added",
    "source_removed",
    "revision",
    "relation",
    "dataset_added",
    "dataset_removed",
    "source_license",
    "contradiction_added",
    "contradiction_removed",
]


class LineageChange(Struct, frozen=True, kw_only=True):
    """One difference; ``before`` and ``after`` are empty where there was nothing."""

    what: What
    subject: str
    before: str = ""
    after: str = ""


class LineageDiff(Struct, frozen=True, kw_only=True):
    """All differences, in the order of :data:`What`."""

    old: str
    new: str
    changes: tuple[LineageChange, ...]
    schema: str = LINEAGE_DIFF_SCHEMA


_Sources = dict[str, tuple[GraphNode, GraphEdge]]


def compare_lineages(old: ProvenanceGraph, new: ProvenanceGraph) -> LineageDiff:
    """Return what ``new`` says otherwise than ``old``. Sources are the same by name, in any case;
    a source without a name by its relation."""
    before, after = _sources(old), _sources(new)
    changes = _own(old, new)
    for name in dict.fromkeys([*before, *after]):
        changes += _of_source(before.get(name), after.get(name))
    changes += _contradictions(old, new)
    return LineageDiff(old=old.subject, new=new.subject, changes=tuple(changes))


def _own(old: ProvenanceGraph, new: ProvenanceGraph) -> list[LineageChange]:
    one, other = old.nodes[0], new.nodes[0]
    pairs: list[tuple[What, str, str]] = [
        ("origin", old.origin, new.origin),
        ("kind", one.kind, other.kind),
        ("license", one.license, other.license),
    ]
    return [
        LineageChange(what=what, subject=other.name, before=was, after=now)
        for what, was, now in pairs
        if was != now
    ]


def _sources(graph: ProvenanceGraph) -> _Sources:
    nodes = {node.name: node for node in graph.nodes}
    found: _Sources = {}
    for edge in graph.edges:
        node = nodes[edge.upstream]
        bare = node.name.removesuffix(f"@{node.revision}") if node.revision else node.name
        name = identity(bare) if node.state == "named" else f"?{edge.relation}"
        while name in found:
            name += "+"
        found[name] = node, edge
    return found


def _of_source(
    was: tuple[GraphNode, GraphEdge] | None, now: tuple[GraphNode, GraphEdge] | None
) -> list[LineageChange]:
    if was is None or now is None:
        node, edge = was or now  # type: ignore[misc]
        kind = "dataset" if node.kind == "dataset" else "source"
        what: What = f"{kind}_{'added' if was is None else 'removed'}"  # type: ignore[assignment]
        text = edge.relation
        before, after = ("", text) if was is None else (text, "")
        return [LineageChange(what=what, subject=node.name, before=before, after=after)]
    (old_node, old_edge), (node, edge) = was, now
    pairs: list[tuple[What, str, str]] = [
        ("revision", old_node.revision, node.revision),
        ("relation", old_edge.relation, edge.relation),
        ("source_license", old_node.license, node.license),
    ]
    return [
        LineageChange(what=what, subject=node.name, before=before, after=after)
        for what, before, after in pairs
        if before != after
    ]


def _contradictions(old: ProvenanceGraph, new: ProvenanceGraph) -> list[LineageChange]:
    def words(graph: ProvenanceGraph) -> dict[tuple[str, str], Contradiction]:
        return {(item.kind, item.message): item for item in graph.contradictions}

    before, after = words(old), words(new)
    gone = [item for key, item in before.items() if key not in after]
    come = [item for key, item in after.items() if key not in before]
    return [
        LineageChange(what="contradiction_added", subject=item.kind, after=item.message)
        for item in come
    ] + [
        LineageChange(what="contradiction_removed", subject=item.kind, before=item.message)
        for item in gone
    ]
