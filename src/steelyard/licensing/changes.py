# SPDX-License-Identifier: Apache-2.0
"""What a text changes of the license it carries: added, replaced, removed, and how much it matters.

Severities: ``high`` the change shows binding words; ``medium`` words differ and we cannot tell that
it is harmless; ``low`` a typing or scanning error that restores to the reference; ``info`` a name
filled into a template. Only ``low`` and ``info`` leave a text *the same wording*.
"""

from __future__ import annotations

import re

from steelyard.kernel.license import ChangedSpan
from steelyard.licensing.compare import Compared, Text, covered_words, runs
from steelyard.licensing.cues import CRITICAL_WORDS, binds
from steelyard.licensing.tokens import SHINGLE, is_plain_notice, shingles_of
from steelyard.licensing.typos import Restorer

HARMLESS = frozenset({"low", "info"})
_QUOTE = 400
_FILL_WORDS = 12
_SLOTS_BEFORE = (
    ("name", "of"), ("names", "of"), ("event", "shall"), ("provided", "by"), ("holder", "of"),
    ("software", "is"), ("permission", "of"), ("consent", "of"), ("that", "neither"),
    ("neither", "the"), ("nor", "the"), ("as", "is"), ("developed", "by"), ("shall", "the"),
    ("by", "the"), ("of", "the"), ("is", "and"),
)  # fmt: skip
_SLOTS_AFTER = (
    ("nor", "the"), ("be", "liable"), ("as", "is"), ("disclaims", "all"), ("disclaim", "all"),
    ("and", "contributors"), ("and", "any"), ("or", "contributors"), ("or", "its"),
    ("nor", "its"), ("for", "any"),
)  # fmt: skip
_COPYRIGHT = re.compile(r"copyright\s*(?:\(c\)|©|\d{4}|[<\[])|©", re.IGNORECASE)
_NUMBERING = re.compile(r"\(?(?:[a-z]|[ivx]{1,4}|\d{1,2})\Z", re.IGNORECASE)


def changes(text: Text, compared: Compared, first: int, last: int) -> list[ChangedSpan]:
    """Return the changes between words ``first`` and ``last``, where the license stands."""
    covered = covered_words(text, compared.hits)
    spans: list[ChangedSpan] = []
    explained = 0
    restorer = Restorer(compared.known, len(text.words))
    for start, end in runs(covered, False):
        if start < first or end > last:
            continue
        span = _added(text, compared, restorer, start, end)
        # What a name or a misprint stands for may be longer than itself.
        explained += SHINGLE + (end - start) + (_FILL_WORDS if span.severity in HARMLESS else 0)
        spans.append(span)
    for joint in _joints(compared, covered, first, last):
        explained += SHINGLE
        at = text.words[joint].start
        around = text.slice(max(0, joint - 3), min(len(text.words) - 1, joint + 2))[2]
        severity = "info" if _COPYRIGHT.search(around) else "medium"
        spans.append(ChangedSpan("removed", at, at, f"text is missing: … {around} …", severity))
    unexplained = compared.missing - explained
    if unexplained > 0:
        at = text.words[last].end
        missing = (
            f"about {unexplained} words of the reference are missing, moved or changed at the edge"
        )
        spans.append(ChangedSpan("removed", at, at, missing, "medium"))
    return sorted(spans, key=lambda span: (span.start, span.end))


def _added(text: Text, compared: Compared, restorer: Restorer, start: int, end: int) -> ChangedSpan:
    begin, stop, raw = text.slice(start, end)
    inserted = _bridges(text, compared, start, end)
    kind = "inserted" if inserted else "replaced"
    if _is_fill(text, start, end, raw) or (inserted and _is_numbering(text, start, end)):
        severity = "info"
    elif restorer.restores(text.texts, start, end):
        kind, severity = "typo", "low"
    else:
        words = set(text.texts[start : end + 1])
        severity = "high" if binds(raw) or words & CRITICAL_WORDS else "medium"
    return ChangedSpan(kind, begin, stop, raw[:_QUOTE], severity)


def _bridges(text: Text, compared: Compared, start: int, end: int) -> bool:
    """Tell whether the reference continues unbroken when the run is left out."""
    before = text.texts[max(0, start - SHINGLE + 1) : start]
    after = text.texts[end + 1 : end + SHINGLE]
    joined = shingles_of(before + after)
    return bool(joined) and all(shingle in compared.known for shingle in joined)


def _is_fill(text: Text, start: int, end: int, raw: str) -> bool:
    """Tell whether a run is a name put where templates have a blank."""
    if end - start >= _FILL_WORDS:
        return False
    near = text.slice(max(0, start - 1), min(len(text.words) - 1, end + 1))[2]
    if _COPYRIGHT.search(near) and is_plain_notice(raw):
        return True
    if binds(raw):
        return False
    words = text.texts[start : end + 1]
    if CRITICAL_WORDS & set(words) - {"and", "or", "all", "with"}:
        return False
    before = tuple(text.texts[max(0, start - 2) : start])
    after = tuple(text.texts[end + 1 : end + 3])
    return before in _SLOTS_BEFORE and after in _SLOTS_AFTER


def _is_numbering(text: Text, start: int, end: int) -> bool:
    """Tell whether one added word numbers a list item, as in ``a.`` or ``iv)``."""
    _, stop, raw = text.slice(start, end)
    return start == end and bool(_NUMBERING.match(raw)) and text.raw[stop : stop + 1] in (".", ")")


def _joints(compared: Compared, covered: list[bool], first: int, last: int) -> list[int]:
    """Return the words before which something was removed: covered on both sides, joined anew."""
    found: list[int] = []
    broken = runs(list(compared.hits), False)
    for start, end in broken:
        inside = start >= first and end + SHINGLE - 1 <= last
        if inside and all(covered[start : end + SHINGLE]):
            found.append((start + end + SHINGLE) // 2)
    return found
