# SPDX-License-Identifier: Apache-2.0
"""Reads of reviews, of what waits for somebody, and of actions."""

from __future__ import annotations

import datetime as dt
from typing import Any, cast

import msgspec
from sqlalchemy import Select, or_, select, tuple_
from sqlalchemy.orm import Session

from steelyard.governance.inventory.queries import revisions_of
from steelyard.governance.review.action_queries import of_review
from steelyard.governance.review.load import plan_in
from steelyard.governance.review.mine import Mine
from steelyard.governance.review.state import CLOSED, Answer, State
from steelyard.governance.review.tables import (
    REVIEWS,
    CommentRow,
    DelegationRow,
    MeetingRow,
    RecusalRow,
    ReviewRow,
    SignOffRow,
    WaitRow,
)
from steelyard.governance.review.views import (
    CommentView,
    DelegationView,
    MeetingView,
    Outcome,
    ProposedCondition,
    RecusalView,
    ReviewDetail,
    ReviewView,
    SignOffView,
    Waiting,
)
from steelyard.kernel.actor import SYSTEM, Actor
from steelyard.kernel.errors import ConflictError, InputError, MissingError
from steelyard.platform.identity import people
from steelyard.platform.identity.permissions import sees_all


def row_of(session: Session, actor: Actor, review_id: str, *, lock: bool = False) -> ReviewRow:
    """Return the row of one review, locked until the transaction ends if it will be changed.

    Raises:
        MissingError: there is none, or the actor may not see it.
    """
    return REVIEWS.one(session, actor, review_id, lock=lock)


def get(session: Session, actor: Actor, review_id: str) -> ReviewDetail:
    """Return a review with everything that was said and done in it.

    Raises:
        MissingError: there is none, or the actor may not see it.
    """
    return detail(session, row_of(session, actor, review_id))


def find(
    session: Session,
    actor: Actor,
    *,
    limit: int,
    after: tuple[Any, ...] | None = None,
    state: str | None = None,
    request: str | None = None,
    unit: str | None = None,
    track: str | None = None,
    model: str | None = None,
) -> list[ReviewView]:
    """Return up to ``limit`` reviews, newest first."""
    wanted = (
        (ReviewRow.state, state),
        (ReviewRow.request, request),
        (ReviewRow.unit, unit),
        (ReviewRow.track, track),
    )
    query = REVIEWS.newest(actor, limit=limit, after=after, wanted=wanted)
    if model is not None:
        query = query.where(ReviewRow.revision.in_(revisions_of(model)))
    rows = session.scalars(query).all()
    waits = _waits(session, [row.id for row in rows])
    return [view(row, waits.get(row.id, ())) for row in rows]


def running_of(session: Session, request_id: str) -> ReviewView | None:
    """Return the review of a request that has not ended, for the rooms that judge it anew."""
    latest = find(session, SYSTEM, limit=1, request=request_id)
    return latest[0] if latest and latest[0].state not in CLOSED else None


def queue(
    session: Session,
    actor: Actor,
    now: dt.datetime,
    *,
    limit: int,
    after: tuple[Any, ...] | None = None,
) -> list[Waiting]:
    """Return the seats that wait for the actor, what is due first first.

    A seat the actor cannot fill (their own request, not trained, of the same unit) is not listed;
    one that only asks for a declaration is.
    """
    roles = sorted(actor.roles | _lent_roles(session, actor, now))
    found: list[Waiting] = []
    last = _seen(after) if after is not None else None
    mine = Mine(session, actor, now)
    while len(found) < limit:
        rows = session.execute(_candidates(actor, roles, last, limit)).all()
        waits = _waits(session, [wait.review for wait, _ in rows])
        mine.prepare([row for _, row in rows])
        for wait, row in rows:
            last = (wait.due, wait.review, wait.role)
            if len(found) < limit and mine.can(row, wait.role):
                shown = view(row, waits.get(row.id, ()))
                found.append(Waiting(review=shown, role=wait.role, due=wait.due))
        if len(rows) < limit:
            break
    return found


