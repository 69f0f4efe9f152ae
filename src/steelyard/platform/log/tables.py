# SPDX-License-Identifier: Apache-2.0
"""Tables of the ledger. Rows are only ever added; one column is set once, by the sequencer."""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import Index, LargeBinary, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from steelyard.platform.database.base import Base, Counter, Id


class EventRow(Base):
    """An event as a leaf, the words that go with it, and its place in the tree."""

    __tablename__ = "event"

    seq: Mapped[int] = mapped_column(Counter, primary_key=True, autoincrement=True)
    leaf: Mapped[bytes] = mapped_column(LargeBinary)
    """Canonical JSON; exactly the bytes that are hashed."""
    at: Mapped[dt.datetime]
    type: Mapped[str] = mapped_column(String(60))
    subject: Mapped[str] = mapped_column(Id)
    about: Mapped[str] = mapped_column(Id)
    actor: Mapped[str] = mapped_column(Id)
    """Pseudonym of who did it."""
    body: Mapped[dict[str, Any] | None]
    salt: Mapped[str] = mapped_column(Text)
    position: Mapped[int | None] = mapped_column(Counter, unique=True)
    """Index of the leaf in the tree; empty until it is sequenced."""

    __table_args__ = (
        Index("ix_event_subject", "subject", "seq"),
        Index("ix_event_about", "about", "seq"),
        Index("ix_event_type", "type", "seq"),
        Index("ix_event_actor", "actor", "seq"),
        Index(
            "ix_event_waiting",
            "seq",
            postgresql_where=text("position IS NULL"),
            sqlite_where=text("position IS NULL"),
        ),
    )
