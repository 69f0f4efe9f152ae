# SPDX-License-Identifier: Apache-2.0
"""Checkpoints and proofs: one spelling, verified step by step by hand as well."""

from __future__ import annotations

import base64
import hashlib

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.ledger.build import ORIGIN, OTHER, SIGNER, MemoryLedger

from steelyard.kernel.errors import IntegrityError
from steelyard.ledger.checkpoint import (
    InclusionProof,
    TreeHead,
    parse_checkpoint,
    parse_proof,
    sign_head,
)

HEAD = TreeHead(ORIGIN, 3, hashlib.sha256(b"root").digest())
GOOD = sign_head(HEAD, SIGNER)


def test_a_checkpoint_verified_by_hand() -> None:
    text, signature_line = GOOD.decode().split("\n\n")
    origin, size, root = text.split("\n")
    assert (origin, size, base64.b64decode(root)) == (ORIGIN, "3", HEAD.root)
    dash, name, encoded = signature_line.rstrip("\n").split(" ")
    assert (dash, name) == ("—", ORIGIN)
    signed = base64.b64decode(encoded)
    key_id = hashlib.sha256(ORIGIN.encode() + b"\n\x01" + SIGNER.public.raw).digest()[:4]
    assert signed[:4] == key_id
    Ed25519PublicKey.from_public_bytes(SIGNER.public.raw).verify(signed[4:], (text + "\n").encode())


def test_reading_and_checking() -> None:
    signed = parse_checkpoint(GOOD)
    assert signed.head == HEAD
    signed.check(SIGNER.public)
    with pytest.raises(IntegrityError, match="another key"):
        signed.check(OTHER.public)
    moved = GOOD.replace(b"\n3\n", b"\n4\n")
    with pytest.raises(IntegrityError, match="does not fit"):
        parse_checkpoint(moved).check(SIGNER.public)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"\n3\n", b"\n03\n"),
        (b"\n3\n", b"\n-3\n"),
        (b"\n3\n", b"\n\xd9\xa3\n"),
        (b"\n\n", b"\nextension\n\n"),
        (b"\n\n", b"\n"),
        (b"=\n\n", b"\n\n"),
        (b"steelyard/ledger", b"steel yard/ledger"),
        ("—".encode(), b"-"),
        (b"\n\n", b"\r\n\r\n"),
    ],
)
def test_departures_from_the_format_are_refused(old: bytes, new: bytes) -> None:
    assert old in GOOD
    with pytest.raises(IntegrityError, match="well-formed"):
        parse_checkpoint(GOOD.replace(old, new))


def test_a_second_signature_is_refused() -> None:
    line = GOOD.split(b"\n\n")[1]
    with pytest.raises(IntegrityError):
        parse_checkpoint(GOOD + line)


@settings(max_examples=200)
@given(st.binary(max_size=300))
def test_garbage_is_refused(data: bytes) -> None:
    for read in (parse_checkpoint, parse_proof):
        with pytest.raises(IntegrityError):
            read(data)


def test_a_proof_carries_its_entry_and_leads_to_the_root() -> None:
    ledger = MemoryLedger().append(b'{"x":1}')
    proof = parse_proof(ledger.proof)
    assert (proof.index, proof.entry) == (2, b'{"x":1}')
    assert proof.checkpoint == ledger.checkpoint
    lines = ledger.proof.decode().split("\n")
    assert lines[0] == "c2sp.org/tlog-proof@v1"
    assert lines[2] == "index 2"
    head = parse_checkpoint(proof.checkpoint).head
    proof.check(head)
    for other in (
        InclusionProof(1, proof.entry, proof.hashes, proof.checkpoint),
        InclusionProof(2, b"{}", proof.hashes, proof.checkpoint),
        InclusionProof(2, proof.entry, (), proof.checkpoint),
        InclusionProof(7, proof.entry, proof.hashes, proof.checkpoint),
    ):
        with pytest.raises(IntegrityError):
            other.check(head)


def test_a_misspelled_proof_is_refused() -> None:
    good = MemoryLedger().append(b'{"x":1}').proof
    for old, new in ((b"index 2", b"index 02"), (b"extra ", b"extra  "), (b"@v1", b"@v2")):
        with pytest.raises(IntegrityError):
            parse_proof(good.replace(old, new))
