# SPDX-License-Identifier: Apache-2.0
"""The two in-toto statements about a decision.

* Ours, :data:`DECISION_TYPE`: everything a person or a gate needs, and the digest of the bundle's
  index, so that its signature covers every document.
* The SLSA Verification Summary (https://slsa.dev/verification_summary/v1): the verdict alone, for
  tools that know nothing of Steelyard. It claims no SLSA level, because none was verified.

Both have the same subject: the revision's package URL with the digest of its manifest. ADR 0004
says why the type URIs end in ``.invalid``.
"""

from __future__ import annotations

import base64
from typing import Any

from steelyard.kernel.assessment import Assessment, CharterIdentity, Outcome
from steelyard.ledger.canonical import sha256_of
from steelyard.ledger.entry import check_time

STATEMENT_TYPE = "https://in-toto.io/Statement/v1"
DECISION_TYPE = "https://steelyard.invalid/attestation/decision/v1"
SUMMARY_TYPE = "https://slsa.dev/verification_summary/v1"
VERIFIER = "https://steelyard.invalid/verifier/"
VALID_UNTIL = "https://steelyard.invalid/attestation/valid-until"
_LEVELS = {
    Outcome.APPROVED: "STEELYARD_APPROVED",
    Outcome.APPROVED_WITH_CONDITIONS: "STEELYARD_APPROVED_WITH_CONDITIONS",
}


def decision_predicate(
    assessment: Assessment, *, bundle_sha256: str, decided_by: str | None = None
) -> dict[str, Any]:
    """Return the predicate of our decision statement.

    ``decided_by`` is a person's or policy's name; by default what the assessment's review says.
    """
    decision = assessment.decision
    use_case: dict[str, Any] = {"sha256": sha256_of(assessment.use_case)}
    if isinstance(name := assessment.use_case.get("name"), str):
        use_case["name"] = name
    return {
        "assessed_at": check_time(assessment.assessed_at),
        "bundle": {"sha256": bundle_sha256},
        "charter": _charter(assessment.charter),
        "conditions": [condition.rule for condition in decision.conditions],
        "decided_by": decided_by or assessment.review.decided_by,
        "environment": assessment.environment,
        "outcome": decision.outcome.value,
        "reasons": [reason.rule for reason in decision.reasons],
        "tier": assessment.risk.tier,
        "use_case": use_case,
        "valid_until": decision.valid_until,
    }


def _charter(charter: CharterIdentity) -> dict[str, Any]:
    named: dict[str, Any] = {
        "name": charter.name,
        "sha256": charter.sha256,
        "version": charter.version,
    }
    if charter.catalog:
        named["catalog"] = charter.catalog
    if charter.frameworks:
        named["frameworks"] = charter.frameworks
    return named


def decision_statement(
    assessment: Assessment, *, bundle_sha256: str, decided_by: str | None = None
) -> dict[str, Any]:
    """Return our statement: this revision was decided so, on this evidence.

    Raises:
        InputError: ``assessed_at`` is not a UTC time.
    """
    predicate = decision_predicate(assessment, bundle_sha256=bundle_sha256, decided_by=decided_by)
    return _statement(assessment, DECISION_TYPE, predicate)


def vsa_statement(
    assessment: Assessment, *, decision_sha256: str, verifier_fingerprint: str
) -> dict[str, Any]:
    """Return the SLSA Verification Summary that goes with a decision.

    ``decision_sha256`` is the digest of ``decision.dsse.json``. The resource names the environment,
    so that a summary for one environment cannot serve in another.
    """
    decision = assessment.decision
    level = _LEVELS.get(decision.outcome)
    charter = assessment.charter
    predicate: dict[str, Any] = {
        "inputAttestations": [
            {"digest": {"sha256": decision_sha256}, "uri": _named_by(decision_sha256)}
        ],
        "policy": {
            "digest": {"sha256": charter.sha256},
            "name": f"{charter.name} {charter.version}".strip(),
            "uri": _named_by(charter.sha256),
        },
        "resourceUri": resource_uri(assessment.subject.purl, assessment.environment),
        "slsaVersion": "1.0",
        "timeVerified": check_time(assessment.assessed_at),
        "verificationResult": "FAILED" if level is None else "PASSED",
        "verifiedLevels": ["FAILED" if level is None else level],
        "verifier": {"id": VERIFIER + verifier_fingerprint},
    }
    if decision.valid_until is not None:
        predicate[VALID_UNTIL] = decision.valid_until
    return _statement(assessment, SUMMARY_TYPE, predicate)


def resource_uri(purl: str, environment: str) -> str:
    """Return ``purl`` with the environment as a qualifier."""
    from packageurl import PackageURL

    named = PackageURL.from_string(purl)
    qualifiers = dict(named.qualifiers) | {"environment": environment}
    return named._replace(qualifiers=qualifiers).to_string()


def _statement(
    assessment: Assessment, predicate_type: str, predicate: dict[str, Any]
) -> dict[str, Any]:
    subject = {
        "digest": {"sha256": assessment.subject.manifest_sha256},
        "name": assessment.subject.purl,
    }
    return {
        "_type": STATEMENT_TYPE,
        "predicate": predicate,
        "predicateType": predicate_type,
        "subject": [subject],
    }


def _named_by(sha256: str) -> str:
    """Return the RFC 6920 name of content: a URI that says nothing but the digest."""
    digest = base64.urlsafe_b64encode(bytes.fromhex(sha256)).rstrip(b"=").decode("ascii")
    return f"ni:///sha-256;{digest}"
