# SPDX-License-Identifier: Apache-2.0
"""One's own account: name, password, second factor and sessions."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any

from sqlalchemy.orm import Session
from starlette.responses import Response

from steelyard.api.identity.login import current_session
from steelyard.kernel.errors import ConflictError, FieldErrors, InputError
from steelyard.kernel.event import Event
from steelyard.platform.identity import (
    accounts,
    login,
    passwords,
    second_factor,
    sessions,
    training,
)
from steelyard.platform.identity.credential_tables import PasswordRow
from steelyard.platform.identity.second_factor import Enrollment, Recovery
from steelyard.platform.identity.tables import PersonRow
from steelyard.platform.work import Work
from steelyard.ui.door import Form, Looking, Pages, Sent, Viewer
from steelyard.ui.reveal import reveal

pages = Pages()
_HERE = "/account"


@pages.page(_HERE, right="session.own")
def show(viewer: Viewer) -> Response:
    """Show the account of whoever looks."""
    return _page(viewer, None)


def _page(viewer: Looking, form: Form | None) -> Response:
    actor, house = viewer.actor, viewer.house

    def state(session: Session) -> tuple[int, bool, bool]:
        person = session.get(PersonRow, actor.id)
        password = session.get(PasswordRow, actor.id)
        return (
            person.version if person else 0,
            password is not None,
            password is not None and password.totp_since is not None,
        )

    version, local, factor = viewer.find(state)
    here = current_session(viewer.request)
    return viewer.show(
        "account/account.html",
        form=form or Form(name=actor.name),
        version=version,
        local=local,
        factor=factor,
        enrolling="about.read" in actor.scope.actions and not actor.token,
        sessions=viewer.find(
            lambda session: sessions.find(session, actor.id, house.clock(), here)
        ),
        training=viewer.find(
            lambda session: training.find(session, limit=50, person=actor.id)
        ),
    )  # fmt: skip


def _change(viewer: Looking, form: Form, change: Callable[[Work], Any], said: str) -> Response:
    return viewer.act(form, change, then=_HERE, said=said, again=lambda: _page(viewer, form))


@pages.form(_HERE + "/name", right="session.own")
def rename(viewer: Viewer, form: Sent) -> Response:
    """Change one's own name."""

    def act(work: Work) -> None:
        accounts.change(work, viewer.actor, viewer.actor.id, form.version, name=form["name"])

    return _change(viewer, form, act, viewer.say("Your name is changed."))


@pages.form(_HERE + "/password", right="session.own")
def change_password(viewer: Viewer, form: Sent) -> Response:
    """Replace the password; other sessions end. Only the hash of it is kept anywhere."""
    _need_session(viewer)
    old, new = form.secret("old_password"), form.secret("password")
    with viewer.house.reading() as session:
        row = session.get(PasswordRow, viewer.actor.id)
        stored = row.hash if row else ""
    try:
        if new != form.secret("again"):
            raise FieldErrors([("again", viewer.say("This is not what you typed above."))])
        passwords.check(new, viewer.actor.mail)
    except InputError as error:
        return viewer.refuse(form, error, lambda: _page(viewer, form))
    fits = passwords.pool().verify(old, stored)
    hashed = passwords.pool().hash(new)

    def act(work: Work) -> None:
        login.change_password(
            work, viewer.actor, stored if fits else "", new, hashed,
            current_session(viewer.request),
        )  # fmt: skip

    said = viewer.say("Your password is changed. Your other sessions are ended.")
    return _change(viewer, form, act, said)


def _need_session(viewer: Looking) -> None:
    if not current_session(viewer.request):
        raise ConflictError(
            "This can only be changed in a session, not with an API token.",
            next_step="Log in with your password.",
            code="session.needed",
        )


@pages.form(_HERE + "/factor", right="second-factor.own")
def enroll(viewer: Viewer, form: Sent) -> Response:
    """Begin a second factor: show its secret, as text and to be scanned, this once."""
    _need_session(viewer)
    return reveal(
        viewer, form, lambda work: second_factor.enroll(work, viewer.actor), then=_HERE,
        again=lambda: _page(viewer, form), show=lambda made: _scan(viewer, made, Form()),
    )  # fmt: skip


def _scan(viewer: Looking, made: Enrollment | None, form: Form) -> Response:
    image = base64.b64encode(made.svg.encode()).decode() if made else ""
    return viewer.show(
        "account/factor.html", form=form, secret=made.secret if made else "",
        image=f"data:image/svg+xml;base64,{image}" if made else "",
    )  # fmt: skip


@pages.form(_HERE + "/factor/confirm", right="second-factor.own")
def confirm(viewer: Viewer, form: Sent) -> Response:
    """Switch the second factor on with its first code; show recovery codes, this once."""
    _need_session(viewer)

    def shown(made: Recovery) -> Response:
        return viewer.show("account/recovery.html", codes=made.codes)

    return reveal(
        viewer, form, lambda work: second_factor.confirm(work, viewer.actor, form["code"]),
        then=_HERE, again=lambda: _scan(viewer, None, form), show=shown,
    )  # fmt: skip


@pages.form(_HERE + "/factor/remove", right="second-factor.own")
def remove(viewer: Viewer, form: Sent) -> Response:
    """Switch the second factor off with a code of it."""
    _need_session(viewer)

    def act(work: Work) -> None:
        second_factor.remove(work, viewer.actor, viewer.actor.id, code=form["code"])

    return _change(viewer, form, act, viewer.say("Your second factor is switched off."))


@pages.form(_HERE + "/sessions/end", right="session.own")
def end_session(viewer: Viewer, form: Sent) -> Response:
    """End one of one's sessions, or all but this one."""
    person = viewer.actor.id

    def act(work: Work) -> None:
        if form["session"] != "others":
            sessions.end(work, viewer.actor, form["session"], person_id=person)
            return
        count = sessions.end_all(work, person, but=current_session(viewer.request))
        alias = viewer.actor.alias
        told = Event(type="session.ended", subject=alias, about=alias, details={"count": count})
        work.record(viewer.actor, told)

    return _change(viewer, form, act, viewer.say("The session is ended."))
