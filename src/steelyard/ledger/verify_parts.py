# SPDX-License-Identifier: Apache-2.0
"""Parts of a ledger beside its tree: keys handed over, witnesses' cosignatures, bodies of events.

Each is optional, and each is checked against the tree: a handover against the entry that announced
it, a cosigned checkpoint against the root of that size, a body against the digest in its leaf.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

import msgspec
from msgspec import Struct

from steelyard.kernel.errors import IntegrityError, SteelyardError
from steelyard.ledger.canonical import canonical
from steelyard.ledger.checkpoint import SignedHead, parse_checkpoint
from steelyard.ledger.columns import columns_of
from steelyard.ledger.cosignature import parse_cosignature, parse_witness_key
from steelyard.ledger.event import body_digest
from steelyard.ledger.handover import Handover, handover_number, handover_path, parse_handover
from steelyard.ledger.signing import PublicKey
from steelyard.ledger.verification import Findings

COSIGNED = "cosigned"
"""The newest checkpoint that witnesses cosigned, with their lines."""
WITNESSES = "witnesses"
"""Verifier keys of the witnesses, one a line."""
BODIES = "bodies.jsonl"
"""Bodies of events with their salts, one a line, in order of position."""

BytesOf = Callable[[str], bytes | None]
"""Returns the bytes of a file, or reports it and returns None."""


def is_part(name: str) -> bool:
    """Tell whether a file of this name may lie beside the tree."""
    return name in (COSIGNED, WITNESSES, BODIES) or handover_number(name) is not None


class Chain:
    """The keys a ledger had, oldest first, each vouched for by the one before."""

    def __init__(self, handovers: list[Handover], present: PublicKey | None) -> None:
        self.handovers = handovers
        self.present = present

    def every_key(self) -> list[PublicKey]:
        """Return all keys, the present one last."""
        last = [] if self.present is None else [self.present]
        return [one.old.public for one in self.handovers] + last

    def check_signed(self, signed: SignedHead) -> None:
        """Verify a checkpoint by whichever key was in force at its size.

        Raises:
            IntegrityError: none of the keys signed it, or one that was replaced before.
        """
        for handover in self.handovers:
            try:
                signed.check(handover.old.public)
            except IntegrityError:
                continue
            if signed.head.size > handover.head.size:
                raise IntegrityError(
                    f"It was signed at {signed.head.size} entries by a key that was replaced at "
                    f"{handover.head.size}.",
                    code="handover.late",
                )
            return
        if self.present is not None:
            signed.check(self.present)


def read_chain(
    names: Collection[str], bytes_of: BytesOf, present: PublicKey | None, found: Findings
) -> Chain:
    """Return the keys handed over, and report where the chain is broken."""
    numbers = sorted(n for name in names if (n := handover_number(name)) is not None)
    handovers: list[Handover] = []
    for nth, number in enumerate(numbers):
        path = handover_path(number)
        if number != nth:
            found.add(handover_path(nth), "file.missing", f"There is no {handover_path(nth)}.")
            return Chain([], present)
        data = bytes_of(path)
        if data is None:
            return Chain([], present)
        try:
            handover = parse_handover(data)
        except SteelyardError as error:
            found.add_error(path, error)
            return Chain([], present)
        if handovers and handovers[-1].new != handover.old:
            found.add(path, "handover.broken", "It does not begin with the key handed over to.")
        handovers.append(handover)
    if handovers and present is not None and handovers[-1].new.public != present:
        found.add(
            handover_path(len(handovers) - 1),
            "handover.broken",
            "The last key handed over to is not the one in key.pub.",
        )
        return Chain([], present)
    return Chain(handovers, present)


def check_chain(
    chain: Chain,
    size: int,
    root_at: Callable[[int], bytes],
    entry_at: Callable[[int], bytes | None],
    found: Findings,
) -> None:
    """Check every handover against the tree."""
    for number, handover in enumerate(chain.handovers):
        path, head = handover_path(number), handover.head
        if not 0 < head.size <= size or root_at(head.size) != head.root:
            found.add(path, "handover.root", "It is about another history than this ledger's.")
            continue
        entry = entry_at(head.size - 1)
        try:
            if entry is not None:
                handover.check_event(entry)
        except SteelyardError as error:
            found.add_error(path, error)


def check_cosigned(
    names: Collection[str],
    bytes_of: BytesOf,
    chain: Chain,
    size: int,
    root_at: Callable[[int], bytes],
    found: Findings,
) -> list[str]:
    """Check the cosigned checkpoint, and return which witnesses saw how many entries when."""
    if COSIGNED not in names:
        return []
    data, keys_data = bytes_of(COSIGNED), bytes_of(WITNESSES)
    if data is None or keys_data is None:
        return []
    try:
        known = [parse_witness_key(line) for line in keys_data.decode("ascii").splitlines()]
        text, _, rest = data.decode("utf-8").partition("\n\n")
        own, *lines = rest.removesuffix("\n").split("\n")
        signed = parse_checkpoint(f"{text}\n\n{own}\n".encode())
        chain.check_signed(signed)
        head = signed.head
        if head.size > size or root_at(head.size) != head.root:
            raise IntegrityError(
                "The witnesses saw another history than this ledger's.", code="cosignature.root"
            )
        seen = []
        by_name = {key.name: key for key in known}
        for line in lines:
            one = parse_cosignature(line)
            if one.name not in by_name:
                raise IntegrityError(
                    f"No key is known for the witness {one.name}.", code="cosignature.unknown"
                )
            one.check(head, by_name[one.name])
            seen.append(f"{one.name} saw {head.size} entries at {one.seen_at:%Y-%m-%d %H:%M:%SZ}")
    except (SteelyardError, UnicodeDecodeError) as error:
        code = error.code if isinstance(error, SteelyardError) else "cosignature.malformed"
        found.add(COSIGNED, code, getattr(error, "message", "It is not text."))
        return []
    return seen


class BodyLine(Struct, frozen=True, forbid_unknown_fields=True):
    """One line of ``bodies.jsonl``."""

    body: dict[str, Any]
    position: int
    salt: str

    def encode(self) -> bytes:
        """Return the line with its end."""
        return canonical(msgspec.to_builtins(self)) + b"\n"


def check_bodies(
    names: Collection[str],
    bytes_of: BytesOf,
    size: int,
    entry_at: Callable[[int], bytes | None],
    found: Findings,
) -> int:
    """Check every body against its leaf, and return how many there are."""
    data = bytes_of(BODIES) if BODIES in names else None
    if data is None:
        return 0
    last, count = -1, 0
    for number, text in enumerate(data.splitlines(keepends=True), 1):
        try:
            line = msgspec.json.decode(text, type=BodyLine)
            if line.encode() != text or not last < line.position < size:
                raise IntegrityError("It is not in its place.", code="body.malformed")
            last, count = line.position, count + 1
            entry = entry_at(line.position)
            fits = entry is None or (
                columns_of(entry).body_sha256 == body_digest(line.body, line.salt)
            )
        except (msgspec.DecodeError, UnicodeEncodeError, SteelyardError) as error:
            said = error.message if isinstance(error, SteelyardError) else f"{error}."
            found.add(BODIES, "body.malformed", f"Line {number}: {said}")
            return count
        if not fits:
            found.add(
                BODIES,
                "body.changed",
                f"Line {number}: the body of entry {line.position} was changed.",
            )
    return count
