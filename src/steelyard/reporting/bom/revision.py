# SPDX-License-Identifier: Apache-2.0
"""What a bill of materials is written from: one revision, its files and what they say."""

from __future__ import annotations

from msgspec import Struct

from steelyard.kernel.assessment import Assessment, ComponentFile, Model, Subject
from steelyard.kernel.card import ModelCard, ModelConfig, PackageMetadata
from steelyard.kernel.finding import Verdict
from steelyard.kernel.inspection import Inspection, Scanner
from steelyard.kernel.license import LicenseSummary
from steelyard.kernel.lineage import ProvenanceGraph
from steelyard.licensing.lineage.graph import LineageGraph


class Revision(Struct, frozen=True, kw_only=True):
    """One revision, whether or not a decision was taken on it.

    ``created`` is the RFC 3339 time (UTC) the document states.
    """

    subject: Subject
    model: Model
    card: ModelCard | None
    license: LicenseSummary
    files: tuple[ComponentFile, ...]
    verdict: Verdict
    coverage: str
    scanner: Scanner
    created: str
    decided: dict[str, str] = {}
    """What a decision adds, by the name of the property."""
    configs: tuple[ModelConfig, ...] = ()
    packages: tuple[PackageMetadata, ...] = ()
    weights: tuple[str, ...] = ()
    """Paths of the files that hold weights."""
    code: tuple[str, ...] = ()
    """Paths of the Python files that come with the model."""
    loaded_code: tuple[str, ...] = ()
    """Those of ``code`` that the usual loader imports."""
    lineage: ProvenanceGraph | None = None
    """What its own files claim it was made from."""
    drawn: LineageGraph | None = None
    """A lineage somebody drew, which may know more."""


def of_assessment(
    assessment: Assessment,
    inspection: Inspection | None = None,
    drawn: LineageGraph | None = None,
) -> Revision:
    """Return the revision of an assessment, with what the decision said of it.

    ``inspection``, where it is still at hand, adds packages, adapters and code; an assessment does
    not keep these.
    """
    return _revision(
        subject=assessment.subject,
        model=assessment.model,
        card=assessment.card,
        terms=assessment.license,
        files=assessment.files,
        verdict=assessment.verdict,
        coverage=assessment.coverage.level,
        scanner=assessment.scanner,
        created=assessment.assessed_at,
        inspection=inspection,
        lineage=assessment.lineage,
        drawn=drawn,
        decided={
            "steelyard:outcome": assessment.decision.outcome.value,
            "steelyard:tier": assessment.risk.tier,
            "steelyard:score": str(assessment.risk.score),
            "steelyard:environment": assessment.environment,
            "steelyard:use_case": str(assessment.use_case.get("name", "")),
            "steelyard:charter:name": assessment.charter.name,
            "steelyard:charter:version": assessment.charter.version,
            "steelyard:charter:sha256": assessment.charter.sha256,
            "steelyard:valid_until": assessment.decision.valid_until or "",
        },
    )


def of_inspection(
    inspection: Inspection,
    *,
    subject: Subject,
    model: Model,
    card: ModelCard | None,
    terms: LicenseSummary,
    files: tuple[ComponentFile, ...],
    verdict: Verdict,
    coverage: str,
    created: str,
    lineage: ProvenanceGraph,
    drawn: LineageGraph | None = None,
) -> Revision:
    """Return a revision nothing was decided on, from its inspection and what sums it up."""
    return _revision(
        subject=subject,
        model=model,
        card=card,
        terms=terms,
        files=files,
        verdict=verdict,
        coverage=coverage,
        scanner=inspection.scanner,
        created=created,
        inspection=inspection,
        lineage=lineage,
        drawn=drawn,
        decided={},
    )


def _revision(
    *,
    subject: Subject,
    model: Model,
    card: ModelCard | None,
    terms: LicenseSummary,
    files: tuple[ComponentFile, ...],
    verdict: Verdict,
    coverage: str,
    scanner: Scanner,
    created: str,
    inspection: Inspection | None,
    lineage: ProvenanceGraph | None,
    drawn: LineageGraph | None,
    decided: dict[str, str],
) -> Revision:
    seen = inspection.files if inspection is not None else ()
    return Revision(
        subject=subject,
        model=model,
        card=card,
        license=terms,
        files=files,
        verdict=verdict,
        coverage=coverage,
        scanner=scanner,
        created=created,
        decided=decided,
        configs=inspection.configs if inspection is not None else (),
        packages=inspection.packages if inspection is not None else (),
        weights=tuple(sorted(file.path for file in seen if file.traits.weights)),
        code=tuple(sorted(file.path for file in files if file.format == "python")),
        loaded_code=tuple(sorted(file.path for file in seen if file.traits.remote_code)),
        lineage=lineage,
        drawn=drawn,
    )
