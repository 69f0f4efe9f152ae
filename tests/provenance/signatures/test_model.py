# SPDX-License-Identifier: Apache-2.0
"""Signatures of models: golden ones by the reference implementation, and every way to break one."""

from __future__ import annotations

import base64
import datetime as dt
import json
from collections.abc import Callable
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from tests.provenance.signatures import build

from steelyard.kernel.manifest import Manifest, manifest_of
from steelyard.provenance.signatures.certificates import read_roots
from steelyard.provenance.signatures.model import verify_model

MODEL = build.manifest()
GIT = (".gitattributes",)
ROOT = read_roots(build.golden("root.pem"))


def without(manifest: Manifest, *paths: str) -> Manifest:
    return manifest_of(entry for entry in manifest.files if entry.path not in paths)


def edited(data: bytes, change: Callable[[dict[str, Any]], object]) -> bytes:
    value = json.loads(data)
    change(value)
    return json.dumps(value).encode()


def repayload(data: bytes, old: bytes, new: bytes) -> bytes:
    def change(value: dict[str, Any]) -> None:
        payload = base64.b64decode(value["dsseEnvelope"]["payload"])
        assert old in payload
        value["dsseEnvelope"]["payload"] = base64.b64encode(payload.replace(old, new)).decode()

    return edited(data, change)


@pytest.mark.parametrize("curve", ["p256", "p384", "p521"])
def test_a_key_of_each_curve_verifies(curve: str) -> None:
    key = build.golden_key(curve)
    report = verify_model(build.golden(f"{curve}.sig"), MODEL, build.trusting(key))
    assert (report.outcome, report.reason, report.differences) == ("verified", None, ())
    assert report.signer is not None
    assert (report.signer.trust, report.signer.fingerprint) == ("pinned_key", key.fingerprint)
    assert report.signed_files == 4
    assert report.not_covered == GIT
    assert not report.covers_everything
    assert report.standing == "passes"


def test_no_trust_means_untrusted_not_good() -> None:
    report = verify_model(build.golden("p256.sig"), MODEL, build.trusting())
    assert report.outcome == "untrusted"
    assert report.reason is not None and report.reason.code == "signature.unknown-key"
    assert report.standing == "undecided"
    other = build.trusting(build.golden_key("p384"))
    assert verify_model(build.golden("p256.sig"), MODEL, other).outcome == "untrusted"


def test_no_signature() -> None:
    report = verify_model(None, MODEL, build.trusting())
    assert (report.outcome, report.standing) == ("unsigned", "undecided")


def test_git_files_count_where_the_signer_wants_it() -> None:
    policy = build.trusting(build.golden_key("p256"))
    report = verify_model(build.golden("git.sig"), MODEL, policy)
    assert report.outcome == "verified" and report.covers_everything
    lacking = verify_model(build.golden("git.sig"), without(MODEL, ".gitattributes"), policy)
    assert [one.kind for one in lacking.differences] == ["missing"]


def test_files_the_signer_left_out_are_named() -> None:
    policy = build.trusting(build.golden_key("p256"))
    report = verify_model(build.golden("ignore.sig"), MODEL, policy)
    assert report.outcome == "verified"
    assert report.not_covered == (".gitattributes", "notes/draft.md")


def test_a_model_that_is_one_file() -> None:
    policy = build.trusting(build.golden_key("p256"))
    one = manifest_of(entry for entry in MODEL.files if entry.path == "config.json")
    assert verify_model(build.golden("single.sig"), one, policy).outcome == "verified"
    other = manifest_of(entry for entry in MODEL.files if entry.path == "weights.bin")
    assert verify_model(build.golden("single.sig"), other, policy).outcome == "invalid"
    assert verify_model(build.golden("single.sig"), MODEL, policy).outcome == "invalid"


def test_each_kind_of_difference_is_named() -> None:
    from msgspec.structs import replace

    policy = build.trusting(build.golden_key("p256"))
    files = [
        replace(entry, sha256="0" * 64) if entry.path == "weights.bin" else entry
        for entry in MODEL.files
        if entry.path != "config.json"
    ]
    files.append(replace(MODEL.files[0], path="modeling_evil.py"))
    report = verify_model(
        build.golden("p256.sig"),
        manifest_of(files),
        policy,
        refused={"link": "it points out of the model", ".git/hooks": "it is a device"},
    )
    assert report.outcome == "invalid" and report.standing == "fails"
    assert [(one.path, one.kind) for one in report.differences] == [
        ("config.json", "missing"),
        ("link", "refused"),
        ("modeling_evil.py", "extra"),
        ("weights.bin", "changed"),
    ]
    assert report.reason is not None
    assert "1 changed, 1 missing, 1 extra, 1 refused" in report.reason.message
    assert ".git/hooks" in report.not_covered


