# SPDX-License-Identifier: Apache-2.0
"""The first page, by role: what waits for you, your clocks, what changed since you were here."""

from __future__ import annotations

from starlette.responses import Response

from steelyard.ui.door import Pages, Viewer

pages = Pages()


@pages.page("/", right="notification.own")
def home(viewer: Viewer) -> Response:
    """Show what waits for whoever looks."""
    return viewer.show("home/home.html")
