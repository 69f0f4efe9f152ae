# SPDX-License-Identifier: Apache-2.0
"""Requests."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import Index, String, Text, or_
from sqlalchemy.orm import Mapped, mapped_column

from steelyard.governance.clocks.tables import CLOCKS, ClockRow
from steelyard.governance.inventory.tables import MODELS, REVISIONS, ModelRow, RevisionRow
from steelyard.platform.database.base import Base, Id
from steelyard.platform.identity.visibility import Kind


class RequestRow(Base):
    """One request as it is now; what it was before stands in its events."""

    __tablename__ = "request"

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    reference: Mapped[str] = mapped_column(String(600))
    sought: Mapped[str] = mapped_column(String(600))
    """The reference without case, for finding it by a part of it."""
    model: Mapped[str] = mapped_column(Id)
    revision: Mapped[str] = mapped_column(Id)
    use_case: Mapped[str] = mapped_column(Id)
    environment: Mapped[str] = mapped_column(String(60))
    unit: Mapped[str] = mapped_column(String(100))
    requested_by: Mapped[str] = mapped_column(Id)
    state: Mapped[str] = mapped_column(String(20))
    stage: Mapped[str] = mapped_column(String(20))
    justification: Mapped[str] = mapped_column(Text)
    tier: Mapped[str] = mapped_column(String(10))
    track: Mapped[str] = mapped_column(String(10))
    assessment: Mapped[str] = mapped_column(Id)
    round: Mapped[int]
    submitted_at: Mapped[dt.datetime | None]
    closed_at: Mapped[dt.datetime | None]
    expires_at: Mapped[dt.datetime]
    created_at: Mapped[dt.datetime]
    updated_at: Mapped[dt.datetime]
    version: Mapped[int]

    __table_args__ = (
        Index("ix_request_unit_state", "unit", "state", "id"),
        Index("ix_request_state", "state", "id"),
        Index("ix_request_sought", "sought", "id"),
        Index("ix_request_requested_by", "requested_by", "id"),
        Index("ix_request_model", "model", "id"),
        Index("ix_request_tier", "tier", "id"),
        Index("ix_request_adoption", "revision", "use_case", "environment"),
        Index("ix_request_use_case", "use_case", "id"),
        Index("ix_request_expires_at", "state", "expires_at"),
    )


REQUESTS = Kind(
    RequestRow,
    "req",
    "request",
    code="request.missing",
    id=RequestRow.id,
    unit=RequestRow.unit,
    use_case=RequestRow.use_case,
    environment=RequestRow.environment,
)
MODELS.tie(lambda actor: ModelRow.id.in_(REQUESTS.ids(actor, RequestRow.model)))
REVISIONS.tie(lambda actor: RevisionRow.id.in_(REQUESTS.ids(actor, RequestRow.revision)))
CLOCKS.tie(
    lambda actor: or_(
        ClockRow.subject.in_(REQUESTS.ids(actor)), ClockRow.about.in_(REQUESTS.ids(actor))
    )
)
