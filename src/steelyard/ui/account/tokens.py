# SPDX-License-Identifier: Apache-2.0
"""One's own access tokens: issued for little and for a while, shown once, rotated, revoked."""

from __future__ import annotations

import datetime as dt

from sqlalchemy.orm import Session
from starlette.responses import Response

from steelyard.governance.use_cases import queries as use_cases
from steelyard.kernel.actor import Actor, Scope
from steelyard.kernel.errors import FieldErrors, ForbiddenError
from steelyard.platform.identity import tokens
from steelyard.platform.identity.credential_tables import RobotRow, TokenRow
from steelyard.platform.identity.permissions import PERMISSIONS, allowed
from steelyard.platform.identity.tokens import Issued
from steelyard.platform.ids import is_id
from steelyard.platform.work import Work
from steelyard.ui.door import Form, Looking, Pages, Sent, Viewer
from steelyard.ui.reveal import reveal

pages = Pages()
_HERE = "/account/tokens"


@pages.page(_HERE, right="token.own")
def show(viewer: Viewer) -> Response:
    """List one's tokens."""
    return _page(viewer, Form())


def _page(viewer: Looking, form: Form) -> Response:
    now, actor = viewer.house.clock(), viewer.actor
    cases = viewer.find(lambda session: use_cases.find(session, actor, limit=200))
    return viewer.show(
        "account/tokens.html",
        form=form,
        tokens=viewer.find(lambda session: tokens.find(session, now, limit=200, owner=actor.id)),
        rights=[right for right in PERMISSIONS if allowed(actor, right)],
        cases=[(each.id, each.name, each.unit) for each in cases],
        days=viewer.house.settings.token_days,
    )


@pages.form(_HERE, right="token.own")
def issue(viewer: Viewer, form: Sent) -> Response:
    """Issue a token to oneself and show it, this once."""

    def act(work: Work) -> Issued:
        if viewer.actor.kind != "person":
            raise ForbiddenError(
                "Only people issue tokens.", next_step="A robot may rotate the token it has.",
                code="token.robot",
            )  # fmt: skip
        return tokens.issue(
            work, viewer.actor, viewer.actor.id, form["name"], scope_of(form),
            expiry_of(viewer, form, work),
        )  # fmt: skip

    return reveal(
        viewer, form, act, then=_HERE, again=lambda: _page(viewer, form),
        show=lambda made: token_page(viewer, made, _HERE),
    )  # fmt: skip


@pages.form(_HERE + "/rotate", right="token.own")
def rotate(viewer: Viewer, form: Sent) -> Response:
    """Issue the successor of a token; the old one works for a day more."""

    def act(work: Work) -> Issued:
        _check_reach(work.session, viewer.actor, form["token"])
        return tokens.rotate(work, viewer.actor, form["token"])

    there = _back(form)
    return reveal(
        viewer, form, act, then=there, again=lambda: _page(viewer, form),
        show=lambda made: token_page(viewer, made, there),
    )  # fmt: skip


@pages.form(_HERE + "/revoke", right="token.own")
def revoke(viewer: Viewer, form: Sent) -> Response:
    """End a token at once."""

    def act(work: Work) -> None:
        _check_reach(work.session, viewer.actor, form["token"])
        tokens.revoke(work, viewer.actor, form["token"])

    return viewer.act(
        form, act, then=_back(form), said=viewer.say("The token is revoked."),
        again=lambda: _page(viewer, form),
    )  # fmt: skip


def _back(form: Form) -> str:
    """Return the page the form stood on: one's own tokens, or those of a robot."""
    robot = form["robot"]
    return f"/admin/robots/{robot}" if is_id(robot, "rob") else _HERE


def scope_of(form: Form) -> Scope:
    """Return how far a token is to reach; nothing chosen is no limit of that kind."""
    environments = form["environments"].replace(",", " ").split()
    return Scope(
        actions=tuple(dict.fromkeys(form.many("actions"))),
        environments=tuple(dict.fromkeys(environments)),
        use_cases=tuple(dict.fromkeys(form.many("use_cases"))),
    )


def expiry_of(viewer: Looking, form: Form, work: Work) -> dt.datetime:
    """Return when a token is to end.

    Raises:
        FieldErrors: the field holds no number of days.
    """
    stated = form["expires_at"] or str(viewer.house.settings.token_days)
    if not (stated.isascii() and stated.isdigit() and len(stated) <= 4):
        raise FieldErrors([("expires_at", viewer.say("Write a number of days, such as 90."))])
    return work.now + dt.timedelta(days=int(stated))


def token_page(viewer: Looking, made: Issued, back: str) -> Response:
    """Show a new token, this once."""
    return viewer.show(
        "admin/secret.html",
        heading=viewer.say("The new token"),
        lead=viewer.say(
            "It is shown this once and kept nowhere. Put it where the program reads it: "
            "`Authorization: Bearer …`, or `STEELYARD_TOKEN` for the command line."
        ),
        secrets=[(viewer.say("Token"), made.token)],
        back=back,
    )


def _check_reach(session: Session, actor: Actor, token_id: str) -> None:
    """Refuse to touch a token of somebody else, as if it did not exist."""
    row = session.get(TokenRow, token_id)
    if row is not None and row.owner != actor.id:
        robot = session.get(RobotRow, row.owner)
        if (robot is None or robot.owner != actor.id) and not allowed(actor, "token.manage"):
            row = None
    if row is None:
        raise tokens.missing(token_id)
