# SPDX-License-Identifier: Apache-2.0
"""Strangers' text made safe to look at.

A file name may hold escape sequences that repaint a terminal, marks that turn the direction of
writing, invisible letters, or a megabyte of filler. :func:`visible` spells out what cannot be seen
and cuts what is too long; :func:`sanitize` does so for every string of an assessment at once.
"""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

if TYPE_CHECKING:
    from steelyard.kernel.assessment import Assessment

_T = TypeVar("_T")
LONGEST = 600
"""Characters of one string that a report for people shows."""
_NAME = 160
"""Characters of the name in a headline; a package URL's name and namespace are shorter."""
_MARKS = 3
"""Combining marks on one letter; more of them paint over the lines above and below."""
_PLAIN = str.maketrans(
    {
        "\u2026": "...",
        "\u00b7": "-",
        "\u2013": "-",
        "\u2014": "-",
        "\u2018": "'",
        "\u2019": "'",
        "\u201c": '"',
        "\u201d": '"',
        "\u00d7": "x",
        "\u00a7": "section ",
    }
)


def visible(text: str, limit: int = LONGEST) -> str:
    """Return ``text`` on one line with nothing hidden in it, at most about ``limit`` characters.

    Line breaks, tabs and uncommon spaces become a space. Control characters, direction marks,
    zero-width characters, lone surrogates, private and unassigned code points are spelled as
    ``\\x1b`` or ``\\u202e``. What was cut is counted.
    """
    cut = text[:limit]
    if not (cut.isascii() and cut.isprintable()):
        cut = _spelled(cut)
    left = len(text) - limit
    return f"{cut}… ({left} more characters)" if left > 0 else cut


def plain(text: str) -> str:
    """Return ``text`` in ASCII: typographic signs simplified, other characters spelled."""
    if text.isascii():
        return text
    return text.translate(_PLAIN).encode("ascii", "backslashreplace").decode("ascii")


def sanitize(assessment: Assessment, *, ascii_only: bool = False) -> Assessment:
    """Return a copy of ``assessment`` in which every string, keys included, is :func:`visible`."""
    cleaned = _clean(msgspec.to_builtins(assessment), ascii_only)
    shown = msgspec.convert(cleaned, type(assessment))
    name = visible(shown.subject.name, _NAME)
    subject = msgspec.structs.replace(shown.subject, name=plain(name) if ascii_only else name)
    return msgspec.structs.replace(shown, subject=subject)


def safe(value: _T, kind: type[_T]) -> _T:
    """Return a copy of ``value`` in which every string is :func:`visible`."""
    return msgspec.convert(_clean(msgspec.to_builtins(value), False), kind)


def _clean(value: Any, ascii_only: bool) -> Any:
    if isinstance(value, str):
        shown = visible(value)
        return plain(shown) if ascii_only else shown
    if isinstance(value, dict):
        return {
            _clean(str(key), ascii_only): _clean(item, ascii_only) for key, item in value.items()
        }
    if isinstance(value, list | tuple):
        return [_clean(item, ascii_only) for item in value]
    return value


def _spelled(text: str) -> str:
    parts: list[str] = []
    marks = 0
    for char in text:
        marks = marks + 1 if unicodedata.combining(char) else 0
        if char in "\n\r\t" or unicodedata.category(char) in ("Zs", "Zl", "Zp"):
            parts.append(" ")
        elif char.isprintable() and marks <= _MARKS:
            parts.append(char)
        else:
            parts.append(char.encode("unicode_escape").decode("ascii"))
    return "".join(parts)
