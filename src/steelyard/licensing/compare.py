# SPDX-License-Identifier: Apache-2.0
"""Finds the references a text most resembles and lays it beside them.

A sample of three-word passages votes for references; the likely ones are aligned, and the one that
explains most of the text and misses least of itself wins. A longer license that contains a shorter
one (three clauses, two clauses) explains more.
"""

from __future__ import annotations

from collections import Counter

from msgspec import Struct, structs

from steelyard.catalog.license_references import (
    UNKNOWN,
    Reference,
    References,
    load,
)
from steelyard.licensing.align import Alignment, Edit, align, common

ADOPT = 0.6
"""Share of a reference's core a text must contain to be called a form of that license."""
NEAREST = 0.15
"""Share from which the nearest license is worth naming."""
_LIKELY = 6
_COMMON = 400
"""A passage that more references have than this tells nothing."""
_SEEDS = 24
_FIRM = 8
"""Words in a row that are no coincidence."""
_PER_KEY = 3
_VOTED = 100
_MET = 0.55
"""Share of a reference's samples that makes it worth aligning."""
_RIVAL = 0.6
"""Share of the most votes that makes it so."""
_MOST_GRAMS = 20_000


class Compared(Struct, frozen=True, kw_only=True):
    """How one reference relates to a text. ``matched`` and ``missing`` count words of the
    reference's core; ``share`` is the part of the core that is there."""

    reference: Reference
    words: str
    """The reference's words, as characters."""
    alignment: Alignment
    matched: int
    missing: int
    added: int
    share: float

    def moved(self, by: int) -> Compared:
        """Return the same for a text that begins ``by`` words earlier."""
        alignment = Alignment(
            self.alignment.start + by,
            self.alignment.end + by,
            self.alignment.ref_start,
            self.alignment.ref_end,
            tuple(
                Edit(each.start + by, each.end + by, each.ref_start, each.ref_end)
                for each in self.alignment.edits
            ),
        )
        return structs.replace(self, alignment=alignment)

    @property
    def rank(self) -> tuple[int, int, int]:
        """Greater is better: what is explained, less what is missing and what is added."""
        outside = (self.alignment.end - self.alignment.start) - self.matched
        wrong = self.missing + self.added
        return 2 * self.matched - wrong, -wrong, outside


def best(chars: str) -> Compared | None:
    """Return the reference that ``chars`` most resembles."""
    found = likely(chars)
    return max(found, key=lambda each: each.rank, default=None)


def likely(chars: str) -> list[Compared]:
    """Return the references that share most with a text, aligned.

    A reference that is there without any departure ends the search, unless another one may explain
    more.
    """
    references = load()
    grams = _grams(chars, references)
    votes: Counter[int] = Counter()
    for value in grams:
        holders = references.holders(value)
        if 0 < len(holders) <= _COMMON:
            votes.update(holders)
    found: list[Compared] = []
    enough = 0
    chosen = _chosen(votes, references)
    most = max((votes[number] for number in chosen), default=0)
    for number in chosen:
        met = votes[number] >= _MET * references.references[number].samples
        if votes[number] < enough or not (met or votes[number] >= _RIVAL * most):
            continue
        compared = compare(chars, references.references[number], references, [*grams.values()])
        if compared is None:
            continue
        found.append(compared)
        if not compared.missing and not compared.added and not compared.alignment.edits:
            enough = max(enough, votes[number] + (compared.words != chars))
            if compared.words == chars:
                return [compared]
    return found


def _chosen(votes: Counter[int], references: References) -> list[int]:
    """Return the references with the most votes and those with most of their own samples met, the
    best first, few of each license."""
    listed = references.references
    most = [number for number, _ in votes.most_common(_VOTED)]
    shares = sorted(
        most,
        key=lambda number: (round(votes[number] / listed[number].samples, 1), votes[number]),
        reverse=True,
    )
    chosen: dict[int, None] = {}
    per_key: Counter[str] = Counter()
    for ranked in (shares, most):
        for number in ranked[: 4 * _LIKELY]:
            key = listed[number].key
            if number not in chosen and per_key[key] < _PER_KEY:
                chosen[number] = None
                per_key[key] += 1
            if len(chosen) >= _LIKELY * (1 if ranked is shares else 2):
                break
    return list(chosen)


def _grams(chars: str, references: References) -> dict[int, int]:
    """Return the sampled grams of a text and where each first stands."""
    sampled = references.sampled
    found: dict[int, int] = {}
    for at in [at for at, char in enumerate(chars[:-2]) if char in sampled]:
        first, second, third = map(ord, chars[at : at + 3])
        if second < UNKNOWN and third < UNKNOWN:
            found.setdefault(first << 32 | second << 16 | third, at)
            if len(found) >= _MOST_GRAMS:
                break
    return found


def compare(
    chars: str, reference: Reference, references: References, places: list[int]
) -> Compared | None:
    """Lay a text beside one reference; None if they have no passage in common. ``places``: where
    passages stand that references may have."""
    words = references.text(reference)
    core = (reference.core_start, reference.core_end)
    whole = chars.find(words[core[0] : core[1]])
    seed = (whole, core[0]) if whole >= 0 else _seed(chars, words, places)
    return measured(reference, words, align(chars, words, core, *seed)) if seed else None


def _seed(chars: str, words: str, places: list[int]) -> tuple[int, int] | None:
    """Return where text and reference agree for longest, of the places tried."""
    step = max(1, len(places) // _SEEDS)
    for tried in (places[::step], places):
        best_place: tuple[int, int] | None = None
        longest = 0
        for at in tried:
            ref_at = words.find(chars[at : at + 3])
            if ref_at >= 0:
                same = common(chars, at, words, ref_at)
                if same > longest:
                    best_place, longest = (at, ref_at), same
        if longest > _FIRM:
            break
    return best_place


def measured(reference: Reference, words: str, alignment: Alignment) -> Compared:
    """Count what agrees in the reference's core."""
    start, end = reference.core_start, reference.core_end
    lost = max(0, min(alignment.ref_start, end) - start) + max(
        0, end - max(alignment.ref_end, start)
    )
    added = 0
    for edit in alignment.edits:
        lost += max(0, min(edit.ref_end, end) - max(edit.ref_start, start))
        if start < edit.ref_end and edit.ref_start < end:
            added += edit.end - edit.start
    size = max(1, end - start)
    matched = max(0, size - lost)
    return Compared(
        reference=reference,
        words=words,
        alignment=alignment,
        matched=matched,
        missing=lost,
        added=added,
        share=matched / size,
    )
