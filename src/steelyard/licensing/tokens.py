# SPDX-License-Identifier: Apache-2.0
"""Text → the words that carry a license's meaning, and fingerprints of their order.

Line breaks, case, punctuation, markup, list numbering, the spelling of *license* and copyright
lines differ between harmless copies of one license, so none of them become words. Everything else
does. A *shingle* is four words in a row; its 32-bit hash stands for it, so a reference can be
shipped and compared without shipping anybody's text. A changed word breaks the four shingles that
contain it and no others, which is what makes a change findable to the word.
"""

from __future__ import annotations

import re
import unicodedata
from hashlib import blake2b

from msgspec import Struct

from steelyard.licensing.cues import binds

SHINGLE = 4
"""Words in a shingle."""

_CJK = "\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af"
_WORD = re.compile(rf"[{_CJK}]|[^\W_{_CJK}]+")
_TAG = re.compile(
    r"<!doctype[^<>]*>|</?(?:html|head|title|meta|link|body|main|article|section|header|footer|h[1-6]"
    r"|p|div|span|br|hr|a|ul|ol|li|dl|dt|dd|b|i|u|em|strong|small|code|pre|blockquote|table|thead"
    r"|tbody|tr|td|th|center|font)(?:\s[^<>]*)?/?>",
    re.IGNORECASE,
)
_ENTITY = re.compile(r"&(?:[a-z]{2,8}|#\d{1,6}|#x[0-9a-f]{1,6});", re.IGNORECASE)
_NOTICE = re.compile(
    r"^[ \t>*#/;.-]{0,12}(?:portions )?"
    r"(?:copyright[ \t]{1,4}(?:\(c\)|©|\d{4}|[<\[{])|©|\(c\)[ \t]{1,4}[\d<\[{])"
    r"[^\n]{0,160}$",
    re.IGNORECASE | re.MULTILINE,
)
_USES = re.compile(
    r"\b(?:us(?:e[ds]?|ing)|purposes?|redistribut\w+|licensed|grant\w*)\b", re.IGNORECASE
)
_MARKER = re.compile(r"(?:[a-z]|[ivx]{1,4}|\d{1,2})\Z")
_POINTS = re.compile(r"\b(?:sections?|clauses?|paragraphs?|articles?|version)\s+\Z", re.IGNORECASE)
"""What makes a number after a line break a reference, not the number of a list item."""
_NOISE = frozenset({"http", "https", "www"})


class Word(Struct, frozen=True, gc=False):
    """A normalized word and where it stands: ``text[start:end]``."""

    text: str
    start: int
    end: int


def words_of(text: str) -> list[Word]:
    """Return the words of ``text`` that count, in order, with their character offsets."""
    visible = _ENTITY.sub(_blank, _TAG.sub(_blank_tag, text))
    visible = _NOTICE.sub(_blank_notice, visible)
    found = []
    for match in _WORD.finditer(visible):
        word = match.group()
        if not word.isascii():
            word = unicodedata.normalize("NFKC", word)
        word = word.lower().replace("licence", "license")
        if word in _NOISE or _is_marker(word, visible, match.start(), match.end()):
            continue
        found.append(Word(word, match.start(), match.end()))
    return found


def is_plain_notice(text: str) -> bool:
    """Tell whether ``text`` says who holds the copyright, since when, and nothing else."""
    stripped = re.sub(r"all rights reserved", " ", text, flags=re.IGNORECASE).strip()
    return len(stripped) <= 200 and not binds(stripped) and not _USES.search(stripped)


def shingles_of(words: list[str]) -> list[int]:
    """Return the hash of every run of :data:`SHINGLE` words; index i starts at word i."""
    return [hash_words(words[at : at + SHINGLE]) for at in range(len(words) - SHINGLE + 1)]


def hash_words(words: list[str]) -> int:
    """Return the 32-bit hash of words in order."""
    return int.from_bytes(blake2b(" ".join(words).encode(), digest_size=4).digest(), "little")


def digest_words(words: list[str]) -> str:
    """Return the digest that is equal exactly for texts with the same words in the same order."""
    return blake2b(" ".join(words).encode(), digest_size=32).hexdigest()


def _blank(match: re.Match[str]) -> str:
    return " " * (match.end() - match.start())


def _blank_tag(match: re.Match[str]) -> str:
    """Drop markup, unless somebody hides terms in it."""
    return match.group() if binds(match.group()) else _blank(match)


def _blank_notice(match: re.Match[str]) -> str:
    """Drop a copyright line, unless it says more than who holds the copyright."""
    return _blank(match) if is_plain_notice(match.group()) else match.group()


def _is_marker(word: str, text: str, start: int, end: int) -> bool:
    """Tell whether a word only numbers a list item: ``1.``, ``(a)``, ``iv)`` after a break.

    Two figures in parentheses stay: they repeat a number of days or users.
    """
    if not _MARKER.match(word) or text[end : end + 1] not in (".", ")"):
        return False
    if text[end : end + 1] == ")" and text[start - 1 : start] == "(":
        return not (word.isdigit() and len(word) > 1)
    if text[end + 1 : end + 2].isalnum():
        return False
    before = text[max(0, start - 24) : start]
    if _POINTS.search(before):
        return False
    bare = before[-8:].rstrip(" \t(*#")
    return not bare or bare[-1] in "\n.;:," or bare.endswith((" and", " or"))
