# SPDX-License-Identifier: Apache-2.0
"""``/go/{id}``: where links in mail lead; every kind of thing has its page."""

from __future__ import annotations

from sqlalchemy.orm import Session
from starlette.responses import RedirectResponse, Response

from steelyard.governance.decision.queries import decision_of_condition
from steelyard.kernel.errors import MissingError
from steelyard.platform.ids import is_id
from steelyard.ui.door import OPEN, Pages, Viewer
from steelyard.ui.links import place_of

pages = Pages()


@pages.page("/go/{thing_id}", right=OPEN)
def go(thing_id: str, viewer: Viewer) -> Response:
    """Lead to the page of a thing; whoever has to log in first comes back to it."""
    kind = thing_id.partition("_")[0]
    if is_id(thing_id) and kind == "con":
        there = viewer.find(lambda session: _of_condition(session, thing_id))
    else:
        there = place_of(thing_id) if is_id(thing_id) else ""
    if not there:
        raise MissingError(
            "This link leads nowhere.",
            next_step="Copy it whole from the mail.",
            code="link.missing",
        )
    return RedirectResponse(there, 303)


def _of_condition(session: Session, condition_id: str) -> str:
    decision = decision_of_condition(session, condition_id)
    return f"/decisions/{decision}/conditions/{condition_id}" if decision else ""
