# SPDX-License-Identifier: Apache-2.0
"""What somebody can do in reviews: in one of them, and which of many seats they can fill."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import msgspec
from msgspec import Struct
from sqlalchemy import select
from sqlalchemy.orm import Session

from steelyard.governance.review.load import Voted, case_of, matter_of, reviewer_of, voted
from steelyard.governance.review.plan import PlanStep, Seat
from steelyard.governance.review.seats import DECLARED, Matter, Reviewer, barred, refusal
from steelyard.governance.review.state import heard, standing
from steelyard.governance.review.tables import RecusalRow, ReviewRow, SignOffRow
from steelyard.governance.use_cases.tables import UseCaseRow
from steelyard.kernel.actor import Actor
from steelyard.platform.identity import people


class Part(Struct, frozen=True, kw_only=True):
    """What one person can do now where people vote, and why they cannot do more."""

    roles: tuple[str, ...] = ()
    """Roles in which they can speak now."""
    declares: tuple[str, ...] = ()
    """Of these, those in which they must declare to have no interest in it."""
    committee: str = ""
    """Title of the committee whose turn it is; members of one may abstain."""
    chairs: bool = False
    """They have voted and keep the minutes of the committee."""
    convenes: bool = False
    """They have a seat in a committee that is to decide now or later."""
    hands_on: tuple[str, ...] = ()
    """Roles of theirs that the plan lets them hand on."""
    aside: bool = False
    """They have stepped aside."""
    why: str = ""
    """Why they cannot speak."""
    next_step: str = ""


def part_of(session: Session, actor: Actor, about: Voted, now: dt.datetime) -> Part:
    """Return what ``actor`` can do where people vote; the verbs check it again."""
    case = case_of(session, about)
    if case.state != "open":
        return Part(why=f"It is {case.state}; nobody signs off now.")
    if actor.kind != "person":
        return Part(why="Decisions are taken by people.", next_step="Log in as a person.")
    at = standing(case)
    step = case.plan.steps[min(at.step, len(case.plan.steps) - 1)]
    person = reviewer_of(session, actor, about, step.seats, now, declares=True)
    closed = barred(person, case.matter)
    if closed is not None:
        aside = actor.id in case.matter.recused
        return Part(why=closed.said, next_step=closed.step, aside=aside)
    later = case.plan.steps[at.step :]
    spoken = [
        voice for voice in heard(case) if (voice.person, voice.place) == (actor.id, step.place)
    ]
    refusals = [(wait, refusal(wait.seat, person, case.matter)) for wait in at.waits]
    can = [wait for wait, refused in refusals if refused is None and not spoken]
    said = next(
        (each for _, each in refusals if each is not None and each.code != "review.role"), None
    ) or next((each for _, each in refusals if each is not None), None)
    chair = step.committee.chair if step.committee else ""
    return Part(
        roles=tuple(dict.fromkeys(wait.role for wait in can)),
        declares=tuple(w.role for w in can if set(DECLARED) & set(w.seat.recuse)),
        committee=step.committee.title if step.committee else "",
        chairs=bool(step.committee and spoken and (not chair or spoken[0].role == chair)),
        convenes=any(
            each.committee and actor.roles & {seat.role for seat in each.seats} for each in later
        ),
        hands_on=tuple(
            dict.fromkeys(
                seat.role
                for each in later
                for seat in each.seats
                if seat.lent_to and seat.role in actor.roles
            )
        ),
        why="" if can else "You have signed off." if spoken else said.said if said else "",
        next_step="" if can or spoken or said is None else said.step,
    )


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
