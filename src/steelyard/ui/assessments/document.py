# SPDX-License-Identifier: Apache-2.0
"""Reads the document of an assessment, and draws from it what pages show."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from markupsafe import Markup

from steelyard.governance.assessment.views import (
    ASSESSMENT,
    DOCUMENT_MOST,
    AssessmentView,
    read_assessment,
)
from steelyard.governance.inventory.queries import models_named
from steelyard.kernel.assessment import Assessment, Control
from steelyard.kernel.lineage import GraphEdge, GraphNode
from steelyard.reporting import chips as told
from steelyard.reporting.lineage_svg import (
    KIND_WORDS,
    RELATION_WORDS,
    draw,
    marks_of,
    state_of,
)

if TYPE_CHECKING:
    from steelyard.ui.door import Looking

EDGES_MOST, FILES_MOST, GAPS_MOST = 200, 200, 200
"""Rows of tables that are not paged; the document itself has the rest."""


class Lineage(NamedTuple):
    """The drawing of a lineage and the table beneath it."""

    svg: Markup
    edges: list[GraphEdge]
    left: int
    """Edges that are not in the table."""
    nodes: dict[str, GraphNode]
    links: dict[str, str]
    """Name of a node → id of the model of the inventory that is called so."""


def read(viewer: Looking, found: AssessmentView) -> Assessment | None:
    """Return the document of an assessment; None while it is not finished, or if it failed."""
    digest = found.documents.get(ASSESSMENT)
    if not digest:
        return None
    return read_assessment(viewer.house.blobs.read(digest, most=DOCUMENT_MOST))


def lineage_of(viewer: Looking, document: Assessment) -> Lineage | None:
    """Return what a page shows of a lineage; None if the files say nothing that could be drawn."""
    graph = document.lineage
    if graph is None or not graph.edges:
        return None
    answer = document.license_use
    drawing = draw(
        graph.nodes,
        graph.edges,
        title=viewer.say("Lineage of %(name)s", name=graph.subject),
        states=marks_of(answer) if answer else None,
    )
    edges = list(graph.edges[:EDGES_MOST])
    names = {each for edge in edges for each in (edge.upstream, edge.downstream)}
    known = viewer.find(lambda session: models_named(session, viewer.actor, sorted(names)))
    return Lineage(
        svg=Markup(drawing.svg),  # noqa: S704 # every text in it is escaped where it is drawn
        edges=edges,
        left=len(graph.edges) - len(edges),
        nodes={node.name: node for node in graph.nodes},
        links={name: known[name.casefold()] for name in names if name.casefold() in known},
    )


def controls_by_state(document: Assessment) -> list[tuple[str, list[Control]]]:
    """Return the controls by their state, what is to be done first."""
    states = dict.fromkeys([*told.CONTROL_STATES, *(each.state for each in document.controls)])
    groups = [(state, [each for each in document.controls if each.state == state])
              for state in states]  # fmt: skip
    return [(state, members) for state, members in groups if members]


def told_of(document: Assessment) -> dict[str, Any]:
    """Return the words and small tables that the pieces of a page look things up in."""
    return {
        "kind_words": KIND_WORDS,
        "relation_words": RELATION_WORDS,
        "state_of": state_of,
        "headlines": told.HEADLINES,
        "files_most": FILES_MOST,
        "gaps_most": GAPS_MOST,
        "coverage_parts": [
            (level, number)
            for level, number in (
                ("full", document.coverage.full),
                ("partial", document.coverage.partial),
                ("none", document.coverage.none),
            )
            if number
        ],
    }
