# SPDX-License-Identifier: Apache-2.0
"""One search over everything somebody may see, as a page and as the palette's list."""

from __future__ import annotations

from typing import NamedTuple

from starlette.responses import Response

from steelyard.governance.search import queries
from steelyard.governance.search.queries import Found, Kind
from steelyard.ui.door import Looking, Pages, Viewer
from steelyard.ui.links import place_of
from steelyard.ui.menu import menu_of
from steelyard.ui.texts import mark
from steelyard.ui.words import KINDS as WORDS

pages = Pages()
QUICK, MANY = 8, 25
"""Lines of the palette, and things of each kind on the page."""
ICONS: dict[str, str] = {
    "model": "box", "revision": "branch", "request": "inbox", "use-case": "briefcase",
    "decision": "stamp", "supplier": "building", "person": "user",
}  # fmt: skip
CHIPS: dict[str, str] = {
    "revision": "revision", "request": "request", "decision": "outcome", "person": "person",
}  # fmt: skip
"""Kind of thing → kind of its state's chip."""
_HEADS: dict[Kind, str] = {
    "model": mark("Models"),
    "revision": mark("Revisions"),
    "request": mark("Requests"),
    "use-case": mark("Use cases"),
    "decision": mark("Decisions"),
    "supplier": mark("Suppliers"),
    "person": mark("People"),
}


class Line(NamedTuple):
    """A line of the palette."""

    path: str
    title: str
    note: str
    icon: str


@pages.page("/search", right="about.read")
def show(viewer: Viewer) -> Response:
    """Show what was found, kind by kind."""
    text = viewer.request.query_params.get("q", "")[: queries.LONGEST]
    only = viewer.request.query_params.get("kind", "")
    kinds = [kind for kind in _kinds(viewer) if not only or kind == only]
    found = _find(viewer, text, kinds, MANY)
    groups = [
        (kind, viewer.say(_HEADS[kind]), [each for each in found if each.kind == kind])
        for kind in kinds
    ]
    return viewer.show(
        "search/search.html",
        text=text,
        only=only,
        groups=[group for group in groups if group[2]],
        kinds=[(kind, viewer.say(_HEADS[kind])) for kind in _kinds(viewer)],
        most=MANY,
        places={each.id: _place(viewer, each) for each in found},
        icons=ICONS,
        chips=CHIPS,
        lines=_places(viewer, text),
    )


@pages.page("/search/quick", right="about.read")
def quick(viewer: Viewer) -> Response:
    """Show the palette's lines: places of the menu first, then what was found."""
    text = viewer.request.query_params.get("q", "")[: queries.LONGEST]
    lines = _places(viewer, text)
    if text.strip():
        lines = lines[:3]
        for each in _find(viewer, text, _kinds(viewer), QUICK)[: QUICK - len(lines)]:
            word = viewer.say(WORDS.get(each.kind, each.kind))
            lines.append(Line(_place(viewer, each), each.title, word, ICONS[each.kind]))
    return viewer.show("search/quick.html", lines=lines[:QUICK], text=text)


def _kinds(viewer: Looking) -> list[Kind]:
    return [kind for kind, right in queries.RIGHTS.items() if viewer.may(right)]


def _find(viewer: Looking, text: str, kinds: list[Kind], limit: int) -> list[Found]:
    return viewer.find(
        lambda session: queries.find(session, viewer.actor, text, kinds, limit=limit)
    )  # fmt: skip


def _place(viewer: Looking, found: Found) -> str:
    """Return the page of what was found; of a person, the list of people is for those who may."""
    if found.kind == "person" and not viewer.may("identity.read"):
        return f"/search?q={found.id}"
    return place_of(found.id)


def _places(viewer: Looking, text: str) -> list[Line]:
    """Return the places of the menu whose name holds the text; the first ones without a text."""
    wanted = text.strip().casefold()
    return [
        Line(place.path, viewer.say(place.word), viewer.say("page"), place.icon)
        for _, places in menu_of(viewer)
        for place in places
        if wanted in viewer.say(place.word).casefold()
    ]
