# SPDX-License-Identifier: Apache-2.0
"""Sigstore bundles (https://docs.sigstore.dev/about/bundle/) around a DSSE envelope, as read.

The verification material says which way of signing it was: ``publicKey`` a key of one's own,
``x509CertificateChain`` a certificate of one's own, ``certificate`` a keyless Sigstore signature.
Bundles from before Model Signing 1.1 carry the whole key (``rawBytes``) instead of a hint.
"""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from steelyard.kernel.signature import Method
from steelyard.provenance.signatures.envelope import Envelope, read_envelope
from steelyard.provenance.signatures.reading import decode_base64, malformed, member, read_json

MEDIA_TYPES = frozenset(
    {
        "application/vnd.dev.sigstore.bundle.v0.3+json",
        "application/vnd.dev.sigstore.bundle+json;version=0.3",
    }
)
_MAX_CERTIFICATES = 16
_MAX_CERTIFICATE = 64 * 1024


class Material(Struct, frozen=True, kw_only=True):
    """What a bundle offers to verify its signature with. Claims, all of it."""

    method: Method
    hint: str = ""
    """``key``: names the key; by Model Signing the SHA-256 of its PEM form."""
    key: bytes = b""
    """``key`` in older bundles: the public key itself, PEM or DER."""
    certificates: tuple[bytes, ...] = ()
    """DER, the signer's first."""
    log_entries: int = 0
    timestamps: int = 0


class Bundle(Struct, frozen=True):
    """A bundle whose signature has yet to be verified."""

    material: Material
    envelope: Envelope


def read_bundle(data: bytes) -> Bundle:
    """Read a bundle.

    Raises:
        IntegrityError: the bytes are no bundle of version 0.3 around an in-toto statement.
    """
    value = read_json(data, "signature")
    _check_spelling(value)
    if member(value, "mediaType", str, "bundle") not in MEDIA_TYPES:
        raise malformed("This is not a Sigstore bundle of version 0.3.", "bundle.version")
    material = _material(member(value, "verificationMaterial", dict, "bundle"))
    if "messageSignature" in value:
        raise malformed("The bundle signs a single message, not a statement.", "bundle.message")
    return Bundle(material, read_envelope(member(value, "dsseEnvelope", dict, "bundle")))


def is_bundle(value: dict[str, Any]) -> bool:
    """Tell whether a parsed object is meant to be a bundle."""
    return "verificationMaterial" in value or "mediaType" in value


def _check_spelling(value: Any) -> None:
    """Refuse members in the other spelling protobuf readers accept (``dsse_envelope``): two readers
    of one bundle could each take another one.
    """
    pending = [value]
    while pending:
        one = pending.pop()
        if isinstance(one, dict):
            if any("_" in name for name in one):
                raise malformed("A member of the bundle is not spelled as the format has it.")
            pending += one.values()
        elif isinstance(one, list):
            pending += one


def _material(value: dict[str, Any]) -> Material:
    ways = {"publicKey", "x509CertificateChain", "certificate"} & value.keys()
    if len(ways) != 1:
        raise malformed("The bundle does not say in one way who signed it.")
    logged = _count(value, "tlogEntries")
    stamps = value.get("timestampVerificationData") or {}
    if not isinstance(stamps, dict):
        raise malformed("The bundle's timestamps are not usable.")
    stamped = _count(stamps, "rfc3161Timestamps")
    match ways.pop():
        case "publicKey":
            told = member(value, "publicKey", dict, "bundle")
            raw = told.get("rawBytes")
            hint = told.get("hint")
            if not isinstance(hint, str | None):
                raise malformed("The bundle's key hint is not usable.")
            key = b"" if raw is None else _limited(decode_base64(raw, "public key"))
            return Material(
                method="key",
                hint=(hint or "")[:1024],
                key=key,
                log_entries=logged,
                timestamps=stamped,
            )
        case "certificate":
            told = member(value, "certificate", dict, "bundle")
            chain: tuple[bytes, ...] = (_certificate(told),)
            method: Method = "keyless"
        case _:
            told = member(value, "x509CertificateChain", dict, "bundle")
            rows = member(told, "certificates", list, "certificate chain")
            if not 0 < len(rows) <= _MAX_CERTIFICATES:
                raise malformed(f"The certificate chain has {len(rows)} certificates.")
            chain = tuple(_certificate(row) for row in rows)
            method = "certificate"
    return Material(method=method, certificates=chain, log_entries=logged, timestamps=stamped)


def _count(value: dict[str, Any], name: str) -> int:
    rows = value.get(name) or []
    if not isinstance(rows, list):
        raise malformed(f"The bundle's {name} are not usable.")
    return len(rows)


def _certificate(row: object) -> bytes:
    if not isinstance(row, dict):
        raise malformed("A certificate of the bundle is no object.")
    return _limited(decode_base64(row.get("rawBytes"), "certificate"))


def _limited(data: bytes) -> bytes:
    if not 0 < len(data) <= _MAX_CERTIFICATE:
        raise malformed("A key or certificate of the bundle is empty or too large.")
    return data