def test_a_changed_model_is_invalid_whoever_signed() -> None:
    less = without(MODEL, "weights.bin")
    assert verify_model(build.golden("p256.sig"), less, build.trusting()).outcome == "invalid"


def test_the_signature_itself_is_not_an_extra_file() -> None:
    entry = MODEL.files[0]
    from msgspec.structs import replace

    more = manifest_of([*MODEL.files, replace(entry, path="signed/tiny.sig")])
    policy = build.trusting(build.golden_key("p256"))
    sure = verify_model(build.golden("p256.sig"), more, policy, beside={"signed/tiny.sig"})
    assert sure.outcome == "verified"
    assert verify_model(build.golden("p256.sig"), more, policy).outcome == "invalid"


# --- tampering -----------------------------------------------------------------------------------


def test_every_byte_of_the_payload_and_signature_counts() -> None:
    policy = build.trusting(build.golden_key("p256"))
    value = json.loads(build.golden("p256.sig"))
    payload = base64.b64decode(value["dsseEnvelope"]["payload"])
    signature = base64.b64decode(value["dsseEnvelope"]["signatures"][0]["sig"])
    for position in range(0, len(payload), 7):
        broken = bytearray(payload)
        broken[position] ^= 1
        value["dsseEnvelope"]["payload"] = base64.b64encode(broken).decode()
        assert verify_model(json.dumps(value).encode(), MODEL, policy).outcome == "invalid"
    value["dsseEnvelope"]["payload"] = base64.b64encode(payload).decode()
    for position in range(len(signature)):
        broken = bytearray(signature)
        broken[position] ^= 1
        value["dsseEnvelope"]["signatures"][0]["sig"] = base64.b64encode(broken).decode()
        assert verify_model(json.dumps(value).encode(), MODEL, policy).outcome == "invalid"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'"weights.bin"', b'"weights.bim"'),
        (b'"name": "tiny"', b'"name": "tiny2"'),
        (b'".github"', b'"sub"'),
        (b"https://model_signing/signature/v1.0", b"https://model_signing/signature/v1.1"),
    ],
)
def test_a_changed_subject_or_manifest_breaks_the_signature(old: bytes, new: bytes) -> None:
    data = repayload(build.golden("p256.sig"), old, new)
    report = verify_model(data, MODEL, build.trusting(build.golden_key("p256")))
    assert report.outcome == "invalid"
    assert report.reason is not None and report.reason.code == "signature.invalid"


def test_a_hint_has_no_authority() -> None:
    def rename(value: dict[str, Any]) -> None:
        value["verificationMaterial"]["publicKey"]["hint"] = "0" * 64

    key = build.golden_key("p256")
    report = verify_model(edited(build.golden("p256.sig"), rename), MODEL, build.trusting(key))
    assert report.outcome == "verified"
    assert any("names its key" in note for note in report.notes)
    # And a forger who names our key is found out, not merely unknown.
    forged = json.loads(build.bundle(build.p256(), build.statement({"a": "0" * 64})))
    forged["verificationMaterial"] = json.loads(build.golden("p256.sig"))["verificationMaterial"]
    found = verify_model(json.dumps(forged).encode(), MODEL, build.trusting(key))
    assert found.outcome == "invalid"


