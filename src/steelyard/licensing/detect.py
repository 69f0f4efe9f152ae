# SPDX-License-Identifier: Apache-2.0
"""Judges a license text: which license it is, word for word, changed, added to, or not known.

The question that matters is not "which license is nearest" but "is it still that license". A text
is called ``exact`` or ``same_wording`` only when every word of the license is there and nothing
beside it binds anybody; anything else is named with the places where it departs. A text that is not
known is ``unknown`` whatever it resembles: the nearest license is named, never adopted.
"""

from __future__ import annotations

import re

from steelyard.catalog.licenses import by_key, by_spdx
from steelyard.kernel.license import (
    AdditionalTerms,
    ChangedSpan,
    LicenseFile,
    LicenseMatch,
    LicenseVerdict,
)
from steelyard.licensing.changes import HARMLESS, changes
from steelyard.licensing.compare import ADOPT, NEAREST, Compared, Text, covered_words, likely, runs
from steelyard.licensing.cues import binds
from steelyard.licensing.headers import read_statements
from steelyard.licensing.tokens import SHINGLE, digest_words, words_of

MAX_CHARACTERS = 1_000_000
"""A longer text is not examined and therefore unknown."""
MAX_NOTICE_WORDS = 2_000
"""A longer NOTICE is judged like any other text."""
_POINTER_WORDS = 150
_NO_TERMS = 0.1
_NEARLY_ALL = 0.8
_MOST = 5
_SECOND = 0.8
"""Share of another license's core, outside the first one, that makes a text hold several."""
_STEADY = 3
"""Shingles in a row that are no coincidence."""
_NEAR = 6
"""Words that may be changed between a license's own words at its very beginning or end."""
_LONG = 8
"""Shingles in a row that are a quotation."""
_MAX_SPANS = 50
_QUOTE = 2_000
_LICENSE_NAME = re.compile(
    r"(?:\A|[/_.\- ])(?:un)?(?:licen[cs]e[sd]?|copying|copyright|notice|eula|legal"
    r"|terms(?:[_\- ]of[_\- ]use)?|(?:acceptable[_\- ])?use[_\- ]policy|use[_\- ]restrictions"
    r"|prohibited[_\- ]uses?)(?=\Z|[/_.\- ])",
    re.IGNORECASE,
)
_OTHER_PAPERS = re.compile(r"authors|contribut|change|readme|code_of_conduct|news", re.IGNORECASE)
_NOTICE_NAME = re.compile(r"notice", re.IGNORECASE)
_TEXT_ENDINGS = frozenset(
    {"", "txt", "md", "rst", "html", "htm", "markdown", "lesser", "mit", "apache", "bsd", "gpl"}
)
_SPEAKS_OF_LICENSE = re.compile(
    r"licen[cs]|copyright|permission|permitted|terms of use|all rights|warrant|redistribut"
    r"|agreement|许可|协议|lizenz|licence",
    re.IGNORECASE,
)


def is_license_path(path: str) -> bool:
    """Tell whether a file's name says that it carries license terms (LICENSE, COPYING, NOTICE,
    USE_POLICY.md, LICENSE-MODEL …)."""
    name = path.rsplit("/", 1)[-1]
    folder = path.rsplit("/", 2)[-2].lower() if "/" in path else ""
    _, dot, ending = name.rpartition(".")
    if folder in {"licenses", "licences"} and (ending.lower() in _TEXT_ENDINGS or not dot):
        return _OTHER_PAPERS.match(name) is None
    if not _LICENSE_NAME.search(name):
        return False
    if not dot or ending.lower() in _TEXT_ENDINGS or len(ending) > 5:
        return True
    # LICENSE-2.0 and Modified.LICENSE carry no real file ending; license.py does.
    return ending.isdigit() or _LICENSE_NAME.search(ending) is not None


def detect_text(path: str, text: str) -> LicenseFile:
    """Judge ``text``. Offsets in the result are characters of ``text``."""
    if len(text) > MAX_CHARACTERS:
        return _unknown(path, text, ())
    prepared = Text(text, words_of(text))
    if len(prepared.words) < SHINGLE:
        return _short(path, text)
    found = likely(prepared)
    if not found or found[0].share < ADOPT:
        return _not_adopted(path, prepared, found)
    return _adopted(path, prepared, _several(prepared, found))


def _several(text: Text, found: list[Compared]) -> list[Compared]:
    """Return the best license and every other one whose words stand beside it, not within it."""
    chosen = [found[0]]
    explained = set(found[0].known)
    for other in found[1:]:
        own = {shingle for shingle in other.known if shingle not in explained}
        beside = len(own & text.distinct)
        if other.share >= _SECOND and beside >= 0.5 * len(other.known) and len(own) > 20:
            chosen.append(other)
            explained |= other.known
    return chosen


def _adopted(path: str, text: Text, chosen: list[Compared]) -> LicenseFile:
    extents = [_extent(text, compared) for compared in chosen]
    joined = tuple(any(flags) for flags in zip(*(each.hits for each in chosen), strict=True))
    matches = []
    for compared, (first, last) in zip(chosen, extents, strict=True):
        merged = Compared(
            reference=compared.reference,
            share=compared.share,
            matched=compared.matched,
            missing=compared.missing,
            hits=joined,
            core=compared.core,
            known=compared.known,
        )
        spans = changes(text, merged, first, last)
        matches.append(_match(compared, spans))
    extra = _leftover(text, joined, extents)
    return LicenseFile(
        path=path,
        verdict=_verdict(text, matches, extra, chosen),
        matches=tuple(matches),
        additional_terms=extra,
    )


