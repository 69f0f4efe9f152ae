# SPDX-License-Identifier: Apache-2.0
"""One person: roles with their reasons, teams, training, links, and the end of an account."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from starlette.responses import Response

from steelyard.api.identity.roles import known_roles
from steelyard.api.identity.views import UserView, user_view
from steelyard.kernel.errors import FieldErrors
from steelyard.kernel.event import Event
from steelyard.platform.identity import (
    accounts,
    erasure,
    links,
    second_factor,
    sessions,
    tokens,
    training,
)
from steelyard.platform.work import Work
from steelyard.ui.admin.choices import day_of, end_of, role_choices, unit_choices
from steelyard.ui.admin.people import link_page
from steelyard.ui.door import Form, Looking, Pages, Sent, Viewer
from steelyard.ui.reveal import reveal

pages = Pages()
_HERE = "/admin/people/{user_id}"


@pages.page(_HERE, right="identity.read")
def show(viewer: Viewer, user_id: str) -> Response:
    """Show one person."""
    return _page(viewer, user_id, Form())


def _page(viewer: Looking, user_id: str, form: Form) -> Response:
    found = viewer.find(lambda session: user_view(session, user_id))
    passed = viewer.find(lambda session: training.find(session, limit=100, person=user_id))
    now, idle = viewer.house.clock(), viewer.house.settings.session_idle_minutes
    return viewer.show(
        "admin/person.html",
        user=found,
        form=form,
        role_pairs=[(name, word) for name, word, _ in role_choices(viewer)],
        units=unit_choices(viewer),
        training=passed,
        sessions=len(viewer.find(lambda session: sessions.find(session, user_id, now))),
        idle=idle,
        tokens=[
            each
            for each in viewer.find(
                lambda session: tokens.find(session, now, limit=50, owner=user_id)
            )
            if each.state == "active"
        ],
        names=viewer.names({each.granted_by for each in found.roles}),
        own=user_id == viewer.actor.id,
    )


def _change(
    viewer: Looking, form: Form, user_id: str, change: Callable[[Work], Any], said: str
) -> Response:
    return viewer.act(
        form, change, then=f"/admin/people/{user_id}", said=said,
        again=lambda: _page(viewer, user_id, form),
    )  # fmt: skip


@pages.form(_HERE, right="user.manage")
def change(viewer: Viewer, user_id: str, form: Sent) -> Response:
    """Change name and address."""

    def act(work: Work) -> UserView:
        accounts.change(
            work, viewer.actor, user_id, form.version, mail=form["mail"], name=form["name"]
        )
        return user_view(work.session, user_id)

    return _change(viewer, form, user_id, act, viewer.say("The change is saved."))


@pages.form(_HERE + "/roles", right="role.grant")
def grant(viewer: Viewer, user_id: str, form: Sent) -> Response:
    """Give a role, for good or until a day, and say why."""

    def act(work: Work) -> None:
        accounts.grant(
            work, viewer.actor, user_id, form["role"], known=known_roles(work),
            until=end_of(day_of(viewer, form, "until")), reason=_why(viewer, form),
        )  # fmt: skip

    said = viewer.say("They are %(role)s now.", role=viewer.say(form["role"]))
    return _change(viewer, form, user_id, act, said)


@pages.form(_HERE + "/roles/revoke", right="role.grant")
def revoke(viewer: Viewer, user_id: str, form: Sent) -> Response:
    """Take a role away and say why; the last administrator keeps it."""

    def act(work: Work) -> None:
        reason = _why(viewer, form, "taken-why")
        accounts.revoke(work, viewer.actor, user_id, form["role"], reason=reason)

    said = viewer.say("They are no longer %(role)s.", role=viewer.say(form["role"]))
    return _change(viewer, form, user_id, act, said)


def _why(viewer: Looking, form: Form, field: str = "why") -> str:
    if not form[field]:
        raise FieldErrors([(field, viewer.say("Say why; it stands in the ledger."))])
    return form[field]


@pages.form(_HERE + "/units", right="unit.manage")
def join(viewer: Viewer, user_id: str, form: Sent) -> Response:
    """Make a person a member of a team."""

    def act(work: Work) -> None:
        accounts.join(work, viewer.actor, user_id, form["unit"])

    return _change(viewer, form, user_id, act, viewer.say("They belong to the team now."))


@pages.form(_HERE + "/units/leave", right="unit.manage")
def leave(viewer: Viewer, user_id: str, form: Sent) -> Response:
    """End a membership."""

    def act(work: Work) -> None:
        accounts.leave(work, viewer.actor, user_id, form["unit"])

    return _change(viewer, form, user_id, act, viewer.say("They left the team."))


@pages.form(_HERE + "/training", right="training.record")
def passed(viewer: Viewer, user_id: str, form: Sent) -> Response:
    """Record that somebody passed a course."""

    def act(work: Work) -> None:
        day = day_of(viewer, form, "passed_on")
        if day is None:
            raise FieldErrors([("passed_on", viewer.say("Say on which day."))])
        until = day_of(viewer, form, "valid_until")
        training.add(work, viewer.actor, user_id, form["course"], day, until)

    return _change(viewer, form, user_id, act, viewer.say("The training is recorded."))


@pages.form(_HERE + "/disable", right="user.manage")
def disable(viewer: Viewer, user_id: str, form: Sent) -> Response:
    """Disable an account: sessions and tokens stop at once."""

    def act(work: Work) -> None:
        erasure.disable(work, viewer.actor, user_id, reason=form["reason"])

    return _change(viewer, form, user_id, act, viewer.say("The account is disabled."))


@pages.form(_HERE + "/enable", right="user.manage")
def enable(viewer: Viewer, user_id: str, form: Sent) -> Response:
    """Make a disabled account active again."""

    def act(work: Work) -> None:
        accounts.set_state(work, viewer.actor, user_id, "active", reason=form["reason"])

    return _change(viewer, form, user_id, act, viewer.say("The account is active again."))


@pages.form(_HERE + "/log-out", right="user.manage")
def log_out(viewer: Viewer, user_id: str, form: Sent) -> Response:
    """End every session and token of a person at once."""

    def act(work: Work) -> None:
        row = accounts.row_of(work.session, user_id)
        details = {
            "sessions": sessions.end_all(work, user_id),
            "tokens": tokens.revoke_all(work, user_id),
        }
        work.record(
            viewer.actor, Event(type="user.logged-out", subject=row.alias or "", details=details)
        )

    return _change(viewer, form, user_id, act, viewer.say("All sessions and tokens are ended."))


@pages.form(_HERE + "/factor", right="user.manage")
def remove_factor(viewer: Viewer, user_id: str, form: Sent) -> Response:
    """Switch off the second factor of somebody who lost it."""

    def act(work: Work) -> None:
        second_factor.remove(work, viewer.actor, user_id, code=None)

    return _change(viewer, form, user_id, act, viewer.say("The second factor is switched off."))


@pages.form(_HERE + "/link", right="user.manage")
def link(viewer: Viewer, user_id: str, form: Sent) -> Response:
    """Make a new one-time link and show it, this once."""
    purpose = links.INVITE if form["purpose"] == links.INVITE else links.RESET

    def act(work: Work) -> tuple[str, str]:
        row = accounts.row_of(work.session, user_id)
        made = links.issue(work, viewer.actor, user_id, purpose)
        return row.name or row.mail or "", made

    return reveal(
        viewer, form, act, then=f"/admin/people/{user_id}",
        again=lambda: _page(viewer, user_id, form),
        show=lambda made: link_page(
            viewer, user_id, made[0], made[1], days=7 if purpose == links.INVITE else 0
        ),
    )  # fmt: skip


@pages.form(_HERE + "/erase", right="user.manage")
def erase(viewer: Viewer, user_id: str, form: Sent) -> Response:
    """Erase a person; whoever does it types the address, so that it is nobody else."""

    def act(work: Work) -> None:
        row = accounts.row_of(work.session, user_id)
        if form["typed"].casefold() != (row.mail or "").casefold():
            said = viewer.say("Type the mail address of the person to be erased.")
            raise FieldErrors([("typed", said)])
        erasure.erase(work, viewer.actor, user_id)

    return viewer.act(
        form, act, then="/admin/people", again=lambda: _page(viewer, user_id, form),
        said=viewer.say("The person is erased. The ledger keeps what a pseudonym did."),
    )  # fmt: skip
