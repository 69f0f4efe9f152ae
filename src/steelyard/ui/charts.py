# SPDX-License-Identifier: Apache-2.0
"""Charts as drawings: numbers in, shapes of ``design/charts.html`` out.

Every chart is an SVG with a title, colored by classes, with its numbers in a table beneath it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

WIDTH, HEIGHT = 640, 220
_LEFT, _RIGHT, _TOP, _BOTTOM = 44, 12, 12, 26


class Bar(NamedTuple):
    """One bar: what, how much, its tone (a class of the style) and where it leads."""

    label: str
    value: float
    tone: str = "bar"
    link: str = ""
    x: float = 0
    y: float = 0
    width: float = 0
    height: float = 0


class Bars(NamedTuple):
    """Bars side by side."""

    bars: list[Bar]
    ticks: list[tuple[float, str]]
    """(height on the drawing, value) of the lines behind the bars."""


class Point(NamedTuple):
    """One point of a line; ``low`` and ``high`` are its interval, as wide as the value if none."""

    label: str
    value: float
    low: float
    high: float
    x: float = 0
    y: float = 0


class Line(NamedTuple):
    """A line with its interval behind it, and a limit across it."""

    points: list[Point]
    path: str
    band: str
    ticks: list[tuple[float, str]]
    limit: float | None
    """Height of the limit on the drawing."""


class Cell(NamedTuple):
    """One field of a heat strip; ``step`` is 0 to 4."""

    label: str
    value: float
    step: int
    x: float
    width: float


def bars(values: Sequence[tuple[str, float, str]]) -> Bars:
    """Return bars for (label, value, tone) triples; values are not negative."""
    top, ticks = _scale(max((value for _, value, _ in values), default=0))
    room = (WIDTH - _LEFT - _RIGHT) / max(1, len(values))
    width = min(room * 0.7, 64)
    found = []
    for index, (label, value, tone) in enumerate(values):
        height = (HEIGHT - _TOP - _BOTTOM) * value / top
        x = _LEFT + room * index + (room - width) / 2
        y = HEIGHT - _BOTTOM - height
        found.append(
            Bar(
                label, value, tone or "bar", "", _round(x), _round(y), _round(width), _round(height)
            )
        )
    return Bars(found, ticks)


def line(values: Sequence[tuple[str, float, float, float]], limit: float | None = None) -> Line:
    """Return a line through (label, value, low, high) quadruples; values are not negative."""
    most = max([*(high for *_, high in values), limit or 0], default=0)
    top, ticks = _scale(most)

    def height(value: float) -> float:
        return _round(HEIGHT - _BOTTOM - (HEIGHT - _TOP - _BOTTOM) * value / top)

    step = (WIDTH - _LEFT - _RIGHT) / max(1, len(values) - 1)
    points = [
        Point(label, value, low, high, _round(_LEFT + step * index), height(value))
        for index, (label, value, low, high) in enumerate(values)
    ]
    path = " ".join(f"{'L' if index else 'M'}{p.x} {p.y}" for index, p in enumerate(points))
    upper = [f"{p.x} {height(p.high)}" for p in points]
    lower = [f"{p.x} {height(p.low)}" for p in reversed(points)]
    band = f"M{' L'.join([*upper, *lower])} Z" if points else ""
    return Line(points, path, band, ticks, None if limit is None else height(limit))


def strip(values: Sequence[tuple[str, float]]) -> list[Cell]:
    """Return the fields of a heat strip for (label, value) pairs."""
    most = max((value for _, value in values), default=0) or 1
    width = WIDTH / max(1, len(values))
    return [
        Cell(
            label, value, 0 if value <= 0 else max(1, math.ceil(4 * value / most)),
            _round(width * index), _round(max(1.0, width - 2)),
        )
        for index, (label, value) in enumerate(values)
    ]  # fmt: skip


def _scale(most: float) -> tuple[float, list[tuple[float, str]]]:
    """Return the top of an axis that holds ``most``, and its lines at 1, 2 or 5 times 10ⁿ."""
    if most <= 0:
        most = 1
    rough = most / 4
    power = 10 ** math.floor(math.log10(rough))
    step = next(power * factor for factor in (1, 2, 5, 10) if power * factor >= rough)
    count = math.ceil(most / step)
    top = step * count
    inner = HEIGHT - _TOP - _BOTTOM
    return top, [
        (_round(HEIGHT - _BOTTOM - inner * index / count), f"{step * index:g}")
        for index in range(count + 1)
    ]


def _round(value: float) -> float:
    return round(value, 1)
