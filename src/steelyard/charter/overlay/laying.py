# SPDX-License-Identifier: Apache-2.0
"""How an overlay speaks up: a charter that loosens is refused at its line, a pack gives way."""

from __future__ import annotations

from typing import TypeVar

from steelyard.charter.document import Document, Path
from steelyard.charter.durations import is_longer

_T = TypeVar("_T")


class Laying:
    """One laying of sections over a base; ``source`` is what people call the base.

    With ``refuse`` a value that would loosen the base is an error at its place. Without it (packs)
    the stricter of the two stands, and nothing is said: a pack is written for many charters.
    """

    def __init__(self, document: Document, source: str, *, refuse: bool) -> None:
        self.document, self.source, self.refuse = document, source, refuse
        self.who = source[:1].upper() + source[1:]
        """The base at the beginning of a sentence."""

    def looser(self, path: Path, message: str, next_step: str = "") -> None:
        """Say that the value at ``path`` would loosen the base."""
        if self.refuse:
            self.document.error_at(path, message, next_step)

    def wrong(self, path: Path, message: str, next_step: str = "") -> None:
        """Say that the value at ``path`` cannot be laid over the base at all."""
        self.document.error_at(path, message, next_step)

    def shorter(self, path: Path, own: str | None, base: str | None) -> str | None:
        """Return the shorter of two lengths of time; a longer one would loosen."""
        if own is None or base is None:
            return own or base
        if is_longer(own, base):
            self.looser(
                path, f"{own} is longer than the {base} of {self.source}; it may be shorter."
            )
            return base
        return own

    def at_most(self, path: Path, own: int | None, base: int | None, what: str) -> int | None:
        """Return the smaller of two caps."""
        if own is None or base is None:
            return base if own is None else own
        if own > base:
            self.looser(path, f"{self.who} allows at most {base} {what}; it may be fewer.")
        return min(own, base)

    def at_least(self, path: Path, own: int, base: int, what: str) -> int:
        """Return the larger of two minima; a smaller one would loosen."""
        if own < base:
            self.looser(path, f"{self.who} asks for {base} {what}; it may be more.")
        return max(own, base)


def union(base: tuple[_T, ...], own: tuple[_T, ...]) -> tuple[_T, ...]:
    """Return both without repetitions, the base first."""
    return tuple(dict.fromkeys((*base, *own)))
