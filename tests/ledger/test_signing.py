# SPDX-License-Identifier: Apache-2.0
"""Keys: the forms they are written in, and strict reading of each."""

from __future__ import annotations

import hashlib

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from tests.ledger.build import KEY, SIGNER

from steelyard.kernel.errors import InputError, IntegrityError
from steelyard.ledger.signing import (
    NoteKey,
    PublicKey,
    Signer,
    key_file,
    keys_in,
    parse_key_file,
    parse_note_key,
    read_public_key,
)


def test_the_first_vector_of_rfc_8032() -> None:
    seed = "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60"
    signer = Signer.from_seed(bytes.fromhex(seed))
    assert signer.public.raw.hex() == (
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"
    )
    assert signer.sign(b"").hex() == (
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd"
        "25bf5f0595bbe24655141438e7a100b"
    )


def test_pem_is_what_other_tools_read_and_write() -> None:
    loaded = serialization.load_pem_public_key(SIGNER.public.pem())
    assert isinstance(loaded, Ed25519PublicKey)
    form = (serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    assert loaded.public_bytes(*form) == SIGNER.public.pem()
    der = loaded.public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    assert SIGNER.public.fingerprint == hashlib.sha256(der).hexdigest()
    assert Signer.from_pem(SIGNER.to_pem()).public == SIGNER.public


def test_every_form_somebody_may_pin_is_read() -> None:
    for form in (SIGNER.public.pem(), KEY.text.encode(), KEY.text.encode() + b"\n", key_file(KEY)):
        assert read_public_key(form) == SIGNER.public
    for form in (b"", b"nonsense", b"-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n"):
        with pytest.raises(InputError):
            read_public_key(form)


def test_keys_of_other_kinds_are_refused() -> None:
    other = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = other.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    with pytest.raises(InputError, match="Ed25519"):
        Signer.from_pem(pem)
    with pytest.raises(InputError, match="Ed25519"):
        Signer.from_pem(b"nonsense")
    public = other.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    with pytest.raises(InputError):
        PublicKey.from_pem(public)


def test_the_key_file_is_read_strictly() -> None:
    data = key_file(KEY)
    assert parse_key_file(data) == KEY
    for changed in (data + b"\n", data[:-1], data.replace(b"BEGIN", b"BEGIM"), b"", b"\xff"):
        with pytest.raises(IntegrityError):
            parse_key_file(changed)
    other = NoteKey(KEY.name, Signer.generate().public)
    mixed = KEY.text.encode() + b"\n" + other.public.pem()
    with pytest.raises(IntegrityError, match="do not agree"):
        parse_key_file(mixed)
    assert keys_in(mixed) == [KEY.public, other.public]
    assert keys_in(b"") == []


@pytest.mark.parametrize("text", ["", "name", "a b+00000000+AQ==", "n+zz+AQ==", "n+00000000+AQ=="])
def test_malformed_verifier_keys(text: str) -> None:
    with pytest.raises(IntegrityError):
        parse_note_key(text)


def test_a_wrong_signature_or_key_is_just_false() -> None:
    assert not SIGNER.public.verify(b"short", b"data")
    assert not PublicKey(b"short").verify(SIGNER.sign(b"data"), b"data")
    assert SIGNER.public.verify(SIGNER.sign(b"data"), b"data")
