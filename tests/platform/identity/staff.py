# SPDX-License-Identifier: Apache-2.0
"""People, tokens and sessions for tests of identity."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select
from tests.server import Clock

from steelyard.bootstrap.house import House
from steelyard.kernel.actor import SYSTEM, Actor, Scope
from steelyard.platform.identity import accounts, sessions, tokens, units
from steelyard.platform.identity.actors import person_actor
from steelyard.platform.identity.people import Person
from steelyard.platform.identity.tables import PersonRow, UnitRow
from steelyard.platform.log.tables import EventRow
from steelyard.platform.work import Work


def made(house: House, mail: str, *roles: str, name: str = "", unit: str = "") -> Person:
    """Return somebody new with an active account."""

    def act(work: Work) -> Person:
        found = accounts.create(work, SYSTEM, mail, name=name, state="active")
        for role in roles:
            found = accounts.grant(work, SYSTEM, found.id, role)
        if unit:
            if work.session.get(UnitRow, unit) is None:
                units.create(work, SYSTEM, unit)
            found = accounts.join(work, SYSTEM, found.id, unit)
        return found

    return house.transact(act)


def actor_of(house: House, person: Person) -> Actor:
    """Return somebody as they act now."""
    with house.reading() as session:
        row = session.get(PersonRow, person.id)
        assert row is not None
        actor = person_actor(session, row, house.clock())
    assert actor is not None
    return actor


def token_of(house: House, owner: str, scope: Scope | None = None, **more: Any) -> tokens.Issued:
    """Return a new token."""
    return house.transact(
        lambda work: tokens.issue(work, SYSTEM, owner, "test", scope or Scope(), **more)
    )


def session_of(house: House, person: Person) -> tuple[str, sessions.SessionView]:
    """Return the secret of a new session, and the session."""

    def act(work: Work) -> tuple[str, sessions.SessionView]:
        return sessions.start(work, accounts.row_of(work.session, person.id), "password")

    return house.transact(act)


def events(house: House, kind: str = "") -> list[EventRow]:
    """Return the events so far, of one type if it is given."""
    with house.reading() as session:
        query = select(EventRow).order_by(EventRow.seq)
        rows = list(session.scalars(query.where(EventRow.type == kind) if kind else query))
        session.expunge_all()
        return rows


def clock_of(house: House) -> Clock:
    """Return the clock of a test's house."""
    assert isinstance(house.clock, Clock)
    return house.clock
