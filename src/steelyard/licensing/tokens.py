# SPDX-License-Identifier: Apache-2.0
"""Text → the words that carry a license's meaning.

Line breaks, case, punctuation, markup, comment leaders, list numbering, page numbers, copyright
lines and the spellings that the SPDX matching guidelines hold equal differ between harmless copies
of one license, so none of them become words. Everything else does, and so does what changes how a
text reads without being a word: text struck out, hidden from view or reversed.

Every step keeps the length of the text, so a word's offsets are those in the text as it was given.
"""

from __future__ import annotations

import re
import unicodedata
from hashlib import blake2b

from steelyard.licensing.cues import binds

_CJK = "\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af"
FILL = "\ue000"
"""Stands in a word for a character that does not count: an invisible one, a hyphen."""
BREAK = "\ue001"
"""Stands where a word may be broken at a line's end."""
_PLAIN = (
    *((char, " ") for char in "\ue000\ue001\u00a0"),
    *((char, FILL) for char in "\u00ad\u200b\u200c\u200d\u2060\ufeff"),
    *((char, "-") for char in "\u2010\u2011\u2012\u2013\u2014\u2015\u2212"),
    *((char, "\n") for char in "\u2028\u2029\u0085"),
    ("\u2019", "'"),
)
"""Characters that only look different, and what they are taken for, in this order."""
_OTHER = r"[$€£¥]|%(?<=\d%)|%(?<=\d %)|(?<!~)~~(?!~)|<!--|-->"
"""What is no word and changes the reading: money, struck out, hidden."""
_ASCII_WORD = re.compile(rf"[a-z0-9{FILL}{BREAK}]+|{_OTHER}")
_WORD = re.compile(
    rf"[{_CJK}]|(?:[^\W_{_CJK}]|[{FILL}{BREAK}])+|{_OTHER}|[\u202a-\u202e\u2066-\u2069]"
)
"""The same for other scripts; reversed writing counts as a word."""
_JOINTS = (
    re.compile(r"non(?<![^\W_]non)[-\s][\s*#>/;%-]{0,40}(?=[^\W\d_])"),
    re.compile(r"re(?<![^\W_]re)-(?=[^\W\d_])"),
    re.compile(r"sub(?<![^\W_]sub)[-\s]{1,12}(?=licen[sc])"),
    re.compile(r"fine(?<![^\W_]fine)[-\s]{1,12}(?=tun)"),
    re.compile(r"world(?<![^\W_]world)[-\s]{1,12}(?=wide\b)"),
    re.compile(r"per(?<![^\W_]per)\s{1,12}(?=cent\b)"),
    re.compile(r"can(?<![^\W_]can)\s{1,12}(?=not\b)"),
    re.compile(r"copyright(?<![^\W_]copyright)[\s*#>/;-]{1,8}(?=(?:holder|owner)s?\b)"),
    re.compile(r",(?<=\d,)(?=\d\d\d(?!\d))"),
    re.compile(r"\.(?<=\d\.)(?=\d\d\d(?!\d))"),
)
"""Where one word may be written as two, and thousands as groups."""
_LINE_END = re.compile(r"-(?<=[^\W\d_]-)(?:[ \t]*\r?\n[ \t>*#/;%]*| )(?=[^\W\d_])")
_HIDDEN_BY_STYLE = re.compile(
    r"display\s*:\s*none|visibility\s*:\s*hidden|font-size\s*:\s*0|opacity\s*:\s*0|\bhidden\b"
    r"|\btitle\s*=|\balt\s*=",
    re.IGNORECASE,
)
_TAG = re.compile(
    r"<!doctype[^<>]{0,300}>|<(?:style|script)\b[^<>]{0,300}>[^<]{0,5000}</(?:style|script)>"
    r"|</?(?:html|head|title|meta|link|body|main|article|section|header|footer|h[1-6]"
    r"|p|div|span|br|hr|a|ul|ol|li|dl|dt|dd|b|i|u|em|strong|small|code|pre|blockquote|table|thead"
    r"|tbody|tr|td|th|center|font|tt|sup|sub)(?:\s[^<>]{0,2000})?/?>",
    re.IGNORECASE,
)
_ENTITY = re.compile(r"&(?:[a-z]{2,8}|#\d{1,7}|#x[0-9a-f]{1,6});", re.IGNORECASE)
_NOTICE = re.compile(
    r"^[ \t>*#/;.%!'-]{0,12}(?:dnl |rem )?(?:portions )?"
    r"(?:copyright[ \t]{1,4}(?:\(c\)|©|\d{4}|[<\[{])|©|\(c\)[ \t]{1,4}[\d<\[{])"
    r"[^\n]{0,160}$",
    re.IGNORECASE | re.MULTILINE,
)
_NEXT_SENTENCE = re.compile(r"\.\s+(?=[A-Z][a-z]*,? (?:[a-z]+ ){2})")
_WRAPPED = 50
"""Characters of a line that may have been broken because it was full."""
_RIGHTS = re.compile(
    r"\s+".join(rf"{FILL}*".join(word) for word in ("all", "rights", "reserved")) + r"\b\.?",
    re.IGNORECASE,
)
_USES = re.compile(
    r"\b(?:us(?:e[ds]?|ing)|purposes?|redistribut\w+|licensed|grant\w*)\b"
    r"|\bfor (?:\w+ )?(?:research|evaluation|trial|education\w*|testing|teaching|stud\w+)\b",
    re.IGNORECASE,
)
_LEADER = re.compile(r"^[ \t]*(?:dnl|rem)\b", re.MULTILINE)
_LEAD = r"[ \t\f*#/;%>-]*"
_PAGE = re.compile(
    rf"^{_LEAD}(?:page|seite|第)[ \t]*\d{{1,4}}"
    rf"(?:[ \t]*(?:of|/|von|页)[ \t]*\d{{0,4}})?[ \t]*页?[ \t]*\r?$"
    rf"|^{_LEAD}\r?\n{_LEAD}\d{{1,4}}(?:[ \t]*/[ \t]*\d{{1,4}})?[ \t-]*\r?$"
    rf"|\f[ \t]*\d{{1,4}}[ \t]*\r?$",
    re.MULTILINE,
)
"""Page numbers on lines of their own."""
_ITEM = r"(?:(?:\d{1,2}\.){1,3}\d{1,2}\b\.?|(?:[a-z]|[ivx]{1,5}|\d{1,2})[.)])(?!\w)"
_MARKERS = (
    # (a) (ii) anywhere; two figures in parentheses stay: they repeat a number of days or users
    re.compile(r"\((?<![^\s>*#\"“:;,.]\()(?:[a-z]|[ivx]{1,5}|\d)\)"),
    # 1. a) 2.3.1 at a line's start, after a stop, after "and" or "or"
    re.compile(rf"\n[ \t>*#/;%({FILL}-]*{_ITEM}"),
    re.compile(rf"[.;:,]\s{{1,3}}\(?{_ITEM}"),
    re.compile(rf"and\s(?<=\band\s){_ITEM}"),
    re.compile(rf"or\s(?<=\bor\s){_ITEM}"),
)
_FIRST_MARKER = re.compile(rf"[ \t>*#/;%({FILL}-]*{_ITEM}")
_CJK_MARKER = re.compile(rf"(?<=[{_CJK}\u3002\uff1b\uff1a]){_ITEM}")
_POINTS = re.compile(r"\b(?:sections?|clauses?|paragraphs?|articles?|versions?)([\s>*#/;%|-]*)\Z")
"""What makes a number after a line break a reference, not the number of a list item."""
_LINK = re.compile(
    r"(?<=\])\(\s?<?(?:https?://|mailto:)(?:[^\s()<>\"']|(?<=-)\n\s{0,12}){0,300}>?\s?\)", re.I
)
_NOISE = frozenset({"http", "https", "www"})
_IDENTICAL = {
    "artefact": "artifact", "catalogue": "catalog", "centre": "center", "whilst": "while",
    "favour": "favor", "favours": "favors", "favourable": "favorable", "labour": "labor",
    "honour": "honor", "honours": "honors", "honoured": "honored", "colour": "color",
    "behaviour": "behavior", "behaviours": "behaviors", "endeavour": "endeavor",
    "endeavours": "endeavors", "fulfil": "fulfill", "fulfils": "fulfills",
    "fulfilment": "fulfillment", "wilful": "willful", "wilfully": "willfully",
    "judgement": "judgment", "judgements": "judgments", "acknowledgement": "acknowledgment",
    "acknowledgements": "acknowledgments", "analyse": "analyze", "analysed": "analyzed",
    "programme": "program", "programmes": "programs", "offence": "offense", "defence": "defense",
    "labelling": "labeling", "labelled": "labeled", "modelling": "modeling", "practise": "practice",
    "modelled": "modeled", "cancelled": "canceled", "enrol": "enroll", "%": "percent",
}  # fmt: skip
_IZE = re.compile(r"(?<=[a-z]{3})is(e[drs]?|es|ing|ations?|ational)\Z")
"""British endings, rewritten on both sides alike, so no word has to be looked up."""
_NOT_LINE_END = re.compile(r"[^\n]")
_HOLDERS = frozenset({"copyrightholder", "copyrightholders", "copyrightowner", "copyrightowners"})


