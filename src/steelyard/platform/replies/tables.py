# SPDX-License-Identifier: Apache-2.0
"""The table of kept replies."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from steelyard.platform.database.base import Base, Id


class ReplyRow(Base):
    """What was answered to one call of one actor; written in the transaction of its effects."""

    __tablename__ = "reply"

    actor: Mapped[str] = mapped_column(Id, primary_key=True)
    key: Mapped[str] = mapped_column(String(200), primary_key=True)
    fingerprint: Mapped[str] = mapped_column(String(64))
    """SHA-256 of method, path and body: a key may not be used for two different calls."""
    status: Mapped[int]
    headers: Mapped[dict[str, str]] = mapped_column()
    body: Mapped[bytes] = mapped_column(LargeBinary)
    at: Mapped[dt.datetime] = mapped_column(index=True)
