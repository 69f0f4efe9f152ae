# SPDX-License-Identifier: Apache-2.0
"""The JSON documents: ``steelyard.assessment/v1`` and ``steelyard.scan/v1``, and their schemas.

Bytes are stable: fields come in a fixed order with ``schema`` first, and the keys of free-form
objects (facts, use case) are sorted. The documents carry strings as they are; JSON can.
"""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Iterable, Iterator
from typing import Any, Literal

import msgspec
from msgspec import UNSET, Struct, UnsetType

from steelyard.kernel.assessment import ASSESSMENT_SCHEMA, Assessment
from steelyard.kernel.finding import Coverage, FileReport, Finding, Verdict
from steelyard.kernel.inspection import RuleText, Scanner
from steelyard.kernel.lineage import LINEAGE_GRAPH_SCHEMA, ProvenanceGraph
from steelyard.kernel.triage import Gone, Triage
from steelyard.kernel.weights import BaseComparison, LocatedGap, WeightReport

_PUBLISHED = (
    "steelyard.kernel.",
    "steelyard.provenance.history.",
    "steelyard.charter.regulation.result",
)
"""Modules whose types are part of published documents."""
SCAN_SCHEMA = "steelyard.scan/v1"


class ScanFile(Struct, frozen=True, kw_only=True):
    """One file of a scan, its verdict, and how much of it was examined."""

    path: str
    """Relative to the scanned directory, with ``/`` between parts."""
    format: str
    """What the bytes are, whatever the name says."""
    size: int
    """Bytes."""
    sha256: str
    """Lower-case hexadecimal; empty when the bytes could not be read."""
    verdict: Verdict
    coverage: Coverage
    coverage_reason: str
    """Why coverage is not full; empty when it is."""
    findings: tuple[Finding, ...]


class TriagedFinding(Struct, frozen=True, kw_only=True):
    """A finding that does not count, by the position it has among its file's findings."""

    path: str
    """Empty for findings about several files."""
    index: int
    rule: str
    kind: Literal["known", "suppressed"]
    reason: str = ""
    owner: str = ""
    expires: str = ""


class TriageSummary(Struct, frozen=True, kw_only=True):
    """What a baseline and suppressions made of the findings. Verdicts are those without them."""

    compared: bool
    """Whether there was a baseline."""
    findings: tuple[TriagedFinding, ...]
    gone: tuple[Gone, ...]
    notes: tuple[str, ...]


class WeightSummary(Struct, frozen=True, kw_only=True):
    """What the numbers of the model show; their findings stand among those of the files."""

    tensors: int
    parameters: int
    dtypes: tuple[str, ...]
    comparison: BaseComparison | None
    gaps: tuple[LocatedGap, ...]


class ScanDocument(Struct, frozen=True, kw_only=True):
    """What ``steelyard scan --format json`` prints. The verdict is that of the worst file."""

    schema: str
    scanner: Scanner
    verdict: Verdict
    files: tuple[ScanFile, ...]
    tree_findings: tuple[Finding, ...] | UnsetType = UNSET
    """Findings about several files together; absent when there are none."""
    rules: tuple[RuleText, ...] | UnsetType = UNSET
    """What the rules of plug-ins mean; absent when none took part."""
    triage: TriageSummary | UnsetType = UNSET
    """Absent without a baseline and suppressions."""
    weights: WeightSummary | UnsetType = UNSET
    """Absent when the numbers were not looked at."""


def assessment_json(assessment: Assessment, *, pretty: bool = False) -> bytes:
    """Return ``assessment`` as UTF-8 JSON; ``pretty`` indents by two spaces."""
    fields = {name: getattr(assessment, name) for name in assessment.__struct_fields__}
    builtins = {
        name: msgspec.to_builtins(value, order="deterministic") for name, value in fields.items()
    }
    return _encode({"schema": builtins.pop("schema"), **builtins}, pretty=pretty)


def scan_json(
    files: Iterable[FileReport],
    scanner: Scanner,
    verdict: Verdict,
    *,
    tree_findings: Iterable[Finding] = (),
    rules: Iterable[RuleText] = (),
    triage: Triage | None = None,
    weights: WeightReport | None = None,
    pretty: bool = False,
) -> bytes:
    """Return the ``steelyard.scan/v1`` document of ``files``, in the order given, as UTF-8 JSON."""
    files = tuple(files)
    document = ScanDocument(
        schema=SCAN_SCHEMA,
        scanner=scanner,
        verdict=verdict,
        files=tuple(_scan_file(report) for report in files),
        tree_findings=tuple(tree_findings) or UNSET,
        rules=tuple(rules) or UNSET,
        triage=_triage(files, tuple(tree_findings), triage) if triage else UNSET,
        weights=_weights(weights) if weights else UNSET,
    )
    return _encode(document, pretty=pretty)


