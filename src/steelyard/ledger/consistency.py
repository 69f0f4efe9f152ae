# SPDX-License-Identifier: Apache-2.0
"""Do the parts of a bundle say the same? Signed statements, documents and the ledger entry.

Digests find changed bytes; these checks find a signer who signed things that contradict each
other, and parts taken from two bundles. They run only on parts whose bytes are in order.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import msgspec
from msgspec import Struct, field

from steelyard.kernel.digest import is_sha256, sha256_hex
from steelyard.kernel.errors import InputError, SteelyardError
from steelyard.kernel.manifest import Manifest, manifest_of
from steelyard.ledger import bundle
from steelyard.ledger.canonical import parse, sha256_of
from steelyard.ledger.entry import LedgerEntry
from steelyard.ledger.statement import resource_uri
from steelyard.ledger.verification import DecisionSummary, Findings

_PASSING = ("approved", "approved_with_conditions")


class _Subject(Struct, frozen=True):
    name: str
    digest: dict[str, str]


class _Charter(Struct, frozen=True):
    sha256: str
    name: str
    version: str
    catalog: str = ""
    frameworks: dict[str, str] = {}


class DecisionPredicate(Struct, frozen=True):
    """The predicate of ``https://steelyard.invalid/attestation/decision/v1``."""

    assessed_at: str
    bundle: dict[str, str]
    charter: _Charter
    decided_by: str
    environment: str
    outcome: Literal["approved", "approved_with_conditions", "review_required", "rejected"]
    reasons: tuple[str, ...]
    tier: str
    use_case: dict[str, str]
    valid_until: str | None
    conditions: tuple[str, ...] = ()


class DecisionStatement(Struct, frozen=True):
    """Our statement, as far as verification needs it; unknown fields are allowed."""

    subject: tuple[_Subject]
    predicate: DecisionPredicate
    predicate_type: Literal["https://steelyard.invalid/attestation/decision/v1"] = field(
        name="predicateType"
    )
    type: Literal["https://in-toto.io/Statement/v1"] = field(name="_type")

    @property
    def manifest_sha256(self) -> str:
        """Digest of the manifest the decision is about."""
        return self.subject[0].digest["sha256"]

    def summary(self) -> DecisionSummary:
        """Return what is shown to people."""
        said = self.predicate
        return DecisionSummary(
            purl=self.subject[0].name,
            manifest_sha256=self.manifest_sha256,
            environment=said.environment,
            outcome=said.outcome,
            tier=said.tier,
            charter=f"{said.charter.name} {said.charter.version}".strip(),
            valid_until=said.valid_until,
            assessed_at=said.assessed_at,
        )


class _Policy(Struct, frozen=True):
    uri: str
    digest: dict[str, str]


class _Input(Struct, frozen=True):
    digest: dict[str, str]


class _SummaryPredicate(Struct, frozen=True, rename="camel"):
    resource_uri: str
    time_verified: str
    policy: _Policy
    verification_result: Literal["PASSED", "FAILED"]
    input_attestations: tuple[_Input, ...]


class _SummaryStatement(Struct, frozen=True):
    subject: tuple[_Subject]
    predicate: _SummaryPredicate
    predicate_type: Literal["https://slsa.dev/verification_summary/v1"] = field(
        name="predicateType"
    )


class _AssessedSubject(Struct, frozen=True):
    purl: str
    manifest_sha256: str


class _Risk(Struct, frozen=True):
    tier: str


class _Reason(Struct, frozen=True):
    rule: str


class _Outcome(Struct, frozen=True):
    outcome: str
    valid_until: str | None = None
    reasons: tuple[_Reason, ...] = ()
    conditions: tuple[_Reason, ...] = ()


class _Assessed(Struct, frozen=True):
    """The part of ``assessment.json`` the statement repeats."""

    subject: _AssessedSubject
    use_case: dict[str, Any]
    environment: str
    charter: _Charter
    risk: _Risk
    decision: _Outcome
    assessed_at: str


def read_decision(statement: dict[str, Any], found: Findings) -> DecisionStatement | None:
    """Return the typed decision statement, or report that it is none."""
    try:
        decision = msgspec.convert(statement, DecisionStatement)
    except msgspec.ValidationError as error:
        found.add(bundle.DECISION, "statement.malformed", f"This is not a decision: {error}.")
        return None
    said = decision.predicate
    digests = [
        decision.subject[0].digest.get("sha256", ""),
        said.bundle.get("sha256", ""),
        said.use_case.get("sha256", ""),
        said.charter.sha256,
    ]
    if not all(map(is_sha256, digests)):
        found.add(bundle.DECISION, "statement.malformed", "A digest in the decision is malformed.")
        return None
    return decision


