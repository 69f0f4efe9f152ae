# SPDX-License-Identifier: Apache-2.0
"""Clocks."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from steelyard.platform.database.base import Base, Id
from steelyard.platform.identity.visibility import Kind


class ClockRow(Base):
    """One deadline. All its times are stored, so that nothing is lost when a process ends."""

    __tablename__ = "clock"

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    subject: Mapped[str] = mapped_column(Id)
    about: Mapped[str] = mapped_column(Id)
    kind: Mapped[str] = mapped_column(String(60))
    unit: Mapped[str] = mapped_column(String(100))
    state: Mapped[str] = mapped_column(String(10))
    calendar: Mapped[str] = mapped_column(String(200))
    within: Mapped[str] = mapped_column(String(30))
    started: Mapped[dt.datetime]
    due: Mapped[dt.datetime]
    remind: Mapped[str] = mapped_column(String(30))
    remind_at: Mapped[dt.datetime | None]
    reminded_at: Mapped[dt.datetime | None]
    overdue_at: Mapped[dt.datetime | None]
    """When it was found that the time is over."""
    ladder: Mapped[list[str]]
    rung_length: Mapped[str] = mapped_column(String(30))
    rung: Mapped[int]
    """Rungs that were climbed."""
    rung_at: Mapped[dt.datetime | None]
    """When the next rung is climbed."""
    paused_at: Mapped[dt.datetime | None]
    remaining: Mapped[str] = mapped_column(String(30))
    wake_at: Mapped[dt.datetime | None]
    """When somebody must look at it next; none while it is paused or has ended."""
    ended_at: Mapped[dt.datetime | None]
    met_late: Mapped[bool]
    version: Mapped[int]

    __table_args__ = (
        Index(
            "uq_clock_running",
            "subject",
            "kind",
            unique=True,
            sqlite_where=text("ended_at IS NULL"),
            postgresql_where=text("ended_at IS NULL"),
        ),
        Index("ix_clock_wake_at", "wake_at"),
        Index("ix_clock_subject", "subject", "id"),
        Index("ix_clock_state_due", "state", "due"),
        Index("ix_clock_unit_state", "unit", "state", "id"),
    )


CLOCKS = Kind(ClockRow, "clk", "clock", code="clock.missing", id=ClockRow.id, unit=ClockRow.unit)
