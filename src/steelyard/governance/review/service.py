# SPDX-License-Identifier: Apache-2.0
"""Verbs of a review: open it, sign off, step aside, ask for changes, answer, take it back.

The room that decides learns from the job ``review.completed`` {review} that a review has an
outcome.
"""

from __future__ import annotations

import msgspec
from sqlalchemy import select
from sqlalchemy.orm import Session

from steelyard.charter.schema import Charter
from steelyard.governance.clocks import service as clocks
from steelyard.governance.intake import queries as requests
from steelyard.governance.intake import service as intake
from steelyard.governance.review import queries, state
from steelyard.governance.review.keep import (
    REVIEW,
    check_improvement,
    check_texts,
    current_seats,
    inform,
    kept,
    start_step,
    taken,
    tell_end,
    told,
    wait_for,
)
from steelyard.governance.review.load import case_of, reviewer_of, voted
from steelyard.governance.review.plan import Plan, plan_of
from steelyard.governance.review.state import Answer
from steelyard.governance.review.tables import CommentRow, RecusalRow, ReviewRow, SignOffRow
from steelyard.governance.review.views import ReviewDetail
from steelyard.kernel.actor import SPONSOR, SYSTEM, Actor
from steelyard.kernel.assessment import Review
from steelyard.kernel.errors import ConflictError, FieldErrors, ForbiddenError
from steelyard.ledger.canonical import sha256_of
from steelyard.platform.work import Work

RESUMED = "review.resumed"
"""The job for the room that judges: {review}; the world may have changed while it stood."""


def open(  # noqa: A001 # the verb of the room
    work: Work,
    request_id: str,
    assessment_id: str,
    review: Review,
    charter: Charter,
    *,
    tier: str,
    charter_sha256: str = "",
) -> ReviewDetail:
    """Have a submitted request reviewed as its assessment asks.

    A review of the request that is still running goes on with the new assessment, and everybody is
    asked anew; with the same assessment nothing happens.

    Raises:
        MissingError: there is no such request.
        InputError: the assessment asks nobody.
    """
    request = requests.row_of(work.session, SYSTEM, request_id, lock=True)
    plan = plan_of(review, charter, environment=request.environment, tier=tier)
    row = _running(work.session, request_id)
    if row is not None and row.assessment == assessment_id and row.state == "open":
        return queries.detail(work.session, row)
    again = row is not None
    if row is None:
        row = ReviewRow(
            id=work.id("rvw"), request=request_id, unit=request.unit, use_case=request.use_case,
            requested_by=request.requested_by, environment=request.environment, round=0,
            opened_at=work.now, due=work.now, closed_at=None, version=0, improvement="",
        )  # fmt: skip
        work.session.add(row)
    row.assessment, row.charter, row.revision = assessment_id, charter_sha256, request.revision
    row.tier, row.track, row.plan = tier, plan.track, msgspec.to_builtins(plan)
    row.state, row.step, row.round = "open", 0, row.round + 1
    row.updated_at, row.version = work.now, row.version + 1
    _begin(work, row, plan, anew=again)
    kind = "review.reopened" if again else "review.opened"
    work.record(
        SYSTEM, told(row, kind, track=row.track, tier=tier, plan_sha256=sha256_of(row.plan))
    )
    intake.mark(work, SYSTEM, request_id, "submitted", "in review", review=row.id)
    return queries.detail(work.session, row)


def sign(
    work: Work,
    actor: Actor,
    review_id: str,
    role: str,
    answer: Answer,
    reason: str = "",
    conditions: tuple[str, ...] = (),
    expected: int | None = None,
    *,
    declares: bool = False,
    nothing_to_improve: bool = False,
) -> ReviewDetail:
    """Say yes or no in a role; a member of a committee may abstain.

    ``conditions`` are terms the yes is tied to; they travel to the decision. With ``declares`` the
    person says that they have no financial interest in the model and did not make it.

    Raises:
        MissingError, StaleError
        ForbiddenError: the person may not fill that seat; the sentence says why.
        ConflictError: they signed off already, the seat is taken, it is not its turn.
        FieldErrors: a no without a reason, conditions without a yes.
    """
    _check_words(answer, reason, conditions)
    row, case = taken(work, actor, review_id, expected)
    _check_request(work.session, row)
    person = reviewer_of(
        work.session, actor, voted(row), current_seats(case), work.now, declares=declares
    )
    after = state.sign(case, person, role, answer)
    check_improvement(work, row, after, nothing_to_improve)
    voice = after.voices[-1]
    lent_by = person.lent.get(role, "") if role not in actor.roles else ""
    said = SignOffRow(
        id=work.id("sgn"), review=row.id, round=row.round, person=actor.id, role=role,
        place=voice.place, answer=answer, reason=reason, conditions=list(conditions),
        lent_by=lent_by, outside=voice.outside, at=work.now,
    )  # fmt: skip
    work.session.add(said)
    work.session.flush()
    event = told(
        row,
        "review.signed",
        {"reason": reason, "conditions": list(conditions)},
        sign_off=said.id,
        role=role,
        answer=answer,
        committee=voice.place,
        lent=bool(lent_by),
        declared=declares,
        state=after.state,
    )
    return kept(work, actor, row, after, event)


def recuse(
    work: Work, actor: Actor, review_id: str, why: str, expected: int | None = None
) -> ReviewDetail:
    """Step aside from a review; what the person said in it so far does not count any more.

    Raises:
        MissingError, StaleError, FieldErrors
        ConflictError: the review is closed, or they stepped aside before.
    """
    if not why.strip():
        raise FieldErrors([("why", "Say why you step aside.")])
    check_texts(why=why)
    row, case = taken(work, actor, review_id, expected)
    if actor.id in case.matter.recused:
        raise ConflictError("You have stepped aside already.", code="review.recused-already")
    after = state.step_aside(case, actor.id)
    work.session.add(RecusalRow(review=row.id, person=actor.id, why=why, at=work.now))
    work.session.flush()
    return kept(work, actor, row, after, told(row, "review.recused", {"why": why}))


