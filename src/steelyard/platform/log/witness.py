# SPDX-License-Identifier: Apache-2.0
"""Witnesses outside the house: their keys, and what they say they have seen."""

from __future__ import annotations

import datetime as dt

from msgspec import Struct
from sqlalchemy import select
from sqlalchemy.orm import Session

from steelyard.kernel.actor import Actor
from steelyard.kernel.errors import ConflictError, InputError, IntegrityError, MissingError
from steelyard.kernel.event import Event
from steelyard.ledger.checkpoint import parse_checkpoint
from steelyard.ledger.cosignature import Cosignature, parse_cosignature, parse_witness_key
from steelyard.platform.log.reader import note_of
from steelyard.platform.log.tables import CosignatureRow, WitnessRow
from steelyard.platform.work import Work

_FUTURE = dt.timedelta(minutes=10)
_MOST = 50


class Seen(Struct, frozen=True, kw_only=True):
    """One witness's word for one size of the ledger."""

    witness: str
    size: int
    seen_at: dt.datetime
    line: str


class Witness(Struct, frozen=True, kw_only=True):
    """A witness the house knows, and the newest head it saw."""

    name: str
    verifier: str
    added_at: dt.datetime
    size: int | None = None
    seen_at: dt.datetime | None = None


def know(work: Work, actor: Actor, verifier: str) -> Witness:
    """Take a witness's key into those whose cosignatures count.

    Raises:
        InputError: it is not such a key.
        ConflictError: a witness of that name is known.
    """
    key = parse_witness_key(verifier)
    if work.session.get(WitnessRow, key.name) is not None:
        raise ConflictError(
            f"A witness {key.name!r} is known already.",
            next_step="A witness that changes its key takes a new name.",
            code="ledger.witness-known",
        )
    work.session.add(WitnessRow(name=key.name, verifier=key.text, added_at=work.now))
    details = {"witness": key.name, "verifier": key.text}
    work.record(actor, Event(type="ledger.witness-added", subject="ledger", details=details))
    return Witness(name=key.name, verifier=key.text, added_at=work.now)


def cosignatures(work: Work, actor: Actor, size: int, lines: list[str]) -> list[Seen]:
    """Keep what witnesses answered for the checkpoint of ``size`` entries, once it verifies.

    Raises:
        MissingError: no checkpoint of that size was signed.
        InputError: a line is not a cosignature by a known witness over that checkpoint.
    """
    note = note_of(work.session, size)
    if note is None:
        raise MissingError(
            f"No checkpoint of {size} entries was signed.",
            next_step="Give the size of the checkpoint the witness was shown.",
            code="ledger.checkpoint-missing",
        )
    if len(lines) > _MOST:
        raise InputError(f"At most {_MOST} lines are read.", code="cosignature.many")
    head = parse_checkpoint(note).head
    found = []
    for line in dict.fromkeys(lines):
        try:
            one = parse_cosignature(line)
            row = work.session.get(WitnessRow, one.name)
            if row is None:
                raise IntegrityError(
                    f"The witness {one.name!r} is not known here.", code="cosignature.unknown"
                )
            one.check(head, parse_witness_key(row.verifier))
        except IntegrityError as error:
            raise InputError(
                error.message, next_step="Nothing was kept.", code=error.code
            ) from error
        if one.seen_at > work.now + _FUTURE:
            raise InputError(f"{one.name} says it saw this in the future.", code="cosignature.time")
        found.append(_keep(work, size, one))
    names = sorted({one.witness for one in found})
    work.record(
        actor,
        Event(type="ledger.cosigned", subject="ledger", details={"size": size, "witnesses": names}),
    )
    return found


def _keep(work: Work, size: int, one: Cosignature) -> Seen:
    kept = work.session.get(CosignatureRow, (size, one.name))
    if kept is None:
        kept = CosignatureRow(
            size=size, witness=one.name, line=one.line, seen_at=one.seen_at, added_at=work.now
        )
        work.session.add(kept)
        work.session.flush()
    return Seen(witness=one.name, size=size, seen_at=kept.seen_at, line=kept.line)


def witnesses(session: Session) -> list[Witness]:
    """Return every witness with the newest head it saw."""
    newest: dict[str, CosignatureRow] = {}
    for row in session.scalars(select(CosignatureRow).order_by(CosignatureRow.size)):
        newest[row.witness] = row
    return [
        Witness(
            name=row.name,
            verifier=row.verifier,
            added_at=row.added_at,
            size=newest[row.name].size if row.name in newest else None,
            seen_at=newest[row.name].seen_at if row.name in newest else None,
        )
        for row in session.scalars(select(WitnessRow).order_by(WitnessRow.name))
    ]
