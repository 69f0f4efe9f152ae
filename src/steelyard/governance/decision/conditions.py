# SPDX-License-Identifier: Apache-2.0
"""Verbs on conditions: set a date, report them fulfilled, confirm it, waive them by an exception.

Whoever reports a condition fulfilled never confirms it. A condition that is overdue stays binding:
admission refuses until it is confirmed or waived.
"""

from __future__ import annotations

import datetime as dt

from sqlalchemy import select

from steelyard.governance.assessment.waivers import BY_EXCEPTION
from steelyard.governance.decision import condition_clock, queries
from steelyard.governance.decision.apart import check_apart
from steelyard.governance.decision.facts import UNMET, ConditionView
from steelyard.governance.decision.tables import ConditionRow, DecisionRow
from steelyard.governance.decision.told import tell_condition
from steelyard.kernel.actor import SYSTEM, Actor
from steelyard.kernel.digest import is_sha256
from steelyard.kernel.errors import ConflictError, FieldErrors, ForbiddenError
from steelyard.kernel.event import Event
from steelyard.platform.versions import check_version
from steelyard.platform.work import Work

_LONGEST = 5000
_SWEEP = 500


def schedule(
    work: Work,
    actor: Actor,
    decision_id: str,
    condition_id: str,
    due: dt.datetime,
    owner: str = "",
    expected: int | None = None,
) -> ConditionView:
    """Say until when, and by whom, a condition has to be fulfilled.

    Raises:
        MissingError, StaleError
        FieldErrors: the date is over.
        ConflictError: it is fulfilled or waived.
    """
    row = _taken(work, actor, decision_id, condition_id, expected, ("open", "reported", "overdue"))
    if due <= work.now:
        raise FieldErrors([("due", "Choose a later time.")])
    row.due, row.owner = due, owner or row.owner
    if row.state == "overdue":
        row.state = "open"
    condition_clock.wind(work, row)
    tell_condition(work, row, "condition.assigned")
    return _kept(work, actor, row, "condition.scheduled", due=due.isoformat())


def fulfil(
    work: Work,
    actor: Actor,
    decision_id: str,
    condition_id: str,
    evidence: str = "",
    note: str = "",
    expected: int | None = None,
) -> ConditionView:
    """Report a condition fulfilled; ``evidence`` is the digest of what proves it.

    Raises:
        MissingError, StaleError
        FieldErrors: neither evidence nor a note, or the digest is none.
        ConflictError: it is fulfilled or waived already.
    """
    if evidence and not is_sha256(evidence):
        raise FieldErrors([("evidence", "This is not a SHA-256 digest in hexadecimal.")])
    if (not evidence and not note.strip()) or len(note) > _LONGEST:
        raise FieldErrors([("note", "Attach evidence, or say how it was fulfilled.")])
    row = _taken(work, actor, decision_id, condition_id, expected, ("open", "overdue", "reported"))
    late = row.state == "overdue" or (row.due is not None and row.due < work.now)
    row.state = "overdue" if late else "reported"
    row.evidence, row.note = evidence, note.strip()
    row.fulfilled_by, row.fulfilled_at = actor.id, work.now
    tell_condition(work, row, "condition.reported", roles=("risk",))
    return _kept(
        work, actor, row, "condition.reported", body={"note": note.strip()} if note else {},
        evidence=evidence, late=late,
    )  # fmt: skip


def confirm(
    work: Work, actor: Actor, decision_id: str, condition_id: str, expected: int | None = None
) -> ConditionView:
    """Confirm that a condition is fulfilled.

    Raises:
        MissingError, StaleError
        ForbiddenError: the actor is the one who reported it.
        ConflictError: nobody reported it fulfilled.
    """
    check_apart(actor)
    row = _taken(work, actor, decision_id, condition_id, expected, ("reported", "overdue"))
    if not row.fulfilled_by:
        raise ConflictError(
            "Nobody has reported this condition fulfilled.",
            next_step="Report it first, with evidence.",
            code="condition.state",
        )
    if row.fulfilled_by == actor.id:
        raise ForbiddenError(
            "Whoever fulfilled a condition cannot confirm it.",
            next_step="Ask somebody else who may decide.",
            code="condition.own",
        )
    row.state, row.confirmed_by, row.confirmed_at = "fulfilled", actor.id, work.now
    condition_clock.met(work, row)
    return _kept(work, actor, row, "condition.fulfilled", evidence=row.evidence)


