# SPDX-License-Identifier: Apache-2.0
"""One key handing the ledger over to the next, so that trust in the old one reaches the new.

The event ``ledger.key-rotated`` names the new key and is the last entry of the old key's last
checkpoint: so the old key vouches for the new one. The new key countersigns the same checkpoint: so
it takes over that history and no other. A file ``handover/<NNN>`` holds both verifier keys and the
checkpoint with both signature lines, which is a signed note as any.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from steelyard.kernel.errors import IntegrityError
from steelyard.ledger.checkpoint import SignedHead, TreeHead, parse_checkpoint, sign_head
from steelyard.ledger.event import parse_event
from steelyard.ledger.signing import NoteKey, PublicKey, Signer, parse_note_key

ROTATED = "ledger.key-rotated"
HEADER = "steelyard.handover/v1"
_PATH = re.compile(r"\Ahandover/([0-9]{3})\Z")


def handover_path(number: int) -> str:
    """Return where the handover ``number`` (from 0) lies."""
    return f"handover/{number:03d}"


def handover_number(path: str) -> int | None:
    """Return which handover ``path`` is, or None."""
    found = _PATH.match(path)
    return None if found is None else int(found[1])


@dataclass(frozen=True)
class Handover:
    """The old key's last checkpoint, signed by both."""

    old: NoteKey
    new: NoteKey
    by_old: SignedHead
    by_new: SignedHead

    @property
    def head(self) -> TreeHead:
        """The head both have signed."""
        return self.by_old.head

    def encode(self) -> bytes:
        """Return the file."""
        line = self.by_new.encode().partition(b"\n\n")[2]
        keys = f"{HEADER}\n{self.old.text}\n{self.new.text}\n\n".encode("ascii")
        return keys + self.by_old.encode() + line

    def check(self) -> None:
        """Verify both signatures.

        Raises:
            IntegrityError: one does not hold, or the keys are of different ledgers.
        """
        if not self.old.name == self.new.name == self.head.origin:
            raise _malformed("its keys are not of one ledger")
        if self.old.public == self.new.public:
            raise _malformed("it hands over to the same key")
        self.by_old.check(self.old.public)
        self.by_new.check(self.new.public)

    def check_event(self, entry: bytes) -> None:
        """Verify that the last entry of the old key's last checkpoint names the new key.

        Raises:
            IntegrityError: it does not.
        """
        event = parse_event(entry)
        if event.event != ROTATED or event.details.get("verifier") != self.new.text:
            raise IntegrityError(
                "The last entry under the old key does not name the new key.",
                code="handover.event",
            )


def hand_over(checkpoint: bytes, old: PublicKey, new: Signer) -> Handover:
    """Return the handover of ``checkpoint``, which ``old`` signed last, to ``new``."""
    by_old = parse_checkpoint(checkpoint)
    origin = by_old.head.origin
    by_new = parse_checkpoint(sign_head(by_old.head, new))
    made = Handover(NoteKey(origin, old), NoteKey(origin, new.public), by_old, by_new)
    made.check()
    return made


def parse_handover(data: bytes) -> Handover:
    """Read a handover; its signatures are verified, but not its place in the tree.

    Raises:
        IntegrityError: it departs from the format in any byte, or a signature does not hold.
    """
    top, _, note = data.partition(b"\n\n")
    text, _, lines = note.partition(b"\n\n")
    keys = top.decode("ascii", "replace").split("\n")
    signatures = lines.split(b"\n")
    if len(keys) != 3 or keys[0] != HEADER or len(signatures) != 3:
        raise _malformed("it is not two keys and a checkpoint with two signatures")
    by_old, by_new = (parse_checkpoint(text + b"\n\n" + one + b"\n") for one in signatures[:2])
    made = Handover(parse_note_key(keys[1]), parse_note_key(keys[2]), by_old, by_new)
    if made.encode() != data:
        raise _malformed("it is not spelled the one way")
    made.check()
    return made


def rotation_details(old: NoteKey, new: NoteKey) -> dict[str, str]:
    """Return the details of the event that announces the new key."""
    return {
        "old": old.public.fingerprint,
        "new": new.public.fingerprint,
        "verifier": new.text,
    }


def _malformed(why: str) -> IntegrityError:
    return IntegrityError(
        f"This is not a well-formed handover of keys: {why}.", code="handover.malformed"
    )
