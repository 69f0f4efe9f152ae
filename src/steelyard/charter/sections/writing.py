# SPDX-License-Identifier: Apache-2.0
"""Writes pieces of rules: lists, words that end in ``*``, one consequence an environment."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

OTHER = "other"
"""The key of ``{sandbox: condition, other: reject}`` that stands for all the rest."""


def listed(words: Iterable[str]) -> str:
    """Return ``words`` as a list in the rule language."""
    return "[" + ", ".join(quoted(word) for word in words) + "]"


def quoted(word: str) -> str:
    """Return ``word`` as text in the rule language."""
    return "'" + word.replace("\\", "\\\\").replace("'", "\\'").replace("\n", "\\n") + "'"


def is_one_of(fact: str, words: Iterable[str]) -> str:
    """Return the condition that ``fact`` is one of ``words``; ``x*`` is any text that begins x."""
    words = tuple(words)
    exact = [word for word in words if not word.endswith("*")]
    starts = [word[:-1] for word in words if word.endswith("*")]
    parts = [f"{fact} in {listed(exact)}"] if exact or not starts else []
    parts += [f"{fact}.startsWith({quoted(start)})" for start in starts]
    return parts[0] if len(parts) == 1 else "(" + " || ".join(parts) + ")"


def dashed(name: str) -> str:
    """Return a field's name as part of a rule's id."""
    return name.replace("_", "-")


def by_environment(consequence: str | Mapping[str, str]) -> Iterator[tuple[str, str, str]]:
    """Yield a suffix for the id, the condition on the environment, and what follows there.

    An environment that is not named, with no ``other``, has no consequence: that is said by the
    check of the charter, not decided here.
    """
    if isinstance(consequence, str):
        yield "", "", consequence
        return
    named = [name for name in consequence if name != OTHER]
    for name in named:
        yield f".{name}", f"environment == {quoted(name)}", consequence[name]
    if OTHER in consequence:
        rest = f"!(environment in {listed(named)})" if named else ""
        yield f".{OTHER}", rest, consequence[OTHER]


def both(*conditions: str | None) -> str | None:
    """Return the conditions joined by "and", or None when there is none."""
    given = [condition for condition in conditions if condition]
    if len(given) < 2:
        return given[0] if given else None
    return " && ".join(f"({c})" if "||" in c else c for c in given)
