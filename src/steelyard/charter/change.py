# SPDX-License-Identifier: Apache-2.0
"""Says what would turn a rule around: the smallest change of facts that satisfies it.

Facts the rule reads are tried one at a time, then in pairs, with the values that could matter:
the other truth value, the other words a fact can have, the constants it is compared with.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import combinations, islice
from typing import Any

from steelyard.charter.engine import Program, View, compile_rule, run
from steelyard.charter.facts import fact_types
from steelyard.charter.schema import Rule

MAX_TRIES = 400
"""Most combinations tried for one rule, so that explaining stays quick."""


def what_would_change(rule: Rule, view: View) -> str:
    """Return a sentence about what would satisfy ``rule``, or stop it from applying."""
    require = compile_rule(rule.require)
    alternatives = {path: tuple(_candidates(require, path, view)) for path in require.paths}
    found = _first(require, view, _singles(alternatives), "true")
    if found is None:
        found = _first(require, view, _pairs(alternatives), "true")
    if found is not None:
        return f"If {_sentence(found, view)}, this rule would hold."
    if rule.applies is not None:
        applies = compile_rule(rule.applies)
        others = {path: tuple(_candidates(applies, path, view)) for path in applies.paths}
        found = _first(applies, view, _singles(others), "false")
        if found is not None:
            return f"If {_sentence(found, view)}, this rule would not apply."
    needed = ", ".join(require.paths) or "its text"
    return f"No change of one or two facts satisfies this rule; it depends on {needed}."


def _first(
    program: Program, view: View, tries: Iterator[dict[str, Any]], wanted: str
) -> dict[str, Any] | None:
    for changes in islice(tries, MAX_TRIES):
        if run(program, view.but(changes)) == wanted:
            return changes
    return None


def _singles(alternatives: Mapping[str, tuple[Any, ...]]) -> Iterator[dict[str, Any]]:
    for path, values in alternatives.items():
        for value in values:
            yield {path: value}


def _pairs(alternatives: Mapping[str, tuple[Any, ...]]) -> Iterator[dict[str, Any]]:
    for one, other in combinations(alternatives, 2):
        for first in alternatives[one]:
            for second in alternatives[other]:
                yield {one: first, other: second}


def _candidates(program: Program, path: str, view: View) -> Iterator[Any]:
    fact = fact_types().get(path)
    if fact is None:
        return
    current = view.get(path)
    constants = [value for value, _ in program.compared.get(path, ())]
    options: list[Any]
    if fact.kind == "bool":
        options = [True, False]
    elif fact.kind == "int":
        numbers = [value for value in constants if type(value) is int]
        options = [n + step for n in numbers for step in (0, 1, -1)] + [0]
    elif fact.kind == "strings":
        held = current if isinstance(current, list) else []
        options = [[], *([item for item in held if item != gone] for gone in held[:20])]
        options += [[value] for value in constants]
    else:
        options = [*fact.values, *constants] or ["stated"]
    for option in options:
        if option != current or type(option) is not type(current):
            yield option


def _sentence(changes: Mapping[str, Any], view: View) -> str:
    parts = []
    for path, value in changes.items():
        known = "" if view.get(path) is not None else "known to be "
        parts.append(f"{path} were {known}{_shown(value)}")
    return " and ".join(parts)


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return "empty" if not value else "only " + ", ".join(map(repr, value))
    return repr(value)
