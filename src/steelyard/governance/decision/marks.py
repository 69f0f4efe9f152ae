# SPDX-License-Identifier: Apache-2.0
"""What the decisions about a revision make of the revision itself.

A revision is approved as long as it is for any use at all; which use that is, admission asks.
"""

from __future__ import annotations

from sqlalchemy import select

from steelyard.governance.decision.tables import DecisionRow
from steelyard.governance.inventory import queries as inventory
from steelyard.governance.inventory import service
from steelyard.governance.inventory.facts import MOVES, RevisionState
from steelyard.kernel.actor import SYSTEM
from steelyard.platform.work import Work

_ORDER: tuple[RevisionState, ...] = (
    "approved",
    "approved with conditions",
    "suspended",
    "revoked",
    "rejected",
)


def state_from(decisions: list[tuple[str, str]]) -> RevisionState | None:
    """Return the state that current decisions, as pairs of state and outcome, give a revision.

    None means that no decision speaks of it: those that expired leave things as they are.
    """
    said: set[RevisionState] = set()
    for state, outcome in decisions:
        if state == "in force":
            said.add(
                "rejected"
                if outcome == "rejected"
                else "approved"
                if outcome == "approved"
                else "approved with conditions"
            )
        elif outcome != "rejected" and state == "suspended":
            said.add("suspended")
        elif outcome != "rejected" and state == "revoked":
            said.add("revoked")
    return next((state for state in _ORDER if state in said), None)


def mark_revision(work: Work, revision_id: str) -> None:
    """Give the revision the state its decisions say, where it can take that state."""
    work.session.flush()
    row = inventory.revision_row(work.session, SYSTEM, revision_id, lock=True)
    found = work.session.execute(
        select(DecisionRow.state, DecisionRow.outcome).where(
            DecisionRow.revision == revision_id, DecisionRow.current
        )
    )
    state = state_from([(state, outcome) for state, outcome in found])
    after = MOVES[row.state]  # type: ignore[index]
    if state is None or state == row.state:
        return
    if state not in after and "in review" in after and state in MOVES["in review"]:
        service.mark_revision(work, SYSTEM, revision_id, "in review")
    if state in MOVES[row.state]:  # type: ignore[index]
        service.mark_revision(work, SYSTEM, revision_id, state)
