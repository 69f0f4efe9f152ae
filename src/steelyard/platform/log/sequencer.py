# SPDX-License-Identifier: Apache-2.0
"""Puts committed events into the tree, in batches, and signs the head after each.

Commands only insert their event; that scales with the database's group commit. The tree grows
behind them, one sequencer at a time for the whole database. A batch is one transaction: after a
crash its events wait again. Before anything grows, the right edge of the tree is checked against
the signed head; a ledger that does not verify is never appended to, while events go on being
committed and wait.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from sqlalchemy import select, text, update
from sqlalchemy.orm import Session

from steelyard.ledger.checkpoint import TreeHead
from steelyard.ledger.merkle import root_hash
from steelyard.ledger.signing import parse_note_key
from steelyard.ledger.tree import GrowingTree
from steelyard.platform.database.engine import Database
from steelyard.platform.log.keyring import Keys
from steelyard.platform.log.reader import LedgerReader
from steelyard.platform.log.state import add_checkpoint, alone, begin, head_of, state_of
from steelyard.platform.log.tables import EventRow, LedgerStateRow, TileRow

BATCH = 1000
"""Events of one transaction."""


def sequence(
    database: Database, keys: Keys, now: dt.datetime, *, batch: int = BATCH
) -> TreeHead | None:
    """Put every waiting event into the tree; return the head, or None if somebody else is at it.

    Raises:
        IntegrityError: the ledger does not verify; nothing was appended, events still wait.
        UnavailableError: the database cannot do it now, or this host does not have the key.
    """
    with database.reading() as session:  # so that an idle server asks for no writer's lock
        state = state_of(session)
        waits = session.scalar(select(EventRow.seq).where(EventRow.position.is_(None)).limit(1))
        if state is not None and waits is None:
            return head_of(session, state)
    while True:
        head, more = database.transact(lambda session: _turn(session, keys, now, batch))
        if not more:
            return head


def _turn(
    session: Session, keys: Keys, now: dt.datetime, batch: int
) -> tuple[TreeHead | None, bool]:
    if not alone(session):
        return None, False
    state = begin(session, keys, now)
    head, taken = integrate(session, state, keys, now, batch=batch)
    return head, taken == batch


def integrate(
    session: Session,
    state: LedgerStateRow,
    keys: Keys,
    now: dt.datetime,
    *,
    batch: int = BATCH,
    until: int | None = None,
) -> tuple[TreeHead, int]:
    """Put one batch into the tree, of events up to ``until``; return the head and how many.

    The caller is alone (:func:`steelyard.platform.log.state.alone`).
    """
    head = head_of(session, state)
    query = select(EventRow.seq, EventRow.leaf).where(EventRow.position.is_(None))
    if until is not None:
        query = query.where(EventRow.seq <= until)
    waiting = session.execute(query.order_by(EventRow.seq).limit(batch)).all()
    if not waiting:
        return head, 0
    signer = keys.signer(parse_note_key(state.verifier).public)
    tree = GrowingTree(LedgerReader(session), head)
    for tile, data in tree.extend([leaf for _, leaf in waiting]):
        session.merge(TileRow(level=tile.level, number=tile.number, width=tile.width, data=data))
    size = head.size + len(waiting)
    _place(session, [seq for seq, _ in waiting], head.size)
    grown = TreeHead(head.origin, size, root_hash(tree.read, size))
    add_checkpoint(session, grown, signer, now)
    return grown, len(waiting)


def _place(session: Session, seqs: Sequence[int], first: int) -> None:
    """Give consecutive positions to the events ``seqs``."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(
            text(
                "UPDATE event SET position = placed.position FROM "
                "unnest(CAST(:seqs AS bigint[])) WITH ORDINALITY AS placed_at(seq, nth), "
                "LATERAL (SELECT :first + nth - 1 AS position) AS placed "
                "WHERE event.seq = placed_at.seq"
            ),
            {"seqs": list(seqs), "first": first},
        )
        return
    session.execute(
        update(EventRow),
        [{"seq": seq, "position": first + nth} for nth, seq in enumerate(seqs)],
    )
