# SPDX-License-Identifier: Apache-2.0
"""Verifies the ledger in a database: its tree, every checkpoint, what is kept beside the leaves.

The tree proves the leaves; columns and bodies of a row are compared with its leaf, and the row is
named. Positions must follow each other without a gap.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from msgspec.structs import replace
from sqlalchemy import select
from sqlalchemy.orm import Session

from steelyard.kernel.errors import InputError
from steelyard.ledger.columns import Columns, faults
from steelyard.ledger.merkle import HASH_SIZE, leaf_hash
from steelyard.ledger.tiles import WIDTH
from steelyard.ledger.verification import Findings, Verification
from steelyard.ledger.verify_log import verify_ledger
from steelyard.platform.database.engine import Database
from steelyard.platform.log.reader import LedgerReader, raw
from steelyard.platform.log.state import state_of
from steelyard.platform.log.tables import CheckpointRow, EventRow, TileRow

_STRIDE = 2000
MOST = 100
"""Problems that are told; a ledger with more is not better understood by more."""


def verify_database(
    database: Database,
    *,
    trusted: Collection[str] = (),
    own: str | None = None,
    checkpoints: Sequence[bytes] = (),
) -> Verification:
    """Verify everything, in one state of the database.

    Raises:
        InputError: the ledger was not begun.
    """
    with database.reading() as session:
        if state_of(session) is None:
            raise InputError(
                "This database has no ledger yet.",
                next_step="Start the server: its first event begins the ledger.",
                code="ledger.none",
            )
        reader = LedgerReader(session)
        kept = session.scalars(select(CheckpointRow.note).order_by(CheckpointRow.id))
        verified = verify_ledger(
            reader,
            reader.names(),
            trusted=trusted,
            own=own,
            checkpoints=[*checkpoints, *kept],
        )
        found = Findings()
        size = 0 if verified.checkpoint is None else verified.checkpoint.size
        check_rows(session, size, found)
    problems = (*verified.problems, *found.problems)
    return replace(verified, ok=not problems, problems=problems)


def row_name(seq: int) -> str:
    """Return how a row is named in problems."""
    return f"event {seq}"


def check_rows(session: Session, size: int, found: Findings) -> None:
    """Compare every row with its leaf, and the leaf with the tree of ``size`` entries."""
    tiles = _Tiles(session)
    expected = 0
    for row in _rows(session):
        if len(found.problems) >= MOST:
            return
        columns = Columns(
            type=row.type, subject=row.subject, about=row.about, actor=row.actor, at=row.at
        )
        leaf = raw(row.leaf)
        for said in faults(leaf, columns, row.body, row.salt):
            found.add(row_name(row.seq), "event.changed", said)
        if row.position is None:
            continue
        if row.position != expected:
            found.add(
                row_name(row.seq),
                "event.gap",
                f"It is entry {row.position}, but entry {expected} should follow.",
            )
        expected = row.position + 1
        known = tiles.leaf(row.position)
        if known is not None and known != leaf_hash(leaf):
            found.add(
                row_name(row.seq),
                "event.leaf",
                f"Its leaf is not what the tree holds as entry {row.position}.",
            )
    if expected != size:
        found.add(
            "event", "event.gap", f"The checkpoint covers {size} entries; {expected} are there."
        )


class _Tiles:
    """The leaf hashes of the tree, a tile at a time."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._number, self._data = -1, b""

    def leaf(self, position: int) -> bytes | None:
        number, inside = divmod(position, WIDTH)
        if number != self._number:
            query = select(TileRow.data).where(TileRow.level == 0, TileRow.number == number)
            self._number, self._data = number, self._session.scalar(query) or b""
        part = self._data[inside * HASH_SIZE : (inside + 1) * HASH_SIZE]
        return part if len(part) == HASH_SIZE else None


def _rows(session: Session) -> Iterator[EventRow]:
    """Yield sequenced rows by position, then those that wait."""
    after = -1
    while True:
        part = session.scalars(
            select(EventRow)
            .where(EventRow.position > after)
            .order_by(EventRow.position)
            .limit(_STRIDE)
        ).all()
        yield from part
        session.expunge_all()
        if len(part) < _STRIDE:
            break
        after = part[-1].position or 0
    seq = -1
    while True:
        part = session.scalars(
            select(EventRow)
            .where(EventRow.position.is_(None), EventRow.seq > seq)
            .order_by(EventRow.seq)
            .limit(_STRIDE)
        ).all()
        yield from part
        session.expunge_all()
        if len(part) < _STRIDE:
            return
        seq = part[-1].seq
