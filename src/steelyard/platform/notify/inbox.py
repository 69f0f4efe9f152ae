# SPDX-License-Identifier: Apache-2.0
"""Reads of somebody's own notices."""

from __future__ import annotations

import datetime as dt
from typing import Any

from msgspec import Struct
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from steelyard.kernel.actor import Actor
from steelyard.platform.notify.tables import NoticeRow


class Notice(Struct, frozen=True, kw_only=True):
    """Something that waits for somebody, or that they should know."""

    id: str
    kind: str
    subject: str
    about: str
    title: str
    text: str
    at: dt.datetime
    read_at: dt.datetime | None


class Unread(Struct, frozen=True, kw_only=True):
    """How many notices were not read."""

    unread: int


def mine(
    session: Session,
    actor: Actor,
    *,
    limit: int,
    after: tuple[Any, ...] | None = None,
    unread: bool = False,
) -> list[Notice]:
    """Return up to ``limit`` of the actor's notices, newest first."""
    query = select(NoticeRow).where(NoticeRow.person == actor.id)
    if unread:
        query = query.where(NoticeRow.read_at.is_(None))
    if after is not None:
        query = query.where(NoticeRow.id < after[0])
    rows = session.scalars(query.order_by(NoticeRow.id.desc()).limit(limit))
    return [
        Notice(
            id=row.id,
            kind=row.kind,
            subject=row.subject,
            about=row.about,
            title=row.title,
            text=row.text,
            at=row.at,
            read_at=row.read_at,
        )
        for row in rows
    ]


def count_unread(session: Session, actor: Actor) -> Unread:
    """Return how many of them the actor has not read."""
    count = session.scalar(
        select(func.count())
        .select_from(NoticeRow)
        .where(NoticeRow.person == actor.id, NoticeRow.read_at.is_(None))
    )
    return Unread(unread=count or 0)
