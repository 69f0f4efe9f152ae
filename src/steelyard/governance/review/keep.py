# SPDX-License-Identifier: Apache-2.0
"""From what the rules say back to rows: state, clocks, who is waited for, and what follows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import delete, select

from steelyard.governance.clocks import service as clocks
from steelyard.governance.clocks.queries import running
from steelyard.governance.review import queries
from steelyard.governance.review.action_queries import of_review
from steelyard.governance.review.load import case_of, voted
from steelyard.governance.review.plan import Seat
from steelyard.governance.review.state import CLOSED, Case, standing
from steelyard.governance.review.tables import ReviewRow, SignOffRow, WaitRow
from steelyard.governance.review.views import ReviewDetail
from steelyard.kernel.actor import SPONSOR, SYSTEM, Actor
from steelyard.kernel.errors import ConflictError, FieldErrors, ForbiddenError
from steelyard.kernel.event import Event
from steelyard.platform.notify.service import tell
from steelyard.platform.versions import check_version
from steelyard.platform.work import Work

REVIEW, STEP = "review", "step"
"""Kinds of clocks of a review."""
COMPLETED = "review.completed"
"""The job for the room that decides: {review}."""
LONGEST_TEXT = 20_000


def taken(work: Work, actor: Actor, review_id: str, expected: int | None) -> tuple[ReviewRow, Case]:
    """Return the row of a review, locked, and its case, for a person to change.

    Raises:
        MissingError, StaleError
        ForbiddenError: the actor is no person.
    """
    if actor.kind != "person":
        raise ForbiddenError(
            "Reviews are done by people; a robot account cannot take part.",
            next_step="Log in as a person.",
            code="review.person",
        )
    row = queries.row_of(work.session, actor, review_id, lock=True)
    if expected is not None and row.version != expected:
        check_version(row.version, expected, queries.detail(work.session, row))
    return row, case_of(work.session, voted(row))


def kept(work: Work, actor: Actor, row: ReviewRow, after: Case, event: Event) -> ReviewDetail:
    """Store what became of a review, record it, and start what follows."""
    at = standing(after)
    was = row.step
    row.state, row.step = after.state, min(at.step, len(after.plan.steps) - 1)
    row.updated_at, row.version = work.now, row.version + 1
    work.record(actor, event)
    if after.state in CLOSED:
        _close(work, row)
    elif row.step != was:
        clocks.stop(work, row.id, STEP, met=row.step > was)
    if after.state == "open":
        start_step(work, row, after)
    wait_for(work, row, after)
    work.session.flush()
    return queries.detail(work.session, row)


def start_step(work: Work, row: ReviewRow, case: Case) -> None:
    """Start the clock of the step a review is at, if the step has one that does not run."""
    step = case.plan.steps[row.step]
    if step.within and not running(work.session, row.id, STEP):
        clocks.start(
            work,
            subject=row.id,
            kind=STEP,
            about=row.request,
            unit=row.unit,
            within=step.within,
            ladder=case.plan.escalate or (SPONSOR,),
            rung=case.plan.escalate_after,
        )


def wait_for(work: Work, row: ReviewRow, case: Case, *, anew: bool = False) -> None:
    """Write down which roles are waited for, and tell those that were not before.

    If it is asked ``anew``, all of them are told so, and whoever has signed before.
    """
    known = set(work.session.scalars(select(WaitRow.role).where(WaitRow.review == row.id)))
    work.session.execute(delete(WaitRow).where(WaitRow.review == row.id))
    if case.state == "open":
        roles = dict.fromkeys(wait.role for wait in standing(case).waits)
        work.session.add_all(WaitRow(review=row.id, role=role, due=row.due) for role in roles)
        if anew:
            inform(work, row, "review.reopened", roles=list(roles), persons=_heard(work, row))
        else:
            inform(work, row, "review.waiting", roles=[role for role in roles if role not in known])


def tell_end(work: Work, row: ReviewRow, why: str) -> None:
    """Tell everybody who is waited for, or has signed, that nothing is asked of them any more."""
    roles = work.session.scalars(select(WaitRow.role).where(WaitRow.review == row.id)).all()
    inform(work, row, "review.ended", roles=roles, persons=_heard(work, row), why=why)


def _heard(work: Work, row: ReviewRow) -> Sequence[str]:
    """Return who has signed off in a review, in whichever round."""
    query = select(SignOffRow.person).where(SignOffRow.review == row.id).distinct()
    return work.session.scalars(query.order_by(SignOffRow.person)).all()


def inform(
    work: Work,
    row: ReviewRow,
    kind: str,
    *,
    roles: Sequence[str] = (),
    persons: Sequence[str] = (),
    **more: str,
) -> None:
    """Tell people of a review what happened in it."""
    if roles or persons:
        facts = {"environment": row.environment, "due": row.due.date().isoformat(), **more}
        tell(
            work, kind=kind, subject=row.id, about=row.request, roles=roles, people=persons,
            unit=row.unit, facts=facts,
        )  # fmt: skip


def remind(work: Work, review_id: str) -> None:
    """Remind whoever is waited for; called when a clock says that the time is near."""
    row = work.session.get(ReviewRow, review_id)
    if row is not None and row.state == "open":
        roles = work.session.scalars(select(WaitRow.role).where(WaitRow.review == row.id)).all()
        inform(work, row, "review.waiting", roles=roles)


def current_seats(case: Case) -> tuple[Seat, ...]:
    """Return the seats of the step a case is at."""
    steps = case.plan.steps
    return steps[min(standing(case).step, len(steps) - 1)].seats


def told(row: ReviewRow, kind: str, body: dict[str, Any] | None = None, **details: Any) -> Event:
    """Return an event of a review."""
    return Event(
        type=kind,
        subject=row.id,
        about=row.request,
        details={"assessment": row.assessment, "round": row.round, **details},
        body={name: text for name, text in (body or {}).items() if text},
    )


def check_texts(**texts: str | Sequence[str]) -> None:
    """Refuse texts that are too long.

    Raises:
        FieldErrors: which ones.
    """
    faults = [
        (name, f"At most {LONGEST_TEXT} characters are kept.")
        for name, given in texts.items()
        for text in ([given] if isinstance(given, str) else given)
        if len(text) > LONGEST_TEXT
    ]
    if faults:
        raise FieldErrors(faults)


def check_improvement(work: Work, row: ReviewRow, after: Case, nothing: bool) -> None:
    """See to it that no review is approved without a word on what could be better.

    Raises:
        ConflictError: there are no actions, and nobody said that nothing is to improve.
    """
    if nothing and row.improvement == "":
        row.improvement = "none"
    if after.state != "approved" or row.improvement:
        return
    if not of_review(work.session, row.id):
        raise ConflictError(
            "This would complete the review, and nothing is recorded that it should improve.",
            next_step="Add an action, or say `nothing_to_improve` with your sign-off.",
            code="review.improvement",
        )


def _close(work: Work, row: ReviewRow) -> None:
    row.closed_at = work.now
    done = row.state != "withdrawn"
    clocks.stop(work, row.id, met=done)
    work.record(SYSTEM, told(row, "review.closed", state=row.state))
    if done:
        inform(work, row, "review.closed", persons=[row.requested_by])
        work.enqueue(COMPLETED, {"review": row.id}, key=f"{COMPLETED}:{row.id}")
