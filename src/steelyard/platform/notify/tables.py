# SPDX-License-Identifier: Apache-2.0
"""Tables of notices to people, of webhooks, and of what was delivered to them."""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from steelyard.platform.database.base import Base, Counter, Id

_UNREAD = text("read_at IS NULL")


class NoticeRow(Base):
    """That one person was told one thing."""

    __tablename__ = "notice"

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    person: Mapped[str] = mapped_column(Id)
    kind: Mapped[str] = mapped_column(String(60))
    subject: Mapped[str] = mapped_column(Id)
    about: Mapped[str] = mapped_column(Id)
    title: Mapped[str] = mapped_column(String(200))
    text: Mapped[str] = mapped_column(Text)
    mail: Mapped[str] = mapped_column(String(10))
    """``waiting``, ``sent``, ``refused`` or ``none``."""
    at: Mapped[dt.datetime]
    read_at: Mapped[dt.datetime | None]

    __table_args__ = (
        Index("ix_notice_person", "person", "id"),
        Index(
            "ix_notice_unread", "person", "id", postgresql_where=_UNREAD, sqlite_where=_UNREAD
        ),
    )  # fmt: skip


class WebhookRow(Base):
    """An address of another system, and what it wants to hear of."""

    __tablename__ = "webhook"

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    url: Mapped[str] = mapped_column(String(2000))
    description: Mapped[str] = mapped_column(String(200))
    events: Mapped[list[str]]
    """Types of events, or beginnings of them with ``*``."""
    state: Mapped[str] = mapped_column(String(10))
    """``active`` or ``disabled``."""
    secret: Mapped[str] = mapped_column(Text)
    """Sealed, as is the old one."""
    old_secret: Mapped[str] = mapped_column(Text)
    old_until: Mapped[dt.datetime | None]
    """Until when deliveries are signed with the old secret, too."""
    seen: Mapped[int] = mapped_column(Counter)
    """Entries of the ledger up to which deliveries were made of events."""
    failing_since: Mapped[dt.datetime | None]
    created_at: Mapped[dt.datetime]
    updated_at: Mapped[dt.datetime]
    version: Mapped[int]

    __table_args__ = (Index("ix_webhook_state", "state", "id"),)


class DeliveryRow(Base):
    """One message to one webhook, and how the last try went."""

    __tablename__ = "webhook_delivery"

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    webhook: Mapped[str] = mapped_column(Id)
    type: Mapped[str] = mapped_column(String(80))
    payload: Mapped[dict[str, Any]]
    state: Mapped[str] = mapped_column(String(10))
    """``waiting``, ``delivered`` or ``failed``."""
    attempts: Mapped[int]
    at: Mapped[dt.datetime]
    tried_at: Mapped[dt.datetime | None]
    next_at: Mapped[dt.datetime | None]
    status: Mapped[int | None]
    """What the other side answered."""
    seconds: Mapped[float | None]
    request_head: Mapped[str] = mapped_column(Text)
    response_head: Mapped[str] = mapped_column(Text)
    last_error: Mapped[str] = mapped_column(Text)

    __table_args__ = (
        Index("ix_webhook_delivery_webhook", "webhook", "id"),
        Index("ix_webhook_delivery_state", "webhook", "state", "id"),
        Index("ix_webhook_delivery_at", "state", "at"),
    )
