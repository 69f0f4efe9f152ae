# SPDX-License-Identifier: Apache-2.0
"""Restores typing and scanning errors, only where the reference proves what stood there.

A run of words is restored when each word that is no word of any license becomes, by one wrong
letter or a lost space, words that continue the reference without a gap on both sides. A word that
exists (``not`` for ``now``) is never taken for an error.
"""

from __future__ import annotations

import string

from steelyard.licensing.compare import is_known_word
from steelyard.licensing.tokens import SHINGLE, hash_words

_LETTERS = string.ascii_lowercase
_MAX_RUN = 8
_MAX_LENGTH = 40
_MAX_ERRORS = 400
_SHARE = 0.06


class Restorer:
    """Restores runs of one text against one reference, within a budget of errors."""

    def __init__(self, known: frozenset[int], words: int) -> None:
        self._known = known
        self._budget = min(_MAX_ERRORS, max(3, int(words * _SHARE)))
        self._repairs: dict[str, list[list[str]]] = {}

    def restores(self, words: list[str], start: int, end: int) -> bool:
        """Tell whether ``words[start:end + 1]`` is the reference's own text with errors in it."""
        if end - start >= _MAX_RUN or self._budget <= 0:
            return False
        before = words[max(0, start - SHINGLE + 1) : start]
        if len(before) < SHINGLE - 1:
            return False
        after = words[end + 1 : end + SHINGLE]
        wrong = words[start : end + 1]
        if all(is_known_word(word) for word in wrong):
            return False
        self._budget -= len(wrong)
        return self._search(before, wrong, after)

    def _search(self, before: list[str], rest: list[str], after: list[str]) -> bool:
        """Extend ``before`` word by word; every step must be in the reference."""
        if not rest:
            return self._continues(before, after)
        for repair in self._options(rest[0]):
            tail = before
            for word in repair:
                tail = [*tail[-SHINGLE + 1 :], word]
                if len(tail) == SHINGLE and hash_words(tail) not in self._known:
                    break
            else:
                if self._search(tail, rest[1:], after):
                    return True
        return False

    def _continues(self, before: list[str], after: list[str]) -> bool:
        tail = before
        for word in after:
            tail = [*tail[-SHINGLE + 1 :], word]
            if hash_words(tail) not in self._known:
                return False
        return True

    def _options(self, word: str) -> list[list[str]]:
        if is_known_word(word):
            return [[word]]
        if word not in self._repairs:
            self._repairs[word] = [] if len(word) > _MAX_LENGTH else repairs(word)
        return self._repairs[word]


def repairs(word: str) -> list[list[str]]:
    """Return the known words, or pairs of known words, one error away from ``word``."""
    parts = [(word[:at], word[at:]) for at in range(len(word) + 1)]
    single = {left + right[1:] for left, right in parts if right}
    single |= {left + right[1] + right[0] + right[2:] for left, right in parts if len(right) > 1}
    single |= {left + c + right[1:] for left, right in parts if right for c in _LETTERS}
    single |= {left + c + right for left, right in parts for c in _LETTERS}
    single |= {word.replace("rn", "m"), word.replace("5", "s").replace("0", "o").replace("1", "l")}
    found = [[candidate] for candidate in sorted(single) if candidate and is_known_word(candidate)]
    for left, right in parts[1:-1]:
        if is_known_word(left) and is_known_word(right):
            found.append([left, right])
    return found
