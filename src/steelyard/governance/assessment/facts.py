# SPDX-License-Identifier: Apache-2.0
"""Translates what was seen of a model into the facts a charter reads, and their evidence.

What is not known stays unknown (None): an empty card field, a license no text supports. Evidence
lines are keyed by the fact they prove, so that a reason can show the bytes behind it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import cast, get_args

from msgspec import Struct, structs

from steelyard.catalog.license_terms import license_terms
from steelyard.catalog.tasks import modalities_of
from steelyard.charter.facts import (
    ArtifactFacts,
    CardFacts,
    CardSectionFacts,
    CommercialUse,
    Facts,
    LicenseFacts,
    ModelFacts,
    ProvenanceFacts,
    RegulationFacts,
    ScanFacts,
    use_case_facts,
)
from steelyard.governance.assessment.subject import names_bytes
from steelyard.governance.assessment.summary import Summary
from steelyard.kernel.assessment import Model, Subject
from steelyard.kernel.card import ModelCard, Section
from steelyard.kernel.errors import UndecidedError
from steelyard.kernel.finding import Coverage, FileReport, Severity
from steelyard.kernel.inspection import Inspection
from steelyard.kernel.license import LicenseCategory, LicenseSummary, LicenseVerdict
from steelyard.kernel.lineage import ProvenanceGraph
from steelyard.kernel.lineage_answer import LineageAnswer
from steelyard.kernel.signature import SignatureReport
from steelyard.kernel.use_case import UseCase

PICKLED = frozenset({"pickle", "joblib", "torch-legacy", "torch-zip", "npy"})
EXECUTABLE = frozenset({"elf", "pe", "macho", "wasm", "java-class", "ape", "dex"})
DISAGREEMENTS = frozenset({"declared-differs", "text-differs", "relabeled-restrictive"})
"""Conflicts in which two sources contradict each other; the other kinds are facts of their own."""
_LINES = 5
"""Evidence lines kept for one fact."""


class Evidenced(Struct, frozen=True):
    """Facts with the lines that prove them, keyed by fact path."""

    facts: Facts
    evidence: dict[str, tuple[str, ...]]


def facts_of(
    *,
    subject: Subject,
    use_case: UseCase,
    environment: str,
    inspection: Inspection,
    seen: Summary,
    terms: LicenseSummary,
    lineage: ProvenanceGraph,
    license_use: LineageAnswer,
    today: dt.date,
    signature: SignatureReport | None = None,
) -> Evidenced:
    """Return everything a charter may read about this adoption.

    ``signature`` is what verifying the model's signature and attestations came to; None means that
    nobody looked, and then what it would say is not known.
    """
    model = seen.model
    facts = Facts(
        environment=environment,
        today=today,
        use_case=use_case_facts(use_case),
        model=_model(subject, model, seen.card),
        artifacts=_artifacts(inspection.files),
        scan=_scan(inspection, seen),
        license=_license(terms, license_use),
        card=_card(seen.card),
        provenance=_provenance(subject, model, lineage, signature),
        regulation=_regulation(use_case, today),
    )
    evidence = _evidence(inspection, seen, terms)
    told = [f"{each.message} [{each.license}, {each.clause}]" for each in license_use.reasons]
    contradictions = [each.message for each in lineage.contradictions]
    for fact, lines in (("license.use", told), ("provenance.contradictions", contradictions)):
        if lines:
            evidence[fact] = tuple(lines[:_LINES])
    return Evidenced(facts=facts, evidence=evidence)


def _regulation(use_case: UseCase, today: dt.date) -> RegulationFacts:
    """Return what the EU AI Act makes of the use; all unknown where nobody answered a question."""
    if use_case.eu_ai_act is None:
        return RegulationFacts()
    from steelyard.charter.regulation.facts import classify_use_case, eu_facts

    return eu_facts(classify_use_case(use_case.eu_ai_act, today, use_case))


def _model(subject: Subject, model: Model, card: ModelCard | None) -> ModelFacts:
    return ModelFacts(
        name=subject.name,
        purl=subject.purl,
        publisher=model.publisher or None,
        commit=subject.commit,
        task=model.task or None,
        library=model.library or None,
        model_type=model.model_type or None,
        architectures=model.architectures,
        languages=model.languages,
        formats=model.formats,
        parameters=model.parameters or None,
        size_bytes=subject.size,
        base_models=model.base_models,
        datasets=model.datasets,
        tags=card.tags if card else (),
        modalities=modalities_of(model.task),
        library_version=model.library_version or None,
    )


def _provenance(
    subject: Subject, model: Model, lineage: ProvenanceGraph, signature: SignatureReport | None
) -> ProvenanceFacts:
    facts = ProvenanceFacts(
        revision_immutable=subject.commit is not None
        or names_bytes(subject.purl, subject.manifest_sha256),
        base_models_stated=bool(model.base_models),
        datasets_stated=bool(model.datasets),
        origin=lineage.origin,
        contradictions=len(lineage.contradictions),
        ancestors=_sorted(
            node.name
            for node in lineage.nodes
            if node.name != lineage.subject and node.kind not in ("dataset", "code")
        ),
    )
    if signature is None:
        return facts
    if signature.manifest_sha256 != subject.manifest_sha256:
        raise UndecidedError("The signature was verified for other bytes than were assessed.")
    verified = signature.outcome == "verified"
    signer = signature.signer
    proven = [
        one for one in signature.attestations if one.outcome == "verified" and one.subject != "none"
    ]
    return structs.replace(
        facts,
        signed=None if signature.outcome == "undecidable" else verified,
        signature=signature.outcome,
        signed_by=(signer.identity or signer.fingerprint) if verified and signer else None,
        signed_whole=signature.covers_everything if verified else None,
        attested=_sorted(
            one.predicate_type
            for one in proven
            if one.result == "passed" and one.subject != "some_files"
        ),
        attested_against=_sorted(
            one.predicate_type
            for one in signature.attestations
            if one.effect in ("lowers", "blocks")
        ),
    )


def _artifacts(files: tuple[FileReport, ...]) -> ArtifactFacts:
    calls = [f"{file.path}: {call}" for file in files for call in file.traits.load_calls]
    return ArtifactFacts(
        file_count=len(files),
        size_bytes=sum(file.size for file in files),
        executes_on_load=_seen(files, [file.traits.executes_on_load for file in files]),
        has_remote_code=_seen(files, [file.traits.remote_code for file in files]),
        formats=_sorted(file.format for file in files),
        weight_formats=_sorted(file.format for file in files if file.traits.weights),
        load_calls=tuple(calls[:20]),
        executable_files=_sorted(file.path for file in files if file.format in EXECUTABLE),
        pickle_files=_sorted(
            file.path for file in files if file.format in PICKLED and file.traits.executes_on_load
        ),
        has_safetensors=any(file.format == "safetensors" for file in files),
    )


def _seen(files: tuple[FileReport, ...], found: list[bool]) -> bool | None:
    """Return whether something was seen; not seen in files not fully examined is not known."""
    if any(found):
        return True
    return None if any(file.coverage is not Coverage.FULL for file in files) else False


def _scan(inspection: Inspection, seen: Summary) -> ScanFacts:
    findings = seen.findings
    counts = {
        severity: sum(finding.severity is severity for finding in findings) for severity in Severity
    }
    level = Coverage(seen.coverage.level)
    return ScanFacts(
        worst=seen.verdict.value,
        coverage=level.value,
        isolated=bool(inspection.isolation)
        and not any(wall.startswith("no ") for wall in inspection.isolation),
        critical=counts[Severity.CRITICAL],
        high=counts[Severity.HIGH],
        medium=counts[Severity.MEDIUM],
        low=counts[Severity.LOW],
        rules=_sorted(finding.rule for finding in findings),
        unexamined=tuple(gap.path for gap in seen.coverage.gaps),
    )


def _license(terms: LicenseSummary, use: LineageAnswer) -> LicenseFacts:
    kinds = {obligation.kind for obligation in terms.obligations}
    keys = [declared.key for declared in terms.declarations if declared.key]
    keys += [match.key for match in terms.detected]
    # A category the schema does not know is as good as none: unknown gives no permission.
    known = terms.category in get_args(LicenseCategory)
    category = cast("LicenseCategory", terms.category) if known else None
    stated = terms.commercial_use in get_args(CommercialUse)
    commercial = cast("CommercialUse", terms.commercial_use) if stated else None
    disagreements = [item for item in terms.conflicts if item.kind in DISAGREEMENTS]
    texts = (LicenseVerdict.UNKNOWN, LicenseVerdict.NONE)
    return LicenseFacts(
        known=category is not None,
        conflict=bool(disagreements),
        has_text=any(file.verdict not in texts for file in terms.files),
        declared=terms.declared,
        expression=terms.expression,
        category=category,
        commercial_use=commercial,
        keys=tuple(dict.fromkeys(keys)),
        use=use.result,
        clauses=_clauses(keys) if known else None,
        open_duties=tuple(
            f"{duty.license}: {duty.what}" for duty in use.duties if duty.state == "missing"
        ),
        conflicts=tuple(conflict.message for conflict in disagreements),
        use_policy=_owed("use-policy", kinds, known),
        output_restrictions=_owed("outputs", kinds, known),
        naming_duty=_owed("naming", kinds, known),
        share_alike=_owed("share-alike", kinds, known),
    )


def _clauses(keys: list[str]) -> tuple[str, ...] | None:
    """Return the codes of all terms; None where the terms of a license were never read."""
    read = [license_terms(key) for key in dict.fromkeys(keys)]
    if not read or None in read:
        return None
    return _sorted(term.code for one in read if one is not None for term in one.terms)


def _owed(kind: str, kinds: set[str], known: bool) -> bool | None:
    """Return whether a license asks for something; what an unknown license asks is not known."""
    if kind in kinds:
        return True
    return False if known else None


def _card(card: ModelCard | None) -> CardFacts:
    if card is None:
        return CardFacts(present=False)
    sections = (card.training_data, card.intended_use, card.limitations, card.evaluation)
    stated = sum(section.stated for section in sections)
    stated += bool(card.license) + bool(card.pipeline_tag) + bool(card.languages)
    return CardFacts(
        present=True,
        completeness=round(100 * stated / (len(sections) + 3)),
        license=card.license[0] if card.license else None,
        training_data=_section(card.training_data),
        intended_use=_section(card.intended_use),
        limitations=_section(card.limitations),
        evaluation=_section(card.evaluation),
    )


def _section(section: Section) -> CardSectionFacts:
    return CardSectionFacts(stated=section.stated)


def _evidence(
    inspection: Inspection, seen: Summary, terms: LicenseSummary
) -> dict[str, tuple[str, ...]]:
    files = inspection.files
    calls = [f"{file.path}: {call}" for file in files for call in file.traits.load_calls]
    findings = [
        f"{finding.path}: {finding.message} [{finding.rule}] {finding.evidence}".rstrip()
        for finding in seen.findings
        if finding.severity not in (Severity.INFO, Severity.LOW)
    ]
    gaps = [f"{gap.path}: {gap.reason}" for gap in seen.coverage.gaps]
    remote = [file.path for file in files if file.traits.remote_code]
    conflicts = [
        line
        for conflict in terms.conflicts
        if conflict.kind in DISAGREEMENTS
        for line in conflict.sources
    ]
    lines = {
        "artifacts.executes_on_load": calls,
        "artifacts.has_remote_code": remote,
        "scan.worst": findings,
        "scan.critical": findings,
        "scan.high": findings,
        "scan.medium": findings,
        "scan.coverage": gaps,
        "scan.unexamined": gaps,
        "license.conflict": conflicts,
        "license.known": [f"{item.path}: {item.raw}" for item in terms.declarations],
    }
    return {fact: tuple(found[:_LINES]) for fact, found in lines.items() if found}


def _sorted(values: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(set(values)))
