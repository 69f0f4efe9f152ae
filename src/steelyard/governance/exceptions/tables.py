# SPDX-License-Identifier: Apache-2.0
"""Exceptions, risks, and the acceptance of a risk phase by phase."""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from steelyard.platform.database.base import Base, Id
from steelyard.platform.identity.visibility import Kind


class ExceptionRow(Base):
    """One exception to one rule; votes on it stand with the sign-offs of reviews."""

    __tablename__ = "exception"

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    rule: Mapped[str] = mapped_column(String(100))
    request: Mapped[str] = mapped_column(Id)
    revision: Mapped[str] = mapped_column(Id)
    use_case: Mapped[str] = mapped_column(Id)
    environment: Mapped[str] = mapped_column(String(60))
    unit: Mapped[str] = mapped_column(String(100))
    tier: Mapped[str] = mapped_column(String(10))
    reason: Mapped[str] = mapped_column(Text)
    controls: Mapped[list[str]]
    answers: Mapped[dict[str, str]]
    owner: Mapped[str] = mapped_column(Id)
    until: Mapped[dt.date]
    state: Mapped[str] = mapped_column(String(20))
    asked_by: Mapped[str] = mapped_column(Id)
    charter: Mapped[str] = mapped_column(String(64))
    """Digest of the charter by whose terms it is reviewed."""
    plan: Mapped[dict[str, Any]]
    round: Mapped[int]
    renewals: Mapped[int]
    granted_at: Mapped[dt.datetime | None]
    expires: Mapped[dt.datetime | None]
    ended_at: Mapped[dt.datetime | None]
    ended_by: Mapped[str] = mapped_column(Id)
    end_reason: Mapped[str] = mapped_column(Text)
    created_at: Mapped[dt.datetime]
    updated_at: Mapped[dt.datetime]
    version: Mapped[int]

    __table_args__ = (
        Index("ix_exception_unit_state", "unit", "state", "id"),
        Index("ix_exception_state_expires", "state", "expires"),
        Index("ix_exception_adoption", "use_case", "environment", "revision", "state"),
        Index("ix_exception_request", "request", "id"),
        Index("ix_exception_rule", "rule", "id"),
    )


class RiskRow(Base):
    """One risk: how likely, how bad, what is done about it, and by whom."""

    __tablename__ = "risk"

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    title: Mapped[str] = mapped_column(String(300))
    text: Mapped[str] = mapped_column(Text)
    about: Mapped[str] = mapped_column(Id)
    """Request, revision, use case or exception it comes from."""
    unit: Mapped[str] = mapped_column(String(100))
    tier: Mapped[str] = mapped_column(String(10))
    likelihood: Mapped[int]
    impact: Mapped[int]
    residual_likelihood: Mapped[int]
    residual_impact: Mapped[int]
    treatment: Mapped[str] = mapped_column(String(10))
    plan: Mapped[str] = mapped_column(Text)
    owner: Mapped[str] = mapped_column(Id)
    review_on: Mapped[dt.date]
    state: Mapped[str] = mapped_column(String(10))
    created_by: Mapped[str] = mapped_column(Id)
    created_at: Mapped[dt.datetime]
    updated_at: Mapped[dt.datetime]
    version: Mapped[int]

    __table_args__ = (
        Index("ix_risk_unit_state", "unit", "state", "id"),
        Index("ix_risk_owner", "owner", "id"),
        Index("ix_risk_about", "about", "id"),
        Index("ix_risk_review_on", "state", "review_on"),
    )


class AcceptanceRow(Base):
    """That somebody carries a risk for one phase of a release, until a day."""

    __tablename__ = "risk_acceptance"

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    risk: Mapped[str] = mapped_column(Id)
    phase: Mapped[str] = mapped_column(String(60))
    role: Mapped[str] = mapped_column(String(60))
    accepted_by: Mapped[str] = mapped_column(Id)
    reason: Mapped[str] = mapped_column(Text)
    conditions: Mapped[list[str]]
    until: Mapped[dt.date]
    at: Mapped[dt.datetime]
    outcome: Mapped[str] = mapped_column(String(10))
    """Empty while it runs; ``held`` or ``failed`` once somebody looked at how it went."""
    note: Mapped[str] = mapped_column(Text)
    concluded_by: Mapped[str] = mapped_column(Id)
    concluded_at: Mapped[dt.datetime | None]

    __table_args__ = (
        UniqueConstraint("risk", "phase", "at"),
        Index("ix_risk_acceptance_risk", "risk", "id"),
    )


EXCEPTIONS = Kind(
    ExceptionRow,
    "exc",
    "exception",
    code="exception.missing",
    id=ExceptionRow.id,
    unit=ExceptionRow.unit,
    use_case=ExceptionRow.use_case,
    environment=ExceptionRow.environment,
)
RISKS = Kind(RiskRow, "rsk", "risk", code="risk.missing", id=RiskRow.id, unit=RiskRow.unit)
