# SPDX-License-Identifier: Apache-2.0
"""Questions to a collection of lineages: what derives from X, where X comes from, and by which way.

A model is found by ``org/name``, ``org/name@revision`` or package URL. Names match whatever their
case: a question about a withdrawn model must not miss a copy for a capital letter. Revisions match
exactly (commits from seven characters on); where one side does not state a revision the match is
*possible*, never certain. Every answer costs time linear in nodes and edges.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterable, Sequence
from typing import Literal

from msgspec import Struct

from steelyard.kernel.lineage import GraphEdge, GraphNode, NodeKind, ProvenanceGraph, Relation
from steelyard.provenance.lineage.names import canonical_revision, identity, read_reference

_COMMIT_PART = re.compile(r"\A[0-9a-fA-F]{7,40}\Z")
Certainty = Literal["certain", "possible"]
Key = tuple[str, str]
"""Name without case, and revision (empty when not stated)."""


class Target(Struct, frozen=True):
    """What is asked about."""

    name: str
    revision: str = ""

    def matches(self, key: Key) -> bool:
        """Tell whether a node may be meant; without a revision every one is."""
        name, revision = key
        if name != identity(self.name):
            return False
        wanted = self.revision
        if not wanted or not revision or wanted == revision:
            return True
        return bool(_COMMIT_PART.match(wanted)) and revision.startswith(wanted.lower())


class Step(Struct, frozen=True, kw_only=True):
    """One edge of an answer."""

    upstream: str
    downstream: str
    relation: Relation
    certainty: Certainty
    """``possible`` where the two ends are the same model only if the revisions are."""


class Related(Struct, frozen=True, kw_only=True):
    """A model, data set … that was found, with the shortest way to it."""

    name: str
    revision: str
    kind: NodeKind
    certainty: Certainty
    steps: int
    last: Step
    """The edge by which it was reached; :meth:`Lineages.way` gives all of them."""


class Lineages:
    """An index over the graphs of everything assessed; built once, asked many times."""

    def __init__(self, graphs: Iterable[ProvenanceGraph]) -> None:
        self._nodes: dict[Key, GraphNode] = {}
        self._named: dict[str, dict[Key, None]] = {}
        self._down: dict[Key, list[tuple[Key, Relation]]] = {}
        self._up: dict[Key, list[tuple[Key, Relation]]] = {}
        for graph in graphs:
            keys = {node.name: self._add(node) for node in graph.nodes if node.state != "unnamed"}
            for edge in graph.edges:
                if edge.upstream in keys and edge.downstream in keys:
                    self._join(keys[edge.upstream], keys[edge.downstream], edge)

    def _add(self, node: GraphNode) -> Key:
        key = key_of(node)
        known = self._nodes.get(key)
        if known is None or node.state == "assessed":
            self._nodes[key] = node
        self._named.setdefault(key[0], {})[key] = None
        return key

    def _join(self, upstream: Key, downstream: Key, edge: GraphEdge) -> None:
        self._down.setdefault(upstream, []).append((downstream, edge.relation))
        self._up.setdefault(downstream, []).append((upstream, edge.relation))

    def descendants(self, target: Target) -> tuple[Related, ...]:
        """Return everything made from ``target``, nearest first, certain before possible."""
        return self._related(target, self._down, down=True)

    def ancestors(self, target: Target) -> tuple[Related, ...]:
        """Return everything ``target`` was made from."""
        return self._related(target, self._up, down=False)

    def way(self, source: Target, target: Target) -> tuple[Step, ...]:
        """Return the shortest way from ``source`` down to ``target``; empty when there is none."""
        reached = self._walk(source, self._down, down=True)
        ends = [key for key in reached if target.matches(key) and reached[key] is not None]
        if not ends:
            return ()
        end = min(ends, key=lambda key: _Reach.order(reached[key]))
        steps: list[Step] = []
        at: Key | None = end
        while at is not None and (reach := reached[at]) is not None:
            steps.append(reach.step)
            at = reach.before
        return tuple(reversed(steps))

    def cycles(self) -> tuple[tuple[str, ...], ...]:
        """Return groups of models that are claimed to be made from one another, names sorted."""
        groups = _knots(self._down)
        return tuple(sorted(tuple(sorted(self._shown(key) for key in group)) for group in groups))

    def _related(
        self, target: Target, edges: dict[Key, list[tuple[Key, Relation]]], *, down: bool
    ) -> tuple[Related, ...]:
        reached = self._walk(target, edges, down=down)
        found = [(reach, key) for key, reach in reached.items() if reach is not None]
        found.sort(key=lambda pair: (_Reach.order(pair[0]), pair[1]))
        return tuple(
            Related(
                name=_bare(self._nodes[key]),
                revision=key[1],
                kind=self._nodes[key].kind,
                certainty=reach.certainty,
                steps=reach.steps,
                last=reach.step,
            )
            for reach, key in found
        )

    def _walk(
        self, target: Target, edges: dict[Key, list[tuple[Key, Relation]]], *, down: bool
    ) -> dict[Key, _Reach | None]:
        """Breadth first, certain ways before possible ones; starting points have no reach."""
        named = self._named.get(identity(target.name), {})
        starts = [key for key in named if target.matches(key)]
        unsure = [key for key in starts if target.revision and not key[1]]
        reached: dict[Key, _Reach | None] = dict.fromkeys(starts)
        expanded = set(named) - set(starts)
        later: list[tuple[Key, Key, Relation, int]] = []
        queue = deque((key, 0) for key in starts if key not in unsure)

        def reach(key: Key, to: Key, how: Relation, steps: int, certainty: Certainty) -> None:
            if to not in reached:
                step = self._step(key, to, how, certainty, down=down)
                reached[to] = _Reach(certainty, steps + 1, step, key)
                queue.append((to, steps + 1))

        def spread(certainty: Certainty) -> None:
            while queue:
                key, steps = queue.popleft()
                for to, how in edges.get(key, ()):
                    reach(key, to, how, steps, certainty)
                for twin in self._twins(key, expanded):
                    later.extend((key, to, how, steps) for to, how in edges.get(twin, ()))
                if certainty == "possible":
                    doubtful()

        def doubtful() -> None:
            for key, to, how, steps in later:
                reach(key, to, how, steps, "possible")
            later.clear()

        spread("certain")
        queue.extend((key, 0) for key in unsure)
        doubtful()
        spread("possible")
        return reached

    def _twins(self, key: Key, expanded: set[Key]) -> list[Key]:
        """Return what may be the same model, each once: revisions where none is stated here, and
        the entry without a revision where one is."""
        name, revision = key
        others = [(name, "")] if revision else list(self._named.get(name, {}))
        found = [other for other in others if other != key and other not in expanded]
        expanded.update(found)
        return found

    def _step(
        self, one: Key, other: Key, relation: Relation, certainty: Certainty, *, down: bool
    ) -> Step:
        upstream, downstream = (one, other) if down else (other, one)
        return Step(
            upstream=self._shown(upstream),
            downstream=self._shown(downstream),
            relation=relation,
            certainty=certainty,
        )

    def _shown(self, key: Key) -> str:
        name = _bare(self._nodes[key])
        return f"{name}@{key[1]}" if key[1] else name


class _Reach(Struct, frozen=True):
    certainty: Certainty
    steps: int
    step: Step
    before: Key

    @staticmethod
    def order(reach: _Reach | None) -> tuple[bool, int]:
        """Order by certainty, then by distance."""
        return (reach is not None and reach.certainty == "possible", reach.steps if reach else 0)


def read_target(text: str) -> Target:
    """Return what ``text`` asks about: ``org/name[@revision]``, an address or a package URL."""
    found = read_reference(text)
    if found.form == "none":
        return Target(text.strip())
    return Target(found.name, found.revision)


def key_of(node: GraphNode) -> Key:
    """Return the key of a node: its name without case and without the revision, and that."""
    return identity(_bare(node)), canonical_revision(node.revision)


def _bare(node: GraphNode) -> str:
    return node.name.removesuffix(f"@{node.revision}") if node.revision else node.name


def _knots(edges: dict[Key, list[tuple[Key, Relation]]]) -> list[list[Key]]:
    """Return groups of nodes that can all reach one another (Tarjan's algorithm, no recursion)."""
    number: dict[Key, int] = {}
    low: dict[Key, int] = {}
    stack: list[Key] = []
    on_stack: set[Key] = set()
    groups: list[list[Key]] = []
    for root in edges:
        if root in number:
            continue
        work: list[tuple[Key, int]] = [(root, 0)]
        while work:
            key, at = work.pop()
            if at == 0:
                number[key] = low[key] = len(number)
                stack.append(key)
                on_stack.add(key)
            targets: Sequence[tuple[Key, Relation]] = edges.get(key, ())
            if at:
                low[key] = min(low[key], low[targets[at - 1][0]])
            while at < len(targets):
                target = targets[at][0]
                at += 1
                if target not in number:
                    work += [(key, at), (target, 0)]
                    break
                if target in on_stack:
                    low[key] = min(low[key], number[target])
            else:
                _close(key, number, low, stack, on_stack, groups, edges)
    return groups


def _close(
    key: Key,
    number: dict[Key, int],
    low: dict[Key, int],
    stack: list[Key],
    on_stack: set[Key],
    groups: list[list[Key]],
    edges: dict[Key, list[tuple[Key, Relation]]],
) -> None:
    """Take a finished group off the stack; a single node is a knot only with an edge to itself."""
    if low[key] != number[key]:
        return
    group: list[Key] = []
    while True:
        member = stack.pop()
        on_stack.discard(member)
        group.append(member)
        if member == key:
            break
    if len(group) > 1 or any(target == key for target, _ in edges.get(key, ())):
        groups.append(group)