def _candidates(
    actor: Actor, roles: list[str], last: tuple[Any, ...] | None, limit: int
) -> Select[WaitRow, ReviewRow]:
    aside = select(RecusalRow.review).where(
        RecusalRow.person == actor.id, RecusalRow.review == ReviewRow.id
    )
    query = (
        select(WaitRow, ReviewRow)
        .join(ReviewRow, ReviewRow.id == WaitRow.review)
        .where(
            WaitRow.role.in_(roles),
            ReviewRow.state == "open",
            ReviewRow.requested_by != actor.id,
            ~aside.exists(),
        )
    )
    if last is not None:
        query = query.where(tuple_(WaitRow.due, WaitRow.review, WaitRow.role) > last)
    return (
        REVIEWS.seen(query, actor).order_by(WaitRow.due, WaitRow.review, WaitRow.role).limit(limit)
    )


def _lent_roles(session: Session, actor: Actor, now: dt.datetime) -> set[str]:
    return set(
        session.scalars(
            select(DelegationRow.role).where(
                DelegationRow.to == actor.id,
                DelegationRow.until > now,
                DelegationRow.revoked_at.is_(None),
            )
        )
    )


def _seen(after: tuple[Any, ...]) -> tuple[dt.datetime, str, str]:
    try:
        due, review, role = after
        moment = dt.datetime.fromisoformat(due)
        if moment.tzinfo is None:
            raise ValueError(due)
    except (ValueError, TypeError) as error:
        raise InputError(
            "The cursor is not one of this list.",
            next_step="Use `next` of the page before, unchanged, or leave the cursor out.",
            code="list.cursor",
        ) from error
    return moment, str(review), str(role)


def _waits(session: Session, reviews: list[str]) -> dict[str, tuple[str, ...]]:
    found: dict[str, list[str]] = {}
    rows = session.scalars(
        select(WaitRow).where(WaitRow.review.in_(reviews)).order_by(WaitRow.role)
    )
    for row in rows:
        found.setdefault(row.review, []).append(row.role)
    return {review: tuple(roles) for review, roles in found.items()}


def view(row: ReviewRow, waits_for: tuple[str, ...]) -> ReviewView:
    """Return what a list shows of a review."""
    steps = row.plan["steps"]
    closed = row.state in CLOSED
    return ReviewView(
        id=row.id,
        request=row.request,
        assessment=row.assessment,
        unit=row.unit,
        use_case=row.use_case,
        revision=row.revision,
        environment=row.environment,
        tier=row.tier,
        track=row.track,
        requested_by=row.requested_by,
        state=cast("State", row.state),
        step="" if closed or row.step >= len(steps) else steps[row.step]["name"],
        waits_for=waits_for,
        round=row.round,
        opened_at=row.opened_at,
        due=row.due,
        closed_at=row.closed_at,
        version=row.version,
    )


def detail(session: Session, row: ReviewRow) -> ReviewDetail:
    """Return everything that was said and done in a review."""
    signs = session.scalars(
        select(SignOffRow).where(SignOffRow.review == row.id).order_by(SignOffRow.at, SignOffRow.id)
    ).all()
    aside = session.scalars(select(RecusalRow).where(RecusalRow.review == row.id)).all()
    gone = {each.person for each in aside}
    comments = session.scalars(
        select(CommentRow).where(CommentRow.review == row.id).order_by(CommentRow.at, CommentRow.id)
    ).all()
    meetings = session.scalars(
        select(MeetingRow).where(MeetingRow.review == row.id).order_by(MeetingRow.id)
    ).all()
    actions = of_review(session, row.id)
    appear = {row.requested_by, *gone, *(sign.person for sign in signs)}
    appear |= {sign.lent_by for sign in signs} | {comment.author for comment in comments}
    appear |= {person for meeting in meetings for person in meeting.attended}
    appear |= {person for action in actions for person in (action.owner, action.sponsor)}
    return ReviewDetail(
        review=view(row, _waits(session, [row.id]).get(row.id, ())),
        steps=plan_in(row).steps,
        sign_offs=tuple(_sign_off(sign, row.round, gone) for sign in signs),
        recusals=tuple(RecusalView(person=e.person, why=e.why, at=e.at) for e in aside),
        comments=tuple(map(comment_view, comments)),
        meetings=tuple(map(meeting_view, meetings)),
        actions=actions,
        nothing_to_improve=row.improvement == "none",
        names=people.names(session, appear - {""}),
        version=row.version,
    )


