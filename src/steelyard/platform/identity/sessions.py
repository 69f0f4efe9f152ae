# SPDX-License-Identifier: Apache-2.0
"""Sessions of browsers: kept on the server, named by an opaque cookie, ended at once.

A session ends when it was not used for a while, at the latest after its whole life, when somebody
ends it, and with the account.
"""

from __future__ import annotations

import datetime as dt

from msgspec import Struct, structs
from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from steelyard.kernel.actor import Actor, Scope
from steelyard.kernel.errors import MissingError
from steelyard.kernel.event import Event
from steelyard.platform.identity.actors import person_actor
from steelyard.platform.identity.credential_tables import SessionRow
from steelyard.platform.identity.secret import SESSION, digest_of, new_secret, same
from steelyard.platform.identity.tables import PersonRow
from steelyard.platform.work import Work

IDLE = dt.timedelta(minutes=60)
LIFE = dt.timedelta(hours=12)
ENROLLING = ("about.read", "second-factor.own", "session.own")
"""Rights of somebody who has yet to set up a second factor."""


class SessionView(Struct, frozen=True, kw_only=True):
    """A session, without its secret."""

    id: str
    method: str
    agent: str
    address: str
    created_at: dt.datetime
    used_at: dt.datetime
    ends_at: dt.datetime
    current: bool = False


def start(
    work: Work,
    person: PersonRow,
    method: str,
    *,
    agent: str = "",
    address: str = "",
    life: dt.timedelta = LIFE,
) -> tuple[str, SessionView]:
    """Begin a session; return the secret for the cookie and the session."""
    secret = new_secret(SESSION)
    row = SessionRow(
        id=work.id("ses"), person=person.id, digest=digest_of(secret, SESSION), method=method,
        agent=_printable(agent)[:200], address=address[:64], created_at=work.now,
        used_at=work.now, ends_at=work.now + life,
    )  # fmt: skip
    work.session.add(row)
    work.session.flush()
    actor = Actor(id=person.id, alias=person.alias or "")
    work.record(
        actor,
        Event(
            type="session.started",
            subject=row.id,
            about=actor.alias,
            details={"method": method},
            body={"address": row.address, "agent": row.agent},
        ),
    )
    return secret, _view(row, row.id)


def check(
    session: Session,
    secret: str,
    now: dt.datetime,
    idle: dt.timedelta = IDLE,
    second_factor: frozenset[str] = frozenset(),
) -> tuple[Actor, str] | None:
    """Return whose session this is and its id; None if it has ended.

    ``second_factor`` names roles whose holders may do nothing but set up a second factor while
    they have logged in with a password alone.
    """
    digest = digest_of(secret, SESSION)
    if digest is None:
        return None
    row = session.scalar(select(SessionRow).where(SessionRow.digest == digest))
    if row is None or not same(row.digest, digest) or not _alive(row, now, idle):
        return None
    person = session.get(PersonRow, row.person)
    actor = None if person is None else person_actor(session, person, now)
    if actor is None:
        return None
    if row.method == "password" and actor.roles & second_factor:
        actor = structs.replace(actor, scope=Scope(actions=ENROLLING))
    return actor, row.id


def find(
    session: Session, person_id: str, now: dt.datetime, current: str = "", idle: dt.timedelta = IDLE
) -> list[SessionView]:
    """Return the sessions of a person that work now, the newest first."""
    query = (
        select(SessionRow)
        .where(SessionRow.person == person_id, SessionRow.ended_at.is_(None))
        .where(SessionRow.ends_at > now, SessionRow.used_at > now - idle)
        .order_by(SessionRow.id.desc())
        .limit(200)
    )
    return [_view(row, current) for row in session.scalars(query)]


def end(work: Work, actor: Actor, session_id: str, *, person_id: str | None = None) -> str:
    """End one session, with ``person_id`` only one of that person's; return how it had begun.

    Raises:
        MissingError: there is none.
    """
    row = work.session.get(SessionRow, session_id, with_for_update=True)
    if row is None or (person_id is not None and row.person != person_id):
        raise MissingError(
            f"There is no session {session_id[:60]!r}.",
            next_step="List your sessions to find its id.",
            code="session.missing",
        )
    if row.ended_at is None:
        row.ended_at = work.now
        work.record(actor, Event(type="session.ended", subject=row.id, about=actor.alias))
    return row.method


def end_all(work: Work, person_id: str, *, but: str = "") -> int:
    """End every session of a person, except one; return how many. The caller records why."""
    found = work.session.execute(
        update(SessionRow)
        .where(SessionRow.person == person_id, SessionRow.ended_at.is_(None), SessionRow.id != but)
        .values(ended_at=work.now)
        .returning(SessionRow.id)
    )
    return len(found.all())


def _alive(row: SessionRow, now: dt.datetime, idle: dt.timedelta) -> bool:
    return row.ended_at is None and now < row.ends_at and now < row.used_at + idle


def _view(row: SessionRow, current: str) -> SessionView:
    return SessionView(
        id=row.id, method=row.method, agent=row.agent, address=row.address,
        created_at=row.created_at, used_at=row.used_at, ends_at=row.ends_at,
        current=row.id == current,
    )  # fmt: skip


def _printable(text: str) -> str:
    return "".join(letter if letter.isprintable() else "?" for letter in text)


def forget(work: Work) -> None:
    """Forget sessions that ended long ago."""
    long_ago = work.now - dt.timedelta(days=30)
    work.session.execute(delete(SessionRow).where(SessionRow.ends_at < long_ago))


def owner(session: Session, session_id: str) -> PersonRow:
    """Return whose session this is."""
    row = session.get_one(SessionRow, session_id)
    return session.get_one(PersonRow, row.person)
