# SPDX-License-Identifier: Apache-2.0
"""Puts together the lineage graph of what was inspected: claims, and the licenses known for it."""

from __future__ import annotations

from steelyard.kernel.assessment import Subject
from steelyard.kernel.inspection import Inspection
from steelyard.kernel.license import LicenseSummary, LicenseVerdict
from steelyard.kernel.lineage import ProvenanceGraph
from steelyard.provenance.graph import Identity, build_graph

_PAPERS_MOST = 200
_RECOGNIZED = frozenset({LicenseVerdict.EXACT, LicenseVerdict.SAME_WORDING})


def lineage_of(subject: Subject, inspection: Inspection, terms: LicenseSummary) -> ProvenanceGraph:
    """Return what the files of ``subject`` claim it was made from."""
    declared = next((item for item in terms.declarations if item.source == "card"), None)
    declared = declared or next(iter(terms.declarations), None)
    actual = _recognized(inspection)
    own = (declared.key or declared.raw) if declared is not None else ""
    return build_graph(
        Identity(
            name=subject.name,
            purl=subject.purl if subject.purl.startswith("pkg:huggingface/") else "",
            revision=subject.commit or "",
            license=actual or own,
            declared=own or None,
            actual=actual or None,
            files=_papers(inspection),
        ),
        inspection.lineage,
    )


def _recognized(inspection: Inspection) -> str:
    """Return the license a text at the root was recognized as; empty unless it is exactly one."""
    found = {
        file.matches[0].key
        for file in inspection.license_files
        if "/" not in file.path and file.verdict in _RECOGNIZED and file.matches
    }
    return found.pop() if len(found) == 1 else ""


def _papers(inspection: Inspection) -> tuple[str, ...]:
    """Return the names of the papers that go with the model: license texts and cards, notices."""
    names = {file.path for file in inspection.license_files}
    names |= {card.path for card in inspection.cards}
    names |= {
        file.path
        for file in inspection.files
        if "notice" in file.path.rpartition("/")[2].lower()
        or "policy" in file.path.rpartition("/")[2].lower()
    }
    return tuple(sorted(names))[:_PAPERS_MOST]
