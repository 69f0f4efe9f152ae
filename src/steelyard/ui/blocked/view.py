# SPDX-License-Identifier: Apache-2.0
"""Why something was refused: which rule, which fact, who can help, and the way on."""

from __future__ import annotations

from urllib.parse import urlencode

from starlette.responses import Response

from steelyard.ui.blocked.find import Blocked, find_blocked
from steelyard.ui.door import Pages, Viewer

pages = Pages()


@pages.page("/blocked", right="request.read")
def why(viewer: Viewer) -> Response:
    """Show why a client was refused, and what to do now."""
    found = find_blocked(viewer)
    return viewer.show("blocked/blocked.html", found=found, ask=_ask(found), form=None)


def _ask(found: Blocked) -> str:
    """Return the address of a request that is filled in."""
    known = {
        "reference": found.ask,
        "environment": found.environment,
        "use_case": found.case.id if found.case else "",
    }
    query = urlencode({name: value for name, value in known.items() if value})
    return f"/requests/new?{query}" if query else "/requests/new"
