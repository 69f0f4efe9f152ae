# SPDX-License-Identifier: Apache-2.0
"""Which values of a fact stand for all its values, given the atoms asked about it.

Values that answer every atom alike are one class, and one of them is enough. A domain is *complete*
when every class has a member: then no value of the fact behaves in a way that was not tried.
"""

from __future__ import annotations

import datetime
import operator
import re
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from functools import cache
from itertools import combinations, product
from typing import Any

from msgspec import Struct

from steelyard.charter.engine import View, compile_rule, run
from steelyard.charter.facts import FactType, fact_types
from steelyard.charter.schema import TIERS
from steelyard.charter.sections import listed
from steelyard.charter.worlds.atoms import Atom
from steelyard.kernel.assessment import Tri

MAX_TEXT_ATOMS = 4
"""Most prefixes, patterns and the like of one fact whose combinations are all looked for."""
MAX_LISTS = 400
"""Most representative lists of one fact."""

_USUAL: dict[str, tuple[Any, ...]] = {
    "environment": ("sandbox", "staging", "production"),
    "use_case.environment": ("sandbox", "staging", "production"),
    "use_case.sector": ("software", "health"),
    "model.task": ("text-generation",),
    "model.library": ("transformers",),
    "model.name": ("example-org/example-model",),
    "license.keys": ("apache-2.0",),
    "artifacts.weight_formats": ("safetensors",),
}
"""Values tried first, so that examples read like real models; they prove nothing by themselves."""
_RANGES = {"risk.score": (0, 100), "card.completeness": (0, 100)}
OTHER = "something-else"
"""A word that no expression names."""
_TODAY = "2027-01-01"
"""The day of every world, unless an expression compares it with other days."""
_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "_==_": operator.eq,
    "_!=_": operator.ne,
    "_<_": operator.lt,
    "_<=_": operator.le,
    "_>_": operator.gt,
    "_>=_": operator.ge,
}


class Domain(Struct, frozen=True):
    """Representative values of one fact; None stands for *not known*."""

    values: tuple[Any, ...]
    complete: bool


@cache
def domain_of(path: str, atoms: frozenset[Atom]) -> Domain:
    """Return values that stand for all values of the fact at ``path`` under ``atoms``."""
    fact = fact_types().get(path)
    if fact is None or fact.message is not None:
        return Domain((None,), complete=False)
    asked = sorted(atoms, key=repr)
    found = _lists(fact, asked) if fact.kind == "strings" else _scalars(fact, asked)
    # The tier is worked out before any rule is asked, so rules never meet an unknown one.
    unknown: tuple[Any, ...] = (None,) if fact.optional and path != "risk.tier" else ()
    return Domain((*found.values, *unknown), found.complete)


def _scalars(fact: FactType, atoms: Sequence[Atom]) -> Domain:
    constants = [value for atom in atoms if atom.kind != "text" for value in atom.constants]
    if fact.kind == "bool":
        return Domain((False, True), complete=True)
    if fact.path == "risk.tier":
        return Domain(_classes(TIERS, atoms), complete=True)
    if fact.values:
        return Domain(_classes(fact.values, atoms), complete=True)
    if fact.kind == "int":
        return Domain(_classes(_numbers(fact.path, constants), atoms), complete=True)
    if fact.kind == "date":
        return _dates(fact.path, atoms)
    return _words(fact.path, constants, atoms)


def _numbers(path: str, constants: Iterable[Any]) -> list[int]:
    # Whole numbers among the facts are counts, sizes and shares: never negative.
    low, high = _RANGES.get(path, (0, 1 << 62))
    near = {c + step for c in constants if type(c) is int for step in (-1, 0, 1)}
    return [low, *sorted(n for n in near if low <= n <= high)]


def _dates(path: str, atoms: Sequence[Atom]) -> Domain:
    counted = [atom for atom in atoms if atom.kind == "days"]
    compared = [atom for atom in atoms if atom.kind in ("compare", "member")]
    if counted:
        # Counted from the one day of all worlds, so only the distance matters.
        found = [
            _moved(_TODAY, sign * (int(value) + step))
            for atom in counted
            for value in atom.constants
            if type(value) is int and abs(value) < 100_000
            for step in (-1, 0, 1)
            for sign in (-1, 1)
        ]
    else:
        constants = [str(value) for atom in compared for value in atom.constants]
        found = [_moved(constant, step) for constant in constants for step in (-1, 0, 1)]
    usual = _TODAY if path == "today" else "2027-06-30"
    values = dict.fromkeys((usual, *sorted(filter(None, found))))
    classes = tuple(values) if counted else _classes(values, atoms)
    return Domain(classes, complete=not (counted and compared))


def _moved(date: str, days: int) -> str:
    """Return the date some days later, or nothing where there is no such date."""
    try:
        return (datetime.date.fromisoformat(date) + datetime.timedelta(days=days)).isoformat()
    except (ValueError, OverflowError):
        return ""


def _words(path: str, constants: Iterable[Any], atoms: Sequence[Atom]) -> Domain:
    """Return words: each constant, and one other word for each combination of the text atoms."""
    named = [value for value in constants if isinstance(value, str)]
    texts = [(a.operator, str(a.constants[0])) for a in atoms if a.kind == "text"]
    free = [word for word in _USUAL.get(path, ()) if word not in named]
    free += [word for word in (OTHER, *_made_up(texts)) if word not in named]
    if texts and all(name == "version_at_least" for name, _ in texts):
        missing: set[tuple[bool, ...]] = set()  # versions are one after another: see _made_up
    else:
        missing = set(_possible(texts)) - {_answers(word, texts) for word in free}
    pool = [*(word for word in _USUAL.get(path, ()) if word in named), *free, *named]
    return Domain(_classes(pool, atoms), complete=not missing)


