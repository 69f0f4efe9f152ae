# SPDX-License-Identifier: Apache-2.0
"""What hides Python from the eye that reads it: invisible and look-alike characters, encodings."""

from __future__ import annotations

import re
import unicodedata

from steelyard.kernel.finding import Severity
from steelyard.scanning.interface import Context, Examination

_BIDI = re.compile("[\u202a-\u202e\u2066-\u2069]")
_INVISIBLE = re.compile("[A-Za-z0-9_][\u200b\u200c\u2060\ufeff\u00ad][A-Za-z0-9_]")
_TAGS = re.compile("[\U000e0020-\U000e007f]{4,}")
_CODING = re.compile(rb"\A(?:[^\n]*\n)?[ \t\f]*#[^\n]*?coding[:=][ \t]*([-\w.]+)")
_USUAL = re.compile(
    r"(?i)\A(?:utf-?8(?:-sig)?|ascii|us-ascii|latin-?1|iso-?8859-?\d+|cp\d+|windows-\d+|koi8-\w|gbk"
    r"|gb2312|gb18030|big5|euc[-_]\w+|shift[-_]?jis|utf-?8-unix|mbcs|iso-latin-\d-unix)\Z"
)
_LOOKALIKE = ("CYRILLIC", "GREEK", "FULLWIDTH", "MATHEMATICAL", "ARMENIAN")
_LATIN = re.compile("[A-Za-z]")
_MOST_WORDS = 20_000


def examine_characters(context: Context, data: bytes, into: Examination) -> None:
    """Report characters and encodings by which the text shown is not the text that runs."""
    coding = _CODING.match(data[:400])
    if coding and not _USUAL.match(coding[1].decode("ascii", "replace")):
        _add(context, into, "encoding", Severity.HIGH, 1, coding[1].decode("ascii", "replace"),
             "The file declares an encoding in which the bytes read differently.")  # fmt: skip
    if data.isascii():
        return
    text = data.decode("utf-8", "replace")
    for found in (_BIDI.search(text), _TAGS.search(text)):
        if found:
            shown = " ".join(f"U+{ord(char):04X}" for char in found[0][:6])
            _add(context, into, "hidden-characters", _grave(text, found), _line(text, found.start()),  # noqa: E501
                 shown, "Invisible characters change the order or content of the code "
                 "that is shown.")  # fmt: skip
    hidden = _INVISIBLE.search(text)
    if hidden:
        _add(context, into, "hidden-characters", Severity.LOW, _line(text, hidden.start()),
             f"U+{ord(hidden[0][1]):04X}", "An invisible character splits a word.")  # fmt: skip


def _grave(text: str, found: re.Match[str]) -> Severity:
    """A lone mark in a quoted text is typography; several, or outside quotes, are a trick."""
    start = text.rfind("\n", 0, found.start()) + 1
    end = text.find("\n", found.end())
    line = text[start : end if end >= 0 else len(text)][:2000]
    quoted = "'" in line or '"' in line
    return Severity.LOW if quoted and "#" not in line and "\\u" not in line else Severity.HIGH


def look_alikes(names: list[str]) -> str:
    """Return the first identifier that mixes Latin letters with look-alikes of another script."""
    for name in names[:_MOST_WORDS]:
        if name.isascii() or not _LATIN.search(name):
            continue
        for char in name[:100]:
            if ord(char) > 127 and unicodedata.name(char, "").startswith(_LOOKALIKE):
                if unicodedata.name(char, "").startswith("GREEK") and len(name) < 4:
                    continue  # a formula's letter with an index
                if unicodedata.name(char, "").startswith("GREEK") and not _reads_latin(char):
                    continue
                return name
    return ""


def _reads_latin(char: str) -> bool:
    return char in "ΑΒΕΖΗΙΚΜΝΟΡΤΥΧοντυ"  # these are the look-alikes


def _line(text: str, at: int) -> int:
    return text.count("\n", 0, at) + 1


def _add(context: Context, into: Examination, key: str, severity: Severity, line: int,
         evidence: str, message: str) -> None:  # fmt: skip
    into.add(
        f"code.{key}",
        severity,
        message,
        location=context.at(f"line {line}"),
        evidence=evidence[:200],
        remedy="Read the file in an editor that shows every character, or do not use it.",
    )
