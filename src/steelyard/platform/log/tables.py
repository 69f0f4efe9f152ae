# SPDX-License-Identifier: Apache-2.0
"""Tables of the ledger. Rows are only ever added; triggers of the database see to it.

Of an event one column is set once (its position, by the sequencer), and body and salt can be taken
away. Tiles grow at their end.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import DDL, Index, Integer, LargeBinary, String, Text, event, text
from sqlalchemy.orm import Mapped, mapped_column

from steelyard.platform.database.base import Base, Counter, Id
from steelyard.platform.log.triggers import STATEMENTS

_WAITING = text("position IS NULL")
_PLACED = text("position IS NOT NULL")


def _placed(name: str, *columns: str, unique: bool = False) -> Index:
    """Return an index that holds an event only once it is in the tree.

    Whoever records an event then pays for one small index alone; the sequencer fills the others,
    many entries at a time. Reads look at both: :mod:`steelyard.platform.log.events`.
    """
    return Index(name, *columns, unique=unique, sqlite_where=_PLACED, postgresql_where=_PLACED)


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
    position: Mapped[int | None] = mapped_column(Counter)
    """Index of the leaf in the tree; empty until it is sequenced."""

    __table_args__ = (
        _placed("uq_event_position", "position", unique=True),
        _placed("ix_event_subject", "subject", "seq"),
        _placed("ix_event_about", "about", "seq"),
        _placed("ix_event_type", "type", "seq"),
        _placed("ix_event_actor", "actor", "seq"),
        Index("ix_event_waiting", "seq", sqlite_where=_WAITING, postgresql_where=_WAITING),
    )


class LedgerStateRow(Base):
    """Which ledger this is and which key signs it now; one row."""

    __tablename__ = "ledger_state"

    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    origin: Mapped[str] = mapped_column(String(100))
    """Random, fixed when the ledger is begun."""
    verifier: Mapped[str] = mapped_column(String(200))
    """The present key as a verifier key, ``name+hash+base64``."""
    begun_at: Mapped[dt.datetime]


class TileRow(Base):
    """Up to 256 hashes; the last one of a level grows, so every earlier width is its beginning."""

    __tablename__ = "ledger_tile"

    level: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    number: Mapped[int] = mapped_column(Counter, primary_key=True, autoincrement=False)
    width: Mapped[int]
    data: Mapped[bytes] = mapped_column(LargeBinary)


class CheckpointRow(Base):
    """A signed head; all of them are kept."""

    __tablename__ = "ledger_checkpoint"

    id: Mapped[int] = mapped_column(Counter, primary_key=True, autoincrement=True)
    size: Mapped[int] = mapped_column(Counter)
    note: Mapped[bytes] = mapped_column(LargeBinary)
    at: Mapped[dt.datetime]

    __table_args__ = (Index("ix_ledger_checkpoint_size", "size", "id"),)


class HandoverRow(Base):
    """A key that was replaced by the next one; see :mod:`steelyard.ledger.handover`."""

    __tablename__ = "ledger_handover"

    number: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    data: Mapped[bytes] = mapped_column(LargeBinary)
    size: Mapped[int] = mapped_column(Counter)
    at: Mapped[dt.datetime]


class WitnessRow(Base):
    """Somebody outside whose cosignatures count."""

    __tablename__ = "ledger_witness"

    name: Mapped[str] = mapped_column(String(200), primary_key=True)
    verifier: Mapped[str] = mapped_column(String(300))
    added_at: Mapped[dt.datetime]


class CosignatureRow(Base):
    """That a witness has seen a checkpoint."""

    __tablename__ = "ledger_cosignature"

    size: Mapped[int] = mapped_column(Counter, primary_key=True, autoincrement=False)
    witness: Mapped[str] = mapped_column(String(200), primary_key=True)
    line: Mapped[str] = mapped_column(String(500))
    seen_at: Mapped[dt.datetime]
    """When the witness says it was."""
    added_at: Mapped[dt.datetime]


for _dialect, _statements in STATEMENTS.items():
    for _table, _statement in _statements:
        event.listen(
            Base.metadata.tables[_table],
            "after_create",
            DDL(_statement.replace("%", "%%")).execute_if(dialect=_dialect),  # type: ignore[no-untyped-call]
        )