def _made_up(texts: Sequence[tuple[str, str]]) -> Iterator[str]:
    """Yield words made to answer text atoms this way or that; the engine judges them later."""
    for function, constant in texts:
        if function == "version_at_least":
            yield from (constant, f"{constant}.0.1", "0")
        if function == "purl_matches":
            yield constant.replace("*", "x")
        if function == "matches":
            pieces = [piece for piece in re.split(r"[^A-Za-z0-9_./-]+", constant) if piece]
            yield from (*pieces, "".join(pieces), "-".join(pieces))
    simple = ("startsWith", "contains", "endsWith")
    chosen = [pair for pair in texts if pair[0] in simple][:MAX_TEXT_ATOMS]
    for count in range(1, len(chosen) + 1):
        for group in combinations(chosen, count):
            start = "".join(text for name, text in group if name == "startsWith")
            middle = "-".join(text for name, text in group if name == "contains")
            end = "".join(text for name, text in group if name == "endsWith")
            yield f"{start}-x{middle}x-{end}" if start or end else f"x{middle}x"


def _possible(texts: Sequence[tuple[str, str]]) -> Iterator[tuple[bool, ...]]:
    """Yield every combination of answers that some word could give, as far as can be told."""
    if len(texts) > MAX_TEXT_ATOMS:
        yield ()  # more than is tried: no word has this answer, so the domain is incomplete
        return
    for answers in product((True, False), repeat=len(texts)):
        if not any(
            _contradict(one, other)
            for one, other in combinations(zip(texts, answers, strict=True), 2)
        ):
            yield answers


def _contradict(one: tuple[tuple[str, str], bool], other: tuple[tuple[str, str], bool]) -> bool:
    """Tell whether no word can answer two prefix (or two suffix) questions so."""
    (name, text), said = one
    (other_name, other_text), other_said = other
    if name != other_name or name not in ("startsWith", "endsWith"):
        return False
    begins = str.startswith if name == "startsWith" else str.endswith
    if said and other_said:
        return not (begins(text, other_text) or begins(other_text, text))
    if said:
        return begins(text, other_text)
    return other_said and begins(other_text, text)


def _classes(values: Iterable[Any], atoms: Sequence[Atom]) -> tuple[Any, ...]:
    """Return the first of ``values`` in each class of those that answer all ``atoms`` alike."""
    found: dict[Hashable, Any] = {}
    for value in values:
        found.setdefault(tuple(_answer(atom, value) for atom in atoms), value)
    return tuple(found.values())


def _answer(atom: Atom, value: Any) -> Tri | bool:
    if atom.kind == "presence":
        return True
    if atom.kind == "text":
        return _says(atom.operator, str(atom.constants[0]), value)
    if atom.kind == "member":
        return value in atom.constants
    constant = atom.constants[0]
    try:
        return _COMPARE[atom.operator](value, constant)
    except TypeError:
        return False  # the engine answers "unknown" for every value alike


def _answers(word: str, texts: Sequence[tuple[str, str]]) -> tuple[bool, ...]:
    if len(texts) > MAX_TEXT_ATOMS:
        return (False,)
    return tuple(_says(name, constant, word) == "true" for name, constant in texts)


@cache
def _says(function: str, constant: str, word: str) -> Tri:
    """Return what the engine itself says about ``word``."""
    quoted = listed((constant,))[1:-1]
    if function in ("version_at_least", "purl_matches"):
        text = f"{function}(environment, {quoted})"
    else:
        text = f"environment.{function}({quoted})"
    return run(compile_rule(text), View({"environment": word}))


# Lists of words


def _lists(fact: FactType, atoms: Sequence[Atom]) -> Domain:
    """Return lists of words: which classes of words are in them, and how many words they have.

    What ``exists``, ``all`` and ``in`` say depends on the set of classes only, and a set with one
    witness for each of them answers as any larger one does. So sets up to the number of
    quantifiers are enough; longer lists repeat a word.
    """
    quantified = [atom for atom in atoms if atom.kind == "elements"]
    inner = list(dict.fromkeys(atom for outer in quantified for atom in outer.inner))
    constants = [value for atom in inner if atom.kind != "text" for value in atom.constants]
    words = _words(fact.path, constants, inner)
    lengths = sorted(
        {
            int(value) + step
            for atom in atoms
            if atom.kind == "size"
            for value in atom.constants
            if type(value) is int and value <= 1000
            for step in (-1, 0, 1)
        }
    )
    most = min(len(words.values), max(1, len(quantified)))
    found: list[tuple[str, ...]] = [()]
    for count in range(1, most + 1):
        for chosen in combinations(words.values, count):
            sizes = {count, *(length for length in lengths if length > count)}
            found += [(*chosen, *chosen[:1] * (size - count)) for size in sorted(sizes)]
            if len(found) > MAX_LISTS:
                return Domain(tuple(found), complete=False)
    too_long = any(
        type(value) is int and value > 1000
        for atom in atoms
        if atom.kind == "size"
        for value in atom.constants
    )
    return Domain(tuple(found), complete=words.complete and not too_long)
