# SPDX-License-Identifier: Apache-2.0
"""The list of people, and inviting one."""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Session
from starlette.responses import Response

from steelyard.api.identity.roles import known_roles
from steelyard.api.identity.views import Invited, UserRow, user_view
from steelyard.api.listing import Asked
from steelyard.platform.identity import accounts, links, people
from steelyard.platform.work import Work
from steelyard.ui.admin.choices import role_choices, unit_boxes, unit_choices
from steelyard.ui.door import Form, Looking, Pages, Sent, Viewer
from steelyard.ui.reveal import reveal
from steelyard.ui.tables import Column, Filter, export, listed
from steelyard.ui.texts import mark

pages = Pages()
COLUMNS = (
    Column("name", mark("Name"), "name", "/admin/people/{id}"),
    Column("mail", mark("Mail address")),
    Column("state", mark("State"), "chip:person"),
    Column("roles", mark("Roles"), "tags"),
    Column("units", mark("Teams"), "tags"),
    Column("id", mark("Id"), "code", shown=False),
)
STATES = (
    ("invited", mark("invited")), ("active", mark("active")), ("locked", mark("locked")),
    ("disabled", mark("disabled")),
)  # fmt: skip


def _find(session: Session, q: str = "", **how: Any) -> list[UserRow]:
    return [
        UserRow(
            id=each.id, mail=each.mail, name=each.name or each.mail, state=each.state,
            roles=sorted(each.roles), units=sorted(each.units),
        )
        for each in people.search(session, q, **how)
    ]  # fmt: skip


@pages.page("/admin/people", right="identity.read")
def show(viewer: Viewer, asked: Asked) -> Response:
    """List the people."""
    roles = tuple((name, word) for name, word, _ in role_choices(viewer))
    filters = (
        Filter("q", mark("Name or address begins with"), wide=True),
        Filter("role", mark("Role"), roles),
        Filter("unit", mark("Team"), tuple(unit_choices(viewer))),
        Filter("state", mark("State"), STATES),
    )
    table = listed(viewer, asked, COLUMNS, filters, _find, key=lambda row: (row.id,))
    return export(viewer, table) or viewer.show("admin/people.html", table=table)


@pages.page("/admin/people/new", right="user.manage")
def new(viewer: Viewer) -> Response:
    """Show the form to invite somebody."""
    return _form(viewer, Form())


def _form(viewer: Looking, form: Form) -> Response:
    return viewer.show(
        "admin/invite.html", form=form, roles=role_choices(viewer), unit_boxes=unit_boxes(viewer)
    )


@pages.form("/admin/people/new", right="user.manage")
def invite(viewer: Viewer, form: Sent) -> Response:
    """Make an account and show its link, this once."""

    def act(work: Work) -> Invited:
        found = accounts.create(work, viewer.actor, form["mail"], name=form["name"])
        for role in form.many("roles"):
            accounts.grant(work, viewer.actor, found.id, role, known=known_roles(work))
        for unit in form.many("units"):
            accounts.join(work, viewer.actor, found.id, unit)
        link = links.issue(work, viewer.actor, found.id, links.INVITE)
        return Invited(user=user_view(work.session, found.id), link=link)

    return reveal(
        viewer, form, act, then="/admin/people", again=lambda: _form(viewer, form),
        show=lambda made: link_page(viewer, made.user.id, made.user.name or made.user.mail,
                                    made.link, days=7),
    )  # fmt: skip


def link_page(viewer: Looking, person: str, name: str, link: str, *, days: int) -> Response:
    """Show a one-time link, this once."""
    base = viewer.house.settings.public_url.rstrip("/")
    base = base or str(viewer.request.base_url).rstrip("/")
    life = (
        viewer.say("It works once, for %(days)s days.", days=days)
        if days
        else viewer.say("It works once, for an hour.")
    )
    return viewer.show(
        "admin/secret.html",
        heading=viewer.say("The link for %(name)s", name=name),
        lead=viewer.say("Send it to them. With it they choose a password.") + " " + life,
        secrets=[(viewer.say("Link"), f"{base}{link}")],
        back=f"/admin/people/{person}",
    )
