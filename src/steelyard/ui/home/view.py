# SPDX-License-Identifier: Apache-2.0
"""The first page, by role: what waits for you, your clocks, what changed since you were here."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from steelyard.kernel.actor import ADMINISTRATOR, AUDITOR, MODEL_OWNER, OPERATOR, REQUESTER, SPONSOR
from steelyard.platform.notify import inbox
from steelyard.ui import charts
from steelyard.ui.door import Looking, Pages, Viewer
from steelyard.ui.home import reading
from steelyard.ui.home.reading import Overview
from steelyard.ui.links import place_of

pages = Pages()
_WATCHERS = frozenset({SPONSOR, AUDITOR, ADMINISTRATOR, OPERATOR, "risk"})
"""Roles that look at how things stand as a whole."""
_TONES = {
    "approved": "good", "approved with conditions": "notice", "rejected": "bad",
    "changes requested": "pending", "draft": "neutral", "assessing": "notice",
    "assessment failed": "bad", "in review": "pending",
}  # fmt: skip


@pages.page("/", right="notification.own")
def home(viewer: Viewer) -> Response:
    """Show what waits for whoever looks."""
    actor, now = viewer.actor, viewer.house.clock()
    roles = actor.roles
    known: dict[str, Any] = {
        "mine": None, "seats": None, "actions": [], "overview": None, "keeping": None,
    }  # fmt: skip
    if roles & {REQUESTER, MODEL_OWNER} or viewer.may("request.write"):
        known["mine"] = viewer.find(lambda session: reading.mine(session, actor))
    if viewer.may("review.sign"):
        known["seats"] = viewer.find(lambda session: reading.seats(session, actor, now))
    if viewer.may("action.do"):
        known["actions"] = viewer.find(lambda session: reading.own_actions(session, actor))
    if roles & _WATCHERS:
        known["overview"] = viewer.find(lambda session: reading.overview(session, actor, now))
    if viewer.may("job.read"):
        known["keeping"] = viewer.find(reading.keeping)
    asked, mentions, news = viewer.find(lambda session: reading.notices(session, actor))
    people, cases, requests = viewer.find(lambda session: reading.is_fresh(session, actor))
    return viewer.show(
        "home/home.html",
        **known,
        **_charts(viewer, known["overview"]),
        asked=asked,
        mentions=mentions,
        news=news,
        place_of=place_of,
        first_steps=None if requests else (people, cases),
        watches_first=bool(roles & {SPONSOR, AUDITOR, ADMINISTRATOR, OPERATOR}),
        names=viewer.names({seat.review.requested_by for seat in known["seats"] or ()}),
    )


def _charts(viewer: Looking, overview: Overview | None) -> dict[str, Any]:
    if overview is None:
        return {"decided": None, "stages": None}

    def bars(counts: dict[str, int]) -> Any:
        named = [(viewer.say(name), count, _TONES.get(name, "bar")) for name, count in
                 sorted(counts.items(), key=lambda each: -each[1])]  # fmt: skip
        return charts.bars(named) if named else None

    return {"decided": bars(overview.decided), "stages": bars(overview.stages)}


@pages.page("/notifications/count", right="notification.own")
def count(viewer: Viewer) -> Response:
    """Show how many notices are unread; a piece of every page's head."""
    unread = viewer.find(lambda session: inbox.count_unread(session, viewer.actor))
    return viewer.show("home/count.html", unread=unread)
