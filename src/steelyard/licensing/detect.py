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
from steelyard.licensing.changes import HARMLESS, Changes
from steelyard.licensing.compare import ADOPT, NEAREST, Compared, best, likely
from steelyard.licensing.cues import binds
from steelyard.licensing.headers import read_statements
from steelyard.licensing.text import Text

MAX_CHARACTERS = 1_000_000
"""A longer text is not examined and therefore unknown."""
MAX_NOTICE_WORDS = 2_000
"""A longer NOTICE is judged like any other text."""
_POINTER_WORDS = 150
_NO_TERMS = 0.1
_NEARLY_ALL = 0.8
_MOST = 5
_CLOSE = 60
"""Difference in rank within which licenses are neighbors."""
_SECOND = 0.8
"""Share of another license's core, outside the first one, that makes a text hold several."""
_LONG = 20
"""Words in a row that may be another license."""
_FEWEST = 4
"""Words a text must have to be compared."""
_RUNS_ON = re.compile("[ \t\"'\u201d\u2019]*[,\u2013\u2014-]?[ \t]+")
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
    prepared = Text(text)
    if len(prepared.chars) < _FEWEST:
        return _short(path, text)
    found = likely(prepared.chars)
    first = _best(prepared, found)
    if first is None or first.share < ADOPT:
        return _not_adopted(path, prepared, found)
    return _adopted(path, prepared, _several(prepared, first))


def _best(text: Text, found: list[Compared]) -> Compared | None:
    """Return the license a text is a form of. Of close neighbors, the one it departs from at the
    fewest places that matter."""
    ranked = sorted(found, key=lambda each: each.rank, reverse=True)
    if len(ranked) < 2 or ranked[0].share < ADOPT or not ranked[0].alignment.edits:
        return ranked[0] if ranked else None
    close = [each for each in ranked if each.rank[0] + _CLOSE >= ranked[0].rank[0]][:_MOST]
    start = min(each.alignment.start for each in close)
    end = max(each.alignment.end for each in close)

    def departures(compared: Compared) -> int:
        changed = Changes(text, compared).within()
        left = compared.alignment.start - start + end - compared.alignment.end
        return sum(span.severity not in HARMLESS for span in changed) + 2 * (left > _LONG)

    return min(close, key=departures)


def _several(text: Text, first: Compared) -> list[Compared]:
    """Return the best license and every other one in the stretches it does not explain."""
    chosen = [first]
    stretches = _unexplained(first, 0, len(text.chars))
    while stretches and len(chosen) < _MOST:
        start, end = stretches.pop()
        other = best(text.chars[start:end])
        if other is not None and other.share >= _SECOND:
            moved = other.moved(start)
            chosen.append(moved)
            stretches += _unexplained(moved, start, end)
    return chosen


def _unexplained(compared: Compared, first: int, last: int) -> list[tuple[int, int]]:
    """Return the long stretches of words ``first`` to ``last`` that a license does not explain."""
    alignment = compared.alignment
    found = [(first, alignment.start), (alignment.end, last)]
    found += [(edit.start, edit.end) for edit in alignment.edits]
    return [(start, end) for start, end in found if end - start >= _LONG]


def _adopted(path: str, text: Text, chosen: list[Compared]) -> LicenseFile:
    covered = bytearray(len(text.chars))
    for compared in chosen:
        alignment = compared.alignment
        at = alignment.start
        for edit in alignment.edits:
            covered[at : edit.start] = b"\1" * (edit.start - at)
            at = edit.end
        covered[at : alignment.end] = b"\1" * (alignment.end - at)
    spans: dict[str, list[ChangedSpan]] = {}
    for compared in chosen:
        judged = Changes(text, compared)
        changed = [*judged.within(), *_attached(text, compared, covered)]
        spans.setdefault(compared.reference.key, []).extend(
            span for span in changed if not _is_other(text, span, compared, chosen)
        )
        for edit in compared.alignment.edits:
            if not judged.is_outside(edit) or edit.ref_start < edit.ref_end:
                covered[edit.start : edit.end] = b"\1" * (edit.end - edit.start)
    extra = _leftover(text, covered)
    firsts = {compared.reference.key: compared for compared in reversed(chosen)}
    matches = [_match(firsts[key], found) for key, found in spans.items()]
    return LicenseFile(
        path=path,
        verdict=_verdict(text, matches, extra, chosen[0]),
        matches=tuple(matches),
        additional_terms=extra,
    )


def _is_other(text: Text, span: ChangedSpan, compared: Compared, chosen: list[Compared]) -> bool:
    """Tell whether what looks inserted into one license is another one."""
    if span.end - span.start < _LONG:
        return False
    for other in chosen:
        if other is compared or other.alignment.end <= other.alignment.start:
            continue
        start, end, _ = text.slice(other.alignment.start, other.alignment.end - 1)
        if span.start <= start and end <= span.end:
            return not binds(text.raw[span.start : start]) and not binds(text.raw[end : span.end])
    return False


