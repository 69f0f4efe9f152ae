# SPDX-License-Identifier: Apache-2.0
"""What the ledger in the database is at this moment: its name, its key, its signed head."""

from __future__ import annotations

import datetime as dt
import secrets

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from steelyard.kernel.errors import IntegrityError, MissingError
from steelyard.ledger.checkpoint import TreeHead, parse_checkpoint, sign_head
from steelyard.ledger.merkle import EMPTY_ROOT
from steelyard.ledger.signing import NoteKey, Signer, parse_note_key
from steelyard.platform.log.keyring import Keys
from steelyard.platform.log.tables import CheckpointRow, LedgerStateRow

_LOCK = 0x57EE1_0001
"""Number of the advisory lock that whoever grows the tree holds on PostgreSQL."""


def alone(session: Session, *, wait: bool = False) -> bool:
    """Take the place of the one who grows the tree, until the transaction ends.

    On SQLite every writing transaction is alone already.
    """
    if session.get_bind().dialect.name == "sqlite":
        return True
    if wait:
        session.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
        return True
    return bool(session.scalar(text("SELECT pg_try_advisory_xact_lock(:lock)"), {"lock": _LOCK}))


def state_of(session: Session) -> LedgerStateRow | None:
    """Return the state; None before the ledger is begun."""
    return session.scalar(select(LedgerStateRow).execution_options(populate_existing=True))


def begin(session: Session, keys: Keys, now: dt.datetime) -> LedgerStateRow:
    """Return the state, beginning the ledger if nobody did.

    The origin is random: derived from the key, a ledger begun again with the same key would sign
    two histories under one name.
    """
    found = state_of(session)
    if found is not None:
        return found
    alone(session, wait=True)
    found = state_of(session)
    if found is not None:
        return found  # another process was first
    signer = keys.first()
    origin = f"steelyard/ledger/{secrets.token_hex(8)}"
    state = LedgerStateRow(
        id=1, origin=origin, verifier=NoteKey(origin, signer.public).text, begun_at=now
    )
    session.add(state)
    add_checkpoint(session, TreeHead(origin, 0, EMPTY_ROOT), signer, now)
    session.flush()
    return state


def present_key(session: Session, keys: Keys, now: dt.datetime) -> tuple[Signer, NoteKey]:
    """Return signer and key for what this transaction signs; no rotation comes between.

    Raises:
        UnavailableError: this host does not have the key.
    """
    begin(session, keys, now)
    state = session.scalars(
        select(LedgerStateRow).with_for_update(read=True).execution_options(populate_existing=True)
    ).one()
    key = parse_note_key(state.verifier)
    return keys.signer(key.public), key


def head_of(session: Session, state: LedgerStateRow) -> TreeHead:
    """Return the newest head; its signature by the present key is verified.

    Raises:
        IntegrityError: there is none, or it was changed.
    """
    note = newest_note(session)
    try:
        signed = parse_checkpoint(note)
        signed.check(parse_note_key(state.verifier).public)
    except IntegrityError as error:
        raise IntegrityError(
            f"The newest checkpoint of the ledger does not verify: {error.message}",
            next_step="Run `steelyard ledger verify` to see what was changed.",
            code=error.code,
        ) from error
    if signed.head.origin != state.origin:
        raise IntegrityError(
            "The newest checkpoint is of another ledger.", code="checkpoint.origin"
        )
    return signed.head


def newest_note(session: Session) -> bytes:
    """Return the newest checkpoint as it is published.

    Raises:
        MissingError: the ledger was not begun.
    """
    note = session.scalar(select(CheckpointRow.note).order_by(CheckpointRow.id.desc()).limit(1))
    if note is None:
        raise MissingError(
            "The ledger has no checkpoint yet.",
            next_step="Events are put into the tree every second; try again.",
            code="ledger.none",
        )
    return note


def add_checkpoint(session: Session, head: TreeHead, signer: Signer, now: dt.datetime) -> bytes:
    """Sign ``head`` and keep it."""
    note = sign_head(head, signer)
    session.add(CheckpointRow(size=head.size, note=note, at=now))
    session.flush()
    return note
