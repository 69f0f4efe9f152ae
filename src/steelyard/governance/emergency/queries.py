# SPDX-License-Identifier: Apache-2.0
"""Reads of emergencies; among them the question doors ask."""

from __future__ import annotations

import datetime as dt
from typing import Any, cast

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from steelyard.governance.emergency.glass import (
    Afterwards,
    AgreementView,
    EmergencyView,
    State,
)
from steelyard.governance.emergency.tables import EMERGENCIES, AgreementRow, EmergencyRow
from steelyard.kernel.actor import Actor


def admitted(
    session: Session, now: dt.datetime, *, revision: str, use_case: str, environment: str
) -> EmergencyView | None:
    """Return the emergency by which a revision may be used ``now``, if there is one."""
    row = session.scalar(
        select(EmergencyRow)
        .where(
            EmergencyRow.revision == revision,
            EmergencyRow.use_case == use_case,
            EmergencyRow.environment == environment,
            EmergencyRow.state == "open",
            EmergencyRow.until > now,
        )
        .limit(1)
    )
    return view(session, row) if row is not None else None


def blocking(session: Session, unit: str, now: dt.datetime) -> str:
    """Return the emergency of a unit whose review was missed, or nothing."""
    found = session.scalar(
        select(EmergencyRow.id)
        .where(
            EmergencyRow.unit == unit,
            EmergencyRow.review.in_(["due", "missed"]),
            or_(EmergencyRow.review == "missed", EmergencyRow.review_due < now),
        )
        .limit(1)
    )
    return found or ""


def row_of(
    session: Session, actor: Actor, emergency_id: str, *, lock: bool = False
) -> EmergencyRow:
    """Return the row of one emergency, locked if it will be changed.

    Raises:
        MissingError: there is none, or the actor may not see it.
    """
    return EMERGENCIES.one(session, actor, emergency_id, lock=lock)


def get(session: Session, actor: Actor, emergency_id: str) -> EmergencyView:
    """Return one emergency.

    Raises:
        MissingError: there is none, or the actor may not see it.
    """
    return view(session, row_of(session, actor, emergency_id))


def find(
    session: Session,
    actor: Actor,
    *,
    limit: int,
    after: tuple[Any, ...] | None = None,
    state: str | None = None,
    review: str | None = None,
    unit: str | None = None,
) -> list[EmergencyView]:
    """Return up to ``limit`` emergencies, newest first."""
    wanted = (
        (EmergencyRow.state, state),
        (EmergencyRow.review, review),
        (EmergencyRow.unit, unit),
    )
    query = EMERGENCIES.newest(actor, limit=limit, after=after, wanted=wanted)
    return [view(session, row) for row in session.scalars(query)]


def view(session: Session, row: EmergencyRow) -> EmergencyView:
    """Return what is shown of a row."""
    agreed = session.scalars(
        select(AgreementRow)
        .where(AgreementRow.emergency == row.id)
        .order_by(AgreementRow.at, AgreementRow.person)
    )
    return EmergencyView(
        id=row.id,
        revision=row.revision,
        use_case=row.use_case,
        environment=row.environment,
        unit=row.unit,
        reason=row.reason,
        hours=row.hours,
        state=cast("State", row.state),
        asked_by=row.asked_by,
        agreed=tuple(AgreementView(person=a.person, role=a.role, at=a.at) for a in agreed),
        needed=row.needed,
        opened_at=row.opened_at,
        until=row.until,
        closed_at=row.closed_at,
        review=cast("Afterwards", row.review),
        review_due=row.review_due,
        reviewed_by=row.reviewed_by,
        justified=row.justified,
        findings=row.findings,
        version=row.version,
    )
