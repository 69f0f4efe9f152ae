# SPDX-License-Identifier: Apache-2.0
"""Makes signatures and attestations for the tests, and reads the golden ones."""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import json
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa

from steelyard.kernel.manifest import FileEntry, Manifest, manifest_of
from steelyard.provenance.signatures.keys import VerificationKey, read_key
from steelyard.provenance.signatures.trust import TrustPolicy

GOLDEN = Path(__file__).resolve().parents[2] / "golden" / "oms"
NOW = dt.datetime(2026, 12, 1, tzinfo=dt.UTC)
MEDIA = "application/vnd.dev.sigstore.bundle.v0.3+json"
OMS = "https://model_signing/signature/v1.0"
Private = ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey | rsa.RSAPrivateKey


def golden(name: str) -> bytes:
    """Return a golden file."""
    return (GOLDEN / name).read_bytes()


def golden_key(name: str) -> VerificationKey:
    """Return a golden public key."""
    return read_key(golden(f"{name}.pub.pem"))


def manifest(root: Path = GOLDEN / "model") -> Manifest:
    """Return the manifest of a directory."""
    return manifest_of(
        FileEntry(
            path.relative_to(root).as_posix(),
            path.stat().st_size,
            hashlib.sha256(path.read_bytes()).hexdigest(),
        )
        for path in root.rglob("*")
        if path.is_file()
    )


def trusting(*keys: VerificationKey, **more: Any) -> TrustPolicy:
    """Return a policy that trusts ``keys``."""
    return TrustPolicy(now=NOW, keys=keys, **more)


def public(key: Private) -> VerificationKey:
    """Return the public half of ``key`` as the product reads it."""
    return read_key(pem(key))


def pem(key: Private) -> bytes:
    """Return the public half of ``key`` as PEM."""
    return key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )


def statement(files: dict[str, str], **changes: Any) -> dict[str, Any]:
    """Return a model signing statement over SHA-256 digests by path."""
    names = sorted(files)
    root = hashlib.sha256(b"".join(bytes.fromhex(files[name]) for name in names)).hexdigest()
    told: dict[str, Any] = {
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{"name": "model", "digest": {"sha256": root}}],
        "predicateType": OMS,
        "predicate": {
            "serialization": {"method": "files", "hash_type": "sha256", "allow_symlinks": False},
            "resources": [
                {"name": name, "algorithm": "sha256", "digest": files[name]} for name in names
            ],
        },
    }
    return told | changes


def attestation(kind: str, predicate: Any, digests: list[str]) -> dict[str, Any]:
    """Return a statement of ``kind`` about things with these SHA-256 digests."""
    return {
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{"name": f"s{i}", "digest": {"sha256": d}} for i, d in enumerate(digests)],
        "predicateType": kind,
        "predicate": predicate,
    }


def sign(key: Private, data: bytes, *, pss: bool = False) -> bytes:
    """Return a signature over ``data``."""
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return key.sign(data)
    if isinstance(key, rsa.RSAPrivateKey):
        digest = hashes.SHA256()
        if pss:
            return key.sign(data, padding.PSS(padding.MGF1(digest), 32), digest)
        return key.sign(data, padding.PKCS1v15(), digest)
    by_size = {256: hashes.SHA256(), 384: hashes.SHA384(), 521: hashes.SHA512()}
    return key.sign(data, ec.ECDSA(by_size[key.curve.key_size]))


def envelope(key: Private, told: Any, *, keyid: str = "", pss: bool = False) -> dict[str, Any]:
    """Return a DSSE envelope over ``told``."""
    payload = told if isinstance(told, bytes) else json.dumps(told).encode()
    kind = b"application/vnd.in-toto+json"
    signed = b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(payload), payload)
    return {
        "payload": base64.b64encode(payload).decode(),
        "payloadType": kind.decode(),
        "signatures": [
            {"keyid": keyid, "sig": base64.b64encode(sign(key, signed, pss=pss)).decode()}
        ],
    }


def bundle(key: Private, told: Any, *, pss: bool = False) -> bytes:
    """Return a Sigstore bundle signed with a key."""
    hint = hashlib.sha256(pem(key)).hexdigest()
    return json.dumps(
        {
            "mediaType": MEDIA,
            "verificationMaterial": {"publicKey": {"hint": hint}, "tlogEntries": []},
            "dsseEnvelope": envelope(key, told, pss=pss),
        }
    ).encode()


def p256() -> ec.EllipticCurvePrivateKey:
    """Return a new key."""
    return ec.generate_private_key(ec.SECP256R1())