def visible_text(text: str) -> str:
    """Return ``text`` in lower case with all that does not count blanked, in the same length."""
    shown = text
    if not text.isascii():
        for char, plain in _PLAIN:
            shown = shown.replace(char, plain)
    if "<" in shown:
        shown = _TAG.sub(_blank_tag, shown)
    if "&" in shown:
        shown = _ENTITY.sub(_decoded, shown)
    if "](" in shown:
        shown = _LINK.sub(_blank, shown)
    shown = _NOTICE.sub(_blank_notice, shown)
    lowered = shown.lower()
    if len(lowered) != len(shown):  # a few letters change their length
        lowered = "".join(low if len(low := char.lower()) == 1 else char for char in shown)
    shown = lowered
    if "reserved" in shown or FILL in shown:
        shown = _RIGHTS.sub(_blank, shown)
    if len(_LEADER.findall(shown)) >= 3:
        shown = _LEADER.sub(_blank, shown)
    shown = _PAGE.sub(_blank, shown)
    shown = _without_markers(shown)
    for joint in _JOINTS:
        shown = joint.sub(_filled, shown)
    if "-" in shown:
        shown = _LINE_END.sub(_broken, shown)
    return shown


def _without_markers(shown: str) -> str:
    first = _FIRST_MARKER.match(shown)
    if first is not None:
        shown = " " * first.end() + shown[first.end() :]
    for marker in _MARKERS:
        shown = marker.sub(_blank_marker, shown)
    return shown if shown.isascii() else _CJK_MARKER.sub(_blank_marker, shown)


