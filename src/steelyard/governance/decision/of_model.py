# SPDX-License-Identifier: Apache-2.0
"""What there is about one model in all rooms: how much, how risky its uses are, and for whom."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from msgspec import Struct
from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from steelyard.governance.assessment.tables import (
    ASSESSMENTS,
    EVIDENCE,
    AssessmentRow,
    EvidenceRow,
)
from steelyard.governance.decision.facts import PASSING, DecisionView
from steelyard.governance.decision.tables import DECISIONS, DecisionRow
from steelyard.governance.inventory.queries import revisions_of
from steelyard.governance.inventory.tables import REVISIONS, RevisionRow
from steelyard.governance.review.tables import REVIEWS, ReviewRow
from steelyard.governance.use_cases.tables import USE_CASES, UseCaseRow
from steelyard.kernel.actor import Actor
from steelyard.platform.identity.visibility import Kind

TIERS = ("low", "moderate", "high", "critical")
"""Lowest first."""


class Tally(Struct, frozen=True, kw_only=True):
    """How much the actor can see of each."""

    revisions: int
    evidence: int
    reviews: int
    decisions: int


def tally(session: Session, actor: Actor, model: str) -> Tally:
    """Count what there is about a model, as far as the actor may see it."""
    revisions = revisions_of(model)

    def count(kind: Kind[Any], about: ColumnElement[bool]) -> int:
        return session.scalar(kind.seen(select(func.count()).where(about), actor)) or 0

    return Tally(
        revisions=count(REVISIONS, RevisionRow.model == model),
        evidence=count(EVIDENCE, EvidenceRow.target.in_(revisions)),
        reviews=count(REVIEWS, ReviewRow.revision.in_(revisions)),
        decisions=count(DECISIONS, DecisionRow.revision.in_(revisions)),
    )


def highest_tiers(session: Session, actor: Actor, models: Sequence[str]) -> dict[str, str]:
    """Return the highest tier among the uses of each model that were assessed last."""
    query = ASSESSMENTS.seen(
        select(RevisionRow.model, AssessmentRow.tier)
        .join(AssessmentRow, AssessmentRow.revision == RevisionRow.id)
        .where(RevisionRow.model.in_(models), AssessmentRow.latest)
        .distinct(),
        actor,
    )
    found: dict[str, str] = {}
    for model, tier in session.execute(query):
        if tier in TIERS and TIERS.index(tier) >= TIERS.index(found.get(model, "low")):
            found[model] = tier
    return found


def is_use(decision: DecisionView) -> bool:
    """Tell whether a decision lets a revision be used, or did until it was suspended."""
    return decision.state in ("in force", "suspended") and decision.outcome in PASSING


def case_names(session: Session, actor: Actor, use_cases: Iterable[str]) -> dict[str, str]:
    """Return the names of use cases by their ids, of those the actor may see."""
    query = USE_CASES.seen(
        select(UseCaseRow.id, UseCaseRow.name).where(UseCaseRow.id.in_(sorted(set(use_cases)))),
        actor,
    )
    return {row[0]: row[1] for row in session.execute(query)}
