# SPDX-License-Identifier: Apache-2.0
"""Routes to come in and to leave: passwords, one-time links, sessions, the second factor."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from functools import cache
from typing import Annotated

import msgspec
from fastapi import Request
from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import FixedWindowRateLimiter
from msgspec import Struct
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from steelyard.api.cookies import drop_session, set_session
from steelyard.api.door import OPEN, Caller, Router, reply
from steelyard.bootstrap.house import House
from steelyard.kernel.errors import BusyError, ConflictError, UnauthenticatedError
from steelyard.kernel.event import Event
from steelyard.platform.identity import login, passwords, second_factor, sessions
from steelyard.platform.identity.credential_tables import PasswordRow
from steelyard.platform.identity.login import Attempt
from steelyard.platform.identity.second_factor import Enrollment, Recovery
from steelyard.platform.identity.sessions import SessionView
from steelyard.platform.identity.tables import PersonRow
from steelyard.platform.work import Work

router = Router(tags=["Login"])
Mail = Annotated[str, Field(min_length=3, max_length=320)]
Password = Annotated[str, Field(min_length=1, max_length=passwords.LENGTH_MOST)]
Code = Annotated[str, Field(max_length=40)]
Secret = Annotated[str, Field(min_length=10, max_length=100)]
PER_MINUTE = 60
"""Calls of one address to the doors that anybody may use; counted by each process for itself, to
spare the pool of hashes. What slows down guessing is counted in the database."""


class LoggedIn(Struct, frozen=True, kw_only=True):
    """Who logged in. The session is in the cookie."""

    id: str
    name: str
    mail: str
    session: SessionView


class LoggedOut(Struct, frozen=True, kw_only=True):
    """That a session ended."""

    then: str
    """Address at the directory that ends the session there; empty if there is none."""


class Sessions(Struct, frozen=True, kw_only=True):
    """The sessions of the caller."""

    items: list[SessionView]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Credentials(_Body):
    """Address, password and, where one is set up, a code of the second factor."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [{"mail": "anna@example.org", "password": "three quiet red boats"}]
        },
    )
    mail: Mail
    password: Password
    code: Code = ""


class Chosen(_Body):
    """A password chosen with a one-time link."""

    link: Secret
    password: Password


class Forgotten(_Body):
    """Whose password was forgotten."""

    mail: Mail


class First(Chosen):
    """The first administrator."""

    mail: Mail
    name: Annotated[str, Field(max_length=200)] = ""


class Replaced(_Body):
    """A new password for the old one."""

    old_password: Password
    password: Password


class Coded(_Body):
    """A code of the second factor."""

    code: Annotated[str, Field(min_length=6, max_length=40)]


@router.door("POST", "/login", right=OPEN, returns=LoggedIn)
def log_in(body: Credentials, request: Request) -> Response:
    """Log in with a password; the reply sets the session cookie."""
    secret, view = enter(request, body.mail, body.password, body.code)
    return _logged_in(request, view, secret)


def enter(request: Request, mail: str, password: str, code: str) -> tuple[str, SessionView]:
    """Begin a session for whoever knows the password; return its secret and what it is.

    Raises:
        BusyError: too many calls, or too many wrong ones.
        UnauthenticatedError: something is wrong, or the second factor is needed.
    """
    house: House = request.app.state.house
    attempt = Attempt(
        mail=mail, code=code, address=spare(request), agent=request.headers.get("user-agent", "")
    )
    with house.reading() as session:
        stored = login.look(session, attempt, house.clock())
    fits = passwords.pool().verify(password, stored)
    life = dt.timedelta(hours=house.settings.session_hours)
    settled = house.transact(
        lambda work: login.settle(work, attempt, stored if fits else "", life=life),
        trace=request.scope.get("trace", ""),
    )
    if settled.result == "code-needed":
        raise UnauthenticatedError(
            "This account has a second factor.",
            next_step="Send the code that the app shows as well.",
            code="login.code-needed",
        )
    if settled.view is None:
        raise UnauthenticatedError(
            "Address, password or code are wrong.",
            next_step="Try again, or ask for a new password.",
            code="login.refused",
        )
    return settled.secret, settled.view


@router.door("POST", "/login/first", right=OPEN, returns=LoggedIn, status=201)
def become_first(body: First, request: Request) -> Response:
    """Make the first account, an administrator, with the link the server printed."""
    spare(request)
    passwords.check(body.password, body.mail)
    hashed = passwords.pool().hash(body.password)
    secret, view = begin(
        request,
        lambda work: login.become_first(
            work, body.link, body.mail, body.name, body.password, hashed
        ),
    )
    return _logged_in(request, view, secret, 201)


@router.door("POST", "/login/password", right=OPEN)
def choose_password(body: Chosen, request: Request) -> Response:
    """Choose a password with the link of an invitation or a reset; then log in with it."""
    spare(request)
    house: House = request.app.state.house
    passwords.check(body.password, "")
    hashed = passwords.pool().hash(body.password)
    house.transact(
        lambda work: login.choose_password(work, body.link, body.password, hashed),
        trace=request.scope.get("trace", ""),
    )
    return reply({"done": True}, 200)


@router.door("POST", "/login/reset", right=OPEN, status=202)
def ask_reset(body: Forgotten, request: Request) -> Response:
    """Ask for a link to choose a new password; the answer does not say who has an account."""
    spare(request)
    house: House = request.app.state.house
    house.transact(
        lambda work: login.ask_reset(work, body.mail), trace=request.scope.get("trace", "")
    )
    return reply({"done": True}, 202)


