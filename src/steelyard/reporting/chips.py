# SPDX-License-Identifier: Apache-2.0
"""One chip for each state: a tone (color), an icon and a word, so color never stands alone.

Terminal, HTML and Markdown take the same chips, so a state looks and reads the same everywhere.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal, NamedTuple

from steelyard.kernel.assessment import Outcome
from steelyard.kernel.finding import Severity, Verdict

if TYPE_CHECKING:
    from rich.text import Text

Tone = Literal["good", "notice", "pending", "bad", "neutral"]
Icon = Literal["check", "diamond", "hourglass", "cross", "info", "question", "dash", "warning"]


class Chip(NamedTuple):
    """How a state is shown. ``word`` is in lower case."""

    tone: Tone
    icon: Icon
    word: str


GLYPHS: Final[dict[Icon, tuple[str, str]]] = {
    "check": ("✔", "+"),
    "diamond": ("◆", "*"),
    "hourglass": ("⧗", "~"),
    "cross": ("✖", "x"),
    "info": ("●", "i"),
    "question": ("?", "?"),
    "dash": ("\u2013", "-"),
    "warning": ("▲", "!"),
}
"""Each icon as a character, and as ASCII."""

STYLES: Final[dict[Tone, str]] = {
    "good": "green",
    "notice": "cyan",
    "pending": "yellow",
    "bad": "red",
    "neutral": "dim",
}
"""Terminal color of each tone; of the terminal's own palette, so it follows the reader's theme."""

OUTCOMES: Final[dict[str, Chip]] = {
    Outcome.APPROVED: Chip("good", "check", "approved"),
    Outcome.APPROVED_WITH_CONDITIONS: Chip("notice", "diamond", "approved with conditions"),
    Outcome.REVIEW_REQUIRED: Chip("pending", "hourglass", "review required"),
    Outcome.REJECTED: Chip("bad", "cross", "rejected"),
}
VERDICTS: Final[dict[str, Chip]] = {
    Verdict.CLEAN: Chip("good", "check", "clean"),
    Verdict.UNREADABLE: Chip("pending", "question", "unreadable"),
    Verdict.SUSPICIOUS: Chip("pending", "warning", "suspicious"),
    Verdict.MALICIOUS: Chip("bad", "cross", "malicious"),
}
SEVERITIES: Final[dict[str, Chip]] = {
    Severity.CRITICAL: Chip("bad", "cross", "critical"),
    Severity.HIGH: Chip("bad", "warning", "high"),
    Severity.MEDIUM: Chip("pending", "warning", "medium"),
    Severity.LOW: Chip("notice", "info", "low"),
    Severity.INFO: Chip("neutral", "info", "info"),
}
TIERS: Final[dict[str, Chip]] = {
    "low": Chip("good", "info", "low"),
    "moderate": Chip("notice", "diamond", "moderate"),
    "high": Chip("pending", "warning", "high"),
    "critical": Chip("bad", "warning", "critical"),
}
COVERAGES: Final[dict[str, Chip]] = {
    "full": Chip("good", "check", "examined"),
    "partial": Chip("pending", "warning", "partly examined"),
    "none": Chip("bad", "question", "not examined"),
}
CONTROL_STATES: Final[dict[str, Chip]] = {
    "open": Chip("pending", "hourglass", "open"),
    "not_evaluated": Chip("neutral", "question", "not evaluated"),
    "satisfied": Chip("good", "check", "satisfied"),
}
GATE_STATES: Final[dict[str, Chip]] = {
    "closed": Chip("pending", "hourglass", "closed"),
    "open": Chip("good", "check", "open"),
}
RULE_STATES: Final[dict[str, Chip]] = {
    "not_held": Chip("bad", "cross", "did not hold"),
    "unknown": Chip("pending", "question", "could not be decided"),
    "held": Chip("good", "check", "held"),
    "not_applicable": Chip("neutral", "dash", "did not apply"),
}
LICENSE_USES: Final[dict[str, Chip]] = {
    "ok": Chip("good", "check", "ok"),
    "review": Chip("notice", "hourglass", "needs a look"),
    "duty_missing": Chip("pending", "warning", "duty missing"),
    "needs_license": Chip("pending", "question", "needs a license"),
    "prohibited": Chip("bad", "cross", "prohibited"),
}
HEADLINES: Final[dict[str, str]] = {
    "prohibited": "This use is prohibited.",
    "needs_license": "This use needs a license that is not there yet.",
    "duty_missing": "This use is permitted once the missing duties are fulfilled.",
    "review": "A human must look before this use.",
    "ok": "Nothing in the licenses stands against this use.",
}
"""What the licenses mean for a use, as a sentence."""
DUTIES: Final[dict[str, Chip]] = {
    "done": Chip("good", "check", "done"),
    "missing": Chip("bad", "cross", "missing"),
    "to do": Chip("pending", "hourglass", "to do"),
    "unknown": Chip("pending", "question", "not known"),
    "not due": Chip("neutral", "dash", "not due"),
}
ORIGINS: Final[dict[str, Chip]] = {
    "stated": Chip("good", "check", "origin stated"),
    "unnamed": Chip("pending", "question", "origin not named"),
    "unstated": Chip("pending", "question", "origin not stated"),
}
CLAIMS: Final[dict[str, Chip]] = {
    "strong": Chip("good", "check", "loaders follow it"),
    "stated": Chip("notice", "info", "stated"),
    "weak": Chip("pending", "question", "weak claim"),
}
EFFECTS: Final[dict[str, Chip]] = {
    "reject": Chip("bad", "cross", "rejects"),
    "review": Chip("pending", "hourglass", "asks for review"),
    "condition": Chip("notice", "diamond", "sets a condition"),
    "warn": Chip("neutral", "warning", "warns"),
}


def chip_of(chips: dict[str, Chip], state: str) -> Chip:
    """Return the chip of ``state``; an unheard-of state is shown as itself, never as good."""
    return chips.get(state) or Chip("neutral", "question", state)


def glyph(icon: Icon, *, ascii_only: bool) -> str:
    """Return the character for ``icon``."""
    return GLYPHS[icon][1 if ascii_only else 0]


def chip_text(chip: Chip, *, ascii_only: bool, strong: bool = False) -> Text:
    """Return ``chip`` for a terminal: icon and word in its color; ``strong`` is for headlines."""
    from rich.text import Text

    word = chip.word.upper() if strong else chip.word
    style = STYLES[chip.tone] + (" bold" if strong else "")
    return Text(f"{glyph(chip.icon, ascii_only=ascii_only)} {word}", style=style)
