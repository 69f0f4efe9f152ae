# SPDX-License-Identifier: Apache-2.0
"""Reads of the ledger for people: what happened, to what, and what the ledger itself is."""

from __future__ import annotations

import base64
import datetime as dt
from typing import Any

import msgspec
from msgspec import Struct
from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from steelyard.kernel.actor import Actor
from steelyard.kernel.errors import MissingError
from steelyard.ledger.checkpoint import parse_checkpoint
from steelyard.ledger.handover import parse_handover
from steelyard.ledger.signing import parse_note_key
from steelyard.platform.identity.visibility import readable
from steelyard.platform.log.events import first_since, matching
from steelyard.platform.log.state import newest_note, state_of
from steelyard.platform.log.tables import EventRow, HandoverRow
from steelyard.platform.log.witness import Witness, witnesses

_SKEW = dt.timedelta(minutes=10)
"""How far the clocks of two hosts, or two long transactions, may put events out of order."""


class EntryView(Struct, frozen=True, kw_only=True):
    """One event. ``position`` is empty until it is in the tree."""

    seq: int
    position: int | None
    type: str
    subject: str
    about: str
    actor: str
    """A pseudonym."""
    at: dt.datetime
    details: dict[str, Any]
    body: dict[str, Any] | None
    """What was said; for those who may see what the event is about."""
    body_state: str
    """``none · kept · erased``"""


class LedgerView(Struct, frozen=True, kw_only=True):
    """The ledger as it is now."""

    origin: str
    size: int
    root: str
    """Base64, as in the checkpoint."""
    waiting: int
    """Events that are recorded and not yet in the tree."""
    verifier: str
    """The present key, as verifiers pin it."""
    fingerprint: str
    earlier_keys: list[str]
    """Fingerprints of the keys before, oldest first."""
    witnesses: list[Witness]


def ledger(session: Session) -> LedgerView:
    """Return what the ledger is.

    Raises:
        MissingError: it was not begun.
    """
    head = parse_checkpoint(newest_note(session)).head
    state = state_of(session)
    assert state is not None
    key = parse_note_key(state.verifier)
    handovers = session.scalars(select(HandoverRow.data).order_by(HandoverRow.number))
    return LedgerView(
        origin=head.origin,
        size=head.size,
        root=base64.b64encode(head.root).decode("ascii"),
        waiting=session.scalar(select(func.count()).where(EventRow.position.is_(None))) or 0,
        verifier=key.text,
        fingerprint=key.public.fingerprint,
        earlier_keys=[parse_handover(data).old.public.fingerprint for data in handovers],
        witnesses=witnesses(session),
    )


def find(
    session: Session,
    actor: Actor,
    *,
    limit: int,
    after: tuple[Any, ...] | None = None,
    type: str | None = None,  # noqa: A002 # the word of the door
    subject: str | None = None,
    about: str | None = None,
    by: str | None = None,
    since: dt.datetime | None = None,
    until: dt.datetime | None = None,
) -> list[EntryView]:
    """Return up to ``limit`` events, newest first; ``by`` is a pseudonym."""
    wanted = [] if after is None else [EventRow.seq < after[0]]
    for column, value in (
        (EventRow.type, type),
        (EventRow.subject, subject),
        (EventRow.about, about),
        (EventRow.actor, by),
    ):
        if value is not None:
            wanted.append(column == value)
    wanted += _between(session, since, until)
    rows = matching(session, *wanted, limit=limit, newest=True)
    may = readable(session, actor, [(row.subject, row.about) for row in rows])
    return [view(row, told) for row, told in zip(rows, may, strict=True)]


def _between(
    session: Session, since: dt.datetime | None, until: dt.datetime | None
) -> list[ColumnElement[bool]]:
    """Limit a query in time; the number of the row bounds it too, so that little is read."""
    found: list[ColumnElement[bool]] = []
    if since is not None:
        first = first_since(session, since - _SKEW)
        found += [EventRow.at >= since, EventRow.seq >= (first or 0)]
    if until is not None:
        found.append(EventRow.at < until)
        first = first_since(session, until + _SKEW)
        if first is not None:
            found.append(EventRow.seq < first)
    return found


def get(session: Session, actor: Actor, position: int) -> EntryView:
    """Return the entry at a position.

    Raises:
        MissingError: there is none.
    """
    row = session.scalar(select(EventRow).where(EventRow.position == position))
    if row is None:
        raise MissingError(
            f"The ledger has no entry {position}.",
            next_step="The checkpoint says how many entries there are; they count from 0.",
            code="ledger.entry-missing",
        )
    (told,) = readable(session, actor, [(row.subject, row.about)])
    return view(row, told)


def view(row: EventRow, told: bool) -> EntryView:
    """Return what is shown of a row; of its words only if they may be ``told``."""
    document = msgspec.json.decode(row.leaf)
    said = document.get("body_sha256", "")
    details = document.get("details")
    return EntryView(
        seq=row.seq,
        position=row.position,
        type=row.type,
        subject=row.subject,
        about=row.about,
        actor=row.actor,
        at=row.at,
        details=document if details is None else details,
        body=row.body if row.body and told else None,
        body_state="none" if not said else "kept" if row.body else "erased",
    )