def _pattern(shown: str) -> re.Pattern[str]:
    return _ASCII_WORD if shown.replace(FILL, "").replace(BREAK, "").isascii() else _WORD


def raw_words(shown: str) -> list[str]:
    """Return the words of :func:`visible_text` as they stand there."""
    return _pattern(shown).findall(shown)


def raw_spans(shown: str) -> list[tuple[int, int]]:
    """Return start and end of each of :func:`raw_words`."""
    return [match.span() for match in _pattern(shown).finditer(shown)]


def normalized(raw: str) -> tuple[str, ...]:
    """Return the words that a raw word may stand for.

    None: it does not count. Three: a word broken at a line's end, as one word and as its parts; the
    vocabulary decides which.
    """
    if not raw.isascii():
        raw = raw.replace(FILL, "")
        if BREAK in raw:
            left, _, right = raw.rpartition(BREAK)
            left = left.replace(BREAK, "")
            if not left or not right:
                return (spelled(left + right),) if left + right else ()
            return (spelled(left + right), spelled(left), spelled(right))
        if not raw.isascii():
            raw = unicodedata.normalize("NFKC", raw).lower()
    if not raw or raw in _NOISE:
        return ()
    return (spelled(raw),)


def spelled(word: str) -> str:
    """Return a word in the spelling that stands for all its equal ones."""
    if word in _HOLDERS:
        return "copyrightholder"
    word = word.replace("licence", "license")
    plain = _IDENTICAL.get(word)
    if plain is not None:
        return plain
    return _IZE.sub(r"iz\1", word) if "is" in word else word


