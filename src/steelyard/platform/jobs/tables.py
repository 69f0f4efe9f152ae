# SPDX-License-Identifier: Apache-2.0
"""Tables of jobs, of schedules that have fired, and of effects that have been applied."""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from steelyard.platform.database.base import Base, Id

OPEN = text("state IN ('waiting', 'running')")
KEYED = text("state = 'waiting' AND key <> ''")
"""Which rows an index covers; queries say it in the same words, or SQLite would not use it."""


class JobRow(Base):
    """One job: ``waiting``, ``running``, ``done`` or ``dead``."""

    __tablename__ = "job"

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    kind: Mapped[str] = mapped_column(String(60))
    payload: Mapped[dict[str, Any]]
    key: Mapped[str] = mapped_column(String(200))
    trace: Mapped[str] = mapped_column(String(64))
    priority: Mapped[int]
    state: Mapped[str] = mapped_column(String(10))
    due: Mapped[dt.datetime]
    """Waiting: when it may run. Running: when its worker is taken for dead. Else: when it ended."""
    attempts: Mapped[int]
    token: Mapped[int]
    worker: Mapped[str] = mapped_column(String(100))
    last_error: Mapped[str] = mapped_column(Text)
    put_at: Mapped[dt.datetime]

    __table_args__ = (
        Index(
            "ix_job_open", "priority", "due", "id", postgresql_where=OPEN, sqlite_where=OPEN
        ),
        Index(
            "uq_job_key", "key", unique=True, postgresql_where=KEYED, sqlite_where=KEYED
        ),
        Index("ix_job_state", "state", "due"),
    )  # fmt: skip


class JobSlotRow(Base):
    """One moment at which one schedule fired: whoever adds the row puts the job."""

    __tablename__ = "job_slot"

    schedule: Mapped[str] = mapped_column(String(60), primary_key=True)
    slot: Mapped[dt.datetime] = mapped_column(primary_key=True)


class JobEffectRow(Base):
    """A job of an outside engine has taken effect; written in the transaction of the effect."""

    __tablename__ = "job_effect"

    job: Mapped[str] = mapped_column(Id, primary_key=True)
    at: Mapped[dt.datetime] = mapped_column(index=True)
