# SPDX-License-Identifier: Apache-2.0
"""Emergencies: each is a temporary permit to use a revision, and the review that follows."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from steelyard.platform.database.base import Base, Id
from steelyard.platform.identity.visibility import Kind


class EmergencyRow(Base):
    """One emergency. While it is open, its revision may be used as if it were approved."""

    __tablename__ = "emergency"

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    revision: Mapped[str] = mapped_column(Id)
    use_case: Mapped[str] = mapped_column(Id)
    environment: Mapped[str] = mapped_column(String(60))
    unit: Mapped[str] = mapped_column(String(100))
    tier: Mapped[str] = mapped_column(String(10))
    reason: Mapped[str] = mapped_column(Text)
    hours: Mapped[int]
    needed: Mapped[int]
    state: Mapped[str] = mapped_column(String(10))
    asked_by: Mapped[str] = mapped_column(Id)
    asked_at: Mapped[dt.datetime]
    opened_at: Mapped[dt.datetime | None]
    until: Mapped[dt.datetime | None]
    closed_at: Mapped[dt.datetime | None]
    review: Mapped[str] = mapped_column(String(10))
    review_due: Mapped[dt.datetime | None]
    reviewed_by: Mapped[str] = mapped_column(Id)
    reviewed_at: Mapped[dt.datetime | None]
    justified: Mapped[bool | None]
    findings: Mapped[str] = mapped_column(Text)
    version: Mapped[int]

    __table_args__ = (
        Index("ix_emergency_unit_review", "unit", "review"),
        Index("ix_emergency_unit_state", "unit", "state", "id"),
        Index("ix_emergency_adoption", "revision", "use_case", "environment", "state"),
    )


class AgreementRow(Base):
    """That somebody agreed to break the glass."""

    __tablename__ = "emergency_agreement"

    emergency: Mapped[str] = mapped_column(Id, primary_key=True)
    person: Mapped[str] = mapped_column(Id, primary_key=True)
    role: Mapped[str] = mapped_column(String(60))
    at: Mapped[dt.datetime]


EMERGENCIES = Kind(
    EmergencyRow,
    "emg",
    "emergency",
    code="emergency.missing",
    id=EmergencyRow.id,
    unit=EmergencyRow.unit,
    use_case=EmergencyRow.use_case,
    environment=EmergencyRow.environment,
    find_by="List the emergencies you can see to find its id.",
)
