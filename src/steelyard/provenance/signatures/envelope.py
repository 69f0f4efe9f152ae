# SPDX-License-Identifier: Apache-2.0
"""The Dead Simple Signing Envelope (https://github.com/secure-systems-lab/dsse, v1.0) as read.

An envelope is a payload, its type and signatures over the pre-authentication encoding of both. Its
signatures have yet to be verified; a key id is a hint without authority.
"""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from steelyard.provenance.signatures.reading import decode_base64, malformed, member

IN_TOTO = "application/vnd.in-toto+json"
_MAX_SIGNATURES = 32
_MAX_SIGNATURE = 16 * 1024


class Signature(Struct, frozen=True):
    """One signature and the key id it names, which may be empty."""

    value: bytes
    keyid: str = ""


class Envelope(Struct, frozen=True):
    """An envelope whose signatures have yet to be verified."""

    payload: bytes
    payload_type: str
    signatures: tuple[Signature, ...]

    def signed_bytes(self) -> bytes:
        """Return what the signatures are over (DSSE protocol, PAE)."""
        kind = self.payload_type.encode("utf-8")
        return b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(self.payload), self.payload)


def read_envelope(value: dict[str, Any]) -> Envelope:
    """Return the envelope in a parsed JSON object.

    Raises:
        IntegrityError: it is not an envelope around an in-toto statement with a signature.
    """
    payload = decode_base64(value.get("payload"), "payload")
    kind = member(value, "payloadType", str, "envelope")
    if kind != IN_TOTO:
        raise malformed("The envelope does not hold an in-toto statement.", "envelope.other")
    rows = member(value, "signatures", list, "envelope")
    if not 0 < len(rows) <= _MAX_SIGNATURES:
        raise malformed(f"The envelope holds {len(rows)} signatures.")
    return Envelope(payload, kind, tuple(_signature(row) for row in rows))


def _signature(row: object) -> Signature:
    if not isinstance(row, dict):
        raise malformed("A signature of the envelope is no object.")
    value = decode_base64(row.get("sig"), "signature")
    keyid = row.get("keyid")  # absent, null and empty all mean: not said
    if not value or len(value) > _MAX_SIGNATURE or not isinstance(keyid, str | None):
        raise malformed("A signature of the envelope is not usable.")
    return Signature(value, (keyid or "")[:1024])
