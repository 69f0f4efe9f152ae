# SPDX-License-Identifier: Apache-2.0
"""Theme and language, chosen in the head of every page."""

from __future__ import annotations

from urllib.parse import urlsplit

from starlette.responses import Response

from steelyard.ui.door import OPEN, Pages, Sent, Viewer
from steelyard.ui.look import LANGUAGE, THEME, THEMES, remember
from steelyard.ui.texts import LANGUAGES

pages = Pages()


@pages.form("/preferences", right=OPEN)
def choose(viewer: Viewer, form: Sent) -> Response:
    """Remember how somebody likes pages shown, and go back to the page they were on."""
    response = viewer.go(own_path(form["back"]))
    if form["theme"] in THEMES:
        remember(viewer.request, response, THEME, form["theme"])
    if form["language"] in LANGUAGES:
        remember(viewer.request, response, LANGUAGE, form["language"])
    return response


def own_path(text: str) -> str:
    """Return ``text`` if it is an address on this server; else the first page."""
    parts = urlsplit(text)
    own = text.startswith("/") and not text.startswith(("//", "/\\")) and not parts.netloc
    clean = all(char >= " " and char not in "\\\x7f" for char in text)
    return text if own and clean and len(text) <= 2000 else "/"