def waive(work: Work, decision_id: str, rule: str, exception: str) -> int:
    """Lift the conditions of a decision that a rule laid down, by an exception against that rule.

    What binds *by* an exception stays: that is what was asked for instead of the rule.
    """
    rows = work.session.scalars(
        select(ConditionRow)
        .where(
            ConditionRow.decision == decision_id,
            ConditionRow.rule == rule,
            ConditionRow.state.in_(sorted(UNMET)),
            ConditionRow.text.not_like(f"{BY_EXCEPTION}%"),
        )
        .order_by(ConditionRow.id)
        .with_for_update()
    ).all()
    for row in rows:
        row.state, row.waived_by = "waived", exception
        condition_clock.wind(work, row)
        _kept(work, SYSTEM, row, "condition.waived", exception=exception)
    return len(rows)


def unwaive(work: Work, exception: str) -> int:
    """Bind conditions again whose exception has ended; return how many there were."""
    rows = work.session.scalars(
        select(ConditionRow)
        .where(ConditionRow.waived_by == exception, ConditionRow.state == "waived")
        .with_for_update()
    ).all()
    for row in rows:
        row.state, row.waived_by = "open", ""
        condition_clock.wind(work, row)
        tell_condition(work, row, "condition.binding")
        _kept(work, SYSTEM, row, "condition.binding", exception=exception)
    return len(rows)


def overdue_due(work: Work) -> int:
    """Mark conditions whose date is over; return how many there were."""
    rows = work.session.scalars(
        select(ConditionRow)
        .join(DecisionRow, DecisionRow.id == ConditionRow.decision)
        .where(
            ConditionRow.state.in_(("open", "reported")),
            ConditionRow.due < work.now,
            DecisionRow.state.in_(("in force", "suspended")),
        )
        .order_by(ConditionRow.due)
        .limit(_SWEEP)
        .with_for_update(skip_locked=True, of=ConditionRow)
    ).all()
    for row in rows:
        _late(work, row)
    return len(rows)


def overdue(work: Work, condition_id: str) -> None:
    """Mark a condition whose time is over, and tell who must act; called when its clock rings."""
    row = work.session.scalar(
        select(ConditionRow).where(ConditionRow.id == condition_id).with_for_update()
    )
    if row is not None and row.state in ("open", "reported") and row.due and row.due <= work.now:
        _late(work, row)


def _late(work: Work, row: ConditionRow) -> None:
    row.state = "overdue"
    tell_condition(work, row, "condition.overdue")
    _kept(work, SYSTEM, row, "condition.overdue")


def _taken(
    work: Work,
    actor: Actor,
    decision_id: str,
    condition_id: str,
    expected: int | None,
    states: tuple[str, ...],
) -> ConditionRow:
    row = queries.condition_row(work.session, actor, decision_id, condition_id, lock=True)
    check_version(row.version, expected, queries.condition_view(row))
    if row.state not in states:
        raise ConflictError(
            f"The condition is {row.state}; this needs it to be {' or '.join(states)}.",
            next_step="Read the decision again.",
            code="condition.state",
        )
    return row


def _kept(
    work: Work,
    actor: Actor,
    row: ConditionRow,
    kind: str,
    body: dict[str, str] | None = None,
    **details: object,
) -> ConditionView:
    row.updated_at, row.version = work.now, row.version + 1
    work.record(
        actor,
        Event(
            type=kind,
            subject=row.id,
            about=row.decision,
            details={"state": row.state, "version": row.version, **details},
            body=dict(body or {}),
        ),
    )
    return queries.condition_view(row)
