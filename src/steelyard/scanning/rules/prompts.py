# SPDX-License-Identifier: Apache-2.0
"""Finds text that addresses a model or a reviewer's assistant, and cards that act in a browser.

Words alone run nothing, so these findings only lower trust: a card that hides orders from the
person who reads it is for a person to look at.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from steelyard.kernel.finding import Severity
from steelyard.scanning.interface import Context, Examination

_ORDERS = re.compile(
    r"(?i)\b(?:ignore|disregard|forget|override)\s+(?:all\s+|any\s+|the\s+)?(?:of\s+)?"
    r"(?:your\s+|previous\s+|prior\s+|above\s+|earlier\s+|preceding\s+|these\s+){1,2}"
    r"(?:instructions?|prompts?|rules|guidelines|directions|context)"
    r"|\b(?:you\s+are|act)\s+(?:now\s+)?(?:in\s+)?(?:DAN|developer\s+mode|jailbr[eo]ak\w*)\b"
    r"|\bdo\s+not\s+(?:tell|inform|reveal\s+(?:this|it)\s+to|mention\s+(?:this|it)\s+to)\s+the\s+user\b"
    r"|\b(?:mark|report|classify|rate|label|approve)\s+this\s+(?:model|file|repository|repo)\s+as\s+"
    r"(?:safe|clean|benign|trusted|approved)\b"
)
_CALLS = re.compile(r"<(?:tool_call|function_calls?|invoke|tool_use)\b[^>\n]{0,100}>")
_COMMENT = re.compile("<!--")
_INVISIBLE = re.compile(
    "[\u200b\u200c\u2060\u2063\ufeff]{8,}|[\U000e0020-\U000e007f]{4,}|[\u202a-\u202e\u2066-\u2069]"
)
_WHITE = re.compile(
    r"(?i)<(?:span|div|p|font)\b[^>\n]{0,200}(?:color\s*[:=]\s*[\"']?\s*(?:white|#fff(?:fff)?)\b"
    r"|font-size\s*:\s*[01](?:px|pt|em)?\b|display\s*:\s*none|opacity\s*:\s*0(?:\.0+)?\b)[^>\n]{0,200}>([^<]{1,2000})"
)
_SCRIPT = re.compile(
    r"(?i)<script\b[^>\n]{0,200}>|\bon(?:error|load|click|mouseover)\s*=\s*[\"'][^\"'\n]{1,200}"
    r"|(?:href|src|\]\()\s*=?\s*[\"'(]?\s*javascript:[^\s\"')]{1,200}"
)
_FRAME = re.compile(
    r"(?i)<(?:iframe|object|embed)\b[^>\n]{0,300}|<meta\b[^>\n]{0,100}http-equiv\s*=\s*[\"']?refresh[^>\n]{0,200}"
)
_DATA = re.compile(
    r"(?i)(?:href|src)\s*=\s*[\"']data:(?:text/html|image/svg|application/)[^\"'\n]{0,100}|\]\(data:text/html[^)\n]{0,100}"
)
_PIXEL = re.compile(
    r"(?i)<img\b(?=[^>\n]{0,300}(?:width|height)\s*=\s*[\"']?[01][\"'\s])[^>\n]{0,300}https?://[^>\n]{0,200}>"
)
_MOST = 2 * 1024 * 1024


def examine_prose(context: Context, text: str, into: Examination) -> None:
    """Add findings about a card, a page or another text for people."""
    text = text[:_MOST]
    _hidden(context, text, into)
    found = _ORDERS.search(text)
    if found:
        _add(context, into, "prompt.injection", Severity.LOW, text, found,
             "The text orders a language model to disregard what it was told.")  # fmt: skip
    if context.format not in ("markdown", "html"):
        return
    for pattern, what in (
        (_SCRIPT, "a script"), (_FRAME, "a frame or a redirect"), (_DATA, "a page packed in a link"),  # noqa: E501
        (_PIXEL, "an image that tells its server who reads"),
    ):  # fmt: skip
        found = pattern.search(text)
        if found:
            low = context.format == "html" or pattern is _FRAME
            _add(context, into, "text.active-content", Severity.INFO if low else Severity.LOW, text,
                 found, f"The page holds {what}.")  # fmt: skip


def _hidden(context: Context, text: str, into: Examination) -> None:
    """Orders nobody sees: in comments, in white, in invisible characters."""
    for hidden, found in _unseen(text):
        order = _ORDERS.search(hidden) or _CALLS.search(hidden)
        if order:
            _add(context, into, "prompt.hidden", Severity.MEDIUM, text, found,
                     "Text that a reader does not see gives orders to a language model.",
                     order[0])  # fmt: skip
            return
    unseen = _INVISIBLE.search(text)
    if unseen and not (len(unseen[0]) == 1 and not _ORDERS.search(text)):
        shown = " ".join(f"U+{ord(char):04X}" for char in unseen[0][:8])
        decoded = "".join(chr(ord(c) - 0xE0000) for c in unseen[0] if ord(c) >= 0xE0020)
        _add(context, into, "prompt.hidden", Severity.MEDIUM, text, unseen,
             "Invisible characters carry text that a language model reads.", decoded or shown)  # fmt: skip  # noqa: E501


def _unseen(text: str) -> Iterator[tuple[str, re.Match[str]]]:
    """Yield text in comments, and in white or tiny letters; one pass over each."""
    at = 0
    while begun := _COMMENT.search(text, at):
        end = text.find("-->", begun.end())
        if end < 0:
            break
        yield text[begun.end() : min(end, begun.end() + 5000)], begun
        at = end + 3
    for found in _WHITE.finditer(text):
        yield found[1], found


def judge_instructions(context: Context, text: str, into: Examination, place: str) -> None:
    """Add a finding if a template or system prompt holds orders against its own user."""
    found = _ORDERS.search(text)
    if found:
        into.add("prompt.injection", Severity.LOW,
                 "The text orders a language model to disregard what it was told.",
                 location=context.at(place), evidence=found[0][:200],
                 remedy="Read the whole text and ask who wrote it.")  # fmt: skip


def _add(context: Context, into: Examination, rule: str, severity: Severity, text: str,
         found: re.Match[str], message: str, evidence: str = "") -> None:  # fmt: skip
    line = text.count("\n", 0, found.start()) + 1
    into.add(rule, severity, message, location=context.at(f"line {line}"),
             evidence=(evidence or found[0])[:200],
             remedy="Read the source of the text, not what it is shown as.")  # fmt: skip
