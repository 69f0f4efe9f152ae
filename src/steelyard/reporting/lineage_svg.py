# SPDX-License-Identifier: Apache-2.0
"""Draws a lineage as SVG: sources on the left, what was made from them to the right.

Pure and deterministic: the same nodes and edges give the same bytes. All looks come from classes
that a style sheet colors (``report.css``), so the drawing follows light and dark and needs no
inline style. State is a color, a sign and a word; what is weakly claimed is dashed and says so.
Beyond :data:`MOST_NODES` a column is folded into one box that counts the rest.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

from steelyard.kernel.lineage import GraphEdge, GraphNode
from steelyard.kernel.lineage_answer import LineageAnswer
from steelyard.reporting.chips import LICENSE_USES, Chip, chip_of
from steelyard.reporting.icons import ICONS, KINDS
from steelyard.reporting.lineage_layout import Place, Plan, plan

MOST_NODES = 40
"""Boxes that are drawn before a column is folded."""
WIDTH, HEIGHT = 220, 76
"""Of a box, in pixels."""
_GAP_X, _GAP_Y, _MARGIN = 168, 18, 14
_NAME, _LICENSE = 24, 18
"""Columns of text that fit a box."""
_ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;"})

RELATION_WORDS: Mapping[str, str] = {
    "finetune": "fine-tuned into",
    "merge_of": "merged into",
    "adapter_of": "adapted by",
    "quantised_from": "quantized into",
    "distilled_from_outputs": "outputs taught",
    "trained_on": "trained",
    "trained_with_code": "code trained",
    "generated": "generated",
    "serves": "serves",
    "included_in": "included in",
    "includes_code": "code included in",
    "modified_copy": "changed into",
    "translated": "translated into",
    "copied_content": "copied into",
}
"""How each relation reads from the source to what was made of it."""
KIND_WORDS: Mapping[str, str] = {
    "quantisation": "quantized model",
    "distillation": "distilled model",
    "merge": "merged model",
    "dataset": "data set",
}


class Drawing(NamedTuple):
    """The picture and what it leaves out."""

    svg: str
    shown: int
    folded: int


def state_of(node: GraphNode) -> Chip:
    """Return how a node is marked when nothing else is known about it."""
    if node.state == "unnamed":
        return Chip("pending", "question", "not named")
    if node.state == "assessed":
        return Chip("notice", "info", "this model")
    if node.license == "unknown":
        return Chip("pending", "question", "license unknown")
    return Chip("good", "check", "license known")


def marks_of(answer: LineageAnswer) -> dict[str, Chip]:
    """Return how nodes are marked: by the gravest reason that begins or ends at them."""
    marks: dict[str, Chip] = {}
    for reason in answer.reasons:
        for name in (reason.via[0], reason.node):
            marks.setdefault(name, chip_of(LICENSE_USES, reason.result))
    return marks


def draw(
    nodes: Sequence[GraphNode],
    edges: Sequence[GraphEdge],
    *,
    title: str = "Lineage",
    path: Sequence[str] = (),
    states: Mapping[str, Chip] | None = None,
    ident: str = "lineage-graph",
    most: int = MOST_NODES,
) -> Drawing:
    """Return the drawing of a lineage.

    ``path`` names nodes whose boxes and edges stand out; they are never folded. ``states`` replaces
    the mark of single nodes. ``ident`` begins the ids of the title and the description.
    """
    known = {node.name: node for node in reversed(nodes)}
    way = set(path)
    marks = {name: (states or {}).get(name) or state_of(node) for name, node in known.items()}
    first = sorted(known, key=lambda name: (_urgency(known[name], marks[name], way), name))
    laid = plan(first, [(edge.upstream, edge.downstream) for edge in edges], most)
    parts = [*_edges(edges, laid, path), *_boxes(known, marks, laid, way)]
    columns, rows = laid.columns, laid.rows
    width = 2 * _MARGIN + columns * WIDTH + max(0, columns - 1) * _GAP_X
    height = 2 * _MARGIN + rows * HEIGHT + max(0, rows - 1) * _GAP_Y
    folded = len(laid.hidden)
    text = _description(len(known), len(edges), folded)
    looks = f"lineage{' deep' if columns > 3 else ''}{' traced' if way else ''}"
    head = (
        f'<svg class="{looks}" viewBox="0 0 {width} {height}" '
        f'width="{width}" height="{height}" role="img" '
        f'aria-labelledby="{ident}-title" aria-describedby="{ident}-desc">'
        f'<title id="{ident}-title">{_escape(title)}</title>'
        f'<desc id="{ident}-desc">{_escape(text)}</desc>'
    )
    return Drawing(head + "".join(parts) + "</svg>", len(known) - folded, folded)


def _urgency(node: GraphNode, mark: Chip, way: set[str]) -> int:
    """Order what must not be folded first: the model, the path, what is bad, then the rest."""
    if node.state == "assessed" or node.role == "final":
        return 0
    if node.name in way:
        return 1
    return {"bad": 2, "pending": 4}.get(mark.tone, 5) if node.kind != "dataset" else 6


def _description(nodes: int, edges: int, folded: int) -> str:
    rest = f" {folded} of them are folded into boxes that count them." if folded else ""
    return (
        f"{nodes} models, data sets and other sources joined by {edges} steps of making, from the "
        f"sources on the left to the result on the right.{rest} The table below says the same."
    )


def _corner(place: Place) -> tuple[int, int]:
    return _MARGIN + place.column * (WIDTH + _GAP_X), _MARGIN + place.row2 * (HEIGHT + _GAP_Y) // 2


def _boxes(
    known: Mapping[str, GraphNode], marks: Mapping[str, Chip], laid: Plan, way: set[str]
) -> list[str]:
    parts = []
    for name, place in sorted(laid.places.items(), key=lambda item: (item[1], item[0])):
        node, mark = known[name], marks[name]
        shade = " on" if name in way else ""
        x, y = _corner(place)
        kind = KIND_WORDS.get(node.kind, node.kind)
        license_text = "" if node.license == "unknown" else _fit(node.license, _LICENSE)
        parts.append(
            f'<g class="node {mark.tone}{shade}" transform="translate({x} {y})">'
            f"<title>{_escape(_whole(node, kind, mark))}</title>"
            f'<rect width="{WIDTH}" height="{HEIGHT}" rx="8"/>'
            f"{_icon(KINDS.get(node.kind, KINDS['model']), 10, 8)}"
            f'<text class="kind" x="32" y="20">{_escape(kind)}</text>'
            f'<text class="name" x="10" y="42">{_escape(_fit(node.name, _NAME))}</text>'
            f'<g class="mark">{_icon(ICONS[mark.icon], 9, 52, circle=mark.icon == "info")}'
            f'<text x="29" y="64">{_escape(_fit(mark.word, 17))}</text></g>'
            f'<text class="license" x="{WIDTH - 10}" y="20">{_escape(license_text)}</text></g>'
        )
    parts += [_fold(column, row, count) for column, (row, count) in sorted(laid.folds.items())]
    return parts


def _whole(node: GraphNode, kind: str, mark: Chip) -> str:
    return f"{node.name}: {kind}, license {node.license}, {mark.word}"


def _fold(column: int, row: int, count: int) -> str:
    x, y = _corner(Place(column, row))
    words = f"… and {count:,} more"
    return (
        f'<g class="node fold" transform="translate({x} {y})"><title>{words}; the table below '
        f'lists them</title><rect width="{WIDTH}" height="{HEIGHT}" rx="8"/>'
        f'{_icon(KINDS["more"], 10, 30)}<text class="name" x="36" y="43">{words}</text></g>'
    )


def _icon(path: str, x: int, y: int, *, circle: bool = False) -> str:
    ring = '<circle cx="8" cy="8" r="6.6"/>' if circle else ""
    return f'<g class="sign" transform="translate({x} {y})">{ring}<path d="{path}"/></g>'


def _edges(edges: Sequence[GraphEdge], laid: Plan, path: Sequence[str]) -> list[str]:
    """Draw every edge between shown boxes, each from a port of its own so that labels stand free,
    and then those that lead to or from folded ones."""
    steps = set(pairwise(path))
    shown = [edge for edge in edges if {edge.upstream, edge.downstream} <= laid.places.keys()]
    shown = list({(e.upstream, e.downstream, e.relation): e for e in shown}.values())
    shown.sort(key=lambda e: (laid.places[e.upstream], laid.places[e.downstream], e.relation))
    outgoing: dict[str, list[GraphEdge]] = {}
    for edge in shown:
        outgoing.setdefault(edge.upstream, []).append(edge)
    parts = []
    for edge in shown:
        ports = outgoing[edge.upstream]
        x, y = _corner(laid.places[edge.upstream])
        port = y + HEIGHT * (ports.index(edge) + 1) // (len(ports) + 1)
        to_x, to_y = _corner(laid.places[edge.downstream])
        on = (edge.upstream, edge.downstream) in steps
        words = RELATION_WORDS.get(edge.relation, edge.relation)
        doubt = "weak" if edge.confidence == "weak" else "inferred" if edge.inferred else ""
        shade = f"{' weak' if edge.confidence == 'weak' else ''}{' on' if on else ''}"
        label = f"{words} ({doubt})" if doubt else words
        parts.append(
            f'<g class="edge{shade}">'
            f"<title>{_escape(f'{edge.upstream} {label} {edge.downstream}')}</title>"
            f"{_curve(x + WIDTH, port, to_x, to_y + HEIGHT // 2)}"
            f'<text x="{x + WIDTH + 8}" y="{port - 5}">{_escape(label)}</text></g>'
        )
    return parts + _folded_edges(edges, laid)


def _folded_edges(edges: Sequence[GraphEdge], laid: Plan) -> list[str]:
    """Draw one dotted line for all steps between the same two places where a box counts nodes."""
    pairs: dict[tuple[Place, Place], None] = {}
    for edge in edges:
        if edge.upstream in laid.hidden or edge.downstream in laid.hidden:
            source, target = laid.place(edge.upstream), laid.place(edge.downstream)
            if source is not None and target is not None and source.column < target.column:
                pairs[source, target] = None
    parts = []
    for source, target in sorted(pairs):
        x, y = _corner(source)
        to_x, to_y = _corner(target)
        curve = _curve(x + WIDTH, y + HEIGHT // 2, to_x, to_y + HEIGHT // 2)
        parts.append(f'<g class="edge fold">{curve}</g>')
    return parts


def _curve(x: int, y: int, to_x: int, to_y: int) -> str:
    """Return a curve and the head of its arrow; backwards ones (in a circle) bend around."""
    bend = max(40, abs(to_x - x) // 2)
    return (
        f'<path class="line" d="M{x} {y}C{x + bend} {y} {to_x - bend} {to_y} {to_x - 7} {to_y}"/>'
        f'<path class="head" d="M{to_x} {to_y}l-9 -4.5v9z"/>'
    )


def _fit(text: str, most: int) -> str:
    """Return ``text`` cut in its middle to ``most`` columns; wide letters take two."""
    widths = [2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text]
    if sum(widths) <= most:
        return text
    front, back = (most - 1) // 2, most - 1 - (most - 1) // 2
    start = _count(widths, front)
    end = _count(widths[::-1], back)
    return f"{text[:start]}…{text[len(text) - end :]}"


def _count(widths: Sequence[int], most: int) -> int:
    """Return how many letters fit ``most`` columns."""
    used = 0
    for at, width in enumerate(widths):
        used += width
        if used > most:
            return at
    return len(widths)


def _escape(text: str) -> str:
    return text.translate(_ESCAPES)
