# SPDX-License-Identifier: Apache-2.0
"""The result of a maturity self-assessment as one HTML page, with a chart and a table."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from importlib import resources
from typing import TYPE_CHECKING

from steelyard.charter.maturity import LEVELS, AreaResult, MaturityResult
from steelyard.reporting.handbook.wording import sentence_case
from steelyard.reporting.html import stylesheet

if TYPE_CHECKING:
    from jinja2 import Template

_LEFT, _WIDTH, _ROW, _TOP = 140, 420, 40, 34
_ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;"})


def render_maturity(result: MaturityResult) -> bytes:
    """Return the page as UTF-8 HTML."""
    from markupsafe import Markup

    profile = result.next or result.recommended
    text = _template().render(
        result=result,
        headline=headline(result),
        profile=profile,
        levels=LEVELS,
        drawing=Markup(draw_levels(result.areas, profile)),  # noqa: S704 # escaped where drawn
    )
    return text.encode("utf-8")


def headline(result: MaturityResult) -> str:
    """Return the outcome as a sentence."""
    if not result.ready:
        return "Begin with the starter profile, and close these gaps first."
    if not result.next:
        return "You can carry the regulated profile, the strictest there is."
    return f"You can carry the {result.recommended} profile today; {result.next} is next."


def draw_levels(areas: Sequence[AreaResult], profile: str) -> str:
    """Return a bar for each area, with a mark where ``profile`` needs it to be."""
    width, height = _LEFT + _WIDTH + 70, _TOP + len(areas) * _ROW + 10
    parts = []
    for level, word in enumerate(LEVELS):
        x = _LEFT + _WIDTH * level // 3
        anchor = "start" if level == 0 else "end" if level == 3 else "middle"
        parts.append(f'<path class="grid" d="M{x} {_TOP - 8}V{height - 10}"/>')
        parts.append(
            f'<text class="scale" x="{x}" y="{_TOP - 16}" text-anchor="{anchor}">{word}</text>'
        )
    for index, area in enumerate(areas):
        y = _TOP + index * _ROW
        long, mark = round(_WIDTH * area.level / 3), _LEFT + round(_WIDTH * area.needed / 3)
        parts.append(f'<text x="0" y="{y + 19}">{_escape(area.title)}</text>')
        parts.append(
            f'<rect class="track" x="{_LEFT}" y="{y + 6}" width="{_WIDTH}" height="18" rx="4"/>'
        )
        if long:
            parts.append(
                f'<rect class="fill" x="{_LEFT}" y="{y + 6}" width="{long}" height="18" rx="4"/>'
            )
        parts.append(f'<path class="need" d="M{mark} {y + 1}v28"/>')
        parts.append(
            f'<text class="value" x="{_LEFT + _WIDTH + 14}" y="{y + 20}">{area.level:.1f}</text>'
        )
    said = "; ".join(
        f"{area.title} {area.level:.1f} of 3, needed {area.needed:.1f}" for area in areas
    )
    return (
        f'<svg class="levels" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
        'role="img" aria-labelledby="levels-title" aria-describedby="levels-desc">'
        f'<title id="levels-title">Level of each area, and what {_escape(profile)} needs</title>'
        f'<desc id="levels-desc">{_escape(said)}.</desc>{"".join(parts)}</svg>'
    )


def _escape(text: str) -> str:
    return text.translate(_ESCAPES)


@lru_cache(maxsize=1)
def _template() -> Template:
    from jinja2 import Environment, StrictUndefined
    from markupsafe import Markup

    folder = resources.files("steelyard.reporting") / "templates"
    engine = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    engine.globals["css"] = Markup(stylesheet())  # noqa: S704 # our own file, no input
    engine.filters["capital"] = sentence_case
    return engine.from_string((folder / "maturity.html.j2").read_text(encoding="utf-8"))
