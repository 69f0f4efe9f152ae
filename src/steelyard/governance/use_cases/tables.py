# SPDX-License-Identifier: Apache-2.0
"""The register of use cases."""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from steelyard.platform.database.base import Base, Id
from steelyard.platform.identity.visibility import Kind


class UseCaseRow(Base):
    """One use case as it is now; what it was before stands in its events."""

    __tablename__ = "use_case"

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    name: Mapped[str] = mapped_column(String(100))
    unit: Mapped[str] = mapped_column(String(100))
    state: Mapped[str] = mapped_column(String(20))
    owner: Mapped[str] = mapped_column(String(320))
    facts: Mapped[dict[str, Any]]
    facts_sha256: Mapped[str] = mapped_column(String(64))
    """Tells whether an assessment was made with these facts."""
    expires: Mapped[dt.date]
    created_by: Mapped[str] = mapped_column(Id)
    created_at: Mapped[dt.datetime]
    updated_at: Mapped[dt.datetime]
    version: Mapped[int]

    __table_args__ = (
        UniqueConstraint("unit", "name"),
        Index("ix_use_case_unit_state", "unit", "state", "id"),
        Index("ix_use_case_expires", "expires"),
    )


USE_CASES = Kind(
    UseCaseRow,
    "uc",
    "use case",
    code="use-case.missing",
    id=UseCaseRow.id,
    unit=UseCaseRow.unit,
    use_case=UseCaseRow.id,
)
