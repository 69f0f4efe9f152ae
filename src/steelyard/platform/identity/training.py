# SPDX-License-Identifier: Apache-2.0
"""Records of training: who passed which course, and until when it counts."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

from msgspec import Struct
from sqlalchemy import select
from sqlalchemy.orm import Session

from steelyard.kernel.actor import Actor
from steelyard.kernel.errors import FieldErrors
from steelyard.platform.identity.accounts import record, row_of
from steelyard.platform.identity.tables import TrainingRow
from steelyard.platform.work import Work

_COURSE = re.compile(r"\A[a-z0-9][a-z0-9._-]{0,99}\Z")


class TrainingView(Struct, frozen=True, kw_only=True):
    """That somebody passed a course."""

    id: str
    person: str
    course: str
    passed_on: dt.date
    valid_until: dt.date | None
    recorded_by: str
    recorded_at: dt.datetime


def add(
    work: Work,
    actor: Actor,
    person_id: str,
    course: str,
    passed_on: dt.date,
    valid_until: dt.date | None = None,
) -> TrainingView:
    """Record that somebody passed a course.

    Raises:
        FieldErrors: a field cannot be used.
        MissingError: there is no such person.
    """
    faults = []
    if not _COURSE.match(course):
        faults.append(("course", "Small letters, digits, points and hyphens."))
    if passed_on > work.today:
        faults.append(("passed_on", "This day is still to come."))
    if valid_until is not None and valid_until < passed_on:
        faults.append(("valid_until", "This is before the day it was passed."))
    if faults:
        raise FieldErrors(faults)
    person = row_of(work.session, person_id)
    row = TrainingRow(
        id=work.id("trn"), person=person_id, course=course, passed_on=passed_on,
        valid_until=valid_until, recorded_by=actor.id, recorded_at=work.now,
    )  # fmt: skip
    work.session.add(row)
    work.session.flush()
    end = valid_until.isoformat() if valid_until else ""
    record(
        work, actor, "training.recorded", person,
        {"course": course, "passed_on": passed_on.isoformat(), "valid_until": end},
    )  # fmt: skip
    return _view(row)


def find(
    session: Session,
    *,
    limit: int,
    after: tuple[Any, ...] | None = None,
    person: str | None = None,
    course: str | None = None,
) -> list[TrainingView]:
    """Return up to ``limit`` records, newest first."""
    query = select(TrainingRow).order_by(TrainingRow.id.desc()).limit(limit)
    if after is not None:
        query = query.where(TrainingRow.id < str(after[0]))
    if person is not None:
        query = query.where(TrainingRow.person == person)
    if course is not None:
        query = query.where(TrainingRow.course == course)
    return [_view(row) for row in session.scalars(query)]


def _view(row: TrainingRow) -> TrainingView:
    return TrainingView(
        id=row.id, person=row.person, course=row.course, passed_on=row.passed_on,
        valid_until=row.valid_until, recorded_by=row.recorded_by, recorded_at=row.recorded_at,
    )  # fmt: skip
