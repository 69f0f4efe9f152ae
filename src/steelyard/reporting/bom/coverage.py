# SPDX-License-Identifier: Apache-2.0
"""Says which clusters of the G7 "SBOM for AI" a bill of materials has content for.

It reads the finished document, so it can only report what really stands there. A field that is
absent is not a fault of the document: nothing at hand stated it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import Struct

from steelyard.catalog.bom_clusters import Cluster, ClusterField, bom_clusters
from steelyard.reporting.bom import Spec
from steelyard.reporting.bom.spdx_graph import NO_ASSERTION

if TYPE_CHECKING:
    from rich.console import Console

COVERAGE_SCHEMA = "steelyard.bom-coverage/v1"
_STEP = re.compile(r"([^\[/]+)(?:\[([^=^\]]+)(\^?=)([^\]]*)\])?(?:/|$)")


class ClusterCoverage(Struct, frozen=True, kw_only=True):
    """One cluster: where its title comes from, and which of our fields have content."""

    id: str
    title: str
    source: str
    as_of: str
    confidence: str
    content: bool
    """At least one field has content."""
    present: tuple[str, ...]
    absent: tuple[str, ...]


class BomCoverage(Struct, frozen=True, kw_only=True):
    """What ``steelyard bom --coverage --format json`` prints."""

    spec: str
    framework: str
    version: str
    mapping: str
    """Whose judgment it is that a field speaks to a cluster."""
    clusters: tuple[ClusterCoverage, ...]
    schema: str = COVERAGE_SCHEMA


def coverage_of(document: bytes, spec: Spec) -> BomCoverage:
    """Return the coverage of a document :func:`steelyard.reporting.bom.write_bom` wrote."""
    known = bom_clusters()
    standard = spec.partition("-")[0]
    decoded: dict[str, Any] = msgspec.json.decode(document)
    top = _spdx_view(decoded) if standard == "spdx" else decoded
    first = known.clusters[0].item
    return BomCoverage(
        spec=spec,
        framework=first.framework,
        version=first.version,
        mapping=known.mapping,
        clusters=tuple(_cluster(cluster, top, standard) for cluster in known.clusters),
    )


def _cluster(cluster: Cluster, top: dict[str, Any], standard: str) -> ClusterCoverage:
    present: list[str] = []
    absent: list[str] = []
    for field in cluster.fields:
        (present if _found(top, _path(field, standard)) else absent).append(field.name)
    item = cluster.item
    return ClusterCoverage(
        id=item.id,
        title=item.title,
        source=item.source,
        as_of=item.as_of,
        confidence=item.confidence,
        content=bool(present),
        present=tuple(present),
        absent=tuple(absent),
    )


def _path(field: ClusterField, standard: str) -> str:
    return field.spdx if standard == "spdx" else field.cyclonedx


def _found(top: dict[str, Any], path: str) -> bool:
    """Tell whether anything but emptiness lies at ``path``."""
    here: list[Any] = [top]
    for key, name, sign, wanted in _STEP.findall(path):
        here = [
            value
            for item in here
            if isinstance(item, dict) and key in item
            for value in _items(item[key])
            if not name or _fits(value, name, sign, wanted)
        ]
    return any(value not in ("", {}, []) for value in here)


def _items(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _fits(value: Any, name: str, sign: str, wanted: str) -> bool:
    if not isinstance(value, dict):
        return False
    has = str(value.get(name, ""))
    return has.startswith(wanted) if sign == "^=" else has == wanted


def _spdx_view(document: dict[str, Any]) -> dict[str, Any]:
    """Return the graph by element, each with its relations; the model; and our annotation."""
    graph: list[dict[str, Any]] = document["@graph"]
    elements = {row["spdxId"]: dict(row) for row in graph if "spdxId" in row}
    for row in graph:
        if row["type"] != "Relationship":
            continue
        source, relation = elements[row["from"]], row["relationshipType"]
        targets = [target for target in row["to"] if target != NO_ASSERTION]
        source.setdefault("related", {}).setdefault(relation, []).extend(targets)
        if relation in ("hasDeclaredLicense", "hasConcludedLicense"):
            source.setdefault("licenses", []).extend(targets)
        elif relation != "hasDocumentation":
            source.setdefault("needs", []).extend(targets)
    root = next(row["rootElement"][0] for row in graph if row["type"] == "software_Sbom")
    notes = [row for row in graph if row["type"] == "Annotation" and row["subject"] == root]
    facts = {
        name: value
        for note in notes
        for name, value in msgspec.json.decode(note["statement"]).items()
    }
    return {
        "graph": [row for row in graph if "spdxId" not in row] + list(elements.values()),
        "files": [row for row in elements.values() if row["type"] == "software_File"],
        "model": elements[root],
        "facts": [{"name": name, "value": value} for name, value in facts.items()],
    }


def render_coverage(console: Console, coverage: BomCoverage) -> None:
    """Print the coverage as a table."""
    from rich.table import Table
    from rich.text import Text

    console.print(Text(f"{coverage.framework} ({coverage.version}), {coverage.spec}"))
    table = Table(box=None, pad_edge=False)
    for heading in ("cluster", "content", "present", "absent"):
        table.add_column(heading, overflow="fold")
    for cluster in coverage.clusters:
        table.add_row(
            Text(f"{cluster.id.partition(':')[2]} {cluster.title}"),
            Text("yes" if cluster.content else "no", style="green" if cluster.content else "red"),
            Text(", ".join(cluster.present)),
            Text(", ".join(cluster.absent)),
        )
    console.print(table)
    confidence = sorted({cluster.confidence for cluster in coverage.clusters})
    console.print(
        Text(
            f"Titles: {coverage.clusters[0].source}; confidence {', '.join(confidence)}. "
            f"Fields: {coverage.mapping}. Absent: nothing at hand states it."
        )
    )
