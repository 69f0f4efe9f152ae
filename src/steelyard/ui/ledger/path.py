# SPDX-License-Identifier: Apache-2.0
"""The way from an entry to the root of a checkpoint, step by step, and whether it holds."""

from __future__ import annotations

import base64
from typing import NamedTuple

import msgspec
from sqlalchemy import select
from sqlalchemy.orm import Session

from steelyard.kernel.errors import IntegrityError
from steelyard.ledger.checkpoint import SignedHead, parse_checkpoint, parse_proof
from steelyard.ledger.event import body_digest
from steelyard.ledger.handover import parse_handover
from steelyard.ledger.merkle import leaf_hash, node_hash
from steelyard.ledger.signing import PublicKey, parse_note_key
from steelyard.platform.log.reader import proof, raw
from steelyard.platform.log.state import state_of
from steelyard.platform.log.tables import EventRow, HandoverRow
from steelyard.ui.texts import mark


class Step(NamedTuple):
    """One level of the tree: our hash goes together with its neighbor's."""

    level: int
    side: str
    """Where the neighbor stands: left or right."""
    neighbor: str
    result: str


class Check(NamedTuple):
    """One thing that was checked, and what came of it."""

    word: str
    ok: bool
    told: str


class Path(NamedTuple):
    """Everything that proves an entry."""

    leaf: str
    steps: list[Step]
    root: str
    head: SignedHead
    note: str
    """The checkpoint as text."""
    proof: str
    """The proof as text, as a verifier takes it."""


def path_of(session: Session, position: int) -> Path:
    """Return the way from the entry at ``position`` to the first checkpoint that covers it.

    Raises:
        MissingError: there is no such entry.
        UnavailableError: it is not in the tree yet.
    """
    data = proof(session, position)
    found = parse_proof(data)
    head = parse_checkpoint(found.checkpoint)
    current = leaf_hash(found.entry)
    steps: list[Step] = []
    node, last, level = position, head.head.size - 1, 0
    hashes = iter(found.hashes)
    while last:
        if node % 2 or node < last:
            neighbor = next(hashes, b"")
            left = bool(node % 2)
            current = node_hash(neighbor, current) if left else node_hash(current, neighbor)
            steps.append(Step(level, "left" if left else "right", _text(neighbor), _text(current)))
        node, last, level = node // 2, last // 2, level + 1
    return Path(
        leaf=_text(leaf_hash(found.entry)),
        steps=steps,
        root=_text(current),
        head=head,
        note=found.checkpoint.decode("utf-8"),
        proof=data.decode("utf-8"),
    )


def keys_of(session: Session) -> list[PublicKey]:
    """Return every key this ledger was ever signed with, the present one first."""
    state = state_of(session)
    if state is None:
        return []
    found = [parse_note_key(state.verifier).public]
    handovers = session.scalars(select(HandoverRow.data).order_by(HandoverRow.number.desc()))
    found += [parse_handover(data).old.public for data in handovers]
    return found


def check(session: Session, row: EventRow) -> list[Check]:
    """Check an entry from its words to the signature of the checkpoint; nothing is taken on trust.

    A step that fails is told; those after it are checked all the same.
    """
    assert row.position is not None
    found = parse_proof(proof(session, row.position))
    signed = parse_checkpoint(found.checkpoint)
    checks = [_words(row)]
    same = found.entry == raw(row.leaf) and found.index == row.position
    checks.append(Check(mark("The proof is about this entry"), same, f"#{found.index}"))
    try:
        found.check(signed.head)
        checks.append(Check(mark("The path leads to the root of the checkpoint"), True, ""))
    except IntegrityError as error:
        checks.append(
            Check(mark("The path leads to the root of the checkpoint"), False, error.message)
        )
    checks.append(_signature(session, signed))
    return checks


def _words(row: EventRow) -> Check:
    word = mark("The words are those the entry commits to")
    stated = _stated(raw(row.leaf))
    if not stated:
        return Check(word, not row.body, mark("no words belong to it"))
    if row.body is None:
        return Check(word, True, mark("erased; the entry itself still proves"))
    return Check(word, body_digest(row.body, row.salt) == stated, "")


def _stated(leaf: bytes) -> str:
    document = msgspec.json.decode(leaf)
    return str(document.get("body_sha256", "")) if isinstance(document, dict) else ""


def _signature(session: Session, signed: SignedHead) -> Check:
    word = mark("The checkpoint is signed by a key of this ledger")
    said = ""
    for key in keys_of(session):
        try:
            signed.check(key)
        except IntegrityError as error:
            said = said or error.message
        else:
            return Check(word, True, key.fingerprint)
    return Check(word, False, said)


def _text(value: bytes) -> str:
    return base64.b64encode(value).decode("ascii")
