# SPDX-License-Identifier: Apache-2.0
"""Verbs of handing a right on, for one review or for every one, until a time."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import select

from steelyard.governance.review import queries
from steelyard.governance.review.keep import check_texts, told
from steelyard.governance.review.load import case_of, fits, voted
from steelyard.governance.review.tables import DelegationRow
from steelyard.governance.review.views import DelegationView
from steelyard.kernel.actor import Actor
from steelyard.kernel.errors import ConflictError, FieldErrors, ForbiddenError, MissingError
from steelyard.kernel.event import Event
from steelyard.platform.identity import people
from steelyard.platform.notify.service import tell
from steelyard.platform.versions import check_version
from steelyard.platform.work import Work

LONGEST = dt.timedelta(days=366)
"""Of a right handed on for every review; each charter may make it shorter."""


def delegate(
    work: Work,
    actor: Actor,
    role: str,
    to: str,
    until: dt.datetime,
    *,
    review_id: str = "",
    reason: str = "",
) -> DelegationView:
    """Hand the right of a role on to somebody until a time.

    For one review it must be allowed by its plan. For every review (``review_id`` empty) it counts
    in those whose charter allows it, to somebody of that role and for that long.

    Raises:
        MissingError: no such review, or no such person.
        ForbiddenError: the actor does not hold the role, or the charter does not allow it.
        FieldErrors: the time is over already or too far away.
    """
    check_texts(reason=reason)
    if role not in actor.roles or actor.kind != "person":
        raise ForbiddenError(
            f"You do not hold the role {role}, so you cannot hand it on.",
            next_step="A right that was handed on to you cannot be handed on again.",
            code="review.role",
        )
    if not work.now < until <= work.now + LONGEST:
        raise FieldErrors([("until", "Choose a time within a year from now.")])
    heir = people.person(work.session, to)
    if heir is None or heir.state not in people.WORKING:
        raise MissingError(
            f"There is no person {to!r} who could act.",
            next_step="Look the person up by name to find their id.",
            code="identity.missing",
        )
    if heir.id == actor.id:
        raise FieldErrors([("to", "That is you.")])
    about = _check_review(work, actor, role, heir, until, review_id) if review_id else ""
    row = DelegationRow(
        id=work.id("dlg"), role=role, by=actor.id, to=heir.id, review=review_id, reason=reason,
        made_at=work.now, until=until, revoked_at=None, version=1,
    )  # fmt: skip
    work.session.add(row)
    work.record(actor, _event("delegation.made", row, about))
    _inform(work, row, "delegation.made")
    return queries.delegation_view(row)


def revoke(work: Work, actor: Actor, delegation_id: str, expected: int | None) -> DelegationView:
    """Take a right back at once; what was signed with it stands.

    Raises:
        MissingError: there is none, or it was made by somebody else.
        StaleError, ConflictError
    """
    row = work.session.scalar(
        select(DelegationRow)
        .where(DelegationRow.id == delegation_id, DelegationRow.by == actor.id)
        .with_for_update()
    )
    if row is None:
        raise MissingError(
            f"You have made no delegation {delegation_id!r}.",
            next_step="List those you made.",
            code="delegation.missing",
        )
    check_version(row.version, expected, queries.delegation_view(row))
    if row.revoked_at is not None or row.until <= work.now:
        raise ConflictError("It has ended already.", code="delegation.ended")
    row.revoked_at, row.version = work.now, row.version + 1
    work.record(actor, _event("delegation.revoked", row, ""))
    _inform(work, row, "delegation.revoked")
    return queries.delegation_view(row)


def _check_review(
    work: Work,
    actor: Actor,
    role: str,
    heir: people.Person,
    until: dt.datetime,
    review_id: str,
) -> str:
    """Return the request of the review, if its plan lets the right be handed on so."""
    row = queries.row_of(work.session, actor, review_id, lock=True)
    matter = case_of(work.session, voted(row)).matter
    if heir.id == row.requested_by or actor.id in {row.requested_by, *matter.recused}:
        raise ForbiddenError(
            "In this review the right can be handed on neither to nor by the person who asks, nor "
            "by somebody who stepped aside.",
            next_step="Choose somebody else.",
            code="review.delegation",
        )
    plan = case_of(work.session, voted(row)).plan
    seats = [seat for step in plan.steps for seat in step.seats if seat.role == role]
    if not any(fits(seat, heir.roles, work.now, until) for seat in seats):
        allowed = "; ".join(
            f"to {' or '.join(seat.lent_to)} for at most {seat.lent_for}"
            for seat in seats
            if seat.lent_to
        )
        raise ForbiddenError(
            f"The charter does not let the role {role} be handed on so.",
            next_step=f"It allows it {allowed}." if allowed else "It allows it to nobody.",
            code="review.delegation",
        )
    return told(row, "review.delegated").about


def _inform(work: Work, row: DelegationRow, kind: str) -> None:
    """Tell whoever a right was handed on to."""
    by = people.names(work.session, [row.by]).get(row.by, "Somebody")
    tell(
        work, kind=kind, subject=row.id, about=row.review, people=(row.to,),
        facts={"role": row.role, "until": row.until.date().isoformat()}, words={"by": by},
    )  # fmt: skip


def _event(kind: str, row: DelegationRow, about: str) -> Event:
    return Event(
        type=kind,
        subject=row.id,
        about=row.review or about,
        details={
            "role": row.role,
            "by": row.by,
            "to": row.to,
            "until": row.until.isoformat(),
        },
        body={"reason": row.reason} if row.reason else {},
    )
