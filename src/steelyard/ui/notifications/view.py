# SPDX-License-Identifier: Apache-2.0
"""One's own notices: read and unread, each with the way to the thing it is about."""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Session
from starlette.responses import Response

from steelyard.api.listing import Asked
from steelyard.platform.notify import inbox, service
from steelyard.platform.notify.inbox import Notice
from steelyard.platform.work import Work
from steelyard.ui.door import Looking, Pages, Sent, Viewer
from steelyard.ui.links import place_of
from steelyard.ui.preferences import own_path
from steelyard.ui.tables import Column, Filter, Table, export, listed
from steelyard.ui.texts import mark

pages = Pages()
COLUMNS = (
    Column("title", mark("Notice"), "name", "/notifications"),
    Column("text", mark("Text")),
    Column("at", mark("When"), "when"),
    Column("read_at", mark("Read"), "when"),
    Column("kind", mark("Kind"), "code"),
)
FILTERS = (Filter("show", mark("Show"), (("unread", mark("only unread")),)),)
_HERE = "/notifications"


@pages.page(_HERE, right="notification.own")
def show(viewer: Viewer, asked: Asked) -> Response:
    """List one's notices, newest first."""
    return _page(viewer, asked)


def _page(viewer: Looking, asked: Asked) -> Response:
    table = _table(viewer, asked)
    return export(viewer, table) or viewer.show(
        "notifications/list.html",
        table=table,
        places={each.id: place_of(each.subject, each.about) for each in table.rows},
        unread=viewer.find(lambda session: inbox.count_unread(session, viewer.actor)).unread,
        only=table.chosen["show"],
    )


def _table(viewer: Looking, asked: Asked) -> Table:
    def find(session: Session, show: str = "", **how: Any) -> list[Notice]:
        return inbox.mine(session, viewer.actor, unread=show == "unread", **how)

    return listed(viewer, asked, COLUMNS, FILTERS, find, key=lambda row: (row.id,))


@pages.form(_HERE + "/read", right="notification.own")
def read(viewer: Viewer, asked: Asked, form: Sent) -> Response:
    """Mark one notice as read, or all of them; go on to what it is about, if that was asked."""
    notice = form["notice"]

    def act(work: Work) -> None:
        if notice:
            service.mark_read(work, viewer.actor, notice)
        else:
            service.mark_all_read(work, viewer.actor)

    return viewer.act(
        form, act, then=own_path(form["then"]) if form["then"] else _HERE,
        said="" if notice else viewer.say("Everything is marked as read."),
        again=lambda: _page(viewer, asked),
    )  # fmt: skip
