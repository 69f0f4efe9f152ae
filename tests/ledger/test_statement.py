# SPDX-License-Identifier: Apache-2.0
"""What the two statements say, and what the ledger entry does not say."""

from __future__ import annotations

import json
from urllib.parse import urlsplit

import msgspec
import pytest
from packageurl import PackageURL
from tests.ledger.build import assessment, sealed

from steelyard.kernel.assessment import Outcome
from steelyard.kernel.errors import InputError, IntegrityError
from steelyard.ledger import dsse
from steelyard.ledger.canonical import canonical, sha256_of
from steelyard.ledger.entry import parse_entry
from steelyard.ledger.statement import decision_statement, resource_uri, vsa_statement


def test_the_decision_statement() -> None:
    of = assessment()
    statement = decision_statement(of, bundle_sha256="b" * 64)
    assert statement["_type"] == "https://in-toto.io/Statement/v1"
    assert statement["subject"] == [
        {"name": of.subject.purl, "digest": {"sha256": of.subject.manifest_sha256}}
    ]
    said = statement["predicate"]
    assert said["bundle"] == {"sha256": "b" * 64}
    assert said["outcome"] == "approved_with_conditions"
    assert said["reasons"] == ["acme.license"]
    assert said["use_case"] == {"name": "ticket-summary", "sha256": sha256_of(of.use_case)}
    assert said["charter"]["sha256"] == of.charter.sha256
    assert said["decided_by"] == "standing-approval"
    assert said["valid_until"] == "2027-05-24"
    named = decision_statement(of, bundle_sha256="b" * 64, decided_by="sign-offs")
    assert named["predicate"]["decided_by"] == "sign-offs"


@pytest.mark.parametrize(
    ("outcome", "result", "level"),
    [
        (Outcome.APPROVED, "PASSED", "STEELYARD_APPROVED"),
        (Outcome.APPROVED_WITH_CONDITIONS, "PASSED", "STEELYARD_APPROVED_WITH_CONDITIONS"),
        (Outcome.REVIEW_REQUIRED, "FAILED", "FAILED"),
        (Outcome.REJECTED, "FAILED", "FAILED"),
    ],
)
def test_the_verification_summary(outcome: Outcome, result: str, level: str) -> None:
    of = assessment(outcome)
    statement = vsa_statement(of, decision_sha256="d" * 64, verifier_fingerprint="f" * 64)
    assert statement["predicateType"] == "https://slsa.dev/verification_summary/v1"
    said = statement["predicate"]
    required = {"verifier", "timeVerified", "resourceUri", "policy", "verificationResult"}
    assert required | {"verifiedLevels"} <= said.keys()
    assert (said["verificationResult"], said["verifiedLevels"]) == (result, [level])
    assert not level.startswith("SLSA_")
    assert said["policy"]["digest"] == {"sha256": of.charter.sha256}
    assert said["inputAttestations"][0]["digest"] == {"sha256": "d" * 64}
    # Producers may add fields only under names that are URIs.
    known = required | {"verifiedLevels", "inputAttestations", "slsaVersion", "dependencyLevels"}
    assert all(urlsplit(name).scheme for name in said.keys() - known)
    assert all(urlsplit(said[name][key]).scheme for name, key in (("policy", "uri"),))


def test_a_summary_for_one_environment_does_not_serve_in_another() -> None:
    purl = "pkg:generic/tiny?checksum=sha256:" + "0" * 64
    uris = {resource_uri(purl, name) for name in ("production", "staging", "a b/c")}
    assert len(uris) == 3
    for uri in uris:
        named = PackageURL.from_string(uri)
        assert named.name == "tiny"
        assert dict(named.qualifiers)["checksum"] == "sha256:" + "0" * 64
    assert dict(PackageURL.from_string(resource_uri(purl, "a b/c")).qualifiers)["environment"] == (
        "a b/c"
    )


def test_times_are_utc_and_say_so() -> None:
    for time in ("2026-11-24T10:00:00+00:00", "2026-11-24 10:00:00Z", "", "2026-11-24T10:00:00"):
        with pytest.raises(InputError, match="UTC"):
            decision_statement(assessment(assessed_at=time), bundle_sha256="b" * 64)


def test_statements_are_canonical_and_entries_hold_no_personal_data() -> None:
    made = sealed()
    for name in ("decision.dsse.json", "vsa.dsse.json"):
        signed = dsse.parse(made.files[name])
        assert canonical(json.loads(signed.payload)) == signed.payload
    leaf = made.entry.encode()
    assert b"owner@example.org" not in leaf
    assert b"ticket-summary" not in leaf
    assert len(leaf) < 700
    assert parse_entry(leaf) == made.entry


@pytest.mark.parametrize(
    "change",
    [
        {"decision_sha256": "0"},
        {"outcome": "maybe"},
        {"event": "else"},
        {"schema": "steelyard.ledger-entry/v2"},
        {"more": 1},
    ],
)
def test_malformed_entries_are_refused(change: dict[str, object]) -> None:
    told = {**msgspec.to_builtins(sealed().entry), **change}
    with pytest.raises(IntegrityError):
        parse_entry(canonical(told))
