# SPDX-License-Identifier: Apache-2.0
"""From what was seen to what a charter may read: unknown stays unknown, and proof goes along."""

from __future__ import annotations

import datetime as dt
from pathlib import PurePosixPath
from typing import Any

import pytest

from steelyard.governance.assessment.facts import Evidenced, facts_of
from steelyard.governance.assessment.lineage import answer_of, lineage_of
from steelyard.governance.assessment.subject import identify
from steelyard.governance.assessment.summary import manifest_from, summarize
from steelyard.kernel.card import ModelCard, Section
from steelyard.kernel.errors import UndecidedError
from steelyard.kernel.finding import (
    Coverage,
    FileReport,
    Finding,
    Severity,
    Traits,
    verdict_of,
)
from steelyard.kernel.inspection import Inspection, Scanner
from steelyard.kernel.license import LicenseConflict, LicenseSummary
from steelyard.kernel.signature import AttestationReport, SignatureReport, Signer
from steelyard.kernel.use_case import UseCase

TODAY = dt.date(2026, 11, 24)
USE_CASE = UseCase(
    name="search",
    purpose="Find things",
    owner="team@example.org",
    data_class="internal",
    personal_data="none",
    people_affected="staff",
    autonomy="assistive",
    exposure="internal",
    environment="sandbox",
    regions=("EU",),
    commercial=True,
    sector="software",
    expires=dt.date(2027, 6, 30),
)


def report(
    path: str,
    kind: str = "json",
    *,
    findings: tuple[Finding, ...] = (),
    coverage: Coverage = Coverage.FULL,
    traits: Traits | None = None,
) -> FileReport:
    return FileReport(
        path=path,
        format=kind,
        size=5,
        sha256="b" * 64,
        verdict=verdict_of(findings, coverage),
        coverage=coverage,
        coverage_reason="" if coverage is Coverage.FULL else "no reader",
        findings=findings,
        traits=traits or Traits(),
    )


def facts(
    *files: FileReport,
    terms: LicenseSummary | None = None,
    card: ModelCard | None = None,
    walls: tuple[str, ...] = ("rlimits", "seccomp"),
    purl: str | None = None,
    signature: SignatureReport | None = None,
) -> Evidenced:
    inspection = Inspection(
        scanner=Scanner(version="1", rules_digest="0" * 64),
        files=files or (report("config.json"),),
        isolation=walls,
        cards=(card,) if card else (),
    )
    subject = identify(PurePosixPath("/models/m"), manifest_from(inspection), purl)
    summary = terms or LicenseSummary()
    lineage = lineage_of(subject, inspection, summary)
    return facts_of(
        subject=subject,
        use_case=USE_CASE,
        environment="production",
        inspection=inspection,
        seen=summarize(subject, inspection),
        terms=summary,
        lineage=lineage,
        license_use=answer_of(lineage, USE_CASE),
        today=TODAY,
        signature=signature,
    )


def signed(**changes: Any) -> SignatureReport:
    """Return a report about the one file :func:`facts` assesses by default."""
    inspection = Inspection(
        scanner=Scanner(version="1", rules_digest="0" * 64), files=(report("config.json"),)
    )
    told: dict[str, Any] = {
        "manifest_sha256": manifest_from(inspection).digest,
        "outcome": "verified",
        "signer": Signer(method="key", trust="pinned_key", fingerprint="1" * 64),
    }
    return SignatureReport(**told | changes)


def attested(kind: str, **changes: Any) -> AttestationReport:
    told: dict[str, Any] = {
        "file": "a.json",
        "index": 0,
        "sha256": "0" * 64,
        "outcome": "verified",
        "predicate_type": kind,
        "subject": "manifest",
        "result": "passed",
        "effect": "informs",
    }
    return AttestationReport(**told | changes)


def test_a_verified_signature_becomes_facts() -> None:
    found = facts(signature=signed()).facts.provenance
    assert (found.signed, found.signature, found.signed_by) == (True, "verified", "1" * 64)
    assert (found.signed_whole, found.attested, found.attested_against) == (True, (), ())
    partly = facts(signature=signed(not_covered=(".gitattributes",))).facts.provenance
    assert (partly.signed, partly.signed_whole) == (True, False)


@pytest.mark.parametrize(
    ("outcome", "flag"),
    [("untrusted", False), ("invalid", False), ("unsigned", False), ("undecidable", None)],
)
def test_any_other_outcome_names_nobody(outcome: str, flag: bool | None) -> None:
    found = facts(signature=signed(outcome=outcome)).facts.provenance
    assert (found.signed, found.signature, found.signed_by) == (flag, outcome, None)
    assert found.signed_whole is None


def test_only_proven_attestations_speak_for_and_all_speak_against() -> None:
    given = (
        attested("good"),
        attested("partial", subject="some_files"),
        attested("stranger", outcome="untrusted"),
        attested("elsewhere", subject="none"),
        attested("silent", result="not_stated"),
        attested("bad", result="failed", effect="lowers"),
        attested("strangely-bad", outcome="untrusted", result="failed", effect="lowers"),
    )
    found = facts(signature=signed(attestations=given)).facts.provenance
    assert found.attested == ("good",)
    assert found.attested_against == ("bad", "strangely-bad")


