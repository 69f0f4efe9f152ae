# SPDX-License-Identifier: Apache-2.0
"""Keyless signatures, against a Sigstore instance of which only the root and one bundle exist."""

from __future__ import annotations

import importlib.util
import json
import sys
from typing import Any

import pytest
from tests.provenance.signatures import build

from steelyard.kernel.errors import InputError
from steelyard.kernel.signature import SignatureReport
from steelyard.provenance.signatures.keyless import Identity
from steelyard.provenance.signatures.model import verify_model

needs_library = pytest.mark.skipif(
    importlib.util.find_spec("sigstore") is None,
    reason="KEYLESS SIGNATURES NOT TESTED: pip install 'steelyard[signing]'",
)
WHO = "models@example.org"
ISSUER = "https://accounts.example"
ROOT = build.golden("trusted_root.json")


def verify(
    data: bytes, identity: str = WHO, issuer: str = ISSUER, root: bytes = ROOT
) -> SignatureReport:
    wanted = Identity(identity=identity, issuer=issuer, trusted_root=root)
    return verify_model(data, build.manifest(), build.trusting(identity=wanted))


def code_of(report: SignatureReport) -> str:
    return "" if report.reason is None else report.reason.code


def test_nobody_named_is_nobody_trusted() -> None:
    report = verify_model(build.golden("keyless.sig"), build.manifest(), build.trusting())
    assert (report.outcome, code_of(report)) == ("untrusted", "keyless.no-identity")
    assert report.signer is not None
    assert (report.signer.identity, report.signer.issuer) == (WHO, ISSUER)
    assert report.signer.trust == "none"


def test_without_the_library_nothing_is_decided(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sigstore", None)
    report = verify(build.golden("keyless.sig"))
    assert (report.outcome, code_of(report)) == ("undecidable", "keyless.no-library")
    assert report.standing == "undecided"


def test_a_signature_that_does_not_fit_needs_no_library(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sigstore", None)
    value = json.loads(build.golden("keyless.sig"))
    value["dsseEnvelope"]["payload"] = json.loads(build.golden("p384.sig"))["dsseEnvelope"][
        "payload"
    ]
    value["dsseEnvelope"]["payload"] = value["dsseEnvelope"]["payload"][:-4]
    assert verify(json.dumps(value).encode()).outcome == "invalid"


@needs_library
def test_the_right_identity_verifies_offline() -> None:
    report = verify(build.golden("keyless.sig"))
    assert (report.outcome, report.reason) == ("verified", None)
    assert report.signer is not None and report.signer.trust == "identity"
    assert report.proven_at == "2026-11-01T12:01:00Z"


@needs_library
@pytest.mark.parametrize(
    ("identity", "issuer"), [("other@example.org", ISSUER), (WHO, "https://other.example")]
)
def test_another_identity_is_untrusted(identity: str, issuer: str) -> None:
    report = verify(build.golden("keyless.sig"), identity, issuer)
    assert (report.outcome, code_of(report)) == ("untrusted", "keyless.other-identity")


@needs_library
def test_another_root_is_untrusted() -> None:
    value = json.loads(ROOT)
    other = build.golden("root.pem").split(b"-----")[2].replace(b"\n", b"").decode()
    value["certificateAuthorities"][0]["certChain"]["certificates"][0]["rawBytes"] = other
    report = verify(build.golden("keyless.sig"), root=json.dumps(value).encode())
    assert (report.outcome, code_of(report)) == ("untrusted", "keyless.other-root")


@needs_library
@pytest.mark.parametrize(
    ("part", "name", "value"),
    [
        ("inclusionPromise", "signedEntryTimestamp", "MEUCIQ=="),
        ("inclusionProof", "rootHash", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="),
        ("inclusionProof", "treeSize", "2"),
        ("kindVersion", "version", "9"),
        ("", "canonicalizedBody", "e30="),
        ("", "integratedTime", "1793534521"),
    ],
)
def test_a_changed_log_entry_is_not_good(part: str, name: str, value: str) -> None:
    bundle: dict[str, Any] = json.loads(build.golden("keyless.sig"))
    entry = bundle["verificationMaterial"]["tlogEntries"][0]
    (entry[part] if part else entry)[name] = value
    assert verify(json.dumps(bundle).encode()).outcome == "invalid"


@needs_library
def test_no_log_entry_is_not_good() -> None:
    bundle: dict[str, Any] = json.loads(build.golden("keyless.sig"))
    bundle["verificationMaterial"]["tlogEntries"] = []
    assert verify(json.dumps(bundle).encode()).outcome == "invalid"


def forged() -> tuple[dict[str, Any], dict[str, Any]]:
    """Return a good bundle, and one that a stranger made with a certificate of their own."""
    import base64

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from tests.provenance.signatures.test_certificates import START, usage

    key = build.p256()
    stranger = x509.Name([])
    extension = x509.UnrecognizedExtension(
        x509.ObjectIdentifier("1.3.6.1.4.1.57264.1.8"),
        b"\x0c" + bytes([len(ISSUER)]) + ISSUER.encode(),
    )
    made = (
        x509.CertificateBuilder()
        .subject_name(stranger)
        .issuer_name(stranger)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(START)
        .not_valid_after(build.NOW)
        .add_extension(usage(signs=True), critical=True)
        .add_extension(x509.SubjectAlternativeName([x509.RFC822Name(WHO)]), critical=True)
        .add_extension(extension, critical=False)
        .sign(key, hashes.SHA256())
    )
    digests = {entry.path: entry.sha256 for entry in build.manifest().files}
    bad: dict[str, Any] = json.loads(build.bundle(key, build.statement(digests)))
    raw = base64.b64encode(made.public_bytes(serialization.Encoding.DER)).decode()
    good: dict[str, Any] = json.loads(build.golden("keyless.sig"))
    entries = good["verificationMaterial"]["tlogEntries"]
    bad["verificationMaterial"] = {"certificate": {"rawBytes": raw}, "tlogEntries": entries}
    return good, bad


@needs_library
def test_a_certificate_that_only_claims_the_identity() -> None:
    _, bad = forged()
    report = verify(json.dumps(bad).encode())
    assert (report.outcome, code_of(report)) == ("untrusted", "keyless.other-root")


@pytest.mark.parametrize("place", ["outside", "inside"])
def test_a_bundle_with_two_readings_is_refused(place: str) -> None:
    """The library also reads the other spelling of every member."""
    good, bad = forged()
    if place == "outside":
        bad["dsse_envelope"] = good["dsseEnvelope"]
        bad["verification_material"] = good["verificationMaterial"]
    else:
        raw = good["verificationMaterial"]["certificate"]["rawBytes"]
        bad["verificationMaterial"]["certificate"]["raw_bytes"] = raw
    assert verify(json.dumps(bad).encode()).outcome == "invalid"


@needs_library
def test_what_the_library_read_is_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    from steelyard.provenance.signatures import bundle

    monkeypatch.setattr(bundle, "_check_spelling", lambda value: None)
    good, bad = forged()
    for order in (bad | {"dsse_envelope": good["dsseEnvelope"]}, {"x": 1} | bad):
        order["verification_material"] = good["verificationMaterial"]
        assert verify(json.dumps(order).encode()).outcome != "verified"


@needs_library
@pytest.mark.parametrize("root", [b"", b"{}", b'{"mediaType":"x"}', b'{"trustedRoot":{}}'])
def test_a_useless_root_is_the_callers_fault(root: bytes) -> None:
    with pytest.raises(InputError, match="trusted root"):
        verify(build.golden("keyless.sig"), root=root)
