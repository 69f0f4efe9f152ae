# SPDX-License-Identifier: Apache-2.0
"""Colors, wrapping and columns for the terminal without a rendering library.

Scanning is called in loops and hooks, where a library's import would take longer than the scan.
"""

from __future__ import annotations

import textwrap
import unicodedata
from collections.abc import Mapping, Sequence

from msgspec import Struct, structs

from steelyard.reporting.chips import GLYPHS, Chip
from steelyard.reporting.text import plain

_CODES = {"good": "32", "notice": "36", "pending": "33", "bad": "31", "neutral": "2"}
"""Colors of the terminal's own palette by tone, so they follow the reader's theme."""


class Screen(Struct, frozen=True):
    """What is written to: its width in columns, and what it can show."""

    width: int = 100
    color: bool = False
    ascii_only: bool = False

    def text(self, text: str) -> str:
        """Return ``text`` in what the screen can show."""
        return plain(text) if self.ascii_only else text

    def bold(self, text: str) -> str:
        """Return ``text``, strong where there is color."""
        return f"\x1b[1m{self.text(text)}\x1b[0m" if self.color else self.text(text)

    def faint(self, text: str) -> str:
        """Return ``text``, faint where there is color."""
        return f"\x1b[2m{self.text(text)}\x1b[0m" if self.color else self.text(text)

    def chip(self, chip: Chip, *, strong: bool = False) -> str:
        """Return icon and word of a state, colored where there is color."""
        icon = GLYPHS[chip.icon][1 if self.ascii_only else 0]
        words = f"{icon} {chip.word.upper() if strong else chip.word}"
        if not self.color:
            return words
        return f"\x1b[{'1;' if strong else ''}{_CODES[chip.tone]}m{words}\x1b[0m"

    def wrapped(self, text: str, *, first: str = "", indent: int = 0) -> list[str]:
        """Return ``text`` in lines; the first begins with ``first``, the others are indented."""
        lines = textwrap.wrap(
            self.text(text),
            max(40, self.width),
            initial_indent=" " * len(first),
            subsequent_indent=" " * indent,
            break_long_words=True,
            break_on_hyphens=False,
        ) or [" " * len(first)]
        lines[0] = first + lines[0][len(first) :]
        return lines

    def after_chip(
        self, chip: Chip, text: str, *, margin: int = 0, indent: int = 0, strong: bool = False
    ) -> list[str]:
        """Return ``text`` in lines after a chip; lines after the first are indented."""
        bare = structs.replace(self, color=False).chip(chip, strong=strong)
        first = f"{' ' * margin}{bare}  "
        lines = self.wrapped(text, first=first, indent=indent)
        lines[0] = f"{' ' * margin}{self.chip(chip, strong=strong)}  {lines[0][len(first) :]}"
        return lines

    def labelled(self, label: str, text: str, *, margin: int, width: int) -> list[str]:
        """Return ``text`` in lines beside a faint label of ``width`` columns."""
        first = f"{' ' * margin}{label.ljust(width)}"
        lines = self.wrapped(text, first=first, indent=len(first))
        lines[0] = f"{' ' * margin}{self.faint(label)}{lines[0][margin + len(label) :]}"
        return lines

    def columns(
        self,
        head: Sequence[str],
        rows: Sequence[Sequence[str]],
        right: frozenset[int],
        chips: Mapping[str, Chip] | None = None,
    ) -> list[str]:
        """Return a table; the first column gives way when the screen is narrow.

        Cells that hold a key of ``chips``, but for the first, have that chip's color.
        """
        table = [[self.text(cell) for cell in row] for row in (head, *rows)]
        widths = [max(_width(row[index]) for row in table) for index in range(len(head))]
        spare = self.width - sum(widths[1:]) - 2 * (len(widths) - 1)
        widths[0] = max(12, min(widths[0], spare))
        lines = []
        for number, row in enumerate(table):
            cells = [_fit(row[0], widths[0], ascii_only=self.ascii_only), *row[1:]]
            padded = []
            for index, (cell, width) in enumerate(zip(cells, widths, strict=True)):
                space = " " * (width - _width(cell))
                padded.append(space + cell if index in right else cell + space)
            if number == 0:
                lines.append(self.faint("  ".join(padded).rstrip()))
                continue
            if self.color and chips:
                padded[1:] = [_painted(cell, chips) for cell in padded[1:]]
            lines.append("  ".join(padded).rstrip())
        return lines


def _painted(cell: str, chips: Mapping[str, Chip]) -> str:
    word = cell.strip()
    chip = chips.get(word)
    return cell.replace(word, f"\x1b[{_CODES[chip.tone]}m{word}\x1b[0m") if chip else cell


def _width(text: str) -> int:
    """Return the columns a text takes: marks take none, the letters of some scripts two."""
    return len(text) if text.isascii() else sum(map(_columns_of, text))


def _columns_of(char: str) -> int:
    if unicodedata.combining(char):
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1


def _fit(text: str, width: int, *, ascii_only: bool) -> str:
    """Return ``text``, shortened in its middle: the end of a path says most."""
    if _width(text) <= width:
        return text
    gap = "..." if ascii_only else "…"
    tail = (width - len(gap)) * 2 // 3
    return _begin(text, width - len(gap) - tail) + gap + _begin(text[::-1], tail)[::-1]


def _begin(text: str, width: int) -> str:
    """Return as much of the beginning of ``text`` as fits into ``width`` columns."""
    taken = 0
    for index, char in enumerate(text):
        taken += _columns_of(char)
        if taken > width:
            return text[:index]
    return text
