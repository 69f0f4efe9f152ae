# SPDX-License-Identifier: Apache-2.0
"""One HTML page about a lineage drawn by hand: the answer, the drawing, reasons and checklist."""

from __future__ import annotations

import msgspec

from steelyard.kernel.lineage import GraphEdge, GraphNode
from steelyard.kernel.lineage_answer import LineageAnswer
from steelyard.licensing.lineage.carry import governing
from steelyard.licensing.lineage.graph import LineageGraph
from steelyard.reporting import chips
from steelyard.reporting.chips import HEADLINES, LICENSE_USES, chip_of
from steelyard.reporting.html import environment
from steelyard.reporting.icons import ICONS
from steelyard.reporting.lineage_svg import KIND_WORDS, RELATION_WORDS, draw, marks_of
from steelyard.reporting.text import safe

_SAID = {None: "not stated", True: "yes", False: "no"}
MOST_STEPS = 500
"""Steps in the table."""


def way_of(answer: LineageAnswer) -> tuple[str, ...]:
    """Return the nodes of the gravest reason's path; of equals the longest."""
    grave = [each for each in answer.reasons if each.result == answer.result and each.path]
    return max((each.via for each in grave), key=len, default=())


def render_lineage(graph: LineageGraph, answer: LineageAnswer) -> bytes:
    """Return the page as UTF-8 HTML. It loads nothing and runs no script."""
    from markupsafe import Markup

    graph = safe(graph, LineageGraph)
    answer = safe(answer, LineageAnswer)
    nodes = [
        GraphNode(
            name=node.name,
            kind=node.kind,
            license=" and ".join(held.name for held in governing(node)),
            role=node.role,
        )
        for node in graph.nodes
    ]
    edges = [
        GraphEdge(
            upstream=edge.upstream,
            downstream=edge.downstream,
            relation=edge.relation,
            confidence="stated",
        )
        for edge in graph.edges
    ]
    way = way_of(answer)
    drawing = draw(
        nodes, edges, title=f"Lineage of {answer.finals[0]}", path=way, states=marks_of(answer)
    )
    gpai = []
    if answer.gpai is not None:
        gpai = [
            ("Open-source exemption, Article 53(2)", answer.gpai.open_source_exemption),
            ("The modifier becomes a provider", answer.gpai.modifier_becomes_provider),
        ]
    text = (
        environment()
        .get_template("lineage_report.html.j2")
        .render(
            answer=answer,
            result=chip_of(LICENSE_USES, answer.result),
            headline=HEADLINES[answer.result],
            use=[
                (
                    name.replace("_", " "),
                    _SAID.get(value, value) if isinstance(value, bool | None) else value,
                )
                for name, value in msgspec.to_builtins(graph.use_case).items()
            ],
            drawing=Markup(drawing.svg),  # noqa: S704 # every text in it is escaped where it is drawn
            traced=bool(way),
            edges=edges[:MOST_STEPS],
            left=len(edges) - MOST_STEPS,
            sources={node.name: node for node in nodes},
            gpai=gpai,
            chips=chips,
            chip_of=chip_of,
            icons=ICONS,
            relation_words=RELATION_WORDS,
            kind_words=KIND_WORDS,
        )
    )
    return text.encode("utf-8")
