# SPDX-License-Identifier: Apache-2.0
"""Looks for one case that satisfies many conditions at once, or shows that there is none.

Each condition is a table of the assignments of its facts that satisfy it. Tables are joined one
after another, going back where a fact would need two values, as one solves a puzzle.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from msgspec import Struct

from steelyard.charter.conflicts.findings import Budget
from steelyard.charter.worlds import Question, World, view_of_world
from steelyard.charter.worlds.ask import Domains

MAX_TABLE = 3_000
"""Most worlds of one condition; a larger one is not looked at, and nothing is claimed then."""
MAX_STEPS = 30_000
"""Most steps of one search."""


class Condition(Struct, frozen=True):
    """Something that must be so: an answer of ``question`` that ``allowed`` accepts."""

    name: str
    question: Question
    allowed: Callable[[Any], bool]


class Case(Struct, frozen=True):
    """A case that satisfies everything, or ``core``: names that no case satisfies together.

    With neither, it was not found out.
    """

    world: World | None = None
    core: tuple[str, ...] = ()


class Cases:
    """Tables of conditions, made once, and searches over them with some facts fixed."""

    def __init__(self, conditions: Sequence[Condition], budget: Budget) -> None:
        self.domains = Domains(text for c in conditions for text in c.question.texts)
        self.decidable = not self.domains.doubts
        self.tables: dict[str, list[World]] = {}
        for condition in conditions:
            count = self.domains.count(condition.question.paths)
            if count > MAX_TABLE or budget.left < count:
                self.decidable = False
                budget.unchecked.append(f"{condition.name} together with other rules")
                continue
            budget.spend(count)
            self.tables[condition.name] = [
                world
                for world in self.domains.worlds(condition.question.paths)
                if condition.allowed(condition.question.answer(view_of_world(world)))
            ]

    def find(self, names: Sequence[str], fixed: Mapping[str, Any]) -> Case:
        """Return a case in which all named conditions hold and facts are as ``fixed`` says."""
        known = [name for name in names if name in self.tables]
        world = self._search(known, fixed)
        if world is not None:
            return Case(world=world)
        if not self.decidable:
            return Case()
        core = list(known)
        for name in known:  # leave out one after another while it stays impossible
            fewer = [other for other in core if other != name]
            if self._search(fewer, fixed) is None:
                core = fewer
        return Case(core=tuple(core))

    def _search(self, names: Sequence[str], fixed: Mapping[str, Any]) -> World | None:
        tables = [self._rows(name, fixed) for name in names]
        tables.sort(key=len)
        steps = 0
        stack: list[tuple[int, World, int]] = [(0, dict(fixed), 0)]
        while stack:
            depth, world, at = stack.pop()
            if depth == len(tables):
                return world
            table = tables[depth]
            while at < len(table):
                row = table[at]
                at += 1
                steps += 1
                if all(world.get(path, value) == value for path, value in row.items()):
                    stack.append((depth, world, at))
                    stack.append((depth + 1, {**world, **row}, 0))
                    break
            if steps > MAX_STEPS:
                self.decidable = False
                return None
        return None

    def _rows(self, name: str, fixed: Mapping[str, Any]) -> list[World]:
        return [
            row
            for row in self.tables[name]
            if all(fixed[path] == row[path] for path in row if path in fixed)
        ]
