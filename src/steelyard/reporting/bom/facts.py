# SPDX-License-Identifier: Apache-2.0
"""Facts of a revision that neither standard has a field for, named alike in both."""

from __future__ import annotations

from steelyard.kernel.assessment import Subject
from steelyard.reporting.bom.addresses import unplaced_license_link
from steelyard.reporting.bom.components import MAX_VERSION
from steelyard.reporting.bom.revision import Revision


def document_facts(revision: Revision) -> dict[str, str]:
    """Return what was found about the revision as a whole, by the name of the property."""
    return {
        "steelyard:verdict": revision.verdict.value,
        "steelyard:coverage": revision.coverage,
        "steelyard:manifest_sha256": revision.subject.manifest_sha256,
        "steelyard:rules_digest": revision.scanner.rules_digest,
        **revision.decided,
    }


def model_facts(revision: Revision) -> dict[str, str]:
    """Return what no field of the standards has a place for, by the name of the property."""
    model, terms = revision.model, revision.license
    return {
        "steelyard:size": str(revision.subject.size),
        "steelyard:parameters": str(model.parameters) if model.parameters else "",
        "steelyard:library": model.library,
        "steelyard:languages": ", ".join(model.languages),
        "steelyard:weight_formats": ", ".join(model.formats),
        "steelyard:license:declared": terms.declared or "",
        "steelyard:license:category": terms.category,
        "steelyard:license:commercial_use": terms.commercial_use,
        "steelyard:license:conflicts": str(len(terms.conflicts)),
        "steelyard:kind": _kind(revision),
        "steelyard:origin": revision.lineage.origin if revision.lineage else "",
        "steelyard:license:link": unplaced_license_link(revision),
    }


def _kind(revision: Revision) -> str:
    nodes = revision.lineage.nodes if revision.lineage else ()
    return next((node.kind for node in nodes if node.state == "assessed"), "")


def version_of(subject: Subject) -> str:
    """Return the revision the package URL names, or the commit; empty when neither is known.

    One that is longer than CycloneDX allows stands in the package URL only.
    """
    from packageurl import PackageURL

    if subject.commit:
        return subject.commit
    try:
        version = PackageURL.from_string(subject.purl).version or ""
    except ValueError:
        return ""
    return version if len(version) <= MAX_VERSION else ""