def _verdict(
    text: Text,
    matches: list[LicenseMatch],
    extra: tuple[AdditionalTerms, ...],
    chosen: list[Compared],
) -> LicenseVerdict:
    if len(matches) > 1:
        return LicenseVerdict.SEVERAL
    if any(span.severity not in HARMLESS for span in matches[0].changed):
        return LicenseVerdict.VARIANT_OF
    if extra:
        return LicenseVerdict.PLUS_ADDITIONAL_TERMS
    if digest_words([word.text for word in text.words]) == chosen[0].reference.digest:
        return LicenseVerdict.EXACT
    return LicenseVerdict.SAME_WORDING


def _match(compared: Compared, spans: list[ChangedSpan]) -> LicenseMatch:
    worst_first = sorted(
        spans, key=lambda span: ("high", "medium", "low", "info").index(span.severity)
    )
    kept = sorted(worst_first[:_MAX_SPANS], key=lambda span: span.start)
    return LicenseMatch(
        key=compared.reference.key,
        spdx=compared.reference.spdx,
        coverage=round(min(1.0, compared.share), 4),
        changed=tuple(kept),
    )


def _extent(text: Text, compared: Compared) -> tuple[int, int]:
    """Return first and last word of the license's terms, ignoring stray hits in other text."""
    hits = [hit and text.shingles[at] in compared.core for at, hit in enumerate(compared.hits)]
    found = runs(hits, True)
    steady = [span for span in found if span[1] - span[0] + 1 >= _STEADY] or found
    first, last = steady[0][0], steady[-1][1]
    for start, end in reversed(found):
        if start < first <= end + SHINGLE + _NEAR:
            first = start
    for start, end in found:
        if end > last >= start - SHINGLE - _NEAR:
            last = end
    return first, last + SHINGLE - 1


def _leftover(
    text: Text, hits: tuple[bool, ...], extents: list[tuple[int, int]]
) -> tuple[AdditionalTerms, ...]:
    """Return the stretches outside every license that show binding words, quoted.

    A title or instructions that a reference has in one long piece are no stretch of their own; a
    phrase that happens to occur in a license is.
    """
    outside = [True] * len(text.words)
    for first, last in extents:
        outside[first : last + 1] = [False] * (last + 1 - first)
    for start, end in runs(list(hits), True):
        if end - start + 1 >= _LONG:
            outside[start : end + SHINGLE] = [False] * (end + SHINGLE - start)
    found = []
    for first, last in runs(outside, True):
        start, end, raw = text.slice(first, last)
        if binds(raw):
            found.append(AdditionalTerms(start, end, raw[:_QUOTE]))
    return tuple(found[:_MAX_SPANS])


def _not_adopted(path: str, text: Text, found: list[Compared]) -> LicenseFile:
    """Name the nearest license of a text that is none we know."""
    silent = not _SPEAKS_OF_LICENSE.search(text.raw) and not binds(text.raw)
    if silent or _only_points(path, text, found):
        return LicenseFile(path=path, verdict=LicenseVerdict.NONE)
    nearest = [
        LicenseMatch(
            key=each.reference.key, spdx=each.reference.spdx, coverage=round(each.share, 4)
        )
        for each in found[:1]
        if each.share >= NEAREST
    ]
    return _unknown(path, text.raw, tuple(nearest) or _named(path, text.raw))


def _only_points(path: str, text: Text, found: list[Compared]) -> bool:
    """Tell whether a text grants and forbids nothing itself: the notice a license asks to be put
    into files, or a NOTICE of who contributed. A NOTICE that names anything but permissive
    licenses is not that harmless: their texts are missing."""
    notice = _NOTICE_NAME.match(path.rsplit("/", 1)[-1]) is not None
    if len(text.words) > (MAX_NOTICE_WORDS if notice else _POINTER_WORDS):
        return False
    nearest = max(found, key=lambda each: each.matched, default=None)
    if nearest is not None and nearest.share > _NO_TERMS:
        return False
    covered = covered_words(text, nearest.hits) if nearest else [False] * len(text.words)
    rest = " … ".join(text.slice(*span)[2] for span in runs(covered, False))
    if binds(rest):
        return False
    if notice:
        named = [by_key(each.key) for each in read_statements(path, text.raw)]
        return all(entry is not None and entry.category == "permissive" for entry in named)
    # Any other short text must be the license's own notice, nearly all of it.
    return sum(covered) >= _NEARLY_ALL * len(covered)


def _named(path: str, text: str) -> tuple[LicenseMatch, ...]:
    """Name the licenses a text points to, by the catalog and by the whole SPDX list.

    The library behind the second finds names well and cannot tell an altered text from a
    reformatted one, so what it says is a hint about an unknown text and nothing more.
    """
    from licenseclassifier import identify_license

    names = {each.spdx: each.key for each in read_statements(path, text) if each.spdx}
    for result in identify_license(text):
        known = by_spdx(result.id)
        names.setdefault(known.spdx if known else result.id, known.key if known else "")
    return tuple(
        LicenseMatch(key=key, spdx=spdx, coverage=0.0) for spdx, key in list(names.items())[:_MOST]
    )


def _short(path: str, text: str) -> LicenseFile:
    if not text.strip():
        return LicenseFile(path=path, verdict=LicenseVerdict.NONE)
    return _unknown(path, text, ())


def _unknown(path: str, text: str, nearest: tuple[LicenseMatch, ...]) -> LicenseFile:
    end = min(len(text), _QUOTE)
    terms = (AdditionalTerms(0, end, text[:end]),) if text.strip() else ()
    return LicenseFile(
        path=path, verdict=LicenseVerdict.UNKNOWN, matches=nearest, additional_terms=terms
    )
