# SPDX-License-Identifier: Apache-2.0
"""Replacing the ledger's key, in one transaction.

What waits is put into the tree under the old key, the announcement of the new one last; the new key
countersigns that checkpoint and signs from there on. A decision that is being signed with the old
key holds the state row, so it is committed before, or has to sign again with the new key.
"""

from __future__ import annotations

from msgspec import Struct
from sqlalchemy import func, select

from steelyard.kernel.actor import Actor
from steelyard.kernel.errors import ConflictError
from steelyard.kernel.event import Event
from steelyard.ledger.handover import (
    ROTATED,
    Handover,
    hand_over,
    parse_handover,
    rotation_details,
)
from steelyard.ledger.signing import NoteKey, PublicKey, Signer, parse_note_key
from steelyard.platform.log.keyring import Keys
from steelyard.platform.log.sequencer import BATCH, integrate
from steelyard.platform.log.state import add_checkpoint, alone, begin, newest_note
from steelyard.platform.log.tables import HandoverRow, LedgerStateRow
from steelyard.platform.work import Work


class Rotated(Struct, frozen=True, kw_only=True):
    """The key that signs from now on."""

    verifier: str
    fingerprint: str
    size: int
    """Entries that the key before vouches for."""


def told(handover: Handover) -> Rotated:
    """Return what is shown of a handover."""
    new = handover.new
    return Rotated(verifier=new.text, fingerprint=new.public.fingerprint, size=handover.head.size)


def rotate(work: Work, actor: Actor, keys: Keys, new: Signer | None = None) -> Handover:
    """Hand the ledger over to ``new``, or to a fresh key of the keyring.

    Raises:
        ConflictError: that is the present key, or one that was replaced before.
        IntegrityError: the ledger does not verify; nothing was changed.
        UnavailableError: this host does not have the present key.
    """
    session = work.session
    alone(session, wait=True)
    begin(session, keys, work.now)
    state = session.scalars(
        select(LedgerStateRow).with_for_update().execution_options(populate_existing=True)
    ).one()
    old = parse_note_key(state.verifier)
    keys.signer(old.public)
    chosen = new or keys.fresh()
    if chosen.public in _every_key(work, old):
        raise ConflictError(
            "The ledger has, or had, that key already.",
            next_step="Rotate to a new key.",
            code="ledger.same-key",
        )
    fresh = NoteKey(state.origin, chosen.public)
    seq = work.record(
        actor, Event(type=ROTATED, subject="ledger", details=dict(rotation_details(old, fresh)))
    )
    session.flush()
    while True:
        head, taken = integrate(session, state, keys, work.now, until=seq)
        if taken < BATCH:
            break
    handover = hand_over(newest_note(session), old.public, chosen)
    number = session.scalar(select(func.count()).select_from(HandoverRow)) or 0
    session.add(HandoverRow(number=number, data=handover.encode(), size=head.size, at=work.now))
    state.verifier = fresh.text
    add_checkpoint(session, head, chosen, work.now)
    return handover


def _every_key(work: Work, present: NoteKey) -> list[PublicKey]:
    rows = work.session.scalars(select(HandoverRow.data))
    return [present.public, *(parse_handover(data).old.public for data in rows)]
