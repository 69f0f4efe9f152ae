# SPDX-License-Identifier: Apache-2.0
"""Draws how a model gets in: request, risk tier, track, sign-offs, decision, validity.

Pure and deterministic. All looks come from classes (``handbook.css``), so the picture follows light
and dark; a table beside it says the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from steelyard.charter.schema import TIERS
from steelyard.reporting.chips import TIERS as TIER_CHIPS
from steelyard.reporting.chips import chip_of
from steelyard.reporting.handbook.entries import TrackEntry
from steelyard.reporting.icons import ICONS

_COLUMNS = (12, 176, 336, 540, 762)
"""Where the boxes of each column begin: request, tier, track, sign-offs, decision."""
_WIDTHS = (130, 124, 170, 188, 140)
_TOP, _GAP, _TIER, _LINE, _MOST = 44, 14, 46, 18, 6
_HEADS = ("Request", "Risk tier", "Track", "Who signs off", "Decision")
_ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;"})


class _Row(NamedTuple):
    """A track with its place: where it begins, how high it is, what it says."""

    track: TrackEntry
    top: int
    height: int
    lines: tuple[str, ...]


class Signers(NamedTuple):
    """The names that sign off on a track, and those that only a step of it asks."""

    first: Sequence[str]
    further: Sequence[str] = ()


def draw_path(tracks: Sequence[TrackEntry], signers: Sequence[Signers]) -> str:
    """Return the picture of ``tracks``, each with those who sign off on it."""
    rows, bottom = _rows(tracks, signers)
    width, height = _COLUMNS[4] + _WIDTHS[4] + 12, bottom + 8
    parts = [
        f'<text class="head" x="{x}" y="22">{head}</text>'
        for x, head in zip(_COLUMNS, _HEADS, strict=True)
    ]
    middle = (_TOP + bottom) // 2
    parts += _request(middle)
    for row in rows:
        parts += _path_of(row, middle)
    said = "; ".join(_said(row) for row in rows)
    return (
        f'<svg class="path" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
        'role="img" aria-labelledby="picture-title" aria-describedby="picture-desc">'
        '<title id="picture-title">The path of a request</title>'
        f'<desc id="picture-desc">{_escape(said)}.</desc>{"".join(parts)}</svg>'
    )


def _said(row: _Row) -> str:
    return (
        f"{' and '.join(row.track.tiers)} risk takes the {row.track.name} track, decided by "
        f"{row.track.who}"
    )


def _rows(tracks: Sequence[TrackEntry], signers: Sequence[Signers]) -> tuple[list[_Row], int]:
    rows, top = [], _TOP
    for track, names in zip(tracks, signers, strict=True):
        lines = _lines(track, names)
        height = max(
            len(track.tiers) * (_TIER + 8) - 8, 28 + len(lines) * _LINE, 64 if track.within else 46
        )
        rows.append(_Row(track, top, height, lines))
        top += height + _GAP
    return rows, top - _GAP


def _lines(track: TrackEntry, names: Signers) -> tuple[str, ...]:
    if track.standing:
        return ("nobody, unless a", "rule asks for people")
    shown = [_fit(name, 24) for name in names.first[:_MOST]]
    if len(names.first) > _MOST:
        shown.append(f"and {len(names.first) - _MOST} more")
    if track.quorum is not None and track.quorum < len(names.first):
        shown.insert(0, f"{track.quorum} of:")
    shown += [_fit(f"+ {name}", 24) for name in names.further[:_MOST]]
    return tuple(shown)


def _request(middle: int) -> list[str]:
    x, width = _COLUMNS[0], _WIDTHS[0]
    return [
        _box("start", x, middle - 40, width, 80),
        _text("strong", x + 12, middle - 14, "You ask"),
        _text("", x + 12, middle + 6, "model revision,"),
        _text("", x + 12, middle + 23, "use case, place"),
    ]


def _path_of(row: _Row, middle: int) -> list[str]:
    track, top, height = row.track, row.top, row.height
    center = top + height // 2
    parts = []
    each = height // max(1, len(track.tiers))
    for index, tier in enumerate(sorted(track.tiers, key=TIERS.index)):
        y = top + index * each + (each - _TIER) // 2
        mark = chip_of(TIER_CHIPS, tier)
        parts.append(_arrow(_COLUMNS[0] + _WIDTHS[0], middle, _COLUMNS[1], y + _TIER // 2))
        parts.append(_arrow(_COLUMNS[1] + _WIDTHS[1], y + _TIER // 2, _COLUMNS[2], center))
        ring = '<circle cx="8" cy="8" r="6.6"/>' if mark.icon == "info" else ""
        sign = (
            f'<g class="sign" transform="translate({_COLUMNS[1] + 11} {y + 15})">{ring}'
            f'<path d="{ICONS[mark.icon]}"/></g>'
        )
        parts.append(
            f'<g class="tier {mark.tone}">{_box("", _COLUMNS[1], y, _WIDTHS[1], _TIER)}{sign}'
            f"{_text('strong', _COLUMNS[1] + 36, y + 28, mark.word)}</g>"
        )
    parts.append(_box("", _COLUMNS[2], top, _WIDTHS[2], height))
    words = [track.name.capitalize(), f"within {track.within}" if track.within else ""]
    parts += _centered(_COLUMNS[2], center, words, strong=0)
    parts.append(_arrow(_COLUMNS[2] + _WIDTHS[2], center, _COLUMNS[3], center))
    parts.append(_box("", _COLUMNS[3], top, _WIDTHS[3], height))
    parts += _centered(_COLUMNS[3], center, row.lines, strong=-1)
    parts.append(_arrow(_COLUMNS[3] + _WIDTHS[3], center, _COLUMNS[4], center))
    parts.append(_box("end", _COLUMNS[4], top, _WIDTHS[4], height))
    valid = ["Decision", f"valid {track.valid}" if track.valid else ""]
    return parts + _centered(_COLUMNS[4], center, valid, strong=0)


def _centered(x: int, center: int, lines: Sequence[str], *, strong: int) -> list[str]:
    shown = [line for line in lines if line]
    first = center - (len(shown) - 1) * _LINE // 2 + 5
    return [
        _text("strong" if index == strong else "", x + 12, first + index * _LINE, line)
        for index, line in enumerate(shown)
    ]


def _box(looks: str, x: int, y: int, width: int, height: int) -> str:
    kind = f"box {looks}".strip()
    return f'<rect class="{kind}" x="{x}" y="{y}" width="{width}" height="{height}" rx="8"/>'


def _text(looks: str, x: int, y: int, text: str) -> str:
    kind = f' class="{looks}"' if looks else ""
    return f'<text{kind} x="{x}" y="{y}">{_escape(text)}</text>'


def _arrow(x: int, y: int, to_x: int, to_y: int) -> str:
    bend = max(10, (to_x - x) // 2)
    return (
        f'<path class="line" d="M{x} {y}C{x + bend} {y} {to_x - bend} {to_y} {to_x - 6} {to_y}"/>'
        f'<path class="tip" d="M{to_x} {to_y}l-8 -4v8z"/>'
    )


def _fit(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"


def _escape(text: str) -> str:
    return text.translate(_ESCAPES)
