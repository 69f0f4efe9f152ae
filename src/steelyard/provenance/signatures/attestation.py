# SPDX-License-Identifier: Apache-2.0
"""In-toto attestations of others as evidence: who says what about which bytes, and what it does.

An attestation counts for a manifest only through digests: of the manifest itself or of its files.
Names prove nothing. It is advice unless the caller declares its predicate type blocking, and a
blocking one is satisfied only by a verified signature, the right subject and a stated pass. What is
not trusted can never help; what it says against a model is still reported.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Collection, Iterable
from typing import Any, Literal

from msgspec.structs import replace

from steelyard.kernel.digest import sha256_hex
from steelyard.kernel.errors import IntegrityError
from steelyard.kernel.manifest import Manifest, manifest_of
from steelyard.kernel.signature import (
    AttestationReport,
    Effect,
    Reason,
    Result,
    Role,
)
from steelyard.provenance.signatures.bundle import is_bundle, read_bundle
from steelyard.provenance.signatures.envelope import Envelope, read_envelope
from steelyard.provenance.signatures.reading import MAX_BUNDLE, malformed, read_json
from steelyard.provenance.signatures.statement import Statement, read_statement
from steelyard.provenance.signatures.trust import Checked, TrustPolicy, check_bundle, check_envelope

MAX_ENVELOPES = 256
"""Envelopes of one file (one a line)."""
SUMMARY = "https://slsa.dev/verification_summary/v1"
TEST_RESULT = "https://in-toto.io/attestation/test-result/v0.1"
_TIME = re.compile(r"\A\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d{1,9})?(?:Z|[+-]\d{2}:\d{2})\Z")
_RESULTS: dict[str, Result] = {"PASSED": "passed", "FAILED": "failed", "WARNED": "warned"}


def weigh_attestations(
    name: str,
    data: bytes,
    manifest: Manifest,
    policy: TrustPolicy,
    *,
    blocking: Collection[str] = (),
    beside: Collection[str] = (),
) -> tuple[AttestationReport, ...]:
    """Return what each attestation in the file ``name`` is worth for ``manifest``.

    The file holds one envelope or Sigstore bundle, or one a line. ``blocking`` are the predicate
    types the caller declares blocking; ``beside`` are files of the manifest that are not of the
    model, such as its signature: an attestation need not name them.

    Raises:
        InputError: what the policy names cannot be used.
    """
    try:
        parts = _split(data)
    except IntegrityError as error:
        return (_unreadable(name, 0, data, error),)
    subject = _SubjectMatcher(manifest, beside)
    return tuple(
        _weigh(name, index, part, subject, policy, frozenset(blocking))
        for index, part in enumerate(parts)
    )


def missing(reports: Iterable[AttestationReport], blocking: Collection[str]) -> tuple[Reason, ...]:
    """Return a reason for each predicate type that was declared blocking and did not come."""
    seen = {report.predicate_type for report in reports}
    return tuple(
        Reason(
            code="attestation.missing",
            message=f"An attestation of type {kind} is demanded and was not given.",
            next_step="Name its file with --attestation.",
        )
        for kind in dict.fromkeys(blocking)
        if kind not in seen
    )


def _weigh(
    name: str,
    index: int,
    data: bytes,
    subject: _SubjectMatcher,
    policy: TrustPolicy,
    blocking: frozenset[str],
) -> AttestationReport:
    try:
        envelope, checked = _open(data, policy)
        statement = read_statement(envelope.payload)
    except IntegrityError as error:
        return _unreadable(name, index, data, error)
    kind, count = subject.match(statement)
    role: Role = "blocking" if statement.predicate_type in blocking else "advisory"
    outcome, reason = checked.outcome, checked.reason
    if outcome == "verified" and kind == "none":
        outcome, reason = "undecidable", _OTHER_SUBJECT
    report = AttestationReport(
        file=name,
        index=index,
        sha256=sha256_hex(data),
        outcome=outcome,
        reason=reason,
        signer=checked.signer,
        predicate_type=statement.predicate_type,
        subject=kind,
        files=count,
        stated_at=_stated_time(statement),
        result=_result(statement),
        role=role,
    )
    return replace(report, effect=_effect(report))


def _open(data: bytes, policy: TrustPolicy) -> tuple[Envelope, Checked]:
    value = read_json(data, "attestation")
    if is_bundle(value):
        bundle = read_bundle(data)
        return bundle.envelope, check_bundle(data, bundle, policy)
    envelope = read_envelope(value)
    return envelope, check_envelope(envelope, policy)


def _effect(report: AttestationReport) -> Effect:
    """Return what an attestation does. Kept in one place, because it is the whole policy."""
    proven = report.outcome == "verified" and report.subject != "none"
    if report.role == "blocking":
        if report.outcome == "invalid" or (proven and report.result == "failed"):
            return "blocks"
        whole = report.subject in ("manifest", "all_files")
        return "satisfies" if proven and whole and report.result == "passed" else "unproven"
    if report.outcome == "invalid" or report.subject == "none":
        return "disregarded"
    if report.result in ("failed", "warned"):
        return "lowers"
    return "informs" if proven else "disregarded"


class _SubjectMatcher:
    """Finds out which files of a manifest the subjects of statements name."""

    def __init__(self, manifest: Manifest, beside: Collection[str]) -> None:
        model = manifest_of(entry for entry in manifest.files if entry.path not in beside)
        self._manifests = {manifest.digest, model.digest}
        self._files: dict[str, list[str]] = {}
        for entry in model.files:
            self._files.setdefault(entry.sha256, []).append(entry.path)
        self._count = len(model.files)

    def match(
        self, statement: Statement
    ) -> tuple[Literal["manifest", "all_files", "some_files", "none"], int]:
        """Return how much of the manifest is named, and how many files of it by digest."""
        digests = {one.digests.get("sha256", "") for one in statement.subjects}
        found = {path for digest in digests for path in self._files.get(digest, ())}
        if self._manifests & digests:
            return "manifest", self._count
        if found and len(found) == self._count:
            return "all_files", self._count
        return ("some_files" if found else "none"), len(found)


def _result(statement: Statement) -> Result:
    names = {SUMMARY: "verificationResult", TEST_RESULT: "result"}
    told = statement.predicate.get(names.get(statement.predicate_type, ""))
    return _RESULTS.get(told, "not_stated") if isinstance(told, str) else "not_stated"


def _stated_time(statement: Statement) -> str:
    """Return the time the statement gives itself, in UTC; empty if none or not a time."""
    predicate = statement.predicate
    run = _inside(predicate, "runDetails", "metadata")
    old = _inside(predicate, "metadata")
    for told in (
        predicate.get("timeVerified"),
        predicate.get("assessed_at"),
        predicate.get("timestamp"),
        run.get("finishedOn") or run.get("startedOn"),
        old.get("buildFinishedOn") or old.get("buildStartedOn"),
    ):
        if isinstance(told, str) and _TIME.match(told):
            try:
                time = dt.datetime.fromisoformat(told).astimezone(dt.UTC)
            except (ValueError, OverflowError):
                continue
            return f"{time:%Y-%m-%dT%H:%M:%SZ}"
    return ""


def _inside(value: dict[str, Any], *names: str) -> dict[str, Any]:
    for name in names:
        found = value.get(name)
        if not isinstance(found, dict):
            return {}
        value = found
    return value


def _split(data: bytes) -> list[bytes]:
    """Return the envelopes of a file: the whole of it, or its lines where each is an object."""
    if len(data) > MAX_BUNDLE:
        raise malformed("The attestation file is too large.")
    lines = [line.strip() for line in data.splitlines() if line.strip()]
    if len(lines) < 2 or not all(line[:1] == b"{" and line[-1:] == b"}" for line in lines):
        return [data.strip()]
    if len(lines) > MAX_ENVELOPES:
        raise malformed(f"The attestation file holds more than {MAX_ENVELOPES} envelopes.")
    return lines


def _unreadable(name: str, index: int, data: bytes, error: IntegrityError) -> AttestationReport:
    return AttestationReport(
        file=name,
        index=index,
        sha256=sha256_hex(data),
        outcome="invalid",
        reason=Reason(code=error.code, message=error.message, next_step=error.next_step),
    )


_OTHER_SUBJECT = Reason(
    code="attestation.other-subject",
    message="The attestation is about other bytes: none of its digests is of this model.",
)
