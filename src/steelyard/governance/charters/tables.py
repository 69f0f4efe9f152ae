# SPDX-License-Identifier: Apache-2.0
"""Charters that were proposed and adopted."""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import Index, LargeBinary, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from steelyard.platform.database.base import Base, Id


class CharterRow(Base):
    """An adopted charter, whole: what it says, the texts it was written in, its signed adoption."""

    __tablename__ = "charter"

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    sha256: Mapped[str] = mapped_column(String(64), index=True)
    name: Mapped[str] = mapped_column(String(100))
    version_name: Mapped[str] = mapped_column(String(60))
    unit: Mapped[str] = mapped_column(String(100))
    effective: Mapped[dt.date]
    until: Mapped[dt.date | None]
    owner: Mapped[str] = mapped_column(String(320))
    identity: Mapped[dict[str, Any]]
    canonical: Mapped[bytes] = mapped_column(LargeBinary)
    files: Mapped[dict[str, str]]
    """Name → digest of every document of its bundle; their bytes are blobs."""
    previous: Mapped[str] = mapped_column(String(64))
    adopted_at: Mapped[dt.datetime]

    __table_args__ = (Index("ix_charter_unit_effective", "unit", "effective", "adopted_at"),)


class ProposalRow(Base):
    """A charter that waits for the people who may change the charter."""

    __tablename__ = "charter_proposal"

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    sha256: Mapped[str] = mapped_column(String(64))
    name: Mapped[str] = mapped_column(String(100))
    version_name: Mapped[str] = mapped_column(String(60))
    unit: Mapped[str] = mapped_column(String(100))
    state: Mapped[str] = mapped_column(String(20), index=True)
    file: Mapped[str] = mapped_column(String(200))
    texts: Mapped[dict[str, str]]
    canonical: Mapped[bytes] = mapped_column(LargeBinary)
    warnings: Mapped[list[str]]
    why: Mapped[str] = mapped_column(Text)
    proposed_by: Mapped[str] = mapped_column(Id)
    proposed_at: Mapped[dt.datetime]
    version: Mapped[int]


class ProposalVoteRow(Base):
    """What one person said about a proposal; once."""

    __tablename__ = "charter_vote"

    proposal: Mapped[str] = mapped_column(Id, primary_key=True)
    person: Mapped[str] = mapped_column(Id, primary_key=True)
    role: Mapped[str] = mapped_column(String(60))
    answer: Mapped[str] = mapped_column(String(10))
    reason: Mapped[str] = mapped_column(Text)
    at: Mapped[dt.datetime]
