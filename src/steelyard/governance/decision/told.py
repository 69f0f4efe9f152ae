# SPDX-License-Identifier: Apache-2.0
"""Who hears of what becomes of a decision and its conditions: consumers, and who must act."""

from __future__ import annotations

from steelyard.governance.decision.tables import ConditionRow, DecisionRow
from steelyard.governance.intake.tables import RequestRow
from steelyard.governance.use_cases.tables import UseCaseRow
from steelyard.platform.identity import people
from steelyard.platform.notify.service import tell
from steelyard.platform.work import Work


def consumers(work: Work, row: DecisionRow) -> list[str]:
    """Return who uses what a decision is about: who asked for it, and who owns the use case."""
    request = work.session.get(RequestRow, row.request)
    case = work.session.get(UseCaseRow, row.use_case)
    owner = people.by_mail(work.session, case.owner) if case is not None else None
    found = [request.requested_by if request is not None else "", owner.id if owner else ""]
    return list(dict.fromkeys(each for each in found if each))


def tell_consumers(work: Work, row: DecisionRow, why: str) -> None:
    """Tell consumers that a decision is suspended, revoked, over, or in force again."""
    state = "reinstated" if row.state == "in force" else row.state
    tell(
        work, kind=f"decision.{state}", subject=row.id, about=row.request,
        people=consumers(work, row), unit=row.unit,
        facts={"environment": row.environment, "revision": row.revision, "state": row.state},
        words={"why": why or "-", "model": row.purl},
    )  # fmt: skip


def owner_of(work: Work, row: ConditionRow) -> str:
    """Return the id of the account that has to fulfil a condition; empty if nobody is known."""
    found = people.person(work.session, row.owner) or people.by_mail(work.session, row.owner)
    return found.id if found is not None else ""


def tell_condition(
    work: Work, row: ConditionRow, kind: str, *, roles: tuple[str, ...] = ()
) -> None:
    """Tell who has to fulfil a condition, and who relies on it being fulfilled."""
    decision = work.session.get_one(DecisionRow, row.decision)
    told = [owner_of(work, row), *(consumers(work, decision) if not roles else [])]
    tell(
        work, kind=kind, subject=row.id, about=row.decision, roles=roles,
        people=[each for each in told if each], unit=row.unit,
        facts={
            "due": row.due.date().isoformat() if row.due else "",
            "environment": decision.environment,
        },
        words={"text": row.text},
    )  # fmt: skip