def test_a_signature_of_other_bytes_is_never_taken_for_these() -> None:
    with pytest.raises(UndecidedError, match="other bytes"):
        facts(signature=signed(manifest_sha256="f" * 64))


def test_what_nobody_stated_is_unknown_and_not_empty() -> None:
    found = facts().facts
    assert found.model.task is None
    assert found.model.publisher is None
    assert found.model.parameters is None
    assert found.license.category is None
    assert found.license.commercial_use is None
    assert found.license.known is False
    assert found.card.present is False
    assert found.provenance.signed is None
    assert found.provenance.signature is None
    assert found.provenance.attested_against is None
    assert found.risk is None


def test_a_category_the_schema_does_not_know_is_unknown() -> None:
    found = facts(terms=LicenseSummary(category="brand-new", commercial_use="perhaps")).facts
    assert (found.license.category, found.license.commercial_use) == (None, None)
    assert found.license.known is False


@pytest.mark.parametrize(
    ("kind", "conflict"),
    [
        ("declared-differs", True),
        ("text-differs", True),
        ("relabeled-restrictive", True),
        ("no-license-text", False),
        ("unknown-license", False),
    ],
)
def test_only_contradictions_are_conflicts(kind: str, conflict: bool) -> None:
    item = LicenseConflict(kind=kind, message="They differ.", sources=("A: mit", "B: agpl"))
    found = facts(terms=LicenseSummary(category="permissive", conflicts=(item,)))
    assert found.facts.license.conflict is conflict
    assert bool(found.evidence.get("license.conflict")) is conflict


def test_code_that_runs_on_load_comes_with_its_opcodes() -> None:
    traits = Traits(
        weights=True, executes_on_load=True, load_calls=("byte 9 REDUCE calls numpy.dtype",)
    )
    found = facts(report("m.joblib", "joblib", traits=traits), report("a.json"))
    assert found.facts.artifacts.executes_on_load
    assert found.facts.artifacts.pickle_files == ("m.joblib",)
    assert found.facts.artifacts.weight_formats == ("joblib",)
    assert found.evidence["artifacts.executes_on_load"] == (
        "m.joblib: byte 9 REDUCE calls numpy.dtype",
    )


def test_one_file_not_examined_lowers_the_whole() -> None:
    found = facts(report("a"), report("w.h5", "hdf5", coverage=Coverage.NONE))
    assert found.facts.scan.coverage == "none"
    assert found.facts.scan.worst == "unreadable"
    assert found.facts.scan.unexamined == ("w.h5",)
    assert found.evidence["scan.coverage"] == ("w.h5: no reader",)


def test_findings_are_counted_and_quoted_worst_first() -> None:
    findings = tuple(
        Finding(rule=f"r.{level}", severity=level, message=f"A {level} one.")
        for level in (Severity.LOW, Severity.CRITICAL, Severity.MEDIUM)
    )
    found = facts(report("a", findings=findings))
    scan = found.facts.scan
    assert (scan.critical, scan.high, scan.medium, scan.low) == (1, 0, 1, 1)
    assert scan.worst == "malicious"
    assert found.evidence["scan.worst"][0].startswith("a: A critical one. [r.critical]")
    assert not any("low" in line for line in found.evidence["scan.worst"])


@pytest.mark.parametrize(
    ("walls", "isolated"), [((), False), (("rlimits", "no landlock"), False), (("rlimits",), True)]
)
def test_a_wall_that_did_not_stand_is_not_isolation(walls: tuple[str, ...], isolated: bool) -> None:
    assert facts(walls=walls).facts.scan.isolated is isolated


def test_only_a_commit_or_a_digest_pins_a_revision() -> None:
    assert facts().facts.provenance.revision_immutable  # named by the manifest's digest
    assert not facts(purl="pkg:huggingface/a/b@main").facts.provenance.revision_immutable
    assert facts(purl="pkg:huggingface/a/b@" + "1" * 40).facts.provenance.revision_immutable


def test_a_card_is_as_complete_as_what_it_states() -> None:
    empty = facts(card=ModelCard(path="README.md")).facts.card
    assert (empty.present, empty.completeness) == (True, 0)
    stated = Section(stated=True)
    full = ModelCard(
        path="README.md", license=("mit",), pipeline_tag="x", languages=("en",),
        training_data=stated, intended_use=stated, limitations=stated, evaluation=stated,
    )  # fmt: skip
    assert facts(card=full).facts.card.completeness == 100


def test_what_a_file_nobody_read_does_on_load_is_not_known() -> None:
    unread = report("w.h5", "hdf5", coverage=Coverage.NONE)
    found = facts(report("a"), unread).facts.artifacts
    assert (found.executes_on_load, found.has_remote_code) == (None, None)
    pickled = report("m.pkl", "pickle", traits=Traits(executes_on_load=True))
    assert facts(pickled, unread).facts.artifacts.executes_on_load is True
    assert facts(report("a")).facts.artifacts.executes_on_load is False


def test_what_an_unknown_license_asks_is_not_known() -> None:
    unknown = facts().facts.license
    assert (unknown.use_policy, unknown.share_alike) == (None, None)
    known = facts(terms=LicenseSummary(category="permissive")).facts.license
    assert (known.use_policy, known.share_alike) == (False, False)
