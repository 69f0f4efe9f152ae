# SPDX-License-Identifier: Apache-2.0
"""Verbs of committees: convene a meeting, and keep its minutes.

Members vote by signing off in the role of their seat, while it is the committee's turn. The votes
count once the chair has written the minutes and named who attended.
"""

from __future__ import annotations

import datetime as dt

from sqlalchemy import select

from steelyard.governance.review import queries, state
from steelyard.governance.review.keep import (
    check_improvement,
    check_texts,
    current_seats,
    kept,
    taken,
    told,
)
from steelyard.governance.review.load import reviewer_of, voted
from steelyard.governance.review.plan import PlanStep
from steelyard.governance.review.state import Case, carried, standing
from steelyard.governance.review.tables import MeetingRow
from steelyard.governance.review.views import MeetingView, ReviewDetail
from steelyard.kernel.actor import Actor
from steelyard.kernel.digest import sha256_hex
from steelyard.kernel.errors import ConflictError, FieldErrors, ForbiddenError
from steelyard.platform.identity import people
from steelyard.platform.notify.service import tell
from steelyard.platform.work import Work


def convene(work: Work, actor: Actor, review_id: str, at: dt.datetime) -> MeetingView:
    """Call a meeting of the committee whose turn it is, or will be.

    Raises:
        MissingError
        ConflictError: no committee is to decide in this review.
        ForbiddenError: the actor has no seat in it.
        FieldErrors: the time is over.
    """
    row, case = taken(work, actor, review_id, None)
    step = _next(case)
    if not actor.roles & {seat.role for seat in step.seats} or actor.id == row.requested_by:
        raise ForbiddenError(
            "A meeting is called by somebody who has a seat in it.",
            next_step="Ask one of its members.",
            code="review.role",
        )
    if at < work.now:
        raise FieldErrors([("at", "Choose a time to come.")])
    meeting = MeetingRow(
        id=work.id("mtg"), review=row.id, round=row.round, committee=step.place, state="convened",
        at=at, convened_by=actor.id, minutes="", minutes_sha256="", attended=[], carried=None,
        minuted_by="", minuted_at=None,
    )  # fmt: skip
    work.session.add(meeting)
    work.record(
        actor,
        told(
            row,
            "meeting.convened",
            meeting=meeting.id,
            committee=step.place,
            at=at.isoformat(),
        ),
    )
    tell(
        work, kind="meeting.convened", subject=row.id, about=row.request,
        roles=[seat.role for seat in step.seats], unit=row.unit,
        facts={"committee": step.place, "at": at.isoformat()},
    )  # fmt: skip
    return queries.meeting_view(meeting)


def minute(
    work: Work,
    actor: Actor,
    review_id: str,
    text: str,
    attended: tuple[str, ...],
    expected: int | None = None,
    *,
    nothing_to_improve: bool = False,
) -> ReviewDetail:
    """Keep the minutes of the committee whose turn it is; this closes its vote.

    ``attended`` are the ids of everybody who was there, whether they voted or not.

    Raises:
        MissingError, StaleError, FieldErrors
        ForbiddenError: the actor does not chair it.
        ConflictError: it is not its turn, or too few took part.
    """
    if not text.strip():
        raise FieldErrors([("minutes", "Write down what was discussed and decided.")])
    check_texts(minutes=text)
    row, case = taken(work, actor, review_id, expected)
    there = frozenset({*attended, actor.id})
    check_people(work, there)
    person = reviewer_of(
        work.session, actor, voted(row), current_seats(case), work.now, declares=True
    )
    step = case.plan.steps[min(standing(case).step, len(case.plan.steps) - 1)]
    after = state.minute(case, person, there)
    check_improvement(work, row, after, nothing_to_improve)
    assert step.committee is not None
    votes = [voice for voice in state.heard(case) if voice.place == step.place]
    meeting = meeting_of(work, actor, row.id, row.round, step.place)
    meeting.state, meeting.minutes, meeting.minuted_by = "minuted", text, actor.id
    meeting.minutes_sha256 = sha256_hex(text.encode())
    meeting.attended, meeting.minuted_at = sorted(there), work.now
    meeting.carried = carried(step.committee, votes)
    work.session.flush()
    event = told(
        row,
        "meeting.minuted",
        {"minutes": text},
        meeting=meeting.id,
        committee=step.place,
        minutes_sha256=meeting.minutes_sha256,
        attended=meeting.attended,
        carried=meeting.carried,
        votes={answer: sum(v.answer == answer for v in votes) for answer in ("yes", "no")},
        state=after.state,
    )
    return kept(work, actor, row, after, event)


def _next(case: Case) -> PlanStep:
    at = standing(case).step
    for step in case.plan.steps[at:]:
        if step.committee is not None and case.state == "open":
            return step
    raise ConflictError(
        "No committee is to decide in this review.",
        next_step="The steps of the review say who decides.",
        code="review.step",
    )


def meeting_of(work: Work, actor: Actor, review: str, turn: int, committee: str) -> MeetingRow:
    """Return the meeting that was called, or one that was held without being called."""
    found = work.session.scalar(
        select(MeetingRow)
        .where(
            MeetingRow.review == review,
            MeetingRow.round == turn,
            MeetingRow.committee == committee,
            MeetingRow.state == "convened",
        )
        .order_by(MeetingRow.id.desc())
        .limit(1)
    )
    if found is None:
        found = MeetingRow(
            id=work.id("mtg"), review=review, round=turn, committee=committee, at=work.now,
            convened_by=actor.id,
        )  # fmt: skip
        work.session.add(found)
    return found


def check_people(work: Work, attended: frozenset[str]) -> None:
    """Refuse a list of people that names somebody who does not exist.

    Raises:
        FieldErrors: who.
    """
    if len(attended) > 200:
        raise FieldErrors([("attended", "At most 200 people.")])
    unknown = attended - people.names(work.session, attended).keys()
    if unknown:
        raise FieldErrors([("attended", f"There is no person {min(unknown)[:40]!r}.")])