def outcome_of(session: Session, review_id: str) -> Outcome:
    """Return how a review ended, for the room that decides.

    Raises:
        MissingError: there is no such review.
        ConflictError: it has no outcome.
    """
    row = session.get(ReviewRow, review_id)
    if row is None:
        raise MissingError(f"There is no review {review_id!r}.", code="review.missing")
    if row.state not in ("approved", "rejected") or row.closed_at is None:
        raise ConflictError(f"The review is {row.state}.", code="review.state")
    whole = detail(session, row)
    counting = tuple(sign for sign in whole.sign_offs if sign.counts)
    return Outcome(
        review=row.id,
        request=row.request,
        assessment=row.assessment,
        outcome="approved" if row.state == "approved" else "rejected",
        closed_at=row.closed_at,
        sign_offs=counting,
        conditions=tuple(
            ProposedCondition(sign_off=sign.id, person=sign.person, role=sign.role, text=text)
            for sign in counting
            for text in sign.conditions
        ),
        minutes=tuple(
            meeting.minutes_sha256
            for meeting in whole.meetings
            if meeting.state == "minuted" and meeting.round == row.round
        ),
        actions=tuple(action.id for action in whole.actions),
    )


def of_votes(session: Session, subject: str, turn: int) -> tuple[SignOffView, ...]:
    """Return what was said about anything that is voted on; the caller has seen it."""
    rows = session.scalars(
        select(SignOffRow)
        .where(SignOffRow.review == subject)
        .order_by(SignOffRow.at, SignOffRow.id)
    )
    return tuple(_sign_off(row, turn, set()) for row in rows)


def delegations(
    session: Session, actor: Actor, *, limit: int, after: tuple[Any, ...] | None = None
) -> list[DelegationView]:
    """Return rights handed on by or to the actor, newest first; whoever sees all sees all."""
    query = select(DelegationRow)
    if not sees_all(actor):
        query = query.where(or_(DelegationRow.by == actor.id, DelegationRow.to == actor.id))
    if after is not None:
        query = query.where(DelegationRow.id < str(after[0]))
    rows = session.scalars(query.order_by(DelegationRow.id.desc()).limit(limit))
    return [delegation_view(row) for row in rows]


def _sign_off(row: SignOffRow, current: int, gone: set[str]) -> SignOffView:
    return SignOffView(
        id=row.id,
        round=row.round,
        person=row.person,
        role=row.role,
        committee=row.place,
        answer=msgspec.convert(row.answer, Answer),
        reason=row.reason,
        conditions=tuple(row.conditions),
        lent_by=row.lent_by,
        at=row.at,
        counts=row.round == current and row.person not in gone,
    )


def comment_view(row: CommentRow) -> CommentView:
    """Return what is shown of a comment."""
    return CommentView(
        id=row.id,
        round=row.round,
        author=row.author,
        kind="change" if row.kind == "change" else "comment",
        evidence=row.evidence,
        text=row.text,
        mentions=tuple(row.mentions),
        at=row.at,
    )


def meeting_view(row: MeetingRow) -> MeetingView:
    """Return what is shown of a meeting."""
    return MeetingView(
        id=row.id,
        round=row.round,
        committee=row.committee,
        state="minuted" if row.state == "minuted" else "convened",
        at=row.at,
        convened_by=row.convened_by,
        minutes=row.minutes,
        minutes_sha256=row.minutes_sha256,
        attended=tuple(row.attended),
        carried=row.carried,
        minuted_by=row.minuted_by,
        minuted_at=row.minuted_at,
    )


def delegation_view(row: DelegationRow) -> DelegationView:
    """Return what is shown of a right handed on."""
    return DelegationView(
        id=row.id,
        role=row.role,
        by=row.by,
        to=row.to,
        review=row.review,
        reason=row.reason,
        made_at=row.made_at,
        until=row.until,
        revoked_at=row.revoked_at,
        version=row.version,
    )
