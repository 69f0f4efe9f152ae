# SPDX-License-Identifier: Apache-2.0
"""Routes of one's own notices, and the address that links in mail lead to."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query
from starlette.responses import RedirectResponse, Response

from steelyard.api.door import OPEN, Caller, Router
from steelyard.api.listing import Asked, PageOf, page
from steelyard.kernel.errors import MissingError
from steelyard.platform.ids import is_id
from steelyard.platform.notify import inbox, service

router = Router(prefix="/notifications", tags=["Notifications"])
links = Router(tags=["Notifications"])
PLACES = {
    "act": "actions",
    "clk": "clocks",
    "dec": "decisions",
    "emg": "emergencies",
    "evd": "evidence",
    "exc": "exceptions",
    "mdl": "models",
    "req": "requests",
    "prp": "charters/proposals",
    "rev": "revisions",
    "rob": "robots",
    "rsk": "risks",
    "rvw": "reviews",
    "sup": "suppliers",
    "uc": "use-cases",
    "usr": "users",
    "whk": "webhooks",
}
"""Beginning of an id → where such things are."""


@router.door("GET", "", right="notification.own", returns=PageOf[inbox.Notice])
def mine(
    caller: Caller, asked: Asked, unread: Annotated[bool, Query(description="Only those.")] = False
) -> Response:
    """List your notifications, newest first."""
    return caller.read(
        lambda session: page(
            asked,
            inbox.mine(
                session, caller.actor, limit=asked.limit + 1, after=asked.after, unread=unread
            ),
            lambda row: (row.id,),
        )
    )


@router.door("GET", "/unread", right="notification.own", returns=inbox.Unread)
def unread(caller: Caller) -> Response:
    """Count the notifications you have not read."""
    return caller.read(lambda session: inbox.count_unread(session, caller.actor))


@router.door("POST", "/read", right="notification.own", status=204)
def read_all(caller: Caller) -> Response:
    """Mark all your notifications as read."""
    return caller.act(lambda work: service.mark_all_read(work, caller.actor), 204)


@router.door("POST", "/{notice_id}/read", right="notification.own", status=204)
def read(notice_id: str, caller: Caller) -> Response:
    """Mark one of your notifications as read."""
    return caller.act(lambda work: service.mark_read(work, caller.actor, notice_id), 204)


@links.door("GET", "/go/{thing_id}", right=OPEN, status=307)
def go(thing_id: str) -> Response:
    """Lead from a link in a mail to the thing it is about."""
    place = PLACES.get(thing_id.partition("_")[0])
    if place is None or not is_id(thing_id):
        raise MissingError(
            "This link leads nowhere.",
            next_step="Copy it whole from the mail.",
            code="link.missing",
        )
    return RedirectResponse(f"/api/v1/{place}/{thing_id}", 307)
