# SPDX-License-Identifier: Apache-2.0
"""Restores typing and scanning errors, only where the reference proves what stood there.

A run of words is restored when each word that is no word of any license becomes, by one wrong
letter or a lost or added space, exactly the words that the reference has at that place. A word that
exists (``not`` for ``now``), a number, and a word with letters of a second alphabet are never taken
for errors.
"""

from __future__ import annotations

import string
from collections.abc import Iterator

from steelyard.catalog.license_references import UNKNOWN, load
from steelyard.licensing.text import Text
from steelyard.licensing.tokens import hash_word, spelled

_LETTERS = string.ascii_lowercase
_MAX_RUN = 8
_MAX_LENGTH = 40
_MAX_ERRORS = 400
_SHARE = 0.06
_LOOKALIKE = (
    ("rn", "m"), ("m", "rn"), ("cl", "d"), ("d", "cl"), ("vv", "w"), ("w", "vv"), ("1", "l"),
    ("1", "i"), ("0", "o"), ("5", "s"), ("8", "b"), ("6", "b"), ("l", "i"), ("i", "l"), ("ii", "u"),
    ("li", "h"), ("h", "li"), ("e", "c"), ("c", "e"), ("o", "c"), ("a", "o"), ("u", "ii"),
    ("n", "ri"), ("fi", "h"), ("ni", "m"), ("nn", "m"), ("9", "g"), ("q", "g"), ("g", "q"),
)  # fmt: skip


class Restorer:
    """Restores runs of one text, within a budget of errors."""

    def __init__(self, text: Text) -> None:
        self._text = text
        self._budget = min(_MAX_ERRORS, max(3, int(len(text.chars) * _SHARE)))
        self._known: dict[tuple[str, str], bool] = {}

    def restores(self, start: int, end: int, wanted: str) -> bool:
        """Tell whether the text's words ``start`` to ``end`` (without the last) are the reference
        words ``wanted`` with errors in them."""
        count = end - start
        if not count or not wanted or self._budget <= 0 or max(count, len(wanted)) > _MAX_RUN:
            return False
        self._budget -= max(count, len(wanted))
        return self._same(self._text.chars[start:end], self._text.words(start, end), wanted)

    def _same(self, chars: str, words: list[str], wanted: str) -> bool:
        if not chars or not wanted:
            return not chars and not wanted
        if chars[0] == wanted[0]:
            return self._same(chars[1:], words[1:], wanted[1:])
        may_be_wrong = _may_be_wrong(chars[0])
        if may_be_wrong or load().is_scarce(chars[0]):
            found = self._is_error(words[0], wanted[0], any_letter=may_be_wrong)
            if found and self._same(chars[1:], words[1:], wanted[1:]):
                return True
            if may_be_wrong and len(wanted) > 1 and self._is_joined(words[0], wanted[:2]):
                return self._same(chars[1:], words[1:], wanted[2:])
        if len(chars) > 1 and self._is_parted(chars, words, wanted[0]):
            return self._same(chars[2:], words[2:], wanted[1:])
        return False

    def _is_parted(self, chars: str, words: list[str], wanted: str) -> bool:
        """Tell whether two words are one with a space too many, at least one half being no word, or
        the two words of "copyright holder" with an error in one."""
        meant = load().hash_of(wanted)
        if any(map(_may_be_wrong, chars[:2])) and hash_word(words[0] + words[1]) == meant:
            return True
        return (
            meant == hash_word("copyrightholder")
            and (words[0] == "copyright" or is_error_for(words[0], hash_word("copyright")))
            and any(
                words[1] == each or is_error_for(words[1], hash_word(each))
                for each in ("holder", "holders", "owner", "owners")
            )
        )

    def _is_error(self, word: str, wanted: str, *, any_letter: bool) -> bool:
        key = (word, wanted)
        if key not in self._known:
            meant = load().hash_of(wanted)
            self._known[key] = is_error_for(word, meant, any_letter=any_letter)
        return self._known[key]

    def _is_joined(self, word: str, wanted: str) -> bool:
        first, second = (load().hash_of(char) for char in wanted)
        return any(
            hash_word(word[:at]) == first and hash_word(word[at:]) == second
            for at in range(1, min(len(word), _MAX_LENGTH))
        )


def _may_be_wrong(char: str) -> bool:
    """Tell whether a word is none that licenses use, or hardly any."""
    if ord(char) >= UNKNOWN:
        return True
    references = load()
    return references.is_unusual(char) and not references.is_critical(char)


def is_error_for(word: str, wanted: int, *, any_letter: bool = True) -> bool:
    """Tell whether ``word`` is the word with the hash ``wanted``, but for one error; unless
    ``any_letter``, one of those that scanners make."""
    if not word.isascii() or not word.isalnum() or word.isdigit() or len(word) > _MAX_LENGTH:
        return False
    return any(
        hash_word(spelled(repaired) if "is" in repaired else repaired) == wanted
        for repaired in (repairs(word) if any_letter else lookalikes(word))
    )


def lookalikes(word: str) -> Iterator[str]:
    """Yield the words that a scanner may have taken for ``word``."""
    plain = word.replace("5", "s").replace("0", "o").replace("1", "l")
    if plain != word:
        yield plain
    for seen, meant in _LOOKALIKE:
        at = word.find(seen)
        while at >= 0:
            yield word[:at] + meant + word[at + len(seen) :]
            at = word.find(seen, at + 1)


def repairs(word: str) -> Iterator[str]:
    """Yield the words one error away from ``word``, those that scanners confuse first."""
    yield from lookalikes(word)
    parts = [(word[:at], word[at:]) for at in range(len(word) + 1)]
    for left, right in parts:
        if right:
            yield left + right[1:]
        if len(right) > 1:
            yield left + right[1] + right[0] + right[2:]
    for left, right in parts:
        for letter in _LETTERS:
            if right:
                yield left + letter + right[1:]
            yield left + letter + right