def hash_word(word: str) -> int:
    """Return the 64-bit hash that stands for a normalized word in the references."""
    return int.from_bytes(
        blake2b(word.encode("utf-8", "replace"), digest_size=8).digest(), "little"
    )


def is_plain_notice(text: str) -> bool:
    """Tell whether ``text`` says who holds the copyright, since when, and nothing else."""
    stripped = _RIGHTS.sub(" ", text).strip()
    return len(stripped) <= 200 and not binds(stripped) and not _USES.search(stripped)


def _blank(match: re.Match[str]) -> str:
    return _NOT_LINE_END.sub(" ", match.group())


def _filled(match: re.Match[str]) -> str:
    whole = match.group()
    word = whole.rstrip(" \t\r\n-*#>/;%,.")
    return word + FILL * (len(whole) - len(word))


def _broken(match: re.Match[str]) -> str:
    return BREAK + FILL * (match.end() - match.start() - 1)


def _blank_tag(match: re.Match[str]) -> str:
    """Drop markup, unless somebody hides terms in it or hides terms by it."""
    tag = match.group()
    plain = tag[:2] in ("</", "<!") or not (" " in tag or "\n" in tag)
    if not plain and (_HIDDEN_BY_STYLE.search(tag) or binds(tag)):
        return tag
    return _blank(match)


def _decoded(match: re.Match[str]) -> str:
    """Put a letter written as an entity where it is read."""
    from html import unescape

    char = unescape(match.group())
    if len(char) == 1 and char.isalnum():
        return char + FILL * (match.end() - match.start() - 1)
    return _blank(match)


def _blank_notice(match: re.Match[str]) -> str:
    """Drop a copyright line, unless it says more than who holds the copyright, or is a line of a
    paragraph that was wrapped there."""
    before = match.string[max(0, match.start() - 200) : match.start()].rstrip(" \t\r")
    line = before[:-1].rpartition("\n")[2].strip()
    open_end = len(line) >= _WRAPPED and (line[-1].isalnum() or line[-1] == ",")
    wrapped = open_end and "copyright" not in line.lower()
    whole = match.group()
    sentence = _NEXT_SENTENCE.search(whole)
    reserved = _RIGHTS.search(whole)
    end = sentence.start() + 1 if sentence else len(whole)
    end = min(end, reserved.end()) if reserved else end
    if wrapped or not is_plain_notice(whole[:end]):
        return whole
    return _NOT_LINE_END.sub(" ", whole[:end]) + whole[end:]


def _blank_marker(match: re.Match[str]) -> str:
    """Drop the number of a list item, unless the words before make it a reference."""
    whole, at = match.group(), match.start()
    lead = len(whole) - len(whole.lstrip(" \t\n"))
    points = _POINTS.search(match.string[max(0, at - 40) : at + lead])
    if points and points.group(1).count("\n") < 2:
        return whole
    kept = whole[: 4 if whole.startswith("and") else 3 if whole.startswith("or") else 0]
    return kept + _NOT_LINE_END.sub(" ", whole[len(kept) :])
