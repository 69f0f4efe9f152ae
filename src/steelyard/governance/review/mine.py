# SPDX-License-Identifier: Apache-2.0
"""Which of many seats somebody can fill, asked with few queries."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import msgspec
from sqlalchemy import select
from sqlalchemy.orm import Session

from steelyard.governance.review.load import matter_of, reviewer_of, voted
from steelyard.governance.review.plan import PlanStep, Seat
from steelyard.governance.review.seats import Matter, Reviewer, refusal
from steelyard.governance.review.tables import RecusalRow, ReviewRow, SignOffRow
from steelyard.governance.use_cases.tables import UseCaseRow
from steelyard.kernel.actor import Actor
from steelyard.platform.identity import people


class Mine:
    """What one person has said and may say; what was found out once is not asked again."""

    def __init__(self, session: Session, actor: Actor, now: dt.datetime) -> None:
        self._session, self._actor, self._now = session, actor, now
        self._passed: dict[str, bool] = {}
        self._spoken: set[tuple[str, int, str]] = set()
        self._aside: set[str] = set()
        self._owners: dict[str, str] = {}

    def prepare(self, rows: Sequence[ReviewRow]) -> None:
        """Find out what :meth:`can` needs to know of these reviews, all at once."""
        ids = [row.id for row in rows]
        said = self._session.execute(
            select(SignOffRow.review, SignOffRow.round, SignOffRow.place).where(
                SignOffRow.person == self._actor.id, SignOffRow.review.in_(ids)
            )
        )
        self._spoken.update((row.review, row.round, row.place) for row in said)
        self._aside.update(
            self._session.scalars(
                select(RecusalRow.review).where(
                    RecusalRow.person == self._actor.id, RecusalRow.review.in_(ids)
                )
            )
        )
        cases = {row.use_case for row in rows} - self._owners.keys()
        owners = select(UseCaseRow.id, UseCaseRow.owner).where(UseCaseRow.id.in_(cases))
        self._owners.update({row.id: row.owner for row in self._session.execute(owners)})

    def can(self, row: ReviewRow, role: str) -> bool:
        """Tell whether the person can fill a seat of a review that is open now."""
        step = msgspec.convert(row.plan["steps"][row.step], PlanStep)
        seat = next((seat for seat in step.seats if seat.role == role), None)
        if seat is None or (row.id, row.round, step.place) in self._spoken:
            return False
        if role not in self._actor.roles:  # handed on to them, or as a deputy: rarer
            about = voted(row)
            person = reviewer_of(
                self._session, self._actor, about, [seat], self._now, declares=True
            )
            return refusal(seat, person, matter_of(self._session, about)) is None
        recused = frozenset({self._actor.id}) if row.id in self._aside else frozenset()
        matter = Matter(
            requester=row.requested_by,
            unit=row.unit,
            owner=self._owners.get(row.use_case, ""),
            recused=recused,
        )
        return refusal(seat, self._person(seat), matter) is None

    def _person(self, seat: Seat) -> Reviewer:
        for course in seat.training:
            if course not in self._passed:
                self._passed[course] = people.passed(
                    self._session, self._actor.id, course, self._now.date()
                )
        return Reviewer(
            id=self._actor.id,
            mail=self._actor.mail,
            roles=self._actor.roles,
            units=self._actor.units,
            passed=frozenset(course for course in seat.training if self._passed[course]),
            declares=True,
        )