@router.door("POST", "/logout", right="session.own", returns=LoggedOut)
def log_out(request: Request, caller: Caller) -> Response:
    """End the session of this browser; ``then`` is where to log out of the directory as well."""
    session_id = current_session(request)

    def end(work: Work) -> LoggedOut:
        if not session_id:
            return LoggedOut(then="")
        method = sessions.end(work, caller.actor, session_id, person_id=caller.actor.id)
        speaks = getattr(request.app.state, "directory", None)
        base = caller.house.settings.public_url.rstrip("/") or str(request.base_url).rstrip("/")
        there = speaks.end_session(f"{base}/") if speaks and method == "oidc" else ""
        return LoggedOut(then=there)

    response = caller.act_once(end)
    drop_session(request, response)
    return response


@router.door("GET", "/sessions", right="session.own", returns=Sessions)
def list_sessions(request: Request, caller: Caller) -> Response:
    """List your sessions."""
    house = caller.house
    idle = dt.timedelta(minutes=house.settings.session_idle_minutes)
    return caller.read(
        lambda session: Sessions(
            items=sessions.find(
                session, caller.actor.id, house.clock(), current_session(request), idle
            )
        )
    )


@router.door("DELETE", "/sessions", right="session.own", status=204)
def end_others(request: Request, caller: Caller) -> Response:
    """End all your sessions but this one."""

    def end(work: Work) -> None:
        count = sessions.end_all(work, caller.actor.id, but=current_session(request))
        alias = caller.actor.alias
        work.record(
            caller.actor,
            Event(type="session.ended", subject=alias, about=alias, details={"count": count}),
        )

    return caller.act(end, 204)


@router.door("DELETE", "/sessions/{session_id}", right="session.own", status=204)
def end_session(session_id: str, caller: Caller) -> Response:
    """End one of your sessions."""
    return caller.act(
        lambda work: sessions.end(work, caller.actor, session_id, person_id=caller.actor.id), 204
    )


@router.door("POST", "/password", right="session.own", status=204)
def change_password(body: Replaced, request: Request, caller: Caller) -> Response:
    """Replace your password; your other sessions end."""
    _need_session(request)
    passwords.check(body.password, caller.actor.mail)
    with caller.house.reading() as session:
        row = session.get(PasswordRow, caller.actor.id)
        stored = row.hash if row else ""
    fits = passwords.pool().verify(body.old_password, stored)
    hashed = passwords.pool().hash(body.password)
    return caller.act_once(
        lambda work: login.change_password(
            work, caller.actor, stored if fits else "", body.password, hashed,
            current_session(request),
        ),
        204,
    )  # fmt: skip


@router.door("POST", "/second-factor", right="second-factor.own", returns=Enrollment, status=201)
def enroll(request: Request, caller: Caller) -> Response:
    """Begin to set up a second factor."""
    _need_session(request)
    return caller.act_once(lambda work: second_factor.enroll(work, caller.actor), 201)


@router.door("POST", "/second-factor/confirm", right="second-factor.own", returns=Recovery)
def confirm(body: Coded, request: Request, caller: Caller) -> Response:
    """Switch the second factor on with its first code."""
    _need_session(request)
    return caller.act_once(lambda work: second_factor.confirm(work, caller.actor, body.code))


@router.door("POST", "/second-factor/remove", right="second-factor.own", status=204)
def remove(body: Coded, request: Request, caller: Caller) -> Response:
    """Switch your second factor off with a code of it."""
    _need_session(request)
    return caller.act_once(
        lambda work: second_factor.remove(work, caller.actor, caller.actor.id, code=body.code), 204
    )


def current_session(request: Request) -> str:
    """Return the id of the session the call was made with; empty for a token."""
    return str(getattr(request.state, "session_id", ""))


def spare(request: Request) -> str:
    """Return the address of the caller.

    Raises:
        BusyError: it calls too often.
    """
    address = request.client.host if request.client else ""
    if not _limiter().hit(RateLimitItemPerMinute(PER_MINUTE), "open", address):
        raise BusyError("Too many calls from your address.", retry_after=60, code="login.busy")
    return address


@cache
def _limiter() -> FixedWindowRateLimiter:
    return FixedWindowRateLimiter(MemoryStorage())


def _need_session(request: Request) -> None:
    if not current_session(request):
        raise ConflictError(
            "This can only be changed in a session, not with an API token.",
            next_step="Log in with your password.",
            code="session.needed",
        )


def begin(request: Request, act: Callable[[Work], PersonRow]) -> tuple[str, SessionView]:
    """Do what makes an account usable, and log its person in, in one transaction."""
    house: House = request.app.state.house
    address = request.client.host if request.client else ""
    agent = request.headers.get("user-agent", "")
    life = dt.timedelta(hours=house.settings.session_hours)

    def both(work: Work) -> tuple[str, SessionView]:
        return sessions.start(work, act(work), "password", agent=agent, address=address, life=life)

    return house.transact(both, trace=request.scope.get("trace", ""))


def _logged_in(request: Request, view: SessionView, secret: str, status: int = 200) -> Response:
    house: House = request.app.state.house
    with house.reading() as session:
        found = sessions.owner(session, view.id)
        answer = LoggedIn(id=found.id, name=found.name, mail=found.mail or "", session=view)
    response = Response(msgspec.json.encode(answer), status, media_type="application/json")
    set_session(request, response, secret, house.settings.session_hours * 3600)
    return response
