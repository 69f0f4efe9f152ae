# SPDX-License-Identifier: Apache-2.0
"""A text prepared for comparison: one character for each word that counts.

Words that the references have are their characters there; words that none has get characters of
their own, beyond all those.
"""

from __future__ import annotations

from functools import cached_property

from steelyard.catalog.license_references import UNKNOWN, References, load
from steelyard.licensing.tokens import hash_word, normalized, raw_spans, raw_words, visible_text

_MOST_REMEMBERED = 50_000
_MOST_DISTINCT = 0x10FFFF - UNKNOWN
_remembered: dict[str, tuple[tuple[str, str], ...]] = {}
"""Raw word → character and word, for each word that it stands for."""


class Text:
    """A text, its words as characters (``chars``), and where each stands in it."""

    def __init__(self, raw: str) -> None:
        self.raw = raw
        self._shown = visible_text(raw)
        words = raw_words(self._shown)
        self._part = self._coded(set(words))
        self.chars = "".join(map(self._part.__getitem__, words))

    def _coded(self, distinct: set[str]) -> dict[str, str]:
        """Return the characters of each distinct word."""
        if len(_remembered) > _MOST_REMEMBERED:
            _remembered.clear()
        parts: dict[str, str] = {}
        own: dict[str, str] = {}
        references = load()
        for word in distinct:
            meaning = _remembered.get(word)
            if meaning is None:
                meaning = _remembered[word] = _meaning(word, references)
            parts[word] = "".join(
                char or own.setdefault(each, chr(UNKNOWN + min(len(own), _MOST_DISTINCT)))
                for char, each in meaning
            )
        return parts

    @cached_property
    def spans(self) -> list[tuple[int, int]]:
        """Start and end of each word in the text."""
        found = raw_spans(self._shown)
        if len(self.chars) == len(found):
            return found
        shown, part = self._shown, self._part
        return [span for span in found for _ in part[shown[span[0] : span[1]]]]

    def words(self, first: int, last: int) -> list[str]:
        """Return the words ``first`` to ``last`` (without it) as they are compared."""
        found = []
        for at in range(max(0, first), min(last, len(self.chars))):
            start, end = self.spans[at]
            options = normalized(self._shown[start:end])
            second = at > 0 and self.spans[at - 1] == (start, end)
            parts = len(self._part[self._shown[start:end]])
            found.append(options[2 if second else 1] if parts == 2 else options[0])
        return found

    def slice(self, first: int, last: int) -> tuple[int, int, str]:
        """Return start, end and characters of words ``first`` to ``last`` (inclusive)."""
        start, end = self.spans[first][0], self.spans[last][1]
        return start, end, self.raw[start:end]


def _meaning(word: str, references: References) -> tuple[tuple[str, str], ...]:
    """Return character (empty if no reference has it) and word, for each word that a raw word
    stands for."""
    options = list(normalized(word))
    chars = [references.find_word(hash_word(each)) for each in options]
    if len(options) == 3:  # broken at a line's end: one word where there is such a word
        chosen = slice(0, 1) if chars[0] else slice(1, 3)
        options, chars = options[chosen], chars[chosen]
    return tuple(zip(chars, options, strict=True))
