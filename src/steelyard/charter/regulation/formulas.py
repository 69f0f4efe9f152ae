# SPDX-License-Identifier: Apache-2.0
"""Formulas over marks: ``a & (b | c.*)``.

There is an "and" and an "or" and no "not": whatever holds keeps holding when marks are added. That
is what makes "not sure" safe to read as every answer at once.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from collections.abc import Set as AbstractSet
from functools import cache

Formula = Callable[[AbstractSet[str]], bool]
_TOKEN = re.compile(r"\s*([A-Za-z0-9.-]+\*?|[&|()])")


def holds(text: str, marks: AbstractSet[str]) -> bool:
    """Say whether a formula holds; an empty one always does.

    Raises:
        ValueError: the text is no formula.
    """
    return _parsed(text)[0](marks)


def names_in(text: str) -> tuple[str, ...]:
    """Return the marks a formula speaks of, in their order; ``c.*`` stays as it is."""
    return _parsed(text)[1]


@cache
def _parsed(text: str) -> tuple[Formula, tuple[str, ...]]:
    if not text.strip():
        return (lambda _marks: True), ()
    tokens = _tokens(text)
    names: list[str] = []
    formula, at = _any(tokens, 0, names)
    if at != len(tokens):
        raise ValueError(f"unexpected {tokens[at]!r} in the formula {text!r}")
    return formula, tuple(names)


def _tokens(text: str) -> list[str]:
    tokens, at = [], 0
    while text[at:].strip():
        match = _TOKEN.match(text, at)
        if match is None:
            raise ValueError(f"cannot read {text[at:]!r} in the formula {text!r}")
        tokens.append(match[1])
        at = match.end()
    return tokens


def _any(tokens: list[str], at: int, names: list[str]) -> tuple[Formula, int]:
    parts = []
    while True:
        part, at = _all(tokens, at, names)
        parts.append(part)
        if at >= len(tokens) or tokens[at] != "|":
            return _either(parts), at
        at += 1


def _all(tokens: list[str], at: int, names: list[str]) -> tuple[Formula, int]:
    parts = []
    while True:
        part, at = _one(tokens, at, names)
        parts.append(part)
        if at >= len(tokens) or tokens[at] != "&":
            return _both(parts), at
        at += 1


def _either(parts: list[Formula]) -> Formula:
    if len(parts) == 1:
        return parts[0]
    return lambda marks: any(part(marks) for part in parts)


def _both(parts: list[Formula]) -> Formula:
    if len(parts) == 1:
        return parts[0]
    return lambda marks: all(part(marks) for part in parts)


def _one(tokens: list[str], at: int, names: list[str]) -> tuple[Formula, int]:
    word = tokens[at] if at < len(tokens) else ""
    if word == "(":
        inside, at = _any(tokens, at + 1, names)
        if at >= len(tokens) or tokens[at] != ")":
            raise ValueError("a parenthesis is not closed")
        return inside, at + 1
    if word in ("", ")", "&", "|"):
        raise ValueError(f"a mark is expected, not {word or 'the end'!r}")
    names.append(word)
    if word.endswith(".*"):
        prefix = word[:-1]
        return (lambda marks: any(mark.startswith(prefix) for mark in marks)), at + 1
    return (lambda marks: word in marks), at + 1
