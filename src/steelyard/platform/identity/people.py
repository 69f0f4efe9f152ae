# SPDX-License-Identifier: Apache-2.0
"""Reads of people for every room: who somebody is, who holds a role, who has passed a course."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any, Literal

from msgspec import Struct
from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from steelyard.kernel.errors import MissingError
from steelyard.platform.identity.tables import (
    GrantRow,
    MembershipRow,
    PersonRow,
    TrainingRow,
    UnitRow,
)

State = Literal["invited", "active", "locked", "disabled", "erased"]
Source = Literal["local", "oidc", "scim"]
WORKING = ("invited", "active")
"""States in which somebody can be asked for something."""


class Person(Struct, frozen=True, kw_only=True):
    """Somebody with an account."""

    id: str
    alias: str
    name: str
    mail: str
    roles: frozenset[str] = frozenset()
    units: frozenset[str] = frozenset()
    state: str = "active"


def person(session: Session, person_id: str) -> Person | None:
    """Return one person; None if there is no such account or it was erased."""
    found = _persons(session, session.scalars(_live().where(PersonRow.id == person_id)).all())
    return found[0] if found else None


def by_alias(session: Session, alias: str) -> Person | None:
    """Return whom a pseudonym of the ledger stands for; None once that was erased."""
    found = _persons(session, session.scalars(_live().where(PersonRow.alias == alias)).all())
    return found[0] if found else None


def by_mail(session: Session, mail: str) -> Person | None:
    """Return whose address this is, without regard to case."""
    query = _live().where(PersonRow.mail_key == mail_key(mail))
    found = _persons(session, session.scalars(query).all())
    return found[0] if found else None


def holders(
    session: Session, role: str, unit: str | None = None, *, now: dt.datetime | None = None
) -> tuple[Person, ...]:
    """Return who holds ``role``, people of the asking ``unit`` first, else in the order of ids.

    Grants that ended are taken away by a job; with ``now`` those not yet taken away are left out.
    """
    query = _live().join(GrantRow, GrantRow.person == PersonRow.id)
    query = query.where(GrantRow.role == role, PersonRow.state.in_(WORKING))
    if now is not None:
        query = query.where(_running(now))
    found = _persons(session, session.scalars(query.order_by(PersonRow.id)).all())
    if unit:
        found.sort(key=lambda each: unit not in each.units)
    return tuple(found)


def names(session: Session, ids: Iterable[str]) -> dict[str, str]:
    """Return what to show for each of these ids of people; erased ones have no name."""
    wanted = set(ids)
    if not wanted:
        return {}
    rows = session.execute(
        select(PersonRow.id, PersonRow.name, PersonRow.mail).where(PersonRow.id.in_(wanted))
    )
    return {row.id: row.name or row.mail or "Erased person" for row in rows}


def passed(session: Session, person_id: str, course: str, today: dt.date) -> bool:
    """Tell whether a person has passed ``course`` and it still counts ``today``."""
    query = select(TrainingRow.id).where(
        TrainingRow.person == person_id,
        TrainingRow.course == course,
        TrainingRow.passed_on <= today,
        or_(TrainingRow.valid_until.is_(None), TrainingRow.valid_until >= today),
    )
    return session.scalar(query.limit(1)) is not None


def search(
    session: Session,
    text: str = "",
    *,
    limit: int = 20,
    after: tuple[Any, ...] | None = None,
    role: str | None = None,
    unit: str | None = None,
    state: str | None = None,
) -> tuple[Person, ...]:
    """Return people, by id, with an address or a word of the name that begins with ``text``."""
    query = _live().order_by(PersonRow.id).limit(limit)
    if text.strip():
        words = text.strip().casefold()
        query = query.where(
            or_(
                func.lower(PersonRow.name).startswith(words, autoescape=True),
                func.lower(PersonRow.name).contains(f" {words}", autoescape=True),
                PersonRow.mail_key.startswith(words, autoescape=True),
            )
        )
    if after is not None:
        query = query.where(PersonRow.id > str(after[0]))
    if role is not None:
        query = query.where(PersonRow.id.in_(select(GrantRow.person).where(GrantRow.role == role)))
    if unit is not None:
        query = query.where(
            PersonRow.id.in_(select(MembershipRow.person).where(MembershipRow.unit == unit))
        )
    if state is not None:
        query = query.where(PersonRow.state == state)
    return tuple(_persons(session, session.scalars(query).all()))


def calendar_of(session: Session, unit: str) -> str:
    """Return the calendar a unit keeps, its parent's if it names none; empty if nobody does."""
    seen: set[str] = set()
    while unit and unit not in seen:
        seen.add(unit)
        row = session.get(UnitRow, unit)
        if row is None:
            return ""
        if row.calendar:
            return row.calendar
        unit = row.parent
    return ""


def reach(session: Session, person_id: str, now: dt.datetime) -> tuple[set[str], set[str]]:
    """Return the roles that somebody holds ``now``, and their units."""
    roles = session.scalars(
        select(GrantRow.role).where(GrantRow.person == person_id, _running(now))
    )
    units = session.scalars(select(MembershipRow.unit).where(MembershipRow.person == person_id))
    return set(roles), set(units)


def mail_key(mail: str) -> str:
    """Return an address as it is compared."""
    return mail.strip().casefold()


def missing(person_id: str) -> MissingError:
    """Return the error for a person who is not there."""
    return MissingError(
        f"There is no person {person_id[:60]!r}.",
        next_step="List the people to find the id.",
        code="identity.missing",
    )


def _live() -> Any:
    return select(PersonRow).where(PersonRow.state != "erased")


def _running(now: dt.datetime) -> Any:
    return or_(GrantRow.until.is_(None), GrantRow.until > now)


def _persons(session: Session, rows: Sequence[PersonRow]) -> list[Person]:
    if not rows:
        return []
    ids = [row.id for row in rows]
    roles, units = defaultdict(set), defaultdict(set)
    for grant in session.execute(
        select(GrantRow.person, GrantRow.role).where(GrantRow.person.in_(ids))
    ):
        roles[grant.person].add(grant.role)
    for member in session.execute(
        select(MembershipRow.person, MembershipRow.unit).where(MembershipRow.person.in_(ids))
    ):
        units[member.person].add(member.unit)
    return [
        Person(
            id=row.id,
            alias=row.alias or "",
            name=row.name,
            mail=row.mail or "",
            roles=frozenset(roles[row.id]),
            units=frozenset(units[row.id]),
            state=row.state,
        )
        for row in rows
    ]
