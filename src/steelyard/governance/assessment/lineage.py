# SPDX-License-Identifier: Apache-2.0
"""Puts together the lineage graph of what was inspected: claims, and the licenses known for it."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from steelyard.kernel.assessment import Subject
from steelyard.kernel.errors import InputError
from steelyard.kernel.inspection import Inspection
from steelyard.kernel.license import LicenseSummary
from steelyard.kernel.lineage import ProvenanceGraph
from steelyard.kernel.lineage_answer import LineageAnswer, LineageReason
from steelyard.kernel.use_case import UseCase
from steelyard.licensing.compose import declared_parts, file_parts
from steelyard.licensing.lineage.check import check_lineage
from steelyard.licensing.lineage.graph import (
    LineageEdge,
    LineageGraph,
    LineageNode,
    LineageUse,
)
from steelyard.licensing.parts import Part
from steelyard.provenance.graph import Identity, build_graph

_PAPERS_MOST = 200


def lineage_of(subject: Subject, inspection: Inspection, terms: LicenseSummary) -> ProvenanceGraph:
    """Return what the files of ``subject`` claim it was made from."""
    said = [item for item in terms.declarations if item.source != "header"]
    own = _all_of(part for item in said for part in declared_parts(item))
    actual = _all_of(part for file in terms.files for part in file_parts(file))
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


def _all_of(parts: Iterable[Part]) -> str:
    """Return one expression of all licenses; what is unknown or altered stays in it as unknown."""
    names: set[str] = set()
    for part in parts:
        if part.license is not None:
            names.add(part.license.key)
        if part.license is None or part.altered:
            names.add("unknown")  # what was added or changed may forbid more, never permit more
    return " AND ".join(sorted(names))


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


def as_drawn(graph: ProvenanceGraph) -> LineageGraph:
    """Return ``graph`` as somebody would have drawn it by hand: nodes and edges without claims."""
    return LineageGraph(
        nodes=tuple(
            LineageNode(
                name=node.name,
                kind=node.kind,
                license=node.license,
                declared=node.declared,
                actual=node.actual,
                files=node.files,
                role="final" if node.name == graph.subject else node.role,
            )
            for node in graph.nodes
        ),
        edges=tuple(
            LineageEdge(upstream=edge.upstream, downstream=edge.downstream, relation=edge.relation)
            for edge in graph.edges
        ),
    )


def lineage_question(graph: ProvenanceGraph, use_case: UseCase) -> LineageGraph:
    """Return ``graph`` with the use of ``use_case``, as the check asks it.

    What partners or the public reach counts as hosted; without an establishment the regions count.
    """
    return msgspec.structs.replace(
        as_drawn(graph),
        use_case=LineageUse(
            commercial=use_case.commercial,
            hosted=use_case.exposure != "internal",
            establishment=use_case.establishment or ", ".join(use_case.regions),
            redistribute=use_case.redistributes,
            outputs_train_models=use_case.outputs_train_models,
            monthly_users=use_case.monthly_users,
            monthly_users_at_release=use_case.monthly_users_at_release,
            revenue_usd=use_case.revenue_usd,
            registered=use_case.registered,
            purpose=use_case.purpose,
        ),
    )


def answer_of(graph: ProvenanceGraph, use_case: UseCase) -> LineageAnswer:
    """Return what the licenses along ``graph`` mean for ``use_case``.

    Claims that make no lineage (a circle of them) are answered with a review, never with ok.
    """
    try:
        return check_lineage(lineage_question(graph, use_case))
    except InputError as error:
        reason = LineageReason(
            result="review",
            node=graph.subject,
            via=(graph.subject,),
            license="unknown",
            clause="lineage",
            document="the model's own files",
            quote="",
            message=error.message,
            remedy="Ask the publisher what the model was made from.",
        )
        return LineageAnswer(result="review", reasons=(reason,), duties=(), finals=(graph.subject,))
