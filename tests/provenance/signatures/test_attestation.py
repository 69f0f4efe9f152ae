# SPDX-License-Identifier: Apache-2.0
"""Attestations as evidence: what they are about, who says it, and what that does."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.provenance.signatures import build

from steelyard.kernel.manifest import FileEntry, manifest_of
from steelyard.kernel.signature import AttestationReport, SignatureReport
from steelyard.provenance.signatures.attestation import (
    SUMMARY,
    TEST_RESULT,
    missing,
    weigh_attestations,
)

MODEL = build.manifest()
ALL = [entry.sha256 for entry in MODEL.files]
KEY, STRANGER = build.p256(), build.p256()
PASS, FAIL, WARN = ({"result": word} for word in ("PASSED", "FAILED", "WARNED"))


def weigh(
    predicate: Any,
    digests: list[str] | None = None,
    *,
    kind: str = TEST_RESULT,
    key: build.Private = KEY,
    blocking: tuple[str, ...] = (),
    beside: tuple[str, ...] = (),
) -> AttestationReport:
    told = build.attestation(kind, predicate, [MODEL.digest] if digests is None else digests)
    data = json.dumps(build.envelope(key, told)).encode()
    policy = build.trusting(build.public(KEY))
    (one,) = weigh_attestations("a.json", data, MODEL, policy, blocking=blocking, beside=beside)
    return one


def test_a_trusted_attestation_about_the_manifest() -> None:
    one = weigh({"result": "PASSED", "timestamp": "2026-11-02T10:00:00+02:00"})
    assert (one.outcome, one.subject, one.files) == ("verified", "manifest", len(ALL))
    assert (one.role, one.result, one.effect) == ("advisory", "passed", "informs")
    assert one.stated_at == "2026-11-02T08:00:00Z"
    assert one.signer is not None and one.signer.fingerprint == build.public(KEY).fingerprint


def test_subjects_are_matched_by_digest_only() -> None:
    assert weigh(PASS, ALL).subject == "all_files"
    some = weigh(PASS, ALL[:2])
    assert (some.subject, some.files) == ("some_files", 2)
    none = weigh(PASS, ["0" * 64])
    assert (none.subject, none.outcome, none.effect) == ("none", "undecidable", "disregarded")
    assert none.reason is not None and none.reason.code == "attestation.other-subject"


def test_files_beside_the_model_need_not_be_named() -> None:
    digests = [entry.sha256 for entry in MODEL.files if entry.path != "notes/draft.md"]
    assert weigh(PASS, digests).subject == "some_files"
    assert weigh(PASS, digests, beside=("notes/draft.md",)).subject == "all_files"
    bare = manifest_of(entry for entry in MODEL.files if entry.path != "notes/draft.md")
    assert weigh(PASS, [bare.digest], beside=("notes/draft.md",)).subject == "manifest"
    assert weigh(PASS, [bare.digest]).subject == "none"


@pytest.mark.parametrize(
    ("predicate", "digests", "key", "effect"),
    [
        (PASS, None, KEY, "satisfies"),
        (PASS, ALL, KEY, "satisfies"),
        (PASS, ALL[:1], KEY, "unproven"),
        (PASS, ["0" * 64], KEY, "unproven"),
        (PASS, None, STRANGER, "unproven"),
        ({}, None, KEY, "unproven"),
        ({"result": ["PASSED"]}, None, KEY, "unproven"),
        (WARN, None, KEY, "unproven"),
        (FAIL, None, KEY, "blocks"),
        (FAIL, ALL[:1], KEY, "blocks"),
        (FAIL, None, STRANGER, "unproven"),
        (FAIL, ["0" * 64], KEY, "unproven"),
    ],
)
def test_what_a_blocking_attestation_does(
    predicate: Any, digests: list[str] | None, key: build.Private, effect: str
) -> None:
    one = weigh(predicate, digests, key=key, blocking=(TEST_RESULT,))
    assert (one.role, one.effect) == ("blocking", effect)


@pytest.mark.parametrize(
    ("predicate", "digests", "key", "effect"),
    [
        (PASS, None, KEY, "informs"),
        ({}, None, KEY, "informs"),
        (FAIL, None, KEY, "lowers"),
        (WARN, None, KEY, "lowers"),
        (FAIL, None, STRANGER, "lowers"),
        (PASS, None, STRANGER, "disregarded"),
        (FAIL, ["0" * 64], KEY, "disregarded"),
    ],
)
def test_advice_never_raises(
    predicate: Any, digests: list[str] | None, key: build.Private, effect: str
) -> None:
    one = weigh(predicate, digests, key=key)
    assert (one.role, one.effect) == ("advisory", effect)


def test_the_role_comes_from_the_caller_alone() -> None:
    claims = {"result": "PASSED", "role": "blocking", "blocking": True}
    assert weigh(claims).role == "advisory"
    assert weigh(claims, blocking=("https://other.example/v1",)).role == "advisory"


def test_a_verification_summary() -> None:
    summary = {"verificationResult": "FAILED", "timeVerified": "2026-11-02T10:00:00Z"}
    one = weigh(summary, kind=SUMMARY, blocking=(SUMMARY,))
    assert (one.result, one.effect, one.stated_at) == ("failed", "blocks", "2026-11-02T10:00:00Z")


def test_what_is_no_result_is_none() -> None:
    """The word of one kind of attestation means nothing in another."""
    one = weigh({"result": "PASSED"}, kind="https://slsa.dev/provenance/v1")
    assert one.result == "not_stated"
    assert weigh({"result": "passed"}).result == "not_stated"


@pytest.mark.parametrize(
    "time", ["yesterday", "2026-13-01T00:00:00Z", 5, "0001-01-01T00:00:00+14:00"]
)
def test_a_time_that_is_none_is_left_out(time: object) -> None:
    assert weigh({"timestamp": time}).stated_at == ""


def test_tampering_is_invalid_and_blocks() -> None:
    told = build.attestation(TEST_RESULT, FAIL, [MODEL.digest])
    envelope = build.envelope(KEY, told, keyid=build.public(KEY).fingerprint)
    better = build.envelope(STRANGER, build.attestation(TEST_RESULT, PASS, [MODEL.digest]))
    envelope["payload"] = better["payload"]
    data = json.dumps(envelope).encode()
    (one,) = weigh_attestations(
        "a", data, MODEL, build.trusting(build.public(KEY)), blocking=(TEST_RESULT,)
    )
    assert (one.outcome, one.effect) == ("invalid", "blocks")


def test_one_of_several_signatures_is_enough() -> None:
    told = build.attestation(TEST_RESULT, PASS, [MODEL.digest])
    envelope = build.envelope(STRANGER, told)
    envelope["signatures"] += build.envelope(KEY, told)["signatures"]
    data = json.dumps(envelope).encode()
    (one,) = weigh_attestations("a", data, MODEL, build.trusting(build.public(KEY)))
    assert one.outcome == "verified"


def test_a_file_of_several_and_a_bundle() -> None:
    lines = [
        json.dumps(build.envelope(key, build.attestation(TEST_RESULT, PASS, ALL))).encode()
        for key in (KEY, STRANGER)
    ]
    lines.append(build.bundle(KEY, build.attestation(SUMMARY, {}, ALL)))
    lines.append(b'{"payload": 5}')
    found = weigh_attestations("a", b"\n".join(lines), MODEL, build.trusting(build.public(KEY)))
    assert [one.outcome for one in found] == ["verified", "untrusted", "verified", "invalid"]
    assert [one.index for one in found] == [0, 1, 2, 3]
    assert len({one.sha256 for one in found}) == 4


@pytest.mark.parametrize("data", [b"", b"[]", b"nonsense", b"{}", b"{}\n" * 300, b"\xff"])
def test_what_is_no_attestation_is_invalid(data: bytes) -> None:
    found = weigh_attestations("a", data, MODEL, build.trusting())
    assert found and all(one.outcome == "invalid" for one in found)


def test_standing_comes_from_signature_and_blocking_alone() -> None:
    def report(*attestations: AttestationReport) -> SignatureReport:
        return SignatureReport(
            manifest_sha256=MODEL.digest, outcome="verified", attestations=attestations
        )

    must = (TEST_RESULT,)
    assert report().standing == "passes"
    assert report(weigh(FAIL), weigh(FAIL, key=STRANGER)).standing == "passes"
    assert report(weigh(PASS, blocking=must)).standing == "passes"
    assert report(weigh(PASS, key=STRANGER, blocking=must)).standing == "undecided"
    assert report(weigh(FAIL, blocking=must), weigh(PASS, blocking=must)).standing == "fails"


def test_a_demanded_attestation_that_does_not_come() -> None:
    (reason,) = missing([weigh(PASS)], [TEST_RESULT, SUMMARY, SUMMARY])
    assert reason.code == "attestation.missing" and SUMMARY in reason.message


def test_a_model_of_equal_files() -> None:
    twins = manifest_of([FileEntry("a", 1, "1" * 64), FileEntry("b", 1, "1" * 64)])
    data = json.dumps(build.envelope(KEY, build.attestation("t", {}, ["1" * 64]))).encode()
    (one,) = weigh_attestations("a", data, twins, build.trusting(build.public(KEY)))
    assert (one.subject, one.files) == ("all_files", 2)
