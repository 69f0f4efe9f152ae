# SPDX-License-Identifier: Apache-2.0
"""The first page, by role: what waits for you, your clocks, what changed since you were here."""

from __future__ import annotations

from starlette.responses import Response

from steelyard.platform.notify import inbox
from steelyard.ui.door import Pages, Viewer

pages = Pages()


@pages.page("/", right="notification.own")
def home(viewer: Viewer) -> Response:
    """Show what waits for whoever looks."""
    return viewer.show("home/home.html")


@pages.page("/notifications/count", right="notification.own")
def count(viewer: Viewer) -> Response:
    """Show how many notices are unread; a piece of every page's head."""
    unread = viewer.find(lambda session: inbox.count_unread(session, viewer.actor))
    return viewer.show("home/count.html", unread=unread)
