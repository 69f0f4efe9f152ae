# SPDX-License-Identifier: Apache-2.0
"""Logging in with a password: look, verify outside of any transaction, settle.

A hash takes long, and no transaction may wait for it. So the door looks first (:func:`look`), has
the pool verify the password, and then settles the attempt in one transaction (:func:`settle`),
which checks again that nothing has changed meanwhile. What an attempt answers is the same whether
there is an account or not.
"""

from __future__ import annotations

import datetime as dt
from typing import Literal

from msgspec import Struct
from sqlalchemy import select
from sqlalchemy.orm import Session

from steelyard.kernel.actor import ADMINISTRATOR, SYSTEM, Actor
from steelyard.kernel.errors import BusyError, FieldErrors, ForbiddenError
from steelyard.kernel.event import Event
from steelyard.platform.identity import accounts, first, guard, links, second_factor, sessions
from steelyard.platform.identity.credential_tables import PasswordRow
from steelyard.platform.identity.passwords import check
from steelyard.platform.identity.people import mail_key
from steelyard.platform.identity.sessions import SessionView
from steelyard.platform.identity.tables import PersonRow
from steelyard.platform.work import Work

Result = Literal["in", "refused", "code-needed"]


class Attempt(Struct, frozen=True, kw_only=True):
    """Somebody tries to log in."""

    mail: str
    code: str = ""
    agent: str = ""
    address: str = ""


class Settled(Struct, frozen=True, kw_only=True):
    """What became of an attempt."""

    result: Result
    secret: str = ""
    view: SessionView | None = None


def look(session: Session, attempt: Attempt, now: dt.datetime) -> str:
    """Return the hash to verify the password by; empty if there is none.

    Raises:
        BusyError: there were too many failures; a pause runs.
    """
    keys = (guard.account_key(attempt.mail), guard.address_key(attempt.address))
    _check_pause(session, keys, now)
    row = session.execute(
        select(PasswordRow.hash)
        .join(PersonRow, PersonRow.id == PasswordRow.person)
        .where(PersonRow.mail_key == mail_key(attempt.mail))
    ).first()
    return row.hash if row else ""


def settle(
    work: Work, attempt: Attempt, verified: str, *, life: dt.timedelta = sessions.LIFE
) -> Settled:
    """Begin a session, or count and record the failure.

    ``verified`` is the hash that the password was found to fit; empty if it did not.

    Raises:
        BusyError: a pause began meanwhile.
    """
    keys = (guard.account_key(attempt.mail), guard.address_key(attempt.address))
    _check_pause(work.session, keys, work.now)
    person = work.session.scalar(
        select(PersonRow).where(PersonRow.mail_key == mail_key(attempt.mail)).with_for_update()
    )
    row = work.session.get(PasswordRow, person.id, with_for_update=True) if person else None
    if person is None or row is None or not row.hash or row.hash != verified:
        return _refuse(work, attempt, person, "unknown" if row is None else "password")
    if person.state != "active":
        return _refuse(work, attempt, person, person.state)
    if row.totp_since is not None:
        if not attempt.code:
            return Settled(result="code-needed")
        if not second_factor.accepts(work, row, attempt.code):
            return _refuse(work, attempt, person, "code")
    guard.succeeded(work, attempt.mail)
    secret, view = sessions.start(
        work, person, "password+code" if row.totp_since else "password",
        agent=attempt.agent, address=attempt.address, life=life,
    )  # fmt: skip
    return Settled(result="in", secret=secret, view=view)


def ask_reset(work: Work, mail: str) -> None:
    """Have a link for a new password sent, if somebody logs in with this address and a password."""
    row = work.session.execute(
        select(PersonRow.id)
        .join(PasswordRow, PasswordRow.person == PersonRow.id)
        .where(PersonRow.mail_key == mail_key(mail), PersonRow.state == "active")
    ).first()
    if row is not None:
        work.enqueue("login.reset-mail", {"person": row.id}, key=f"login.reset-mail:{row.id}")


def choose_password(work: Work, secret: str, password: str, hashed: str) -> PersonRow:
    """Set the password that somebody chose with a link; every session of theirs ends.

    Raises:
        InputError: the link does not work any more.
        FieldErrors: the password cannot be used.
        ForbiddenError: the account is disabled.
    """
    link = links.look(work, secret)
    if link.person is None:
        raise FieldErrors([("link", "This link is for the first administrator.")])
    person = accounts.row_of(work.session, link.person)
    check(password, person.mail or "")
    if person.state not in ("invited", "active"):
        raise ForbiddenError(
            "This account is not active.",
            next_step="Ask an administrator.",
            code="identity.inactive",
        )
    link.used_at = work.now
    actor = Actor(id=person.id, alias=person.alias or "")
    _set(work, actor, person, hashed)
    if person.state == "invited":
        accounts.set_state(work, actor, person.id, "active")
    return person


def become_first(
    work: Work, secret: str, mail: str, name: str, password: str, hashed: str
) -> PersonRow:
    """Make the first account, an administrator, with the link that ``serve`` printed.

    Raises:
        InputError: the link does not work any more.
        FieldErrors: a field cannot be used.
    """
    link = links.look(work, secret)
    if link.purpose != first.PURPOSE or work.session.scalar(select(PersonRow.id).limit(1)):
        raise FieldErrors([("link", "There is an account already; log in.")])
    check(password, mail)
    found = accounts.create(work, SYSTEM, mail, name=name, state="active")
    accounts.grant(work, SYSTEM, found.id, ADMINISTRATOR)
    link.used_at = work.now
    person = accounts.row_of(work.session, found.id)
    _set(work, Actor(id=person.id, alias=person.alias or ""), person, hashed)
    return person


def change_password(
    work: Work, actor: Actor, verified: str, password: str, hashed: str, session_id: str
) -> None:
    """Replace one's own password, having shown the old one; other sessions end.

    Raises:
        FieldErrors: the old one is wrong, or the new one cannot be used.
    """
    person = accounts.row_of(work.session, actor.id)
    row = work.session.get(PasswordRow, actor.id, with_for_update=True)
    if row is None or not verified or row.hash != verified:
        raise FieldErrors([("old_password", "This is not your password.")])
    check(password, person.mail or "")
    _set(work, actor, person, hashed, keep=session_id)


def _set(work: Work, actor: Actor, person: PersonRow, hashed: str, *, keep: str = "") -> None:
    row = work.session.get(PasswordRow, person.id, with_for_update=True)
    if row is None:
        row = PasswordRow(person=person.id, totp="", totp_since=None, totp_step=0, recovery=[])
        work.session.add(row)
    row.hash, row.changed_at = hashed, work.now
    work.session.flush()
    sessions.end_all(work, person.id, but=keep)
    guard.succeeded(work, person.mail or "")
    work.record(actor, Event(type="password.set", subject=person.alias or ""))


def _refuse(work: Work, attempt: Attempt, person: PersonRow | None, reason: str) -> Settled:
    paused = guard.failed(work, attempt.mail, attempt.address)
    work.record(
        SYSTEM,
        Event(
            type="login.failed",
            subject=(person.alias or "") if person else "login",
            details={"reason": reason, "paused": paused},
            body={"address": attempt.address, "agent": attempt.agent[:200]},
        ),
    )
    return Settled(result="refused")


def _check_pause(session: Session, keys: tuple[str, ...], now: dt.datetime) -> None:
    seconds = guard.locked_for(session, keys, now)
    if seconds:
        raise BusyError(
            "There were too many failed attempts.", retry_after=seconds, code="login.paused"
        )
