# SPDX-License-Identifier: Apache-2.0
"""One HTML page about a classification: class, timeline of obligations, answers, changes."""

from __future__ import annotations

from steelyard.charter.regulation.result import Classification
from steelyard.reporting.chips import chip_of
from steelyard.reporting.html import environment
from steelyard.reporting.icons import ICONS
from steelyard.reporting.regulation import view
from steelyard.reporting.text import safe, visible


def render_classification(result: Classification, name: str = "") -> bytes:
    """Return the page as UTF-8 HTML. It loads nothing and runs no script."""
    result = safe(result, Classification)
    texts = {line.question: line.text for line in result.trace}
    text = (
        environment()
        .get_template("classification.html.j2")
        .render(
            r=result,
            v=view,
            name=visible(name, 120),
            chip_of=chip_of,
            icons=ICONS,
            headline=view.headline(result),
            groups=view.by_date(result),
            asked=texts,
            milder=[change for change in result.would_change if change.direction == "milder"],
            stricter=[change for change in result.would_change if change.direction == "stricter"],
        )
    )
    return text.encode("utf-8")
