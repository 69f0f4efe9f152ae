# SPDX-License-Identifier: Apache-2.0
"""Prints what a server answered: tables of rows, and one thing as labeled lines."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from steelyard.cli.door import console

CHIPS = {
    "approved": ("green", "●"),
    "approved with conditions": ("green", "◐"),
    "in force": ("green", "●"),
    "active": ("green", "●"),
    "met": ("green", "●"),
    "done": ("green", "●"),
    "verified": ("green", "●"),
    "adopted": ("green", "●"),
    "rejected": ("red", "✕"),
    "revoked": ("red", "✕"),
    "overdue": ("red", "▲"),
    "failed": ("red", "✕"),
    "suspended": ("yellow", "▲"),
    "expired": ("yellow", "○"),
    "changes requested": ("yellow", "↺"),
    "submitted": ("cyan", "→"),
    "in review": ("cyan", "→"),
    "open": ("cyan", "→"),
    "running": ("cyan", "→"),
    "draft": ("dim", "○"),
    "withdrawn": ("dim", "○"),
    "retired": ("dim", "○"),
}
"""State → color and sign; the word always stands beside them."""


def chip(state: str) -> str:
    """Return a state as marked-up text: color, sign and word."""
    color, sign = CHIPS.get(state, ("default", "·"))
    return f"[{color}]{sign} {state}[/{color}]"


def table(rows: Sequence[dict[str, Any]], columns: Sequence[str], *, empty: str) -> None:
    """Print rows; ``columns`` are fields, dotted for nested ones. ``empty`` says what to do now."""
    from rich.table import Table

    out = console()
    if not rows:
        out.print(empty, markup=False)
        return
    drawn = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        drawn.add_column(
            column.rpartition(".")[2].replace("_", " "),
            no_wrap=column in ("id", "state", "tier", "track"),
            overflow="fold",
        )
    for row in rows:
        drawn.add_row(*(cell(column, field(row, column)) for column in columns))
    out.print(drawn)


def details(thing: dict[str, Any], *, title: str = "") -> None:
    """Print one thing as lines of label and value; nested lists as short tables below."""
    from rich.markup import escape
    from rich.table import Table

    out = console()
    if title:
        out.print(f"[bold]{escape(title)}[/bold]")
    drawn = Table(box=None, show_header=False, pad_edge=False)
    drawn.add_column(style="dim", no_wrap=True)
    drawn.add_column(overflow="fold")
    later = []
    for name, value in thing.items():
        if isinstance(value, list) and value and isinstance(value[0], dict):
            later.append((name, value))
        elif isinstance(value, dict):
            for inner, deeper in value.items():
                if deeper not in (None, "", [], {}):
                    drawn.add_row(f"{name} {inner}".replace("_", " "), cell(inner, deeper))
        elif value not in (None, "", []):
            drawn.add_row(name.replace("_", " "), cell(name, value))
    out.print(drawn)
    for name, rows in later:
        out.print(f"\n[bold]{escape(name.replace('_', ' '))}[/bold]")
        table(rows, [key for key in rows[0] if not isinstance(rows[0][key], dict | list)], empty="")


def field(row: dict[str, Any], path: str) -> Any:
    """Return a field of a row by its dotted path; None where there is none."""
    value: Any = row
    for part in path.split("."):
        value = value.get(part) if isinstance(value, dict) else None
    return value


def cell(name: str, value: Any) -> str:
    """Return one value as marked-up text."""
    from rich.markup import escape

    if value is None or value == "":
        return "[dim]-[/dim]"
    if name.rpartition(".")[2] == "state":
        return chip(str(value))
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return escape(", ".join(str(each) for each in value)) or "[dim]-[/dim]"
    text = str(value)
    if len(text) >= 19 and text[4:5] == "-" and text[10:11] == "T":
        text = f"{text[:10]} {text[11:16]}"
    return escape(text)