def ask_changes(
    work: Work,
    actor: Actor,
    review_id: str,
    changes: tuple[tuple[str, str], ...],
    expected: int | None = None,
) -> ReviewDetail:
    """Send the request back: pairs of a line of evidence and what should change there.

    The clocks stand until the requester answers.

    Raises:
        MissingError, StaleError, FieldErrors
        ForbiddenError: nobody waits for the actor's sign-off.
        ConflictError: the review is not open.
    """
    if not changes or not all(text.strip() for _, text in changes):
        raise FieldErrors([("changes", "Say what should change.")])
    check_texts(changes=[text for _, text in changes])
    row, case = taken(work, actor, review_id, expected)
    _check_request(work.session, row)
    person = reviewer_of(
        work.session, actor, voted(row), current_seats(case), work.now, declares=True
    )
    after = state.ask_changes(case, person)
    for evidence, text in changes:
        work.session.add(
            CommentRow(
                id=work.id("cmt"), review=row.id, round=row.round, author=actor.id, kind="change",
                evidence=evidence[:200], text=text, mentions=[], at=work.now,
            )
        )  # fmt: skip
    clocks.pause(work, row.id)
    intake.mark(work, SYSTEM, row.request, "changes requested", review=row.id)
    inform(work, row, "review.changes", persons=[row.requested_by])
    body = {"changes": [{"evidence": place, "text": text} for place, text in changes]}
    event = told(row, "review.changes-requested", body, changes=len(changes))
    return kept(work, actor, row, after, event)


def resubmit(
    work: Work, actor: Actor, review_id: str, answer: str, expected: int | None = None
) -> ReviewDetail:
    """Answer a request for changes with words alone: nothing that was judged has changed.

    Sign-offs so far stand. Whoever changes the request submits it again in the room of requests;
    it is assessed anew then, and everybody is asked anew.

    Raises:
        MissingError, StaleError, FieldErrors
        ForbiddenError: it is somebody else's request.
        ConflictError: no changes were asked for.
    """
    if not answer.strip():
        raise FieldErrors([("answer", "Say what you changed, or why nothing should.")])
    check_texts(answer=answer)
    row, case = taken(work, actor, review_id, expected)
    if row.requested_by != actor.id:
        raise ForbiddenError(
            "Only the person who made the request answers for it.",
            next_step="Write a comment instead.",
            code="request.not-yours",
        )
    after = state.resubmit(case, None)
    work.session.add(
        CommentRow(
            id=work.id("cmt"), review=row.id, round=row.round, author=actor.id, kind="comment",
            evidence="", text=answer, mentions=[], at=work.now,
        )
    )  # fmt: skip
    resumed = clocks.resume(work, row.id)
    row.due = next((clock.due for clock in resumed if clock.kind == REVIEW), row.due)
    intake.mark(work, SYSTEM, row.request, "submitted", "in review", review=row.id)
    work.enqueue(RESUMED, {"review": row.id}, key=f"{RESUMED}:{row.id}")
    asked = dict.fromkeys(wait.role for wait in state.standing(after).waits)
    inform(work, row, "review.resubmitted", roles=list(asked))
    return kept(work, actor, row, after, told(row, "review.resubmitted", {"answer": answer}))


def close_of_request(work: Work, request_id: str, why: str) -> bool:
    """End the running review of a request that nobody has to look at any more; tell them so."""
    row = _running(work.session, request_id)
    if row is None:
        return False
    after = state.withdraw(case_of(work.session, voted(row)))
    tell_end(work, row, why)
    kept(work, SYSTEM, row, after, told(row, "review.withdrawn"))
    return True


def _running(session: Session, request_id: str) -> ReviewRow | None:
    return session.scalar(
        select(ReviewRow)
        .where(ReviewRow.request == request_id, ReviewRow.closed_at.is_(None))
        .with_for_update()
    )


def _begin(work: Work, row: ReviewRow, plan: Plan, *, anew: bool) -> None:
    """Start the clocks of a review anew, and write down whom it waits for."""
    clocks.stop(work, row.id, met=False)
    clock = clocks.start(
        work,
        subject=row.id,
        kind=REVIEW,
        about=row.request,
        unit=row.unit,
        within=plan.within,
        remind=plan.remind,
        ladder=plan.escalate or (SPONSOR,),
        rung=plan.escalate_after,
    )
    row.due = clock.due
    work.session.flush()
    case = case_of(work.session, voted(row))
    start_step(work, row, case)
    wait_for(work, row, case, anew=anew)
    work.session.flush()


def _check_request(session: Session, row: ReviewRow) -> None:
    """Refuse to go on with a review whose request is not submitted any more."""
    request = requests.row_of(session, SYSTEM, row.request)
    if request.state not in ("submitted", "changes requested"):
        raise ConflictError(
            f"The request is {request.state}; there is nothing left to review.",
            next_step="Read the request.",
            code="review.state",
        )


def _check_words(answer: str, reason: str, conditions: tuple[str, ...]) -> None:
    faults = []
    if answer == "no" and not reason.strip():
        faults.append(("reason", "A no needs a reason: it tells the requester what to do."))
    if conditions and answer != "yes":
        faults.append(("conditions", "Only a yes can be tied to conditions."))
    if not all(text.strip() for text in conditions) or len(conditions) > 50:
        faults.append(("conditions", "Up to 50 conditions, none of them empty."))
    if faults:
        raise FieldErrors(faults)
    check_texts(reason=reason, conditions=conditions)
