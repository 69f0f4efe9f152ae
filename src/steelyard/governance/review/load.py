# SPDX-License-Identifier: Apache-2.0
"""From rows to what the rules ask: the case of a review, and who somebody is in it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

import msgspec
from msgspec import Struct
from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from steelyard.charter.durations import add_duration
from steelyard.governance.review.plan import Plan, Seat
from steelyard.governance.review.seats import Matter, Reviewer, refusal
from steelyard.governance.review.state import Answer, Case, State, Voice
from steelyard.governance.review.tables import (
    DelegationRow,
    MeetingRow,
    RecusalRow,
    ReviewRow,
    SignOffRow,
)
from steelyard.governance.use_cases.tables import UseCaseRow
from steelyard.kernel.actor import Actor
from steelyard.platform.identity import people


class Voted(Struct, frozen=True, kw_only=True):
    """Whatever people vote on with seats and sign-offs: a review, an exception."""

    id: str
    round: int
    plan: Plan
    requested_by: str
    unit: str
    use_case: str
    state: State
    apart: frozenset[str] = frozenset()
    """More people whose voice does not count."""


def plan_in(row: ReviewRow) -> Plan:
    """Return the plan of a review."""
    return msgspec.convert(row.plan, Plan)


def voted(row: ReviewRow) -> Voted:
    """Return what is voted on in a review."""
    return Voted(
        id=row.id,
        round=row.round,
        plan=plan_in(row),
        requested_by=row.requested_by,
        unit=row.unit,
        use_case=row.use_case,
        state=msgspec.convert(row.state, State),
    )


def case_of(session: Session, row: Voted) -> Case:
    """Return the case of what is voted on as it is now."""
    voices = session.scalars(
        select(SignOffRow)
        .where(SignOffRow.review == row.id, SignOffRow.round == row.round)
        .order_by(SignOffRow.id)
    )
    held = session.scalars(
        select(MeetingRow.committee).where(
            MeetingRow.review == row.id,
            MeetingRow.round == row.round,
            MeetingRow.state == "minuted",
        )
    )
    return Case(
        plan=row.plan,
        matter=matter_of(session, row),
        state=row.state,
        voices=tuple(
            Voice(
                person=voice.person,
                role=voice.role,
                answer=msgspec.convert(voice.answer, Answer),
                place=voice.place,
                outside=voice.outside,
            )
            for voice in voices
        ),
        held=frozenset(held),
    )


def matter_of(session: Session, row: Voted) -> Matter:
    """Return who must step aside from a review by what they are to it."""
    aside = session.scalars(select(RecusalRow.person).where(RecusalRow.review == row.id))
    owner = session.scalar(select(UseCaseRow.owner).where(UseCaseRow.id == row.use_case))
    return Matter(
        requester=row.requested_by,
        unit=row.unit,
        owner=owner or "",
        recused=frozenset(aside) | row.apart,
    )


def reviewer_of(
    session: Session,
    actor: Actor,
    row: Voted,
    seats: Iterable[Seat],
    now: dt.datetime,
    *,
    declares: bool = False,
) -> Reviewer:
    """Return who ``actor`` is in a review, as far as ``seats`` ask."""
    asked = tuple(seats)
    courses = {course for seat in asked for course in seat.training}
    passed = {c for c in courses if people.passed(session, actor.id, c, now.date())}
    return Reviewer(
        id=actor.id,
        mail=actor.mail,
        roles=actor.roles,
        units=actor.units,
        passed=frozenset(passed),
        lent=_lent(session, actor, row, asked, now),
        standing_in=_standing_in(session, actor, row, asked, now),
        declares=declares,
    )


def _lent(
    session: Session, actor: Actor, row: Voted, seats: tuple[Seat, ...], now: dt.datetime
) -> dict[str, str]:
    """Return the roles handed on to the actor that count here, and by whom.

    A right is handed on as far as the plan of *this* review allows: to whom, and for how long.
    Whoever handed it on must hold it still.
    """
    rows = session.scalars(
        select(DelegationRow).where(
            DelegationRow.to == actor.id,
            DelegationRow.until > now,
            DelegationRow.revoked_at.is_(None),
            or_(DelegationRow.review == row.id, DelegationRow.review == ""),
        )
    ).all()
    found: dict[str, str] = {}
    for lent in rows:
        for seat in seats:
            if seat.role != lent.role or not fits(seat, actor.roles, lent.made_at, lent.until):
                continue
            lender = people.person(session, lent.by)
            if lender is not None and lent.role in lender.roles and lender.state == "active":
                found[lent.role] = lent.by
    return found


def fits(seat: Seat, roles: frozenset[str], made: dt.datetime, until: dt.datetime) -> bool:
    """Tell whether the charter lets the right of a seat be handed on to ``roles`` for so long."""
    if not set(seat.lent_to) & roles or not seat.lent_for:
        return False
    return until.date() <= add_duration(made.date(), seat.lent_for)


def _standing_in(
    session: Session, actor: Actor, row: Voted, seats: tuple[Seat, ...], now: dt.datetime
) -> frozenset[str]:
    """Return the roles that nobody who holds them can sign in, and the actor is a deputy of."""
    found = set()
    for seat in seats:
        if seat.role in actor.roles or not set(seat.deputies) & actor.roles:
            continue
        matter = matter_of(session, row)
        held = people.holders(session, seat.role, now=now)
        free = [
            holder
            for holder in held
            if refusal(seat, _as_reviewer(session, holder, seat, now), matter) is None
        ]
        if not free:
            found.add(seat.role)
    return frozenset(found)


def _as_reviewer(session: Session, holder: people.Person, seat: Seat, now: dt.datetime) -> Reviewer:
    passed = {c for c in seat.training if people.passed(session, holder.id, c, now.date())}
    return Reviewer(
        id=holder.id,
        mail=holder.mail,
        roles=holder.roles,
        units=holder.units,
        passed=frozenset(passed),
        declares=True,
    )
