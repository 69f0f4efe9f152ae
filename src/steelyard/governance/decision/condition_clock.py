# SPDX-License-Identifier: Apache-2.0
"""The clock of a condition: who is reminded before its day, and who is asked after it.

A condition that is overdue stays binding whatever a charter says: admission refuses from the
second its time is over, also before its clock was looked at.
"""

from __future__ import annotations

from sqlalchemy import select

from steelyard.governance.charters.queries import policy_of
from steelyard.governance.clocks import service as clocks
from steelyard.governance.decision.facts import UNMET
from steelyard.governance.decision.tables import ConditionRow, DecisionRow
from steelyard.governance.decision.told import tell_condition
from steelyard.kernel.actor import SPONSOR
from steelyard.platform.work import Work

CONDITION = "condition"
"""Kind of clock: until a condition is fulfilled."""
_REMIND = "5 days"
_FALLBACK = ("risk", SPONSOR)
"""Who is asked where the charter does not say who hears of what is not mended in time."""


def wind(work: Work, row: ConditionRow) -> None:
    """Let the clock of a condition run until its time, if it has one; end the one that ran."""
    clocks.stop(work, row.id, CONDITION, met=False)
    if row.due is None or row.state not in UNMET:
        return
    decision = work.session.get_one(DecisionRow, row.decision)
    cure = policy_of(work.session, decision.charter_sha256).charter.remediation
    left = max(1, int((row.due - work.now).total_seconds()))
    clocks.start(
        work, subject=row.id, kind=CONDITION, about=row.decision, unit=row.unit,
        within=f"{left} seconds", remind=_REMIND,
        ladder=(cure.escalate if cure else ()) or _FALLBACK,
    )  # fmt: skip


def met(work: Work, row: ConditionRow) -> None:
    """End the clock of a condition that is fulfilled."""
    clocks.stop(work, row.id, CONDITION)


def stop_of(work: Work, decision: str) -> None:
    """End the clocks of the conditions of a decision that binds nobody any more."""
    ids = select(ConditionRow.id).where(
        ConditionRow.decision == decision, ConditionRow.due.is_not(None)
    )
    for each in work.session.scalars(ids.order_by(ConditionRow.id)).all():
        clocks.stop(work, each, CONDITION, met=False)


def remind(work: Work, condition_id: str) -> None:
    """Remind whoever has to fulfil a condition; called when its time is near."""
    row = work.session.get(ConditionRow, condition_id)
    if row is not None and row.state in UNMET:
        tell_condition(work, row, "condition.due")
