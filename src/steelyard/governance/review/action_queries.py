# SPDX-License-Identifier: Apache-2.0
"""Reads of improvement actions."""

from __future__ import annotations

import datetime as dt
from typing import Any, cast

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from steelyard.governance.review.tables import ActionRow
from steelyard.governance.review.views import ActionState, ActionView
from steelyard.kernel.actor import Actor
from steelyard.kernel.errors import MissingError
from steelyard.platform.identity.visibility import within_reach


def row_of(session: Session, actor: Actor, action_id: str, *, lock: bool = False) -> ActionRow:
    """Return the row of one action, locked until the transaction ends if it will be changed.

    Raises:
        MissingError: there is none, or the actor may not see it.
    """
    query: Select[ActionRow] = within_reach(
        select(ActionRow).where(ActionRow.id == action_id), actor, ActionRow.unit
    )
    row = session.scalar(query.with_for_update() if lock else query)
    if row is None:
        raise MissingError(
            f"There is no action {action_id!r}.",
            next_step="List the actions you can see to find its id.",
            code="action.missing",
        )
    return row


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
    query = within_reach(select(ActionRow), actor, ActionRow.unit)
    query = query.order_by(ActionRow.id.desc()).limit(limit)
    if after is not None:
        query = query.where(ActionRow.id < str(after[0]))
    for column, value in (
        (ActionRow.state, state),
        (ActionRow.owner, owner),
        (ActionRow.unit, unit),
        (ActionRow.severity, severity),
    ):
        if value is not None:
            query = query.where(column == value)
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
