# SPDX-License-Identifier: Apache-2.0
"""Reads of assessments, and which of them no longer rest on what is in force."""

from __future__ import annotations

import datetime as dt
from typing import Any

from msgspec import Struct
from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session

from steelyard.governance.assessment.tables import ASSESSMENTS, AssessmentRow, ExaminationRow
from steelyard.governance.assessment.views import AssessmentView, view
from steelyard.governance.intake.tables import RequestRow
from steelyard.governance.inventory.queries import revisions_of
from steelyard.governance.use_cases.tables import UseCaseRow
from steelyard.kernel.actor import Actor

FOLLOWED = ("submitted", "approved")
"""States of requests whose assessments are kept fresh."""


def get(session: Session, actor: Actor, assessment_id: str) -> AssessmentView:
    """Return one assessment.

    Raises:
        MissingError: there is none, or the actor may not see it.
    """
    return view(row_of(session, actor, assessment_id))


def find(
    session: Session,
    actor: Actor,
    *,
    limit: int,
    after: tuple[Any, ...] | None = None,
    request: str | None = None,
    revision: str | None = None,
    model: str | None = None,
    use_case: str | None = None,
    state: str | None = None,
    outcome: str | None = None,
    tier: str | None = None,
    unit: str | None = None,
    latest: bool | None = None,
) -> list[AssessmentView]:
    """Return up to ``limit`` assessments, newest first."""
    wanted = (
        (AssessmentRow.request, request),
        (AssessmentRow.revision, revision),
        (AssessmentRow.use_case, use_case),
        (AssessmentRow.state, state),
        (AssessmentRow.outcome, outcome),
        (AssessmentRow.tier, tier),
        (AssessmentRow.unit, unit),
    )
    query = ASSESSMENTS.newest(actor, limit=limit, after=after, wanted=wanted)
    if model is not None:
        query = query.where(AssessmentRow.revision.in_(revisions_of(model)))
    if latest is not None:
        query = query.where(AssessmentRow.latest.is_(latest))
    return [view(row) for row in session.scalars(query)]


def row_of(
    session: Session, actor: Actor, assessment_id: str, *, lock: bool = False
) -> AssessmentRow:
    """Return the row of one assessment, locked if it will be changed.

    Raises:
        MissingError: there is none, or the actor may not see it.
    """
    return ASSESSMENTS.one(session, actor, assessment_id, lock=lock)


def latest_of(
    session: Session, revision: str, use_case: str, environment: str
) -> AssessmentRow | None:
    """Return the newest finished assessment of an adoption."""
    return session.scalar(
        select(AssessmentRow).where(
            AssessmentRow.latest,
            AssessmentRow.revision == revision,
            AssessmentRow.use_case == use_case,
            AssessmentRow.environment == environment,
        )
    )


def examination_of(session: Session, revision: str) -> ExaminationRow | None:
    """Return the newest examination of a revision, by whatever scanner."""
    return session.scalar(
        select(ExaminationRow)
        .where(ExaminationRow.revision == revision)
        .order_by(ExaminationRow.at.desc())
        .limit(1)
    )


class Ground(Struct, frozen=True, kw_only=True):
    """What assessments for one unit would rest on."""

    charter: str
    """Digest of the charter in force there."""
    rules_digest: str
    """Digest of the scanner's rules, with the plug-ins that charter wants."""


class Basis(Struct, frozen=True, kw_only=True):
    """What an assessment made now would rest on."""

    advisories: str
    catalog: str
    """Digest of the shipped knowledge: license terms, controls, frameworks."""
    general: Ground
    own: dict[str, Ground]
    """Of units with a charter of their own."""


class Stale(Struct, frozen=True, kw_only=True):
    """An assessment that rests on something that has changed since."""

    assessment: str
    why: tuple[str, ...]
    """``scanner · advisories · catalog · charter · use case``"""


def stale(session: Session, basis: Basis, *, limit: int = 500) -> list[Stale]:
    """Return assessments, oldest first, of requests that are open or approved and that would be
    made from something else today."""
    grounds = [(AssessmentRow.unit == unit, ground) for unit, ground in sorted(basis.own.items())]
    grounds.append((AssessmentRow.unit.not_in(sorted(basis.own)), basis.general))
    changed = [
        and_(
            there,
            or_(
                AssessmentRow.charter_sha256 != ground.charter,
                AssessmentRow.rules_digest != ground.rules_digest,
            ),
        )
        for there, ground in grounds
    ]
    query = (
        select(AssessmentRow, UseCaseRow)
        .join(RequestRow, RequestRow.id == AssessmentRow.request)
        .join(UseCaseRow, UseCaseRow.id == AssessmentRow.use_case)
        .where(
            AssessmentRow.latest,
            RequestRow.state.in_(FOLLOWED),
            RequestRow.stage.in_(("", "in review")),
            UseCaseRow.state == "active",
            or_(
                AssessmentRow.advisories != basis.advisories,
                AssessmentRow.catalog != basis.catalog,
                AssessmentRow.use_case_sha256 != UseCaseRow.facts_sha256,
                *changed,
            ),
        )
        .order_by(AssessmentRow.id)
        .limit(limit)
    )
    found = []
    for row, case in session.execute(query):
        ground = basis.own.get(row.unit, basis.general)
        reasons = {
            "scanner": row.rules_digest != ground.rules_digest,
            "advisories": row.advisories != basis.advisories,
            "catalog": row.catalog != basis.catalog,
            "charter": row.charter_sha256 != ground.charter,
            "use case": row.use_case_sha256 != case.facts_sha256,
        }
        found.append(
            Stale(assessment=row.id, why=tuple(why for why, true in reasons.items() if true))
        )
    return found


def abandoned(session: Session, before: dt.datetime, *, limit: int = 200) -> list[str]:
    """Return assessments that began before a time and never ended: their worker died for good."""
    return list(
        session.scalars(
            select(AssessmentRow.id)
            .where(
                AssessmentRow.state.in_(("queued", "fetching", "scanning", "evaluating")),
                AssessmentRow.updated_at < before,
            )
            .order_by(AssessmentRow.id)
            .limit(limit)
        )
    )
