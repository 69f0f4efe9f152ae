# SPDX-License-Identifier: Apache-2.0
"""Asks questions about all models at once, by running the evaluator's engine on each world.

A *world* gives a value to every fact that the questions read. Facts of different questions that
are not shared are independent, so each question is asked over its own facts and the answers are
joined where they agree on the shared ones: the work is the sum of the questions', not the product.

What is found is always real: an example is a world in which the engine gave those answers. That
something happens in *no* world is claimed only when the worlds stand for all (``complete``).
"""

from __future__ import annotations

import random
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from itertools import product
from typing import Any

from msgspec import Struct

from steelyard.charter.engine import Program, View, compile_rule, run
from steelyard.charter.worlds.atoms import Atom, reading_of
from steelyard.charter.worlds.domains import domain_of
from steelyard.kernel.assessment import Tri

MAX_WORLDS = 20_000
"""Most worlds tried for one question; above that a sample is drawn, and the answer says so."""

MAX_FREE = 600
"""Most combinations tried to show that some facts of an example do not matter."""

World = dict[str, Any]
"""Facts by path; None is not known."""


class Question(Struct, frozen=True):
    """Something to find out about a world, and the expressions it runs."""

    texts: tuple[str, ...]
    answer: Callable[[View], Hashable]

    @property
    def paths(self) -> tuple[str, ...]:
        """The facts the question depends on, in the order they are read."""
        return tuple(
            dict.fromkeys(path for text in self.texts for path in compile_rule(text).paths)
        )


class Answers(Struct, frozen=True):
    """Every combination of answers that occurs, each with one world in which it does.

    ``doubt`` says, in words, why other combinations cannot be excluded; it is empty when they can.
    ``tried`` counts worlds.
    """

    rows: dict[tuple[Any, ...], World]
    tried: int
    doubt: str = ""

    @property
    def complete(self) -> bool:
        """Whether what is not among the rows never happens."""
        return not self.doubt

    def where(self, wanted: Callable[..., bool]) -> World | None:
        """Return a world whose answers satisfy ``wanted``, or None."""
        return next((world for row, world in self.rows.items() if wanted(*row)), None)


class Domains:
    """Representative values of every fact that some questions read, and what stays open."""

    def __init__(self, texts: Iterable[str]) -> None:
        atoms: dict[str, set[Atom]] = {}
        self.doubts: list[str] = []
        for text in dict.fromkeys(texts):
            reading = reading_of(text)
            for path in compile_rule(text).paths:
                atoms.setdefault(path, set())
            for atom in reading.atoms:
                atoms.setdefault(atom.path, set()).add(atom)
            self.doubts += [f"{why} ({text})" for why in reading.beyond]
        counted = any(atom.kind == "days" for asked in atoms.values() for atom in asked)
        if counted and any(atom.kind != "presence" for atom in atoms.get("today", ())):
            self.doubts.append("days are counted from today, and today is compared as well")
        self.values: dict[str, tuple[Any, ...]] = {}
        for path, asked in atoms.items():
            domain = domain_of(path, frozenset(asked))
            self.values[path] = domain.values
            if not domain.complete:
                self.doubts.append(f"not all values of {path} could be represented")

    def worlds(self, paths: Sequence[str]) -> Iterator[World]:
        """Yield every world over ``paths``, those with short lists first."""
        order = sorted(paths, key=lambda path: not isinstance(self.values[path][0], tuple))
        for values in product(*(self.values[path] for path in order)):
            found = dict(zip(order, values, strict=True))
            yield {path: found[path] for path in paths}

    def count(self, paths: Iterable[str]) -> int:
        """Return how many worlds there are over ``paths``."""
        total = 1
        for path in paths:
            total *= len(self.values[path])
        return total


def view_of_world(world: Mapping[str, Any]) -> View:
    """Return ``world`` as rules see facts; groups without a known fact are there, but empty."""
    data: dict[str, Any] = {}
    for path, value in world.items():
        *parents, name = path.split(".")
        inner = data
        for part in parents:
            inner = inner.setdefault(part, {})
        inner[name] = value
    return View(data)


