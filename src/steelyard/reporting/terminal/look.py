# SPDX-License-Identifier: Apache-2.0
"""How things look on a terminal: chips, bars, tables, bullets, in Unicode or in ASCII.

Everything is built as :class:`rich.text.Text`, never as markup, so square brackets in a model's
text stay square brackets.
"""

from __future__ import annotations

from collections.abc import Iterable

from rich import box
from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from steelyard.reporting.chips import Chip, Icon, chip_text, glyph
from steelyard.reporting.text import plain

WIDEST = 120
"""Columns used at most; longer lines are hard to read."""


class Look:
    """What a terminal can show."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self.ascii_only = console.options.ascii_only
        self.width = min(console.width, WIDEST)

    def print(self, *parts: RenderableType) -> None:
        """Print ``parts`` under one another, no wider than :data:`WIDEST`."""
        self.console.print(Group(*parts), width=self.width)

    def say(self, text: str, style: str = "") -> Text:
        """Return our own or sanitized text."""
        return Text(plain(text) if self.ascii_only else text, style=style, overflow="fold")

    def chip(self, chip: Chip, *, strong: bool = False) -> Text:
        """Return a state as icon and word."""
        return chip_text(chip, ascii_only=self.ascii_only, strong=strong)

    def icon(self, icon: Icon) -> str:
        """Return the character of an icon."""
        return glyph(icon, ascii_only=self.ascii_only)

    def bar(self, share: float, width: int, style: str) -> Text:
        """Return a bar filled to ``share`` (0 to 1)."""
        filled = round(min(max(share, 0.0), 1.0) * width)
        full, empty = ("#", ".") if self.ascii_only else ("█", "░")
        return Text.assemble((full * filled, style), (empty * (width - filled), "dim"))

    def heading(self, title: str) -> Group:
        """Return a section heading with the space above it."""
        rule = Rule(self.say(title, "bold"), align="left", style="dim")
        return Group(Text(""), rule)

    def bullets(self, lines: Iterable[RenderableType], mark: str = "") -> Table:
        """Return lines with hanging indents; ``mark`` replaces the bullet."""
        table = Table.grid(padding=(0, 1, 0, 0))
        table.add_column(width=1 if not mark else None)
        table.add_column(overflow="fold", ratio=1)
        for line in lines:
            table.add_row(mark or ("-" if self.ascii_only else "•"), line)
        return table

    def pairs(self, rows: Iterable[tuple[str, RenderableType]], label_width: int = 14) -> Table:
        """Return labels and values, the labels quiet."""
        table = Table.grid(padding=(0, 2, 0, 0))
        table.add_column(min_width=label_width, max_width=30, overflow="fold")
        table.add_column(overflow="fold", ratio=1)
        for label, value in rows:
            table.add_row(self.say(label, "dim"), value)
        return table

    def table(self, *headers: str) -> Table:
        """Return an empty table with a ruled head."""
        style = box.ASCII2 if self.ascii_only else box.SIMPLE_HEAD
        table = Table(box=style, expand=True, pad_edge=False, header_style="bold", padding=(0, 1))
        for header in headers:
            table.add_column(header, overflow="fold")
        return table


def indent(part: RenderableType, columns: int = 2) -> Padding:
    """Return ``part`` moved to the right."""
    return Padding(part, (0, 0, 0, columns))
