# SPDX-License-Identifier: Apache-2.0
"""Weighs one model for one use case: inspection, terms, facts, charter, assessment document."""

from __future__ import annotations

import datetime as dt
from pathlib import PurePath
from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct

from steelyard.governance.assessment import summary
from steelyard.governance.assessment.facts import facts_of
from steelyard.governance.assessment.subject import identify
from steelyard.kernel.assessment import Assessment, CharterIdentity
from steelyard.kernel.inspection import Inspection
from steelyard.kernel.manifest import Manifest
from steelyard.kernel.use_case import UseCase

if TYPE_CHECKING:
    from steelyard.charter.schema import Charter


class Weighed(Struct, frozen=True):
    """An assessment and the manifest of the bytes it is about."""

    assessment: Assessment
    manifest: Manifest
    inspection: Inspection


def weigh(
    path: PurePath,
    inspection: Inspection,
    *,
    charter: Charter,
    identity: CharterIdentity,
    use_case: UseCase,
    environment: str,
    now: dt.datetime,
    purl: str | None = None,
) -> Weighed:
    """Return the assessment of what ``inspection`` saw at ``path``.

    ``environment`` is where the model is wanted (it may differ from the use case's own); ``purl``
    names the revision if the caller vouches for it; ``now`` is in UTC.

    Raises:
        InputError: ``purl`` is not a package URL.
    """
    from steelyard.charter.evaluate import evaluate
    from steelyard.charter.facts import facts_document
    from steelyard.governance.assessment.lineage import answer_of, lineage_of
    from steelyard.licensing.compose import summarize

    manifest = summary.manifest_from(inspection)
    subject = identify(path, manifest, purl)
    seen = summary.summarize(subject, inspection)
    terms = summarize(inspection.declared, inspection.license_files)
    lineage = lineage_of(subject, inspection, terms)
    license_use = answer_of(lineage, use_case)
    evidenced = facts_of(
        subject=subject,
        use_case=use_case,
        environment=environment,
        inspection=inspection,
        seen=seen,
        terms=terms,
        lineage=lineage,
        license_use=license_use,
        today=now.date(),
    )
    found = evaluate(charter, evidenced.facts, evidenced.evidence, now.date())
    assessment = Assessment(
        subject=subject,
        use_case=msgspec.to_builtins(use_case),
        environment=environment,
        charter=identity,
        risk=found.risk,
        license=terms,
        findings=seen.findings,
        coverage=seen.coverage,
        controls=found.controls,
        review=found.review,
        gates=found.gates,
        decision=found.decision,
        model=seen.model,
        card=seen.card,
        verdict=seen.verdict,
        files=summary.component_files(inspection.files),
        rules=found.rules,
        facts=facts_document(found.facts),
        scanner=inspection.scanner,
        isolation=inspection.isolation,
        lineage=lineage,
        license_use=license_use,
        assessed_at=now.strftime("%Y-%m-%dT%H:%M:%SZ"),
    )
    return Weighed(assessment=assessment, manifest=manifest, inspection=inspection)