def ask(*questions: Question, limit: int = MAX_WORLDS) -> Answers:
    """Return every combination of answers to ``questions`` that occurs in some world."""
    domains = Domains(text for question in questions for text in question.texts)
    if any(domains.count(question.paths) > limit for question in questions):
        return _sampled(questions, domains, limit)
    # Joined one after another; only the facts that later questions read are still told apart.
    joined: dict[tuple[tuple[Any, ...], tuple[Hashable, ...]], World] = {((), ()): {}}
    live: tuple[str, ...] = ()
    tried = 0
    for at, question in enumerate(questions):
        later = {path for other in questions[at + 1 :] for path in other.paths}
        table = _table(question, domains, set(live) | later)
        tried += domains.count(question.paths)
        shared = [path for path in live if path in question.paths]
        by_shared: dict[tuple[Any, ...], list[tuple[World, Hashable]]] = {}
        for world, answer in table:
            by_shared.setdefault(tuple(_key(world[p]) for p in shared), []).append((world, answer))
        alive = tuple(p for p in dict.fromkeys((*live, *question.paths)) if p in later)
        fresh: dict[tuple[tuple[Any, ...], tuple[Hashable, ...]], World] = {}
        for (_, answers), known in joined.items():
            for world, answer in by_shared.get(tuple(_key(known[p]) for p in shared), ()):
                both = {**world, **known}
                fresh.setdefault((tuple(_key(both[p]) for p in alive), (*answers, answer)), both)
                if len(fresh) > limit:
                    return _sampled(questions, domains, limit)
        joined, live = fresh, alive
    rows: dict[tuple[Any, ...], World] = {}
    for (_, answers), world in joined.items():
        rows.setdefault(answers, world)
    return Answers(rows, tried, "; ".join(domains.doubts))


def _table(question: Question, domains: Domains, told_apart: set[str]) -> list[tuple[World, Any]]:
    """Return one world for each answer and each assignment of the facts others read."""
    kept = [path for path in question.paths if path in told_apart]
    found: dict[tuple[Any, ...], tuple[World, Any]] = {}
    for world in domains.worlds(question.paths):
        answer = question.answer(view_of_world(world))
        found.setdefault((*(_key(world[path]) for path in kept), answer), (world, answer))
    return list(found.values())


def _key(value: Any) -> Any:
    return ("bool", value) if isinstance(value, bool) else value


def _sampled(questions: Sequence[Question], domains: Domains, limit: int) -> Answers:
    """Ask in ``limit`` worlds drawn evenly; the same ones each time."""
    paths = tuple(dict.fromkeys(path for question in questions for path in question.paths))
    drawn = random.Random(len(paths))  # noqa: S311 (worlds are drawn, not secrets)
    rows: dict[tuple[Any, ...], World] = {}
    count = min(limit, max(500, limit // max(1, len(questions))))
    for _ in range(count):
        world = {path: drawn.choice(domains.values[path]) for path in paths}
        view = view_of_world(world)
        rows.setdefault(tuple(question.answer(view) for question in questions), world)
    there_are = domains.count(paths)
    return Answers(rows, count, f"only {count:,} of {there_are:.3g} combinations were sampled")


# Questions about expressions


class Verdict(Struct, frozen=True):
    """An answer about all worlds: True, False, or None where it could not be decided.

    ``example`` is a world that shows it, for what an example can show. ``doubt`` says why not.
    """

    holds: bool | None
    example: World | None = None
    doubt: str = ""


def expression(text: str) -> Question:
    """Return the question what ``text`` says: true, false or unknown."""
    program: Program = compile_rule(text)

    def answer(view: View) -> Tri:
        return run(program, view)

    return Question((text,), answer)


def never(answers: Answers, wanted: Callable[..., bool]) -> Verdict:
    """Tell whether ``wanted`` is never so; if it can be, the example shows it."""
    example = answers.where(wanted)
    if example is not None:
        return Verdict(holds=False, example=example)
    return Verdict(holds=True if answers.complete else None, doubt=answers.doubt)


def implies(one: str, other: str, *, limit: int = MAX_WORLDS) -> Verdict:
    """Tell whether ``other`` is true wherever ``one`` is; the example is one where it is not."""
    answers = ask(expression(one), expression(other), limit=limit)
    return never(answers, lambda a, b: a == "true" and b != "true")


def can_both_hold(one: str, other: str, *, limit: int = MAX_WORLDS) -> Verdict:
    """Tell whether both are true in some world; the example is such a world."""
    answers = ask(expression(one), expression(other), limit=limit)
    found = never(answers, lambda a, b: a == "true" and b == "true")
    return Verdict(None if found.holds is None else not found.holds, found.example, found.doubt)


def always_true(text: str, *, limit: int = MAX_WORLDS) -> Verdict:
    """Tell whether ``text`` is true in every world; the example is one where it is not."""
    return never(ask(expression(text), limit=limit), lambda said: said != "true")


def never_true(text: str, *, limit: int = MAX_WORLDS) -> Verdict:
    """Tell whether ``text`` is true in no world; the example is one where it is."""
    return never(ask(expression(text), limit=limit), lambda said: said == "true")


def essential(
    world: World, values: Mapping[str, Sequence[Any]], same: Callable[[World], bool]
) -> World:
    """Return the facts of ``world`` that matter: whatever the others are, ``same`` stays true."""
    kept = dict(world)
    free: list[str] = []
    for path in list(world):
        others = [*free, path]
        count = 1
        for name in others:
            count *= len(values.get(name, (None,)))
        if path not in values or count > MAX_FREE:
            continue
        rest = {name: value for name, value in kept.items() if name != path}
        if all(
            same({**rest, **dict(zip(others, chosen, strict=True))})
            for chosen in product(*(values[name] for name in others))
        ):
            kept, free = rest, others
    return kept or dict(world)
