# SPDX-License-Identifier: Apache-2.0
"""Compares the words of a text with reference fingerprints.

The method: find likely references by a sample of shingles, take the one most completely contained,
then look at every word no matching shingle covers (added or replaced) and at every joint where
covered words stand side by side although the reference does not have them so (removed). Cost is
linear in the text.
"""

from __future__ import annotations

import sys
from array import array
from collections import Counter
from functools import cache

from msgspec import Struct

from steelyard.catalog.license_references import Reference, load
from steelyard.licensing.tokens import SHINGLE, Word, hash_words, shingles_of

ADOPT = 0.6
"""Share of a reference's core a text must contain to be called a form of that license."""
NEAREST = 0.15
"""Share from which the nearest license is worth naming."""
_LIKELY = 12
_NEARLY_ALL = 0.9


class Text:
    """A text prepared for comparison."""

    def __init__(self, raw: str, words: list[Word]) -> None:
        self.raw = raw
        self.words = words
        self.texts = [word.text for word in words]
        self.shingles = shingles_of(self.texts)
        self.distinct = set(self.shingles)

    def slice(self, first: int, last: int) -> tuple[int, int, str]:
        """Return start, end and characters of words ``first`` to ``last`` (inclusive)."""
        start, end = self.words[first].start, self.words[last].end
        return start, end, self.raw[start:end]


class Compared(Struct, frozen=True, kw_only=True):
    """How one reference relates to a text. ``share`` of its core is in the text; ``hits[i]`` says
    whether shingle i of the text is in the reference (``known``, of which ``core`` are the terms
    themselves); ``missing`` counts core shingles not found.
    """

    reference: Reference
    share: float
    matched: int
    missing: int
    hits: tuple[bool, ...]
    core: frozenset[int]
    known: frozenset[int]


def unpack(data: bytes) -> array[int]:
    """Return packed hashes as an array."""
    values = array("I", data)
    if sys.byteorder == "big":
        values.byteswap()
    return values


@cache
def _sample_index() -> dict[int, list[int]]:
    index: dict[int, list[int]] = {}
    for number, reference in enumerate(load().references):
        for value in unpack(reference.sample):
            index.setdefault(value, []).append(number)
    return index


@cache
def _vocabulary() -> frozenset[int]:
    return frozenset(unpack(load().vocabulary))


def is_known_word(word: str) -> bool:
    """Tell whether any reference uses this word."""
    return hash_words([word]) in _vocabulary()


def likely(text: Text) -> list[Compared]:
    """Return the references that share most with ``text``, best first."""
    index = _sample_index()
    votes: Counter[int] = Counter()
    for shingle in text.distinct:
        votes.update(index.get(shingle, ()))
    references = load().references
    scored = sorted(
        votes, key=lambda number: votes[number] * 4.0 / len(references[number].sample), reverse=True
    )
    chosen = dict.fromkeys(scored[:_LIKELY])
    chosen.update(dict.fromkeys(number for number, _ in votes.most_common(_LIKELY)))
    found = [compare(text, references[number]) for number in chosen]
    found.sort(key=_rank, reverse=True)
    return found


def compare(text: Text, reference: Reference) -> Compared:
    """Measure one reference against ``text``."""
    core = frozenset(unpack(reference.core))
    known = core | frozenset(unpack(reference.optional))
    inside = len(core & text.distinct)
    return Compared(
        reference=reference,
        share=inside / max(1, len(core)),
        matched=len(known & text.distinct),
        missing=len(core) - inside,
        hits=tuple(shingle in known for shingle in text.shingles),
        core=core,
        known=known,
    )


def _rank(compared: Compared) -> tuple[bool, float, int]:
    """Prefer references nearly all of which is there, the one explaining most text; else by share.

    A longer license that contains a shorter one (three clauses, two clauses) explains more.
    """
    complete = compared.share >= _NEARLY_ALL
    main = compared.matched - compared.missing if complete else compared.share
    return complete, main, compared.matched


def covered_words(text: Text, hits: tuple[bool, ...]) -> list[bool]:
    """Return for each word whether a matching shingle contains it."""
    covered = [False] * len(text.words)
    reach = -1
    for at, hit in enumerate(hits):
        if hit:
            reach = at + SHINGLE - 1
            covered[at] = True
        elif at <= reach:
            covered[at] = True
    for at in range(len(hits), min(reach + 1, len(covered))):
        covered[at] = True
    return covered


def runs(flags: list[bool], wanted: bool) -> list[tuple[int, int]]:
    """Return inclusive index ranges where ``flags`` equal ``wanted``."""
    found: list[tuple[int, int]] = []
    start = -1
    for at, flag in enumerate(flags):
        if flag is wanted and start < 0:
            start = at
        elif flag is not wanted and start >= 0:
            found.append((start, at - 1))
            start = -1
    if start >= 0:
        found.append((start, len(flags) - 1))
    return found