def _triage(
    files: tuple[FileReport, ...], tree_findings: tuple[Finding, ...], triage: Triage
) -> TriageSummary:
    rules = {(f.path, i): one.rule for f in files for i, one in enumerate(f.findings)}
    rules |= {("", index): one.rule for index, one in enumerate(tree_findings)}
    return TriageSummary(
        compared=triage.compared,
        findings=tuple(
            TriagedFinding(
                path=path,
                index=index,
                rule=rules[path, index],
                kind=decided.kind,
                reason=decided.reason,
                owner=decided.owner,
                expires=decided.expires,
            )
            for (path, index), decided in sorted(triage.dispositions.items())
        ),
        gone=triage.gone,
        notes=triage.notes,
    )


def _weights(report: WeightReport) -> WeightSummary:
    return WeightSummary(
        tensors=len(report.weights.tensors),
        parameters=report.parameters,
        dtypes=report.dtypes,
        comparison=report.comparison,
        gaps=report.gaps,
    )


def assessment_schema() -> bytes:
    """Return the JSON Schema (2020-12) of :func:`assessment_json`."""
    return _schema(Assessment, ASSESSMENT_SCHEMA, "Steelyard assessment, version 1")


def scan_schema() -> bytes:
    """Return the JSON Schema (2020-12) of :func:`scan_json`."""
    return _schema(ScanDocument, SCAN_SCHEMA, "Steelyard scan, version 1")


def published_schemas() -> dict[str, bytes]:
    """Return the files of ``docs/reference`` that are generated from the types, by name."""
    from steelyard.charter.regulation.result import CLASSIFICATION_SCHEMA, Classification
    from steelyard.provenance.history.model import HISTORY_SCHEMA
    from steelyard.provenance.history.report import HistoryReport

    return {
        "assessment.schema.json": assessment_schema(),
        "classification.schema.json": _schema(
            Classification, CLASSIFICATION_SCHEMA, "Steelyard classification"
        ),
        "history.schema.json": _schema(HistoryReport, HISTORY_SCHEMA, "Steelyard history"),
        "lineage-graph.schema.json": _schema(
            ProvenanceGraph, LINEAGE_GRAPH_SCHEMA, "Steelyard lineage graph"
        ),
        "scan.schema.json": scan_schema(),
    }


def _scan_file(report: FileReport) -> ScanFile:
    return ScanFile(
        path=report.path,
        format=report.format,
        size=report.size,
        sha256=report.sha256,
        verdict=report.verdict,
        coverage=report.coverage,
        coverage_reason=report.coverage_reason,
        findings=report.findings,
    )


def _encode(document: Any, *, pretty: bool) -> bytes:
    data = msgspec.json.encode(document)
    return msgspec.json.format(data, indent=2) if pretty else data


def _schema(root: type[Struct], name: str, title: str) -> bytes:
    (top,), definitions = msgspec.json.schema_components([root], ref_template="#/$defs/{name}")
    for struct in _structs_of(definitions, root):
        properties = definitions[struct.__name__].get("properties", {})
        for field, text in field_docs(struct):
            if field in properties:
                properties[field]["description"] = text
    definitions[root.__name__]["properties"]["schema"] = {"const": name}
    required = definitions[root.__name__].setdefault("required", [])
    if "schema" not in required:
        required.insert(0, "schema")
    family, _, version = name.partition("/")
    document = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:{family.replace('.', ':')}:{version}",
        "title": title,
        **top,
        "$defs": dict(sorted(definitions.items())),
    }
    return msgspec.json.format(msgspec.json.encode(document), indent=2) + b"\n"


def _structs_of(definitions: dict[str, Any], root: type[Struct]) -> Iterator[type[Struct]]:
    """Yield the struct types behind ``definitions``, reachable from ``root``'s module tree."""
    waiting: list[type[Any]] = [Struct]
    seen: set[type[Any]] = set()
    while waiting:
        for struct in waiting.pop().__subclasses__():
            if struct in seen:
                continue
            seen.add(struct)
            waiting.append(struct)
            ours = struct is root or struct.__module__.startswith(_PUBLISHED)
            if ours and struct.__name__ in definitions:
                yield struct
    return


def field_docs(struct: type[Struct]) -> Iterator[tuple[str, str]]:
    """Yield each field of ``struct`` that has a docstring under it, with that docstring."""
    for ancestor in reversed(struct.__mro__):
        if not (issubclass(ancestor, Struct) and ancestor is not Struct):
            continue
        body = ast.parse(textwrap.dedent(inspect.getsource(ancestor))).body[0]
        assert isinstance(body, ast.ClassDef)
        for statement, following in zip(body.body, body.body[1:], strict=False):
            match statement, following:
                case (
                    ast.AnnAssign(target=ast.Name(id=field)),
                    ast.Expr(value=ast.Constant(value=str(text))),
                ):
                    yield field, " ".join(text.split())
                case _:
                    pass