def _attached(text: Text, compared: Compared, covered: bytearray) -> list[ChangedSpan]:
    """Return words that run on from the last sentence of the terms, or run into the first one."""
    reference, alignment = compared.reference, compared.alignment
    found = []
    whole = alignment.ref_start <= reference.core_start
    before = alignment.start - 1
    if whole and alignment.ref_start == reference.core_start and before >= 0:
        start, end = text.spans[before]
        gap = text.raw[end : text.spans[alignment.start][0]]
        if not covered[before] and _RUNS_ON.fullmatch(gap) and text.raw[start].islower():
            found.append(ChangedSpan("inserted", start, end, text.raw[start:end], "medium"))
    after = alignment.end
    if alignment.ref_end == reference.core_end and 0 < after < len(text.chars):
        start, end = text.spans[after]
        gap = text.raw[text.spans[after - 1][1] : start]
        if not covered[after] and _RUNS_ON.fullmatch(gap) and text.raw[start].islower():
            found.append(ChangedSpan("inserted", start, end, text.raw[start:end], "medium"))
    return found


def _verdict(
    text: Text,
    matches: list[LicenseMatch],
    extra: tuple[AdditionalTerms, ...],
    first: Compared,
) -> LicenseVerdict:
    if len(matches) > 1:
        return LicenseVerdict.SEVERAL
    if any(span.severity not in HARMLESS for span in matches[0].changed):
        return LicenseVerdict.VARIANT_OF
    if extra:
        return LicenseVerdict.PLUS_ADDITIONAL_TERMS
    if text.chars == first.words:
        return LicenseVerdict.EXACT
    return LicenseVerdict.SAME_WORDING


def _match(compared: Compared, spans: list[ChangedSpan]) -> LicenseMatch:
    worst_first = sorted(
        spans, key=lambda span: ("high", "medium", "low", "info").index(span.severity)
    )
    kept = sorted(worst_first[:_MAX_SPANS], key=lambda span: (span.start, span.end))
    return LicenseMatch(
        key=compared.reference.key,
        spdx=compared.reference.spdx,
        coverage=round(min(1.0, compared.share), 4),
        changed=tuple(kept),
    )


def _leftover(text: Text, covered: bytearray) -> tuple[AdditionalTerms, ...]:
    """Return the stretches outside every license that show binding words, quoted."""
    found = []
    for first, last in _gaps(covered):
        start, end, raw = text.slice(first, last)
        if binds(raw):
            found.append(AdditionalTerms(start, end, raw[:_QUOTE]))
    return tuple(found[:_MAX_SPANS])


def _gaps(covered: bytearray) -> list[tuple[int, int]]:
    """Return first and last word of each stretch that is not covered."""
    found = []
    at = covered.find(0)
    while at >= 0:
        end = covered.find(1, at)
        end = len(covered) if end < 0 else end
        found.append((at, end - 1))
        at = covered.find(0, end)
    return found


def _not_adopted(path: str, text: Text, found: list[Compared]) -> LicenseFile:
    """Name the nearest license of a text that is none we know."""
    silent = not _SPEAKS_OF_LICENSE.search(text.raw) and not binds(text.raw)
    if silent or _only_points(path, text, found):
        return LicenseFile(path=path, verdict=LicenseVerdict.NONE)
    nearest = [
        LicenseMatch(
            key=each.reference.key, spdx=each.reference.spdx, coverage=round(each.share, 4)
        )
        for each in sorted(found, key=lambda each: each.share, reverse=True)[:1]
        if each.share >= NEAREST
    ]
    return _unknown(path, text.raw, tuple(nearest) or _named(path, text.raw))


def _only_points(path: str, text: Text, found: list[Compared]) -> bool:
    """Tell whether a text grants and forbids nothing itself: the notice a license asks to be put
    into files, or a NOTICE of who contributed. A NOTICE that names anything but permissive
    licenses is not that harmless: their texts are missing."""
    notice = _NOTICE_NAME.match(path.rsplit("/", 1)[-1]) is not None
    if len(text.chars) > (MAX_NOTICE_WORDS if notice else _POINTER_WORDS):
        return False
    covered = bytearray(len(text.chars))
    if found:
        nearest = max(found, key=lambda each: _agreeing(each, covered))
        if nearest.share > _NO_TERMS:
            return False
        _agreeing(nearest, covered := bytearray(len(text.chars)))
    rest = " … ".join(text.slice(*span)[2] for span in _gaps(covered))
    if binds(rest):
        return False
    if notice:
        named = [by_key(each.key) for each in read_statements(path, text.raw)]
        return all(entry is not None and entry.category == "permissive" for entry in named)
    # Any other short text must be the license's own notice, nearly all of it.
    return sum(covered) >= _NEARLY_ALL * len(covered)


def _agreeing(compared: Compared, covered: bytearray) -> int:
    """Mark the words that agree with a reference; return how many."""
    alignment = compared.alignment
    at, count = alignment.start, 0
    for start, end in [
        *((edit.start, edit.end) for edit in alignment.edits),
        (alignment.end, alignment.end),
    ]:
        covered[at:start] = b"\1" * (start - at)
        count += start - at
        at = end
    return count


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
