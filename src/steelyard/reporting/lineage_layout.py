# SPDX-License-Identifier: Apache-2.0
"""Places the nodes of a lineage in columns: the result right, its sources left of it.

A node stands one column left of the leftmost thing made from it (longest way to the end), so every
edge points to the right. Edges that close a circle are left out of the count. Inside a column nodes
stand near what they lead to (mean of their neighbors' rows, twice), ties by name. Linear in nodes
and edges but for sorting.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

_SWEEPS = 2


class Place(NamedTuple):
    """Column from the left and twice the row from the top, so that columns can be centered."""

    column: int
    row2: int


class Plan(NamedTuple):
    """Where everything stands. ``folds``: by column, twice the row of the box that counts the
    nodes which are not shown, and their number."""

    places: dict[str, Place]
    folds: dict[int, tuple[int, int]]
    columns: int
    rows: int
    hidden: dict[str, int]
    """The column of each node that is not shown."""

    def place(self, name: str) -> Place | None:
        """Return where a node stands, or the box that counts it."""
        if name in self.hidden:
            column = self.hidden[name]
            return Place(column, self.folds[column][0])
        return self.places.get(name)


def plan(names: Sequence[str], edges: Iterable[tuple[str, str]], most: int) -> Plan:
    """Return where each node stands; ``names`` are in the order in which they must be shown."""
    down: dict[str, list[str]] = {name: [] for name in names}
    for upstream, downstream in dict.fromkeys(edges):
        if upstream in down and downstream in down and upstream != downstream:
            down[upstream].append(downstream)
    depth = _depths(names, down)
    last = max(depth.values(), default=0)
    kept = set(names[:most]) if len(names) > most else set(names)
    columns: list[list[str]] = [[] for _ in range(last + 1)]
    folded: list[list[str]] = [[] for _ in range(last + 1)]
    for name in sorted(names):
        (columns if name in kept else folded)[last - depth[name]].append(name)
    columns, folded = _joined(columns, folded)
    _order(columns, down)
    heights = [len(column) + bool(folded[at]) for at, column in enumerate(columns)]
    rows = max(heights, default=0)
    places: dict[str, Place] = {}
    folds: dict[int, tuple[int, int]] = {}
    for at, shown in enumerate(columns):
        top = rows - heights[at]
        for row, name in enumerate(shown):
            places[name] = Place(at, top + 2 * row)
        if folded[at]:
            folds[at] = top + 2 * len(shown), len(folded[at])
    hidden = {name: at for at, column in enumerate(folded) for name in column}
    return Plan(places, folds, len(columns), rows, hidden)


def _joined(
    columns: list[list[str]], folded: list[list[str]]
) -> tuple[list[list[str]], list[list[str]]]:
    """Make one column of neighbors that show no node at all."""
    shown: list[list[str]] = []
    rest: list[list[str]] = []
    for column, names in zip(columns, folded, strict=True):
        if shown and not column and not shown[-1]:
            rest[-1] += names
        else:
            shown.append(column)
            rest.append(list(names))
    return shown, rest


def _depths(names: Sequence[str], down: dict[str, list[str]]) -> dict[str, int]:
    """Return the longest way to an end for each node, without recursion and without circles."""
    depth: dict[str, int] = {}
    open_now: set[str] = set()
    for root in sorted(names):
        if root in depth:
            continue
        work: list[tuple[str, int]] = [(root, 0)]
        open_now.add(root)
        while work:
            name, at = work.pop()
            targets = down[name]
            while at < len(targets):
                target = targets[at]
                if target not in depth and target not in open_now:
                    work += [(name, at), (target, 0)]
                    open_now.add(target)
                    break
                at += 1
            else:
                open_now.discard(name)
                depth[name] = max((depth[t] + 1 for t in targets if t in depth), default=0)
    return depth


def _order(columns: list[list[str]], down: dict[str, list[str]]) -> None:
    """Sort each column by where its nodes lead, from right to left, then back by where they come
    from, so that few edges cross."""
    up: dict[str, list[str]] = {}
    for name, targets in down.items():
        for target in targets:
            up.setdefault(target, []).append(name)
    for _ in range(_SWEEPS):
        for neighbors, order in ((down, reversed(range(len(columns)))), (up, range(len(columns)))):
            row = {name: at for column in columns for at, name in enumerate(column)}
            for at in order:
                mean = {
                    name: _mean([row[other] for other in neighbors.get(name, ()) if other in row])
                    for name in columns[at]
                }
                columns[at].sort(key=lambda name: (mean[name], name))
                row.update({name: place for place, name in enumerate(columns[at])})


def _mean(rows: Sequence[int]) -> float:
    return sum(rows) / len(rows) if rows else 0.0