def breakages() -> dict[str, Callable[[dict[str, Any]], object]]:
    return {
        "media type": lambda v: v.update(mediaType="application/json"),
        "old version": lambda v: v.update(
            mediaType="application/vnd.dev.sigstore.bundle+json;version=0.1"
        ),
        "no material": lambda v: v.pop("verificationMaterial"),
        "two ways": lambda v: v["verificationMaterial"].update(certificate={"rawBytes": "AA=="}),
        "no way": lambda v: v["verificationMaterial"].pop("publicKey"),
        "no envelope": lambda v: v.pop("dsseEnvelope"),
        "message too": lambda v: v.update(messageSignature={}),
        "payload type": lambda v: v["dsseEnvelope"].update(payloadType="text/plain"),
        "no signatures": lambda v: v["dsseEnvelope"].update(signatures=[]),
        "many signatures": lambda v: v["dsseEnvelope"].update(
            signatures=v["dsseEnvelope"]["signatures"] * 33
        ),
        "odd base64": lambda v: v["dsseEnvelope"].update(payload="e30"),
        "keyid a number": lambda v: v["dsseEnvelope"]["signatures"][0].update(keyid=1),
        "hint a list": lambda v: v["verificationMaterial"]["publicKey"].update(hint=[]),
        "entries a string": lambda v: v["verificationMaterial"].update(tlogEntries="x"),
        "key garbage": lambda v: v["verificationMaterial"].update(publicKey={"rawBytes": "AAAA"}),
    }


@pytest.mark.parametrize("name", sorted(breakages()))
def test_a_malformed_bundle_is_invalid_and_raises_nothing(name: str) -> None:
    data = edited(build.golden("p256.sig"), breakages()[name])
    report = verify_model(data, MODEL, build.trusting(build.golden_key("p384")))
    assert report.outcome == "invalid" and report.reason is not None


def test_a_member_that_stands_twice_is_refused() -> None:
    data = build.golden("p256.sig")[:-1] + b',"dsseEnvelope":{}}'
    report = verify_model(data, MODEL, build.trusting(build.golden_key("p256")))
    assert report.outcome == "invalid"


# --- statements that are signed well and say something wrong -------------------------------------

DIGESTS = {entry.path: entry.sha256 for entry in MODEL.files}


def sealed(change: Callable[[dict[str, Any]], object]) -> tuple[str, str]:
    key = build.p256()
    told = build.statement(DIGESTS)
    change(told)
    report = verify_model(build.bundle(key, told), MODEL, build.trusting(build.public(key)))
    return report.outcome, "" if report.reason is None else report.reason.code


def test_our_own_statement_verifies() -> None:
    assert sealed(lambda told: None) == ("verified", "")


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda t: t.update(predicateType="https://slsa.dev/provenance/v1"), "predicate"),
        (lambda t: t["subject"][0]["digest"].update(sha256="0" * 64), "malformed"),
        (lambda t: t["subject"].append(t["subject"][0]), "malformed"),
        (lambda t: t["predicate"]["resources"].append(t["predicate"]["resources"][0]), "malformed"),
        (lambda t: t["predicate"]["resources"][0].update(name="../a"), "malformed"),
        (lambda t: t["predicate"]["resources"][0].update(name="/a"), "malformed"),
        (lambda t: t["predicate"]["resources"][0].update(digest="ZZ"), "malformed"),
        (lambda t: t["predicate"].update(resources=[]), "malformed"),
        (lambda t: t["predicate"]["serialization"].update(ignore_paths=["."]), "malformed"),
        (lambda t: t["predicate"]["serialization"].update(ignore_paths=[""]), "malformed"),
        (lambda t: t["predicate"]["serialization"].update(ignore_paths=["a/../.."]), "malformed"),
        (lambda t: t["predicate"]["serialization"].update(ignore_paths="x"), "malformed"),
    ],
)
def test_a_well_signed_wrong_statement_is_invalid(
    change: Callable[[dict[str, Any]], object], code: str
) -> None:
    assert sealed(change) == ("invalid", f"signature.{code}")


@pytest.mark.parametrize(
    "change",
    [
        lambda t: t["predicate"]["serialization"].update(method="shards", shard_size=10),
        lambda t: t["predicate"]["serialization"].update(hash_type="blake3"),
        lambda t: [row.update(algorithm="blake2b") for row in t["predicate"]["resources"]],
        lambda t: t.update(predicateType="https://model_signing/Digests/v0.1"),
    ],
)
def test_what_cannot_be_compared_is_undecidable(change: Callable[[dict[str, Any]], object]) -> None:
    assert sealed(change) == ("undecidable", "signature.form")


