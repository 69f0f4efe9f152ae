# SPDX-License-Identifier: Apache-2.0
"""Paths of certificates: what leads to a root and what only looks like it."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from tests.provenance.signatures import build

from steelyard.kernel.errors import InputError, IntegrityError
from steelyard.kernel.signature import Reason
from steelyard.provenance.signatures.certificates import distrust, read_certificate, read_roots

START = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
KEYS = [build.p256() for _ in range(4)]


def usage(*, signs: bool = False, certifies: bool = False) -> x509.KeyUsage:
    return x509.KeyUsage(signs, False, False, False, False, certifies, False, False, False)


def certificate(
    subject: str,
    key: ec.EllipticCurvePrivateKey,
    issuer: str,
    by: ec.EllipticCurvePrivateKey,
    *,
    ca: bool | None,
    use: x509.KeyUsage | None = None,
    more: tuple[tuple[Any, bool], ...] = (),
    path_length: int | None = None,
    days: int = 3650,
) -> x509.Certificate:
    def name(text: str) -> x509.Name:
        return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])

    builder = (
        x509.CertificateBuilder()
        .subject_name(name(subject))
        .issuer_name(name(issuer))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(START)
        .not_valid_after(START + dt.timedelta(days=days))
    )
    if ca is not None:
        limit = path_length if ca else None
        builder = builder.add_extension(x509.BasicConstraints(ca, limit), critical=True)
    if use is not None:
        builder = builder.add_extension(use, critical=True)
    for extension, critical in more:
        builder = builder.add_extension(extension, critical=critical)
    return builder.sign(by, hashes.SHA256())


ROOT_KEY, MIDDLE_KEY, LEAF_KEY, OTHER_KEY = KEYS
ROOT = certificate("root", ROOT_KEY, "root", ROOT_KEY, ca=True, use=usage(certifies=True))
LEAF = certificate("leaf", LEAF_KEY, "middle", MIDDLE_KEY, ca=False, use=usage(signs=True))


def middle(**changes: Any) -> x509.Certificate:
    settings: dict[str, Any] = {"ca": True, "use": usage(certifies=True)} | changes
    return certificate("middle", MIDDLE_KEY, "root", ROOT_KEY, **settings)


def why(
    chain: list[x509.Certificate], roots: tuple[x509.Certificate, ...] = (ROOT,), **when: Any
) -> str:
    der = [one.public_bytes(serialization.Encoding.DER) for one in chain]
    times: dict[str, Any] = {"now": build.NOW, "seen_at": None} | when
    reason: Reason | None = distrust(der, roots, **times)
    return "" if reason is None else reason.code


def test_a_path_over_an_intermediate() -> None:
    assert why([LEAF, middle()]) == ""
    assert why([LEAF, middle(path_length=0)]) == ""
    assert why([LEAF], (middle(),)) == ""  # naming the intermediate trusts it, and less


@pytest.mark.parametrize(
    "changes",
    [
        {"ca": False},
        {"ca": None},
        {"use": usage(signs=True)},
        {"days": 10},
    ],
)
def test_an_issuer_that_may_not_issue(changes: dict[str, Any]) -> None:
    assert why([LEAF, middle(**changes)]) == "certificate.path"


def test_a_path_that_does_not_hold() -> None:
    assert why([LEAF]) == "certificate.path"
    strange = certificate("middle", OTHER_KEY, "root", ROOT_KEY, ca=True, use=usage(certifies=True))
    assert why([LEAF, strange]) == "certificate.path"
    second = certificate(
        "second", OTHER_KEY, "middle", MIDDLE_KEY, ca=True, use=usage(certifies=True)
    )
    deep = certificate("leaf", LEAF_KEY, "second", OTHER_KEY, ca=False, use=usage(signs=True))
    assert why([deep, second, middle()]) == ""
    assert why([deep, second, middle(path_length=0)]) == "certificate.path"


def test_a_critical_extension_nobody_understands() -> None:
    odd = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), b"\x05\x00")
    leaf = certificate(
        "leaf",
        LEAF_KEY,
        "root",
        ROOT_KEY,
        ca=False,
        use=usage(signs=True),
        more=((odd, True),),
    )
    assert why([leaf]) == "certificate.path"


@pytest.mark.parametrize(
    ("use", "extended", "code"),
    [
        (usage(signs=True), None, ""),
        (usage(signs=True), ExtendedKeyUsageOID.CODE_SIGNING, ""),
        (None, ExtendedKeyUsageOID.CODE_SIGNING, ""),
        (usage(signs=True), ExtendedKeyUsageOID.SERVER_AUTH, "certificate.usage"),
        (usage(certifies=True), ExtendedKeyUsageOID.CODE_SIGNING, "certificate.usage"),
        (None, ExtendedKeyUsageOID.SERVER_AUTH, "certificate.usage"),
        (None, None, "certificate.usage"),
    ],
)
def test_what_a_certificate_is_for(use: x509.KeyUsage | None, extended: Any, code: str) -> None:
    more = () if extended is None else ((x509.ExtendedKeyUsage([extended]), False),)
    leaf = certificate("leaf", LEAF_KEY, "root", ROOT_KEY, ca=False, use=use, more=more)
    assert why([leaf]) == code


def test_time() -> None:
    leaf = certificate("leaf", LEAF_KEY, "root", ROOT_KEY, ca=False, use=usage(signs=True), days=30)
    inside, late = START + dt.timedelta(days=15), START + dt.timedelta(days=31)
    assert why([leaf], now=inside) == ""
    assert why([leaf], now=late) == "certificate.expired"
    assert why([leaf], now=late, seen_at=inside) == ""
    assert why([leaf], now=inside, seen_at=START - dt.timedelta(days=1)) == "certificate.not-valid"
    assert why([leaf], now=START - dt.timedelta(days=1)) == "certificate.not-valid"


def test_a_self_signed_certificate_counts_only_as_a_root() -> None:
    own = certificate("own", LEAF_KEY, "own", LEAF_KEY, ca=False, use=usage(signs=True))
    assert why([own]) == "certificate.path"
    assert why([own], (own,)) == ""
    assert why([own], ()) == "certificate.no-root"


@pytest.mark.parametrize("data", [b"", b"text", b"-----BEGIN CERTIFICATE-----\nAAAA\n"])
def test_roots_that_are_none(data: bytes) -> None:
    with pytest.raises(InputError, match="PEM"):
        read_roots(data)


@pytest.mark.parametrize("data", [b"", b"\x30\x00", b"\x00" * 100])
def test_certificates_that_are_none(data: bytes) -> None:
    with pytest.raises(IntegrityError):
        read_certificate(data)
