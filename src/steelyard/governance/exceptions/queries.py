# SPDX-License-Identifier: Apache-2.0
"""Reads of exceptions. Nobody learns that an exception of another unit exists."""

from __future__ import annotations

import datetime as dt
from typing import Any, cast

import msgspec
from msgspec import Struct
from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from steelyard.governance.exceptions.tables import EXCEPTIONS, ExceptionRow
from steelyard.governance.exceptions.terms import State
from steelyard.governance.review.load import Voted, case_of
from steelyard.governance.review.plan import Plan
from steelyard.governance.review.queries import of_votes
from steelyard.governance.review.state import standing
from steelyard.governance.review.views import SignOffView
from steelyard.kernel.actor import Actor


class ExceptionView(Struct, frozen=True, kw_only=True):
    """An exception as it is shown."""

    id: str
    rule: str
    request: str
    revision: str
    use_case: str
    environment: str
    unit: str
    tier: str
    reason: str
    controls: tuple[str, ...]
    answers: dict[str, str]
    owner: str
    until: dt.date
    state: State
    asked_by: str
    renewals: int
    waits_for: tuple[str, ...]
    """Roles whose voice is awaited."""
    votes: tuple[SignOffView, ...]
    granted_at: dt.datetime | None
    expires: dt.datetime | None
    ended_at: dt.datetime | None
    end_reason: str
    version: int


def row_of(
    session: Session, actor: Actor, exception_id: str, *, lock: bool = False
) -> ExceptionRow:
    """Return the row of one exception, locked until the transaction ends if it will be changed.

    Raises:
        MissingError: there is none, or the actor may not see it.
    """
    return EXCEPTIONS.one(session, actor, exception_id, lock=lock)


def get(session: Session, actor: Actor, exception_id: str) -> ExceptionView:
    """Return one exception.

    Raises:
        MissingError: there is none, or the actor may not see it.
    """
    return view(session, row_of(session, actor, exception_id))


def find(
    session: Session,
    actor: Actor,
    *,
    limit: int,
    after: tuple[Any, ...] | None = None,
    state: str | None = None,
    rule: str | None = None,
    use_case: str | None = None,
    request: str | None = None,
    unit: str | None = None,
    until_before: dt.date | None = None,
) -> list[ExceptionView]:
    """Return up to ``limit`` exceptions, newest first."""
    wanted = (
        (ExceptionRow.state, state),
        (ExceptionRow.rule, rule),
        (ExceptionRow.use_case, use_case),
        (ExceptionRow.request, request),
        (ExceptionRow.unit, unit),
    )
    query = EXCEPTIONS.newest(actor, limit=limit, after=after, wanted=wanted)
    if until_before is not None:
        query = query.where(ExceptionRow.until < until_before)
    return [view(session, row) for row in session.scalars(query)]


def active_for(
    session: Session,
    now: dt.datetime,
    *,
    use_case: str,
    environment: str,
    revision: str = "",
    request: str = "",
) -> tuple[ExceptionView, ...]:
    """Return the exceptions that hold ``now`` for an adoption, for the room that decides.

    One that was granted to a request or to a revision holds for that and nothing else.
    """
    query = select(ExceptionRow).where(
        ExceptionRow.use_case == use_case,
        ExceptionRow.environment == environment,
        ExceptionRow.state == "active",
        ExceptionRow.expires > now,
        or_(
            (ExceptionRow.revision == revision) & (ExceptionRow.revision != ""),
            (ExceptionRow.request == request) & (ExceptionRow.request != ""),
        ),
    )
    return tuple(view(session, row) for row in session.scalars(query.order_by(ExceptionRow.id)))


def ended_since(
    session: Session,
    moment: dt.datetime,
    *,
    use_case: str,
    environment: str,
    revision: str,
    request: str,
) -> frozenset[str]:
    """Return the rules whose exceptions for an adoption were in force and ended since a moment."""
    query = select(ExceptionRow.rule).where(
        ExceptionRow.use_case == use_case,
        ExceptionRow.environment == environment,
        ExceptionRow.granted_at.is_not(None),
        ExceptionRow.ended_at >= moment,
        or_(
            (ExceptionRow.revision == revision) & (ExceptionRow.revision != ""),
            ExceptionRow.request == request,
        ),
    )
    return frozenset(session.scalars(query))


def voted(row: ExceptionRow, requester: str) -> Voted:
    """Return what is voted on: neither who asks, nor who owns it, nor the requester grants it."""
    return Voted(
        id=row.id,
        round=row.round,
        plan=msgspec.convert(row.plan, Plan),
        requested_by=row.asked_by,
        unit=row.unit,
        use_case=row.use_case,
        state="open",
        apart=frozenset({row.owner, requester} - {""}),
    )


def view(session: Session, row: ExceptionRow) -> ExceptionView:
    """Return what is shown of a row."""
    waits: tuple[str, ...] = ()
    if row.state == "in review":
        at = standing(case_of(session, voted(row, "")))
        waits = tuple(dict.fromkeys(wait.role for wait in at.waits))
    return ExceptionView(
        id=row.id,
        rule=row.rule,
        request=row.request,
        revision=row.revision,
        use_case=row.use_case,
        environment=row.environment,
        unit=row.unit,
        tier=row.tier,
        reason=row.reason,
        controls=tuple(row.controls),
        answers=row.answers,
        owner=row.owner,
        until=row.until,
        state=cast("State", row.state),
        asked_by=row.asked_by,
        renewals=row.renewals,
        waits_for=waits,
        votes=of_votes(session, row.id, row.round) if row.round else (),
        granted_at=row.granted_at,
        expires=row.expires,
        ended_at=row.ended_at,
        end_reason=row.end_reason,
        version=row.version,
    )
