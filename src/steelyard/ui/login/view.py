# SPDX-License-Identifier: Apache-2.0
"""Coming in and leaving: log in, one-time links, the very first account, and what was typed."""

from __future__ import annotations

from starlette.responses import Response

from steelyard.api.cookies import drop_session, set_session
from steelyard.api.identity.login import begin, current_session, enter, spare
from steelyard.kernel.errors import FieldErrors, SteelyardError
from steelyard.platform.identity import login, passwords, sessions
from steelyard.ui import stash
from steelyard.ui.door import OPEN, Form, Pages, Sent, Viewer
from steelyard.ui.login.organization import login_path
from steelyard.ui.preferences import own_path

pages = Pages()


@pages.page("/login", right=OPEN)
def ask(viewer: Viewer) -> Response:
    """Show the login; whoever is logged in already goes on."""
    there = own_path(viewer.request.query_params.get("next", "/"))
    if viewer.known:
        return viewer.go(there)
    return _page(viewer, None, there)


@pages.form("/login", right=OPEN)
def log_in(viewer: Viewer, form: Sent) -> Response:
    """Log in, and go on to where somebody wanted to go, with what they had typed."""
    there = own_path(form["next"])
    try:
        secret, _ = enter(viewer.request, form["mail"], form.secret("password"), form["code"])
    except SteelyardError as error:
        needed = error.code == "login.code-needed"
        return viewer.refuse(form, error, lambda: _page(viewer, form, there, code=needed))
    kept = stash.unseal(viewer.request, form["kept"]) if form["kept"] else None
    if kept is not None:
        response = viewer.show("login/go_on.html", kept=kept, actor=None)
    else:
        response = viewer.go(there)
    set_session(
        viewer.request, response, secret, viewer.house.settings.session_hours * 3600
    )  # fmt: skip
    return response


def _page(viewer: Viewer, form: Form | None, there: str, *, code: bool = False) -> Response:
    return viewer.show(
        "login/login.html", form=form, next=there, kept=form["kept"] if form else "",
        organization=login_path(viewer, there), ended=False,
        code=code or bool(form and form["code"]),
    )  # fmt: skip


@pages.form("/logout", right="session.own")
def log_out(viewer: Viewer) -> Response:
    """End the session of this browser, and at the directory it came from."""
    session_id = current_session(viewer.request)
    method = viewer.house.transact(
        lambda work: (
            sessions.end(work, viewer.actor, session_id, person_id=viewer.actor.id)
            if session_id
            else ""
        )
    )
    speaks = getattr(viewer.request.app.state, "directory", None)
    base = viewer.house.settings.public_url.rstrip("/") or str(viewer.request.base_url).rstrip("/")
    there = speaks.end_session(f"{base}/") if speaks and method == "oidc" else ""
    response = viewer.go(there or "/login", viewer.say("You are logged out."))
    drop_session(viewer.request, response)
    return response


@pages.page("/first", right=OPEN)
def first(viewer: Viewer) -> Response:
    """Show the form for the very first account."""
    return viewer.show("login/first.html", form=Form())


@pages.form("/first", right=OPEN)
def become_first(viewer: Viewer, form: Sent) -> Response:
    """Make the first account, an administrator, and log them in."""
    spare(viewer.request)
    try:
        password = _chosen(viewer, form, form["mail"])
        hashed = passwords.pool().hash(password)
        secret, _ = begin(
            viewer.request,
            lambda work: login.become_first(
                work, form["link"], form["mail"], form["name"], password, hashed
            ),
        )
    except SteelyardError as error:
        return viewer.refuse(form, error, lambda: viewer.show("login/first.html", form=form))
    response = viewer.go("/", viewer.say("Welcome. You are the first administrator."))
    set_session(viewer.request, response, secret, viewer.house.settings.session_hours * 3600)
    return response


@pages.page("/welcome", right=OPEN)
@pages.page("/reset", right=OPEN)
def choose(viewer: Viewer) -> Response:
    """Show the form to choose a password with a one-time link."""
    return viewer.show("login/choose.html", form=Form())


@pages.form("/welcome", right=OPEN)
@pages.form("/reset", right=OPEN)
def chosen(viewer: Viewer, form: Sent) -> Response:
    """Choose a password with a one-time link, then log in with it."""
    spare(viewer.request)
    try:
        password = _chosen(viewer, form, "")
        hashed = passwords.pool().hash(password)
        viewer.house.transact(
            lambda work: login.choose_password(work, form["link"], password, hashed),
            trace=viewer.trace,
        )
    except SteelyardError as error:
        return viewer.refuse(form, error, lambda: viewer.show("login/choose.html", form=form))
    return viewer.go("/login", viewer.say("Your password is set. Log in with it."))


@pages.page("/login/forgot", right=OPEN)
def forgot(viewer: Viewer) -> Response:
    """Show the form to ask for a new password."""
    return viewer.show("login/forgot.html", form=Form())


@pages.form("/login/forgot", right=OPEN)
def forgotten(viewer: Viewer, form: Sent) -> Response:
    """Send a link to choose a password; the answer does not say who has an account."""
    spare(viewer.request)
    viewer.house.transact(lambda work: login.ask_reset(work, form["mail"]), trace=viewer.trace)
    return viewer.go(
        "/login",
        viewer.say("If there is an account with this address, a link is on its way to it."),
        "notice",
    )


def _chosen(viewer: Viewer, form: Form, mail: str) -> str:
    """Return the password somebody chose and typed twice.

    Raises:
        FieldErrors: the two differ.
        InputError: it is too weak.
    """
    password = form.secret("password")
    if password != form.secret("again"):
        raise FieldErrors([("again", viewer.say("This is not what you typed above."))])
    passwords.check(password, mail)
    return password