def check_entry(
    entry: LedgerEntry, digests: Mapping[str, tuple[int, str]], found: Findings
) -> None:
    """Check that the ledger entry is about the statements that are here."""
    named = {bundle.DECISION: entry.decision_sha256, bundle.SUMMARY: entry.vsa_sha256}
    for name, expected in named.items():
        if name in digests and digests[name][1] != expected and not found.about(name):
            found.add(
                name,
                "ledger.other-statement",
                f"The ledger entry records another {name} than the one that is here.",
            )


def check_documents(
    decision: DecisionStatement,
    entry: LedgerEntry | None,
    data: Mapping[str, bytes],
    found: Findings,
) -> None:
    """Check manifest, charter, assessment and entry against the decision statement."""
    said = decision.predicate
    for name, expected in (
        (bundle.MANIFEST, decision.manifest_sha256),
        (bundle.CHARTER, said.charter.sha256),
    ):
        if _sound(name, data, found) and sha256_hex(data[name]) != expected:
            found.add(name, "statement.mismatch", f"The signed statement is about another {name}.")
    if _sound(bundle.MANIFEST, data, found):
        try:
            read_manifest(data[bundle.MANIFEST])
        except SteelyardError as error:
            found.add(bundle.MANIFEST, "manifest.malformed", error.message)
    if _sound(bundle.ASSESSMENT, data, found):
        _check_assessment(data[bundle.ASSESSMENT], decision, found)
    if entry is not None and (
        entry.manifest_sha256,
        entry.charter_sha256,
        entry.outcome.value,
        entry.environment,
    ) != (decision.manifest_sha256, said.charter.sha256, said.outcome, said.environment):
        found.add(
            bundle.PROOF,
            "statement.mismatch",
            "The ledger entry and the signed statement tell different stories.",
        )


def read_manifest(data: bytes) -> Manifest:
    """Return the manifest in ``manifest.json``.

    Raises:
        InputError: it is not a manifest, or not in canonical form.
    """
    try:
        manifest = manifest_of(msgspec.json.decode(data, type=Manifest).files)
    except (msgspec.DecodeError, RecursionError) as error:
        raise InputError(f"This is not a manifest: {error}.", code="manifest.malformed") from error
    if manifest.canonical() != data:
        raise InputError("The manifest is not in canonical form.", code="manifest.malformed")
    return manifest


def check_summary(
    statement: dict[str, Any], decision: DecisionStatement, decision_sha256: str, found: Findings
) -> None:
    """Check that the SLSA verification summary says what the decision says."""
    try:
        summary = msgspec.convert(statement, _SummaryStatement)
        resource = resource_uri(decision.subject[0].name, decision.predicate.environment)
    except (msgspec.ValidationError, ValueError) as error:
        found.add(bundle.SUMMARY, "statement.malformed", f"This is not a summary: {error}.")
        return
    said, told = decision.predicate, summary.predicate
    expected = {
        "subject": (summary.subject, decision.subject),
        "charter": (told.policy.digest.get("sha256"), said.charter.sha256),
        "resource": (told.resource_uri, resource),
        "time": (told.time_verified, said.assessed_at),
        "verdict": (told.verification_result == "PASSED", said.outcome in _PASSING),
        "decision": (
            [one.digest.get("sha256") for one in told.input_attestations],
            [decision_sha256],
        ),
    }
    _report(bundle.SUMMARY, expected, found)


def _check_assessment(data: bytes, decision: DecisionStatement, found: Findings) -> None:
    try:
        assessed = msgspec.convert(parse(data), _Assessed)
        use_case = sha256_of(assessed.use_case)
    except (msgspec.ValidationError, SteelyardError) as error:
        found.add(bundle.ASSESSMENT, "assessment.malformed", f"This is not an assessment: {error}.")
        return
    said = decision.predicate
    made = assessed.decision
    expected = {
        "subject": (assessed.subject.purl, decision.subject[0].name),
        "manifest": (assessed.subject.manifest_sha256, decision.manifest_sha256),
        "charter": (assessed.charter, said.charter),
        "use case": (use_case, said.use_case["sha256"]),
        "environment": (assessed.environment, said.environment),
        "tier": (assessed.risk.tier, said.tier),
        "outcome": (made.outcome, said.outcome),
        "reasons": (tuple(one.rule for one in made.reasons), said.reasons),
        "conditions": (tuple(one.rule for one in made.conditions), said.conditions),
        "validity": (made.valid_until, said.valid_until),
        "time": (assessed.assessed_at, said.assessed_at),
    }
    _report(bundle.ASSESSMENT, expected, found)


def _report(file: str, expected: Mapping[str, tuple[object, object]], found: Findings) -> None:
    different = [what for what, (one, other) in expected.items() if one != other]
    if different:
        found.add(
            file,
            "statement.mismatch",
            f"{file} and the signed decision disagree about: {', '.join(different)}.",
        )


def _sound(name: str, data: Mapping[str, bytes], found: Findings) -> bool:
    return name in data and not found.about(name)
