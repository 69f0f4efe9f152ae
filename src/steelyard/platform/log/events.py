# SPDX-License-Identifier: Apache-2.0
"""Finds events by what they say, also those that are not in the tree yet.

The indexes on an event's words hold it only once it is in the tree, so that recording costs
little. The few that wait are found by the index of those that wait, in a query of their own.
"""

from __future__ import annotations

import datetime as dt

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.orm import Session

from steelyard.platform.log.tables import EventRow


def matching(
    session: Session,
    *conditions: ColumnElement[bool],
    about: str | None = None,
    limit: int | None,
    newest: bool = False,
) -> list[EventRow]:
    """Return up to ``limit`` events for which all ``conditions`` hold, in the order of ``seq``;
    with ``about``, those that tell of that thing or of what belongs to it."""
    order = EventRow.seq.desc() if newest else EventRow.seq.asc()
    found: list[EventRow] = []
    placed, waiting = EventRow.position.is_not(None), EventRow.position.is_(None)
    wanted: list[ColumnElement[bool]] = [placed, waiting]
    if about is not None:  # SQLite takes both indexes only if each side says what they need
        subject, larger = EventRow.subject == about, EventRow.about == about
        wanted = [
            or_(and_(placed, subject), and_(placed, larger)),
            and_(waiting, or_(subject, larger)),
        ]
    for which in wanted:
        query = select(EventRow).where(which, *conditions).order_by(order).limit(limit)
        found += session.scalars(query)
    found.sort(key=lambda row: row.seq, reverse=newest)
    return found[:limit]


def ledger_size(session: Session) -> int:
    """Return how many events have their place in the tree."""
    last = session.scalar(select(func.max(EventRow.position)).where(EventRow.position.is_not(None)))
    return 0 if last is None else last + 1


def first_since(session: Session, moment: dt.datetime) -> int | None:
    """Return the ``seq`` from which on events are of ``moment`` or later; None if none is.

    Events are numbered as they are recorded, so their times ascend, but for the small disorder of
    transactions that ran at once: whoever asks leaves a margin. A search by halves reads some
    twenty rows; an index on the time would cost every command a write.
    """
    low: int | None = session.scalar(select(func.min(EventRow.seq)))
    high: int | None = session.scalar(select(func.max(EventRow.seq)))
    if low is None or high is None or _at(session, high)[1] < moment:
        return None
    while low < high:
        seq, at = _at(session, (low + high) // 2)
        if at >= moment:
            high = (low + high) // 2
        else:
            low = seq + 1
    return _at(session, low)[0]


def _at(session: Session, seq: int) -> tuple[int, dt.datetime]:
    """Return number and time of the first event from ``seq`` on; numbers have gaps."""
    query = select(EventRow.seq, EventRow.at).where(EventRow.seq >= seq)
    found = session.execute(query.order_by(EventRow.seq).limit(1)).one()
    return found.seq, found.at
