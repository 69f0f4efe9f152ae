# SPDX-License-Identifier: Apache-2.0
"""Signed in-toto statements in the Dead Simple Signing Envelope (https://dsse.io).

What is signed is the pre-authentication encoding of payload type and payload, made by
``securesystemslib``, so the JSON around them needs no canonical form for security; ours has one all
the same (RFC 8785, one signature, key id = fingerprint), because a bundle must notice a change of
any byte.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import Any

from steelyard.kernel.errors import IntegrityError
from steelyard.ledger.canonical import canonical, parse_canonical
from steelyard.ledger.signing import PublicKey, Signer, decode_base64

PAYLOAD_TYPE = "application/vnd.in-toto+json"


@dataclass(frozen=True)
class SignedStatement:
    """An envelope as read: its signature has yet to be verified."""

    statement: dict[str, Any]
    payload: bytes
    keyid: str
    signature: bytes

    def check(self, public: PublicKey) -> None:
        """Verify the signature.

        Raises:
            IntegrityError: another key is named, or the signature does not fit the statement.
        """
        if self.keyid != public.fingerprint:
            raise IntegrityError(
                "The envelope names another key than the one in key.pub.",
                code="signature.other-key",
            )
        if not public.verify(self.signature, _pae(self.payload)):
            raise IntegrityError(
                "The signature does not fit the statement: one of them was changed.",
                code="signature.invalid",
            )


def sign(statement: bytes, signer: Signer) -> bytes:
    """Return the envelope over ``statement`` (canonical JSON) as the bytes of a ``.dsse.json``."""
    signature = {"keyid": signer.public.fingerprint, "sig": _encode(signer.sign(_pae(statement)))}
    return canonical(
        {
            "payload": _encode(statement),
            "payloadType": PAYLOAD_TYPE,
            "signatures": [signature],
        }
    )


def parse(data: bytes) -> SignedStatement:
    """Read an envelope without verifying its signature.

    Raises:
        IntegrityError: the bytes depart from the form :func:`sign` writes.
    """
    envelope = parse_canonical(data)
    match envelope:
        case {
            "payload": str(payload_text),
            "payloadType": "application/vnd.in-toto+json",
            "signatures": [{"keyid": str(keyid), "sig": str(signature_text), **more_signature}],
            **more,
        } if not more and not more_signature:
            payload = decode_base64(payload_text)
            signature = decode_base64(signature_text)
        case _:
            raise IntegrityError(
                "This is not an envelope around one signed in-toto statement.",
                code="envelope.malformed",
            )
    if payload is None or signature is None:
        raise IntegrityError("The base64 in the envelope is misspelled.", code="envelope.malformed")
    statement = parse_canonical(payload)
    if not isinstance(statement, dict):
        raise IntegrityError("The envelope holds no statement.", code="envelope.malformed")
    return SignedStatement(statement, payload, keyid, signature)


def _encode(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


def _pae(payload: bytes) -> bytes:
    from securesystemslib.dsse import Envelope

    return Envelope(payload, PAYLOAD_TYPE, {}).pae()
