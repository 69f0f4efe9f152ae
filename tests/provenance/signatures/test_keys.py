# SPDX-License-Identifier: Apache-2.0
"""Public keys: which kinds are understood, and what else a signature must not fit."""

from __future__ import annotations

import hashlib

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, rsa
from hypothesis import given
from hypothesis import strategies as st
from tests.provenance.signatures import build

from steelyard.kernel.errors import InputError
from steelyard.ledger.signing import Signer, key_file, parse_note_key
from steelyard.provenance.signatures.keys import parse_key, read_key


def der(key: object) -> bytes:
    data = key.public_key().public_bytes(  # type: ignore[attr-defined]
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    assert isinstance(data, bytes)
    return data


@pytest.mark.parametrize(
    "key",
    [
        ec.generate_private_key(ec.SECP256K1()),
        ec.generate_private_key(ec.SECP224R1()),
        ed448.Ed448PrivateKey.generate(),
        dsa.generate_private_key(2048),
        rsa.generate_private_key(65537, 1024),
    ],
)
def test_kinds_that_are_not_understood(key: object) -> None:
    assert parse_key(der(key)) is None


@pytest.mark.parametrize("data", [b"", b"text", b"-----BEGIN PUBLIC KEY-----\nAA\n", b"\x30"])
def test_what_is_no_key_is_an_input_error(data: bytes) -> None:
    with pytest.raises(InputError) as caught:
        read_key(data)
    assert caught.value.next_step


@given(st.binary(max_size=300))
def test_any_bytes_are_a_key_or_none(data: bytes) -> None:
    parse_key(data)
    parse_key(b"-----BEGIN PUBLIC KEY-----\n" + data)


def test_the_fingerprint_is_that_of_every_other_tool() -> None:
    key = build.p256()
    found = build.public(key)
    assert found.fingerprint == hashlib.sha256(der(key)).hexdigest()
    assert hashlib.sha256(build.pem(key)).hexdigest() in found.names


def test_our_own_public_key_file_is_read_too() -> None:
    signer = Signer.from_seed(b"\1" * 32)
    from steelyard.ledger.signing import NoteKey

    text = key_file(NoteKey("ledger.example", signer.public))
    assert parse_note_key(text.split(b"\n")[0].decode()).public == signer.public
    assert read_key(text).fingerprint == signer.public.fingerprint


def test_a_large_curve_with_the_common_hash() -> None:
    """Some signers use SHA-256 for every curve."""
    key = ec.generate_private_key(ec.SECP384R1())
    signature = key.sign(b"data", ec.ECDSA(hashes.SHA256()))
    assert build.public(key).fits(signature, b"data")
    weak = key.sign(b"data", ec.ECDSA(hashes.SHA224()))
    assert not build.public(key).fits(weak, b"data")


@given(st.binary(max_size=200))
def test_no_bytes_fit_by_chance(signature: bytes) -> None:
    for key in KEYS:
        assert not key.fits(signature, b"data")


KEYS = [
    build.public(build.p256()),
    build.public(ed25519.Ed25519PrivateKey.generate()),
    build.public(rsa.generate_private_key(65537, 2048)),
]
