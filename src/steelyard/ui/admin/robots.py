# SPDX-License-Identifier: Apache-2.0
"""Robot accounts and their tokens."""

from __future__ import annotations

from starlette.responses import Response

from steelyard.api.listing import Asked
from steelyard.kernel.errors import FieldErrors
from steelyard.platform.identity import robots, tokens
from steelyard.platform.identity.actors import ROBOT_ROLES
from steelyard.platform.identity.permissions import demand
from steelyard.platform.identity.tokens import Issued
from steelyard.platform.work import Work
from steelyard.ui.account.tokens import expiry_of, scope_of, token_page
from steelyard.ui.admin.choices import people_choices, unit_boxes
from steelyard.ui.door import Form, Looking, Pages, Sent, Viewer
from steelyard.ui.reveal import reveal
from steelyard.ui.tables import Column, export, listed
from steelyard.ui.texts import mark

pages = Pages()
COLUMNS = (
    Column("name", mark("Robot"), "name", "/admin/robots/{id}"),
    Column("purpose", mark("What it is for")),
    Column("owner", mark("Who answers for it"), "person"),
    Column("roles", mark("Roles"), "tags"),
    Column("state", mark("State"), "chip:person"),
    Column("units", mark("Teams"), "tags", shown=False),
)


@pages.page("/admin/robots", right="robot.read")
def show(viewer: Viewer, asked: Asked) -> Response:
    """List the robots."""
    table = listed(viewer, asked, COLUMNS, (), robots.find, key=lambda row: (row.id,))
    return export(viewer, table) or viewer.show("admin/robots.html", table=table)


@pages.page("/admin/robots/new", right="robot.manage")
def new(viewer: Viewer) -> Response:
    """Show the form for a new robot."""
    return _form(viewer, Form(owner=viewer.actor.id))


def _form(viewer: Looking, form: Form) -> Response:
    return viewer.show(
        "admin/robot_new.html", form=form, people=people_choices(viewer),
        unit_boxes=unit_boxes(viewer), roles=_roles(viewer),
    )  # fmt: skip


def _roles(viewer: Looking) -> list[tuple[str, str, str]]:
    return [(name, viewer.say(name), "") for name in sorted(ROBOT_ROLES)]


@pages.form("/admin/robots/new", right="robot.manage")
def create(viewer: Viewer, form: Sent) -> Response:
    """Make a robot account."""
    return viewer.act(
        form,
        lambda work: robots.create(
            work, viewer.actor, form["name"], form["purpose"], form["owner"],
            roles=form.many("roles"), units=form.many("units"),
        ),
        then=lambda made: f"/admin/robots/{made.id}",
        said=viewer.say("The robot is made. Now issue a token to it."),
        again=lambda: _form(viewer, form),
    )  # fmt: skip


@pages.page("/admin/robots/{robot_id}", right="robot.read")
def one(viewer: Viewer, robot_id: str) -> Response:
    """Show one robot and its tokens."""
    return _page(viewer, robot_id, Form())


def _page(viewer: Looking, robot_id: str, form: Form) -> Response:
    robot = viewer.find(lambda session: robots.get(session, robot_id))
    now = viewer.house.clock()
    return viewer.show(
        "admin/robot.html",
        robot=robot,
        form=form,
        people=people_choices(viewer),
        unit_boxes=unit_boxes(viewer),
        roles=_roles(viewer),
        days=viewer.house.settings.token_days,
        tokens=viewer.find(lambda session: tokens.find(session, now, limit=100, owner=robot_id)),
        names=viewer.names([robot.owner]),
    )


@pages.form("/admin/robots/{robot_id}", right="robot.manage")
def change(viewer: Viewer, robot_id: str, form: Sent) -> Response:
    """Change what a robot is for, who answers for it, and what it may."""
    return viewer.act(
        form,
        lambda work: robots.change(
            work, viewer.actor, robot_id, form.version, purpose=form["purpose"],
            owner=form["owner"], roles=form.many("roles"), units=form.many("units"),
        ),
        then=f"/admin/robots/{robot_id}",
        said=viewer.say("The change is saved."),
        again=lambda: _page(viewer, robot_id, form),
    )  # fmt: skip


@pages.form("/admin/robots/{robot_id}/disable", right="robot.manage")
def disable(viewer: Viewer, robot_id: str, form: Sent) -> Response:
    """End a robot and its tokens, at once and for good."""
    return viewer.act(
        form,
        lambda work: robots.disable(work, viewer.actor, robot_id),
        then=f"/admin/robots/{robot_id}",
        said=viewer.say("The robot and its tokens are ended."),
        again=lambda: _page(viewer, robot_id, form),
    )


@pages.form("/admin/robots/{robot_id}/tokens", right="token.own")
def issue(viewer: Viewer, robot_id: str, form: Sent) -> Response:
    """Issue a token to a robot and show it, this once."""

    def act(work: Work) -> Issued:
        robot = robots.get(work.session, robot_id)
        if viewer.actor.id != robot.owner or viewer.actor.kind != "person":
            demand(viewer.actor, "robot.manage")
        if robot.state != "active":
            said = viewer.say("This robot was ended; make a new one.")
            raise FieldErrors([("name", said)])
        return tokens.issue(
            work, viewer.actor, robot_id, form["name"], scope_of(form),
            expiry_of(viewer, form, work),
        )  # fmt: skip

    return reveal(
        viewer, form, act, then=f"/admin/robots/{robot_id}",
        again=lambda: _page(viewer, robot_id, form),
        show=lambda made: token_page(viewer, made, f"/admin/robots/{robot_id}"),
    )  # fmt: skip
