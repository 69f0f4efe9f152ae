# SPDX-License-Identifier: Apache-2.0
"""Teams: the units that things belong to, with their calendars."""

from __future__ import annotations

from starlette.responses import Response

from steelyard.api.listing import Asked
from steelyard.platform.identity import people, units
from steelyard.ui.admin.choices import unit_choices
from steelyard.ui.door import Form, Looking, Pages, Sent, Viewer
from steelyard.ui.tables import Column, export, listed
from steelyard.ui.texts import mark

pages = Pages()
COLUMNS = (
    Column("title", mark("Team"), "name", "/admin/teams/{name}"),
    Column("name", mark("Short name"), "code"),
    Column("parent", mark("Belongs to")),
    Column("calendar", mark("Calendar of holidays")),
    Column("created_at", mark("Made"), "when", shown=False),
)


@pages.page("/admin/teams", right="unit.manage")
def show(viewer: Viewer, asked: Asked) -> Response:
    """List the teams."""
    table = listed(viewer, asked, COLUMNS, (), units.find, key=lambda row: (row.name,))
    return export(viewer, table) or viewer.show("admin/teams.html", table=table)


@pages.page("/admin/teams/new", right="unit.manage")
def new(viewer: Viewer) -> Response:
    """Show the form for a new team."""
    return _form(viewer, Form())


def _form(viewer: Looking, form: Form) -> Response:
    return viewer.show("admin/team_new.html", form=form, units=unit_choices(viewer))


@pages.form("/admin/teams/new", right="unit.manage")
def create(viewer: Viewer, form: Sent) -> Response:
    """Make a team."""
    return viewer.act(
        form,
        lambda work: units.create(
            work, viewer.actor, form["name"], title=form["title"], parent=form["parent"],
            calendar=form["calendar"],
        ),
        then=lambda made: f"/admin/teams/{made.name}",
        said=viewer.say("The team is made."),
        again=lambda: _form(viewer, form),
    )  # fmt: skip


@pages.page("/admin/teams/{unit}", right="unit.manage")
def one(viewer: Viewer, unit: str) -> Response:
    """Show one team and who belongs to it."""
    return _page(viewer, unit, None)


def _page(viewer: Looking, unit: str, form: Form | None) -> Response:
    team = viewer.find(lambda session: units.get(session, unit))
    return viewer.show(
        "admin/team.html",
        team=team,
        form=form or Form(title=team.title, parent=team.parent, calendar=team.calendar),
        units=[each for each in unit_choices(viewer) if each[0] != unit],
        members=viewer.find(lambda session: people.search(session, limit=200, unit=unit)),
    )


@pages.form("/admin/teams/{unit}", right="unit.manage")
def change(viewer: Viewer, unit: str, form: Sent) -> Response:
    """Change title, calendar or what a team belongs to."""
    return viewer.act(
        form,
        lambda work: units.change(
            work, viewer.actor, unit, form.version, title=form["title"], parent=form["parent"],
            calendar=form["calendar"],
        ),
        then=f"/admin/teams/{unit}",
        said=viewer.say("The change is saved."),
        again=lambda: _page(viewer, unit, form),
    )  # fmt: skip
