# SPDX-License-Identifier: Apache-2.0
"""May this be served, here, for this, now? What every door asks before it hands out bytes.

Whatever is unknown, over, stopped or not met is a refusal, with the reason and what to do.
"""

from __future__ import annotations

import datetime as dt

from sqlalchemy import select
from sqlalchemy.orm import Session

from steelyard.governance.decision.facts import Admission
from steelyard.governance.decision.tables import ConditionRow, DecisionRow
from steelyard.governance.inventory.facts import SERVABLE
from steelyard.governance.inventory.tables import RevisionRow
from steelyard.governance.use_cases.tables import UseCaseRow

_STOPPED = {
    "suspended": "Whoever suspended it says what must happen first.",
    "revoked": "Choose another model, or ask for this one anew.",
    "expired": "Ask for the model again.",
    "superseded": "Read the decision that took its place.",
}


def may_serve(
    session: Session,
    *,
    use_case: str,
    environment: str,
    now: dt.datetime,
    revision: str = "",
    manifest_sha256: str = "",
) -> Admission:
    """Tell whether a revision, named by id or by the digest of its manifest, may be served."""
    query = select(DecisionRow).where(
        DecisionRow.current,
        DecisionRow.use_case == use_case,
        DecisionRow.environment == environment,
    )
    if revision:
        query = query.where(DecisionRow.revision == revision)
    if manifest_sha256:
        query = query.where(DecisionRow.manifest_sha256 == manifest_sha256)
    found = session.scalars(query.order_by(DecisionRow.id.desc())).all()
    if not found or not (revision or manifest_sha256):
        return Admission(
            allowed=False,
            code="admission.unknown",
            reason="No decision allows this revision for this use case in this environment.",
            next_step="Ask for it: `steelyard request submit`.",
        )
    answers = [_judge(session, row, now) for row in found]
    refused = next((one for one in answers if not one.allowed), None)
    return refused or answers[0]


def _judge(session: Session, row: DecisionRow, now: dt.datetime) -> Admission:
    today = now.date()

    def no(code: str, reason: str, step: str) -> Admission:
        return Admission(
            allowed=False, code=f"admission.{code}", reason=reason, decision=row.id, next_step=step
        )

    if row.outcome == "rejected":
        return no("rejected", "The revision was rejected for this.", "Read the decision's reasons.")
    if row.outcome not in ("approved", "approved_with_conditions"):
        return no("undecided", "The decision approves nothing.", "Read the decision.")
    if row.state != "in force":
        step = _STOPPED.get(row.state, "Read the decision.")
        return no(row.state, f"The decision is {row.state}.", step)
    if row.valid_until is None or row.valid_until < today:
        return no("expired", f"The decision ended on {row.valid_until}.", _STOPPED["expired"])
    case = session.get(UseCaseRow, row.use_case)
    if case is None or case.state != "active" or case.expires < today:
        return no("use-case", "The use case has ended.", "Its owner can renew it.")
    revision = session.get(RevisionRow, row.revision)
    if revision is None or revision.state not in SERVABLE:
        state = "not there" if revision is None else revision.state
        return no("revision", f"The revision is {state}.", "Read what the inventory says of it.")
    late = session.scalar(
        select(ConditionRow.text)
        .where(
            ConditionRow.decision == row.id,
            (ConditionRow.state == "overdue")
            | (ConditionRow.state.in_(("open", "reported")) & (ConditionRow.due < now)),
        )
        .order_by(ConditionRow.id)
        .limit(1)
    )
    if late is not None:
        return no(
            "condition", f"A condition is overdue: {late}", "Fulfil it, or ask for an exception."
        )
    return Admission(
        allowed=True,
        code="admission.allowed",
        reason=f"Approved until {row.valid_until}.",
        decision=row.id,
        until=min(row.valid_until, case.expires),
    )
