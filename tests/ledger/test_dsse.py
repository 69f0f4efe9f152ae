# SPDX-License-Identifier: Apache-2.0
"""Envelopes: read by another implementation, and strictly by ours."""

from __future__ import annotations

import json

import pytest
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from securesystemslib.dsse import Envelope
from securesystemslib.exceptions import VerificationError
from securesystemslib.signer import SSlibKey  # type: ignore[attr-defined] # it has no __all__
from tests.ledger.build import OTHER, SIGNER

from steelyard.kernel.errors import IntegrityError
from steelyard.ledger import dsse
from steelyard.ledger.canonical import canonical

STATEMENT = canonical({"_type": "https://in-toto.io/Statement/v1", "predicate": {}})
GOOD = dsse.sign(STATEMENT, SIGNER)


def test_securesystemslib_verifies_what_we_sign() -> None:
    envelope = Envelope.from_dict(json.loads(GOOD))
    assert envelope.payload == STATEMENT
    mine = SSlibKey.from_crypto(
        load_pem_public_key(SIGNER.public.pem()),
        SIGNER.public.fingerprint,
    )
    assert list(envelope.verify([mine], 1)) == [SIGNER.public.fingerprint]
    envelope.payload += b" "
    with pytest.raises(VerificationError):
        envelope.verify([mine], 1)


def test_reading_and_checking() -> None:
    signed = dsse.parse(GOOD)
    assert signed.payload == STATEMENT
    signed.check(SIGNER.public)
    with pytest.raises(IntegrityError, match="another key"):
        signed.check(OTHER.public)


def envelope(**changes: object) -> bytes:
    return canonical({**json.loads(GOOD), **changes})


@pytest.mark.parametrize(
    "data",
    [
        GOOD + b"\n",
        json.dumps(json.loads(GOOD)).encode(),
        canonical([]),
        envelope(payload="e30"),
        envelope(payload="e31="),
        envelope(payload="AAAA"),
        envelope(payload="W10="),
        envelope(payloadType="text/plain"),
        envelope(signatures=[]),
        envelope(signatures=json.loads(GOOD)["signatures"] * 2),
        envelope(more=1),
        envelope(signatures=[{**json.loads(GOOD)["signatures"][0], "cert": "x"}]),
    ],
)
def test_any_other_form_is_refused(data: bytes) -> None:
    with pytest.raises(IntegrityError):
        dsse.parse(data)


def test_a_changed_statement_breaks_the_signature() -> None:
    import base64

    other = base64.b64encode(STATEMENT.replace(b"{}", b'{"a":1}')).decode()
    with pytest.raises(IntegrityError, match="does not fit"):
        dsse.parse(envelope(payload=other)).check(SIGNER.public)
