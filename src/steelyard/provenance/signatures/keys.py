# SPDX-License-Identifier: Apache-2.0
"""Public keys of others: P-256, P-384, P-521, Ed25519 and RSA, and whether a signature fits one.

Model Signing itself knows the three curves; the other two kinds are of the Sigstore algorithm
registry and sign attestations. A key fixes its scheme: ECDSA over the hash of the curve's strength
(or SHA-256, which some signers use for every curve), Ed25519 over the bytes themselves, RSA with
SHA-256 and either padding.
"""

from __future__ import annotations

import hashlib
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

from steelyard.kernel.errors import InputError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.hashes import HashAlgorithm

_MIN_RSA, _MAX_RSA = 2048, 16384
_NEXT = "Give a PEM public key: P-256, P-384, P-521, Ed25519 or RSA of at least 2048 bits."


class VerificationKey:
    """A public key of a kind that is understood; make it with one of the functions below."""

    def __init__(self, key: Any) -> None:
        self._key = key

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 of the DER SubjectPublicKeyInfo, 64 hexadecimal characters."""
        return hashlib.sha256(self._encoded("DER")).hexdigest()

    @cached_property
    def names(self) -> frozenset[str]:
        """Return the ways in which signers write down which key this is."""
        pem = self._encoded("PEM")
        digests = {hashlib.sha256(text).hexdigest() for text in (pem, pem.strip())}
        return frozenset({self.fingerprint, *digests, f"sha256:{self.fingerprint}"})

    def fits(self, signature: bytes, data: bytes) -> bool:
        """Tell whether ``signature`` over ``data`` was made with this key."""
        from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm

        for arguments in self._schemes():
            try:
                self._key.verify(signature, data, *arguments)
            except (InvalidSignature, ValueError, UnsupportedAlgorithm):
                continue
            return True
        return False

    def _schemes(self) -> list[tuple[Any, ...]]:
        from cryptography.hazmat.primitives import hashes
        from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

        if isinstance(self._key, ec.EllipticCurvePublicKey):
            own = _curve_hash(self._key.curve.key_size)
            tried = [own] if isinstance(own, hashes.SHA256) else [own, hashes.SHA256()]
            return [(ec.ECDSA(algorithm),) for algorithm in tried]
        if isinstance(self._key, rsa.RSAPublicKey):
            digest = hashes.SHA256()
            pss = padding.PSS(padding.MGF1(digest), padding.PSS.AUTO)
            return [(padding.PKCS1v15(), digest), (pss, digest)]
        return [()]

    def _encoded(self, form: Literal["DER", "PEM"]) -> bytes:
        from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

        encoding = Encoding.DER if form == "DER" else Encoding.PEM
        data = self._key.public_bytes(encoding, PublicFormat.SubjectPublicKeyInfo)
        assert isinstance(data, bytes)
        return data


def usable_key(key: object) -> VerificationKey | None:
    """Return ``key`` (an object of ``cryptography``) if it is of a kind that is understood."""
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

    curves = ("secp256r1", "secp384r1", "secp521r1")
    match key:
        case ec.EllipticCurvePublicKey() if key.curve.name in curves:
            return VerificationKey(key)
        case ed25519.Ed25519PublicKey():
            return VerificationKey(key)
        case rsa.RSAPublicKey() if _MIN_RSA <= key.key_size <= _MAX_RSA:
            return VerificationKey(key)
    return None


def read_key(data: bytes) -> VerificationKey:
    """Read a PEM public key somebody trusts.

    Raises:
        InputError: it is none, or of a kind that is not understood.
    """
    key = parse_key(data)
    if key is None:
        raise InputError(
            "This is not a public key that can verify signatures.",
            next_step=_NEXT,
            code="key.invalid",
        )
    return key


def parse_key(data: bytes) -> VerificationKey | None:
    """Return the key in PEM or DER bytes, None if they hold none that is understood."""
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives import serialization

    load = (
        serialization.load_pem_public_key
        if b"-----BEGIN" in data[:4096]
        else serialization.load_der_public_key
    )
    try:
        return usable_key(load(data[data.find(b"-----BEGIN") :] if b"-----BEGIN" in data else data))
    except (ValueError, TypeError, UnsupportedAlgorithm):
        return None


def _curve_hash(bits: int) -> HashAlgorithm:
    from cryptography.hazmat.primitives import hashes

    if bits <= 256:
        return hashes.SHA256()
    return hashes.SHA384() if bits <= 384 else hashes.SHA512()