@pytest.mark.parametrize("kind", ["ed25519", "rsa", "rsa-pss", "p256", "p384", "p521"])
def test_other_kinds_of_keys(kind: str) -> None:
    keys: dict[str, build.Private] = {
        "ed25519": ed25519.Ed25519PrivateKey.generate(),
        "p256": build.p256(),
        "p384": ec.generate_private_key(ec.SECP384R1()),
        "p521": ec.generate_private_key(ec.SECP521R1()),
    }
    key = keys.get(kind) or rsa.generate_private_key(65537, 2048)
    data = build.bundle(key, build.statement(DIGESTS), pss=kind == "rsa-pss")
    trusted = build.trusting(build.public(key))
    assert verify_model(data, MODEL, trusted).outcome == "verified"
    broken = repayload(data, b'"model"', b'"other"')
    assert verify_model(broken, MODEL, trusted).outcome == "invalid"


def test_a_bundle_that_brings_its_own_key_is_still_untrusted() -> None:
    key = build.p256()

    def older(value: dict[str, Any]) -> None:
        raw = base64.b64encode(build.pem(key)).decode()
        value["verificationMaterial"] = {"publicKey": {"rawBytes": raw}}

    data = edited(build.bundle(key, build.statement(DIGESTS)), older)
    report = verify_model(data, MODEL, build.trusting())
    assert report.outcome == "untrusted"
    assert report.signer is not None
    assert report.signer.fingerprint == build.public(key).fingerprint
    assert verify_model(data, MODEL, build.trusting(build.public(key))).outcome == "verified"
    broken = repayload(data, b'"model"', b'"other"')
    assert verify_model(broken, MODEL, build.trusting()).outcome == "invalid"


# --- certificates --------------------------------------------------------------------------------


def test_a_certificate_under_a_root() -> None:
    report = verify_model(build.golden("certificate.sig"), MODEL, build.trusting(roots=ROOT))
    assert (report.outcome, report.reason) == ("verified", None)
    assert report.signer is not None
    assert (report.signer.trust, report.signer.identity) == ("certificate_root", "CN=Tiny Models")
    assert any("revoked" in note for note in report.notes)
    assert report.proven_at == ""


def test_a_certificate_under_no_root_or_another() -> None:
    data = build.golden("certificate.sig")
    for roots, code in (
        ((), "certificate.no-root"),
        (read_roots(build.golden("other-root.pem")), "certificate.path"),
    ):
        report = verify_model(data, MODEL, build.trusting(roots=roots))
        assert report.outcome == "untrusted"
        assert report.reason is not None and report.reason.code == code


def test_an_expired_certificate_needs_somebody_to_say_when() -> None:
    data = build.golden("expired.sig")
    report = verify_model(data, MODEL, build.trusting(roots=ROOT))
    assert report.outcome == "untrusted"
    assert report.reason is not None and report.reason.code == "certificate.expired"
    then = dt.datetime(2026, 1, 15, tzinfo=dt.UTC)
    seen = verify_model(data, MODEL, build.trusting(roots=ROOT, seen_at=then))
    assert seen.outcome == "verified"
    assert any("you say" in note for note in seen.notes)
    late = build.trusting(roots=ROOT, seen_at=dt.datetime(2026, 3, 1, tzinfo=dt.UTC))
    assert verify_model(data, MODEL, late).outcome == "untrusted"


def test_a_pinned_key_counts_inside_a_certificate() -> None:
    from steelyard.provenance.signatures.bundle import read_bundle
    from steelyard.provenance.signatures.certificates import read_certificate

    data = build.golden("expired.sig")
    key = read_certificate(read_bundle(data).material.certificates[0]).key
    report = verify_model(data, MODEL, build.trusting(key))
    assert report.outcome == "verified"
    assert report.signer is not None and report.signer.trust == "pinned_key"


def test_another_certificate_does_not_lend_its_name() -> None:
    ours = json.loads(build.golden("certificate.sig"))
    forged = json.loads(build.bundle(build.p256(), build.statement(DIGESTS)))
    forged["verificationMaterial"] = ours["verificationMaterial"]
    report = verify_model(json.dumps(forged).encode(), MODEL, build.trusting(roots=ROOT))
    assert report.outcome == "invalid"


def test_a_broken_certificate_is_invalid() -> None:
    def cut(value: dict[str, Any]) -> None:
        rows = value["verificationMaterial"]["x509CertificateChain"]["certificates"]
        rows[0]["rawBytes"] = rows[0]["rawBytes"][:100]

    report = verify_model(edited(build.golden("certificate.sig"), cut), MODEL, build.trusting())
    assert report.outcome == "invalid"
