# SPDX-License-Identifier: Apache-2.0
"""Reads figures and plain statements out of a card's text, each with the sentence it stands in.

A quote is what somebody wrote, not a fact about the model; a reviewer reads the sentence.
"""

from __future__ import annotations

import re

from steelyard.kernel.card import CardQuote

_MAX_TEXT = 400_000
_MAX_QUOTE = 300
_MAX_EACH = 3
_NUMBER = r"\d[\d,.]{0,15}"
_MONTH = r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]{0,6}\.?"
_PATTERNS: dict[str, re.Pattern[str]] = {
    "parameters": re.compile(
        rf"({_NUMBER} ?(?:[bm]|billion|million|trillion))[- ]param(?:eter)?s?\b", re.IGNORECASE
    ),
    "training_tokens": re.compile(
        rf"({_NUMBER} ?(?:[tbm]|trillion|billion|million)\+?) (?:\w+ ){{0,3}}tokens\b",
        re.IGNORECASE,
    ),
    "knowledge_cutoff": re.compile(
        rf"\bcut ?-?off\b[^.\n]{{0,40}}?"
        rf"({_MONTH} (?:\d{{1,2}},? )?\d{{4}}|\d{{4}}(?:-\d{{2}}){{0,2}})",
        re.IGNORECASE,
    ),
    "context_length": re.compile(
        rf"\bcontext (?:length|window|size)\b[^.\n]{{0,30}}?({_NUMBER} ?k?)\b", re.IGNORECASE
    ),
    "compute": re.compile(
        rf"({_NUMBER} ?[kmb]? ?(?:gpu|tpu|h100|a100)[- ]?(?:hours?|days?|chips?|s)?)\b",
        re.IGNORECASE,
    ),
    "emissions": re.compile(
        rf"({_NUMBER} ?(?:kg|t|tons?|tonnes?)(?: of)? ?co ?2 ?(?:eq)?)", re.IGNORECASE
    ),
    "performance": re.compile(
        rf"\b((?:accuracy|f1|auroc|auc|wer|bleu|rouge|mmlu|recall|precision|map)"
        rf"[^.\n\d|]{{0,25}}{_NUMBER} ?%?)",
        re.IGNORECASE,
    ),
    "synthetic_data": re.compile(
        r"\b(synthetic(?:ally)? (?:data|dataset|generated|examples?)|"
        r"(?:generated|distilled|outputs?) (?:by|from|of) "
        r"(?:gpt|claude|gemini|llama|chatgpt)[\w.-]{0,12})",
        re.IGNORECASE,
    ),
    "personal_data": re.compile(
        r"\b(personal(?:ly identifiable)? (?:data|information)|\bpii\b|special categor\w+)",
        re.IGNORECASE,
    ),
}
_SILENT = re.compile(r"^#{1,6} [^\n]*|<!--.*?(?:-->|\Z)", re.MULTILINE | re.DOTALL)
_END = re.compile(r"[.!?](?=\s)|\n\s*\n|\n(?=[#|*-])")


def read_quotes(text: str) -> tuple[CardQuote, ...]:
    """Return up to three quotes of each kind, in the order of the text. Never raises."""
    # A heading names a topic and says nothing of it; what was commented out is not said.
    text = _SILENT.sub(lambda match: " " * len(match.group()), text[:_MAX_TEXT])
    found = []
    for name, pattern in _PATTERNS.items():
        seen: dict[str, None] = {}
        for match in pattern.finditer(text):
            value = " ".join(match.group(1).split()).rstrip(".,")
            if value.lower() in seen:
                continue
            seen[value.lower()] = None
            found.append(
                (
                    match.start(),
                    CardQuote(
                        name=name,
                        value=value[:100],
                        quote=_sentence(text, match.start(), match.end()),
                    ),
                )
            )
            if len(seen) >= _MAX_EACH:
                break
    return tuple(quote for _, quote in sorted(found, key=lambda pair: pair[0]))


def _sentence(text: str, start: int, end: int) -> str:
    """Return the sentence around a place, without line breaks and at most 300 characters."""
    before = text[max(0, start - _MAX_QUOTE) : start]
    first = 0
    for match in _END.finditer(before):
        first = match.end()
    after = _END.search(text, end, min(len(text), end + _MAX_QUOTE))
    last = after.end() if after else min(len(text), end + _MAX_QUOTE)
    return " ".join((before[first:] + text[start:last]).split())[:_MAX_QUOTE]
