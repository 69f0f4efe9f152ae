# SPDX-License-Identifier: Apache-2.0
"""Reads of improvement actions."""

from __future__ import annotations

import datetime as dt
from typing import Any, cast

from sqlalchemy import select
from sqlalchemy.orm import Session

from steelyard.governance.review.tables import ACTIONS, ActionRow
from steelyard.governance.review.views import ActionState, ActionView
from steelyard.kernel.actor import Actor


def row_of(session: Session, actor: Actor, action_id: str, *, lock: bool = False) -> ActionRow:
    """Return the row of one action, locked until the transaction ends if it will be changed.

    Raises:
        MissingError: there is none, or the actor may not see it.
    """
    return ACTIONS.one(session, actor, action_id, lock=lock)


def get(session: Session, actor: Actor, action_id: str) -> ActionView:
    """Return one action.

    Raises:
        MissingError: there is none, or the actor may not see it.
    """
    return view(row_of(session, actor, action_id))


def of_review(session: Session, review_id: str) -> tuple[ActionView, ...]:
    """Return the actions a review found, oldest first; the caller has seen the review."""
    rows = session.scalars(
        select(ActionRow).where(ActionRow.review == review_id).order_by(ActionRow.id)
    )
    return tuple(map(view, rows))


def find(
    session: Session,
    actor: Actor,
    *,
    limit: int,
    after: tuple[Any, ...] | None = None,
    state: str | None = None,
    owner: str | None = None,
    unit: str | None = None,
    severity: str | None = None,
    due_before: dt.datetime | None = None,
) -> list[ActionView]:
    """Return up to ``limit`` actions, newest first."""
    wanted = (
        (ActionRow.state, state),
        (ActionRow.owner, owner),
        (ActionRow.unit, unit),
        (ActionRow.severity, severity),
    )
    query = ACTIONS.newest(actor, limit=limit, after=after, wanted=wanted)
    if due_before is not None:
        query = query.where(ActionRow.due < due_before)
    return [view(row) for row in session.scalars(query)]


def view(row: ActionRow) -> ActionView:
    """Return what is shown of an action."""
    return ActionView(
        id=row.id,
        review=row.review,
        request=row.request,
        unit=row.unit,
        finding=row.finding,
        severity=row.severity,
        text=row.text,
        owner=row.owner,
        sponsor=row.sponsor,
        state=cast("ActionState", row.state),
        due=row.due,
        proof=row.proof,
        done_by=row.done_by,
        done_at=row.done_at,
        verified_by=row.verified_by,
        verified_at=row.verified_at,
        created_by=row.created_by,
        created_at=row.created_at,
        version=row.version,
    )
