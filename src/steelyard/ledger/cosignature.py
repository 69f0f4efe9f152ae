# SPDX-License-Identifier: Apache-2.0
"""Cosignatures of witnesses: C2SP *tlog-cosignature* v1 (https://c2sp.org/tlog-cosignature).

A witness says that at a time it saw this head and that it extends every head it saw before. Its
line is that of a signed note whose signature is the time in eight bytes and an Ed25519 signature
over the time and the text of the checkpoint.
"""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import re
from dataclasses import dataclass

from steelyard.kernel.errors import InputError, IntegrityError
from steelyard.ledger.checkpoint import TreeHead
from steelyard.ledger.signing import PublicKey, Signer, decode_base64, is_key_name

_COSIGNATURE = b"\x04"
_LINE = re.compile(r"\A\N{EM DASH} (\S+) (\S+)\Z")


@dataclass(frozen=True)
class WitnessKey:
    """A witness's name and public key."""

    name: str
    public: PublicKey

    @property
    def id(self) -> bytes:
        """The four bytes that stand before its signatures."""
        named = self.name.encode("utf-8") + b"\n" + _COSIGNATURE + self.public.raw
        return hashlib.sha256(named).digest()[:4]

    @property
    def text(self) -> str:
        """The verifier key, ``name+hash+base64``."""
        encoded = base64.b64encode(_COSIGNATURE + self.public.raw).decode("ascii")
        return f"{self.name}+{self.id.hex()}+{encoded}"


@dataclass(frozen=True)
class Cosignature:
    """One line as read: who, when, and the signature that has yet to be verified."""

    name: str
    key_id: bytes
    time: int
    """Seconds since 1970 in UTC."""
    signature: bytes

    @property
    def line(self) -> str:
        """The line, without its end."""
        data = self.key_id + self.time.to_bytes(8, "big") + self.signature
        return f"\N{EM DASH} {self.name} {base64.b64encode(data).decode('ascii')}"

    @property
    def seen_at(self) -> dt.datetime:
        """When the witness says it saw the head."""
        return dt.datetime.fromtimestamp(self.time, dt.UTC)

    def check(self, head: TreeHead, key: WitnessKey) -> None:
        """Verify that ``key`` cosigned ``head``.

        Raises:
            IntegrityError: it did not.
        """
        if (self.name, self.key_id) != (key.name, key.id):
            raise IntegrityError(
                f"The cosignature is not by the key known for {key.name}.",
                code="cosignature.other-key",
            )
        if not key.public.verify(self.signature, _signed(head, self.time)):
            raise IntegrityError(
                f"The cosignature of {key.name} does not fit this checkpoint.",
                code="cosignature.invalid",
            )


def parse_witness_key(text: str) -> WitnessKey:
    """Read a witness's verifier key.

    Raises:
        InputError: it is malformed, or not that of an Ed25519 cosigner.
    """
    name, _, rest = text.strip().partition("+")
    raw = decode_base64(rest.partition("+")[2])
    if is_key_name(name) and raw is not None and len(raw) == 33 and raw[:1] == _COSIGNATURE:
        key = WitnessKey(name, PublicKey(raw[1:]))
        if key.text == text.strip():
            return key
    raise InputError(
        "This is not the verifier key of an Ed25519 witness.",
        next_step="Ask the witness for its key, written name+hash+base64.",
        code="cosignature.key",
    )


def parse_cosignature(line: str) -> Cosignature:
    """Read one signature line.

    Raises:
        IntegrityError: it is not a cosignature in its one spelling.
    """
    found = _LINE.match(line)
    data = None if found is None else decode_base64(found[2])
    if found is None or data is None or len(data) != 4 + 8 + 64 or not is_key_name(found[1]):
        raise IntegrityError("This is not the line of a cosignature.", code="cosignature.malformed")
    time = int.from_bytes(data[4:12], "big")
    if time >= 1 << 37:
        raise IntegrityError("The time of the cosignature is impossible.", code="cosignature.time")
    return Cosignature(found[1], data[:4], time, data[12:])


def cosign(head: TreeHead, name: str, signer: Signer, time: int) -> Cosignature:
    """Return what a witness answers; a house can be the witness of another one."""
    key = WitnessKey(name, signer.public)
    return Cosignature(name, key.id, time, signer.sign(_signed(head, time)))


def _signed(head: TreeHead, time: int) -> bytes:
    return f"cosignature/v1\ntime {time}\n{head.text()}".encode()
