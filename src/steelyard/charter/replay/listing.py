# SPDX-License-Identifier: Apache-2.0
"""The list of all changed decisions as a file: one JSON object a line, or a table (CSV)."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from typing import Literal

import msgspec

from steelyard.charter.replay.tally import Change

Spelling = Literal["jsonl", "csv"]
COLUMNS = (
    "where", "subject", "purl", "use_case", "team", "day", "direction", "old", "new", "old_tier",
    "new_tier", "old_score", "new_score", "old_track", "new_track",
    "old_sign_offs", "new_sign_offs", "rules",
)  # fmt: skip
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def listing_head(spelling: Spelling) -> bytes:
    """Return what stands before the first change."""
    return b"" if spelling == "jsonl" else _rows([COLUMNS])


def listed(changes: Sequence[Change], spelling: Spelling) -> bytes:
    """Return the lines of ``changes``."""
    if spelling == "jsonl":
        encoder = msgspec.json.Encoder()
        return b"".join(encoder.encode(change) + b"\n" for change in changes)
    return _rows([_cells(change) for change in changes])


def _cells(change: Change) -> Sequence[str]:
    cells = []
    for name in COLUMNS:
        value = getattr(change, name)
        if name == "rules":
            value = "; ".join(f"{item.rule} {item.change} ({item.effect})" for item in value)
        elif isinstance(value, tuple):
            value = ", ".join(value)
        cells.append(_harmless(str(value)))
    return cells


def _harmless(text: str) -> str:
    """Return a cell that no spreadsheet takes for a formula; a publisher chose some of them."""
    return f"'{text}" if text.startswith(_FORMULA) else text


def _rows(rows: Sequence[Sequence[str]]) -> bytes:
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows(rows)
    return out.getvalue().encode()
