# SPDX-License-Identifier: Apache-2.0
"""What external assessors see: use cases opened to them, each until a date."""

from __future__ import annotations

import datetime as dt

from msgspec import Struct
from sqlalchemy import select
from sqlalchemy.orm import Session

from steelyard.kernel.actor import ASSESSOR, Actor
from steelyard.kernel.errors import FieldErrors
from steelyard.platform.identity.accounts import record, row_of
from steelyard.platform.identity.tables import GrantRow, OpeningRow
from steelyard.platform.work import Work

LONGEST = dt.timedelta(days=366)


class OpeningView(Struct, frozen=True, kw_only=True):
    """That a use case is open to an assessor."""

    use_case: str
    unit: str
    until: dt.datetime
    opened_by: str
    opened_at: dt.datetime


def open_to(
    work: Work, actor: Actor, person_id: str, use_case: str, unit: str, until: dt.datetime
) -> OpeningView:
    """Open a use case to an assessor, or set a new end.

    Raises:
        MissingError: there is no such person.
        FieldErrors: they are no assessor, or the end cannot be used.
    """
    person = row_of(work.session, person_id)
    if work.session.get(GrantRow, (person_id, ASSESSOR)) is None:
        raise FieldErrors([("person", "Only external assessors need things opened to them.")])
    if not work.now < until <= work.now + LONGEST:
        raise FieldErrors([("until", f"It must lie within the next {LONGEST.days} days.")])
    row = work.session.get(OpeningRow, (person_id, use_case))
    if row is None:
        row = OpeningRow(person=person_id, use_case=use_case)
        work.session.add(row)
    row.unit, row.until, row.opened_by, row.opened_at = unit, until, actor.id, work.now
    work.session.flush()
    details = {"use_case": use_case, "until": until.isoformat()}
    record(work, actor, "assessor.opened", person, details)
    return _view(row)


def close(work: Work, actor: Actor, person_id: str, use_case: str) -> None:
    """End what was opened; nothing happens if it was not.

    Raises:
        MissingError: there is no such person.
    """
    person = row_of(work.session, person_id)
    row = work.session.get(OpeningRow, (person_id, use_case))
    if row is not None:
        work.session.delete(row)
        record(work, actor, "assessor.closed", person, {"use_case": use_case})


def find(session: Session, person_id: str) -> list[OpeningView]:
    """Return what was opened to a person."""
    query = select(OpeningRow).where(OpeningRow.person == person_id).order_by(OpeningRow.use_case)
    return [_view(row) for row in session.scalars(query)]


def _view(row: OpeningRow) -> OpeningView:
    return OpeningView(
        use_case=row.use_case, unit=row.unit, until=row.until,
        opened_by=row.opened_by, opened_at=row.opened_at,
    )  # fmt: skip
