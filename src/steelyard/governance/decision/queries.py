# SPDX-License-Identifier: Apache-2.0
"""Reads of decisions and their conditions. Nobody learns of a decision of another unit."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any, cast

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from steelyard.governance.decision.facts import (
    ConditionState,
    ConditionView,
    DecisionView,
    State,
)
from steelyard.governance.decision.tables import DECISIONS, ConditionRow, DecisionRow
from steelyard.governance.inventory.queries import revisions_of
from steelyard.kernel.actor import Actor
from steelyard.kernel.errors import MissingError
from steelyard.platform.log.tables import EventRow


def get(session: Session, actor: Actor, decision_id: str) -> DecisionView:
    """Return one decision.

    Raises:
        MissingError: there is none, or the actor may not see it.
    """
    return view(session, row_of(session, actor, decision_id))


def find(
    session: Session,
    actor: Actor,
    *,
    limit: int,
    after: tuple[Any, ...] | None = None,
    state: str | None = None,
    outcome: str | None = None,
    unit: str | None = None,
    request: str | None = None,
    revision: str | None = None,
    use_case: str | None = None,
    environment: str | None = None,
    manifest: str | None = None,
    model: str | None = None,
    text: str | None = None,
) -> list[DecisionView]:
    """Return up to ``limit`` decisions, newest first; ``text`` is a part of the model's name."""
    wanted = (
        (DecisionRow.state, state),
        (DecisionRow.outcome, outcome),
        (DecisionRow.unit, unit),
        (DecisionRow.request, request),
        (DecisionRow.revision, revision),
        (DecisionRow.use_case, use_case),
        (DecisionRow.environment, environment),
        (DecisionRow.manifest_sha256, manifest),
    )
    query = DECISIONS.newest(actor, limit=limit, after=after, wanted=wanted)
    if model is not None:
        query = query.where(DecisionRow.revision.in_(revisions_of(model)))
    if text is not None:
        query = query.where(
            func.lower(DecisionRow.purl).contains(text.strip().lower(), autoescape=True)
        )
    return views(session, session.scalars(query).all())


def where(
    session: Session, actor: Actor, test: ColumnElement[bool], *, limit: int
) -> list[DecisionView]:
    """Return up to ``limit`` decisions that fit ``test``, newest first."""
    query = DECISIONS.seen(select(DecisionRow).where(test), actor)
    rows = session.scalars(query.order_by(DecisionRow.id.desc()).limit(limit))
    return views(session, rows.all())


def count_by_outcome(session: Session, actor: Actor, since: dt.datetime) -> dict[str, int]:
    """Return how many decisions the actor sees were issued since a moment, by outcome."""
    query = DECISIONS.seen(select(DecisionRow.outcome, func.count(DecisionRow.id)), actor)
    rows = session.execute(
        query.where(DecisionRow.decided_at >= since).group_by(DecisionRow.outcome)
    )
    return dict(iter(rows))


def row_of(session: Session, actor: Actor, decision_id: str, *, lock: bool = False) -> DecisionRow:
    """Return the row of one decision, locked if it will be changed.

    Raises:
        MissingError: there is none, or the actor may not see it.
    """
    return DECISIONS.one(session, actor, decision_id, lock=lock)


def current_of(
    session: Session, revision: str, use_case: str, environment: str, *, lock: bool = False
) -> DecisionRow | None:
    """Return the newest decision about an adoption."""
    query = select(DecisionRow).where(
        DecisionRow.current,
        DecisionRow.revision == revision,
        DecisionRow.use_case == use_case,
        DecisionRow.environment == environment,
    )
    return session.scalar(query.with_for_update() if lock else query)


def condition_row(
    session: Session, actor: Actor, decision_id: str, condition_id: str, *, lock: bool = False
) -> ConditionRow:
    """Return the row of one condition.

    Raises:
        MissingError: there is none, or the actor may not see its decision.
    """
    row_of(session, actor, decision_id)
    query = select(ConditionRow).where(
        ConditionRow.id == condition_id, ConditionRow.decision == decision_id
    )
    row = session.scalar(query.with_for_update() if lock else query)
    if row is None:
        raise MissingError(
            f"The decision has no condition {condition_id!r}.", code="condition.missing"
        )
    return row


def decision_of_condition(session: Session, condition_id: str) -> str:
    """Return the id of the decision a condition belongs to, or nothing; it tells no more."""
    query = select(ConditionRow.decision).where(ConditionRow.id == condition_id)
    return session.scalar(query) or ""


def conditions(session: Session, actor: Actor, decision_id: str) -> list[ConditionView]:
    """Return the conditions of a decision.

    Raises:
        MissingError: there is no such decision, or the actor may not see it.
    """
    row = row_of(session, actor, decision_id)
    return _conditions(session, [row.id])[row.id]


def _conditions(session: Session, ids: Iterable[str]) -> dict[str, list[ConditionView]]:
    found: dict[str, list[ConditionView]] = defaultdict(list)
    query = select(ConditionRow).where(ConditionRow.decision.in_(list(ids)))
    for row in session.scalars(query.order_by(ConditionRow.id)):
        found[row.decision].append(condition_view(row))
    return found


def view(session: Session, row: DecisionRow) -> DecisionView:
    """Return what is shown of a row."""
    return views(session, [row])[0]


def views(session: Session, rows: Sequence[DecisionRow]) -> list[DecisionView]:
    """Return what is shown of rows, with their conditions and places in the ledger."""
    terms = _conditions(session, [row.id for row in rows])
    query = select(EventRow.seq, EventRow.position).where(
        EventRow.seq.in_([row.entry for row in rows])
    )
    positions = dict(iter(session.execute(query)))
    return [
        DecisionView(
            id=row.id,
            request=row.request,
            assessment=row.assessment,
            revision=row.revision,
            purl=row.purl,
            manifest_sha256=row.manifest_sha256,
            use_case=row.use_case,
            environment=row.environment,
            unit=row.unit,
            outcome=row.outcome,
            reasons=list(row.reasons),
            tier=row.tier,
            track=row.track,
            charter_sha256=row.charter_sha256,
            decided_by=row.decided_by,
            decided_at=row.decided_at,
            valid_until=row.valid_until,
            state=cast("State", row.state),
            why=row.why,
            supersedes=row.supersedes,
            superseded_by=row.superseded_by,
            documents=dict(row.documents),
            conditions=terms[row.id],
            position=positions.get(row.entry),
            version=row.version,
        )
        for row in rows
    ]


def condition_view(row: ConditionRow) -> ConditionView:
    """Return what is shown of a condition."""
    return ConditionView(
        id=row.id,
        decision=row.decision,
        rule=row.rule,
        text=row.text,
        owner=row.owner,
        due=row.due,
        state=cast("ConditionState", row.state),
        evidence=row.evidence,
        fulfilled_by=row.fulfilled_by,
        fulfilled_at=row.fulfilled_at,
        confirmed_by=row.confirmed_by,
        confirmed_at=row.confirmed_at,
        waived_by=row.waived_by,
        version=row.version,
    )
