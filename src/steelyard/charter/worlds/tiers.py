# SPDX-License-Identifier: Apache-2.0
"""Which tiers a charter can give, and which one turns into which under another charter.

The score is a sum over dimensions. Dimensions that share no fact are independent, so the scores
that can occur are put together sum by sum, each with a world that has it; facts that the tiers'
own conditions read are gone through one by one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from steelyard.charter.engine import View, compile_rule
from steelyard.charter.facts import fact_types
from steelyard.charter.judge import points_of
from steelyard.charter.schema import Dimension, RiskSection
from steelyard.charter.sections import listed
from steelyard.charter.worlds.ask import MAX_WORLDS, Answers, Domains, World, view_of_world

MAX_SCORE = 100
_Scores = tuple[int, ...]
_SCORE = "risk.score"


def tiers_of(*sections: RiskSection, limit: int = MAX_WORLDS) -> Answers:
    """Return which tier rules decide together: for each section, the index of the one that wins.

    A row is one index for each section; its world gives the facts, and each section's score as
    ``risk.score`` where there is one section only.
    """
    return _Tiers(sections, limit).answers()


def dimension_texts(dimension: Dimension) -> tuple[str, ...]:
    """Return expressions that tell apart whatever ``dimension`` tells apart."""
    if dimension.when is not None:
        return (dimension.when,)
    path = dimension.of or ""
    fact = fact_types().get(path)
    if fact is None or fact.kind == "bool":
        return (path,)
    by_points: dict[int, list[str]] = {}
    for word, points in dimension.points.items():
        by_points.setdefault(points, []).append(word)
    return tuple(f"{path} in {listed(tuple(words))}" for words in by_points.values())


class _Tiers:
    def __init__(self, sections: Sequence[RiskSection], limit: int) -> None:
        self.sections = sections
        self.limit = limit
        self.dimensions = [
            (at, dimension)
            for at, section in enumerate(sections)
            for dimension in section.dimensions.values()
        ]
        conditions = [t.when for s in sections for t in s.tiers if t.when is not None]
        asked = [text for _, dimension in self.dimensions for text in dimension_texts(dimension)]
        self.domains = Domains((*conditions, *asked))
        self.core = {path for text in conditions for path in compile_rule(text).paths} - {_SCORE}
        self.tried = 0
        self.doubts = list(self.domains.doubts)
        self._winners: dict[tuple[int, int, int], int] = {}

    def answers(self) -> Answers:
        groups = self._groups()
        core_paths, core_dimensions = groups.pop(0)
        others: dict[_Scores, World] = {(0,) * len(self.sections): {}}
        for paths, dimensions in groups:
            own = self._sums(paths, dimensions)
            summed: dict[_Scores, World] = {}
            for scores, world in others.items():
                for more, extra in own.items():
                    summed.setdefault(_plus(scores, more), {**world, **extra})
            others = summed
        rows: dict[tuple[Any, ...], World] = {}
        for number, world in enumerate(self._worlds(core_paths)):
            view = view_of_world(world)
            start = self._points(core_dimensions, view)
            for scores, extra in others.items():
                total = _plus(start, scores)
                row = tuple(
                    self._winner(number, at, score, world) for at, score in enumerate(total)
                )
                if row not in rows:
                    rows[row] = {**world, **extra}
                    if len(total) == 1:
                        rows[row][_SCORE] = total[0]
        return Answers(rows, self.tried, "; ".join(dict.fromkeys(self.doubts)))

    def _groups(self) -> list[tuple[list[str], list[tuple[int, Dimension]]]]:
        """Return groups of facts with their dimensions; no fact is in two. The core comes first."""
        groups: list[tuple[set[str], list[tuple[int, Dimension]]]] = [(set(self.core), [])]
        for at, dimension in self.dimensions:
            texts = dimension_texts(dimension)
            paths = {path for text in texts for path in compile_rule(text).paths}
            touched = [group for group in groups if group[0] & paths]
            home = touched[0] if touched else (set[str](), list[tuple[int, Dimension]]())
            if not touched:
                groups.append(home)
            home[0].update(paths)
            home[1].append((at, dimension))
            for group in touched[1:]:
                home[0].update(group[0])
                home[1].extend(group[1])
                groups.remove(group)
        return [(sorted(paths), dimensions) for paths, dimensions in groups]

    def _sums(
        self, paths: Sequence[str], dimensions: Sequence[tuple[int, Dimension]]
    ) -> dict[_Scores, World]:
        found: dict[_Scores, World] = {}
        for world in self._worlds(paths):
            found.setdefault(self._points(dimensions, view_of_world(world)), world)
        return found

    def _points(self, dimensions: Sequence[tuple[int, Dimension]], view: View) -> _Scores:
        totals = [0] * len(self.sections)
        for at, dimension in dimensions:
            totals[at] += points_of(dimension, view).points
        return tuple(min(MAX_SCORE, total) for total in totals)

    def _worlds(self, paths: Sequence[str]) -> Iterator[World]:
        count = self.domains.count(paths)
        if count > self.limit:
            self.doubts.append(f"only {self.limit:,} of {count:.3g} combinations were tried")
        for _, world in zip(range(self.limit), self.domains.worlds(paths), strict=False):
            self.tried += 1
            yield world

    def _winner(self, number: int, at: int, score: int, world: World) -> int:
        """Return the index of the first tier that is not ruled out, as the evaluation does."""
        key = (number, at, score)
        if key not in self._winners:
            view = view_of_world({**world, _SCORE: score})
            tiers = self.sections[at].tiers
            self._winners[key] = next(
                (
                    index
                    for index, tier in enumerate(tiers)
                    if tier.when is None or view.ask(tier.when) != "false"
                ),
                len(tiers),
            )
        return self._winners[key]


def _plus(one: _Scores, other: _Scores) -> _Scores:
    return tuple(min(MAX_SCORE, a + b) for a, b in zip(one, other, strict=True))
