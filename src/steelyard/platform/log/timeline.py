# SPDX-License-Identifier: Apache-2.0
"""What happened to one thing, oldest first, in words people can follow."""

from __future__ import annotations

import datetime as dt
from typing import Any

from msgspec import Struct
from sqlalchemy import select
from sqlalchemy.orm import Session

from steelyard.kernel.actor import Actor
from steelyard.ledger.event import parse_event
from steelyard.platform.identity.tables import PersonRow
from steelyard.platform.identity.visibility import readable
from steelyard.platform.log.events import matching
from steelyard.platform.log.tables import EventRow


class Happening(Struct, frozen=True, kw_only=True):
    """One event as it is shown."""

    seq: int
    at: dt.datetime
    type: str
    subject: str
    about: str
    actor: str
    """Pseudonym, as it stands in the ledger."""
    actor_name: str
    """Who that is; empty once the person was erased."""
    details: dict[str, Any]
    body: dict[str, Any]
    """Typed texts; empty once they were erased."""
    position: int | None
    """Index of the entry in the tree; None until it is sequenced."""


def happenings(
    session: Session,
    actor: Actor,
    subject: str,
    *,
    limit: int,
    after: tuple[Any, ...] | None = None,
) -> list[Happening]:
    """Return up to ``limit`` events of a thing, and of what belongs to it as far as ``actor`` may
    see that.

    Whether they may see the thing itself is for the caller to find out first.
    """
    rows = _rows(session, actor, subject, limit, after[0] if after is not None else 0)
    aliases = {row.actor for row in rows}
    people = session.scalars(select(PersonRow).where(PersonRow.alias.in_(sorted(aliases))))
    names = {person.alias: person.name for person in people}
    return [
        Happening(
            seq=row.seq,
            at=row.at,
            type=row.type,
            subject=row.subject,
            about=row.about,
            actor=row.actor,
            actor_name="Steelyard" if row.actor == "system" else names.get(row.actor, ""),
            details=parse_event(row.leaf).details,
            body=row.body or {},
            position=row.position,
        )
        for row in rows
    ]


def _rows(session: Session, actor: Actor, subject: str, limit: int, last: int) -> list[EventRow]:
    found: list[EventRow] = []
    while len(found) < limit:
        rows = matching(session, EventRow.seq > last, about=subject, limit=limit)
        may = readable(session, actor, [(row.subject, row.about) for row in rows])
        found += [row for row, seen in zip(rows, may, strict=True) if seen]
        if len(rows) < limit:
            break
        last = rows[-1].seq
    return found[:limit]
