# SPDX-License-Identifier: Apache-2.0
"""The living page: every component once, as pages use it."""

from __future__ import annotations

import datetime as dt

from starlette.responses import Response

from steelyard.ui import charts, chips
from steelyard.ui.door import OPEN, Form, Pages, Viewer

pages = Pages()


@pages.page("/design", right=OPEN)
def design(viewer: Viewer) -> Response:
    """Show every component."""
    form = Form(name="Minilm search")
    form.errors = {"mail": viewer.say("This is not a mail address.")}
    now = viewer.house.clock()
    week = [("Mo", 3.0), ("Tu", 7.0), ("We", 0.0), ("Th", 12.0), ("Fr", 5.0)]
    return viewer.show(
        "design/page.html",
        form=form,
        kinds=chips.KINDS,
        deadlines=[
            (now + dt.timedelta(days=6), ""), (now + dt.timedelta(hours=5), ""),
            (now - dt.timedelta(days=2), ""), (now - dt.timedelta(days=1), "met"),
            (now - dt.timedelta(days=1), "met late"), (now + dt.timedelta(days=1), "paused"),
        ],
        bars=charts.bars(
            [("approved", 12, "good"), ("in review", 4, "pending"), ("rejected", 2, "bad")]
        ),
        line=charts.line([(d, v, max(0, v - 2), v + 2) for d, v in week], limit=10),
        strip=charts.strip(week * 4),
    )  # fmt: skip
