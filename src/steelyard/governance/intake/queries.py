# SPDX-License-Identifier: Apache-2.0
"""Reads of requests. Nobody learns that a request of another unit exists."""

from __future__ import annotations

from typing import Any, cast

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from steelyard.governance.intake.states import OPEN, RequestView, Stage, State
from steelyard.governance.intake.tables import REQUESTS, RequestRow
from steelyard.kernel.actor import Actor


def get(session: Session, actor: Actor, request_id: str) -> RequestView:
    """Return one request.

    Raises:
        MissingError: there is none, or the actor may not see it.
    """
    return view(row_of(session, actor, request_id))


def find(
    session: Session,
    actor: Actor,
    *,
    limit: int,
    after: tuple[Any, ...] | None = None,
    state: str | None = None,
    stage: str | None = None,
    unit: str | None = None,
    model: str | None = None,
    revision: str | None = None,
    use_case: str | None = None,
    environment: str | None = None,
    tier: str | None = None,
    requested_by: str | None = None,
    text: str | None = None,
) -> list[RequestView]:
    """Return up to ``limit`` requests, newest first; ``text`` is a part of the reference."""
    wanted = (
        (RequestRow.state, state),
        (RequestRow.stage, stage),
        (RequestRow.unit, unit),
        (RequestRow.model, model),
        (RequestRow.revision, revision),
        (RequestRow.use_case, use_case),
        (RequestRow.environment, environment),
        (RequestRow.tier, tier),
        (RequestRow.requested_by, requested_by),
    )
    query = REQUESTS.newest(actor, limit=limit, after=after, wanted=wanted)
    if text is not None:
        # An index holds the references and little else: it is read faster than the rows are.
        found = RequestRow.sought.contains(text.casefold(), autoescape=True)
        query = query.where(RequestRow.id.in_(select(RequestRow.id).where(found)))
    return [view(row) for row in session.scalars(query)]


def count_by_stage(session: Session, actor: Actor) -> dict[str, int]:
    """Return how many requests the actor sees are open, by stage, or by state where there is none.

    What ended is left out.
    """
    query = REQUESTS.seen(
        select(RequestRow.state, RequestRow.stage, func.count(RequestRow.id)), actor
    )
    query = query.where(RequestRow.state.in_(sorted(OPEN)))
    rows = session.execute(query.group_by(RequestRow.state, RequestRow.stage))
    found: dict[str, int] = {}
    for state, stage, count in rows:
        found[stage or state] = found.get(stage or state, 0) + count
    return found


def row_of(session: Session, actor: Actor, request_id: str, *, lock: bool = False) -> RequestRow:
    """Return the row of one request, locked until the transaction ends if it will be changed.

    Raises:
        MissingError: there is none, or the actor may not see it.
    """
    return REQUESTS.one(session, actor, request_id, lock=lock)


def open_twin(session: Session, row: RequestRow) -> str | None:
    """Return the id of another open request for the same thing, if there is one."""
    return session.scalar(
        select(RequestRow.id)
        .where(
            RequestRow.use_case == row.use_case,
            RequestRow.environment == row.environment,
            RequestRow.sought == row.sought,
            RequestRow.state.in_(sorted(OPEN - {"draft"})),
            RequestRow.id != row.id,
        )
        .limit(1)
    )


def consumers(session: Session, revision: str) -> list[RequestRow]:
    """Return the approved requests for a revision: who uses it, for what and where."""
    query = select(RequestRow).where(
        RequestRow.revision == revision, RequestRow.state == "approved"
    )
    return list(session.scalars(query.order_by(RequestRow.id)))


def view(row: RequestRow) -> RequestView:
    """Return what is shown of a row."""
    return RequestView(
        id=row.id,
        reference=row.reference,
        model=row.model,
        revision=row.revision,
        use_case=row.use_case,
        environment=row.environment,
        unit=row.unit,
        requested_by=row.requested_by,
        state=cast("State", row.state),
        stage=cast("Stage", row.stage),
        justification=row.justification,
        tier=row.tier,
        track=row.track,
        assessment=row.assessment,
        round=row.round,
        submitted_at=row.submitted_at,
        closed_at=row.closed_at,
        expires_at=row.expires_at,
        created_at=row.created_at,
        updated_at=row.updated_at,
        version=row.version,
    )
