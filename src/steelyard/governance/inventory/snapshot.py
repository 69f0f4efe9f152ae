# SPDX-License-Identifier: Apache-2.0
"""What an examination showed of one revision, whatever it is wanted for: kept to compare with.

A snapshot holds no answer that depends on a use case. Revisions are compared by their snapshots, so
that a difference is one of bytes and not of what somebody wants to do with them.
"""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import Struct

from steelyard.governance.inventory.facts import ComponentKind
from steelyard.kernel.assessment import Assessment
from steelyard.kernel.card import ModelCard
from steelyard.kernel.errors import IntegrityError
from steelyard.kernel.finding import FileReport, Severity
from steelyard.kernel.inspection import Inspection, Scanner
from steelyard.kernel.license import DeclaredLicense, LicenseFile
from steelyard.kernel.lineage import ProvenanceGraph

SNAPSHOT_SCHEMA = "steelyard.revision-snapshot/v1"
GROUPS = ("model", "artifacts", "scan", "license", "card", "provenance")
"""Groups of charter facts that are about the revision."""
_OF_THE_USE = frozenset({"license.use", "license.open_duties"})
_CODE = (".py", ".ipynb", ".sh", ".js", ".lua", ".so", ".dll", ".jar", ".bat", ".ps1")
_TOKENIZER = ("tokenizer", "vocab.", "merges.txt", "special_tokens_map", "added_tokens", "spiece")
_DEPENDENCIES = (
    "requirements", "environment.y", "pyproject.toml", "setup.py", "setup.cfg", "pipfile",
    "conda.y", "poetry.lock", "uv.lock", "package.json", "dockerfile",
)  # fmt: skip
_DATA = (".csv", ".parquet", ".jsonl", ".arrow", ".tsv")
_SETTINGS = (".json", ".yaml", ".yml", ".toml", ".ini", ".cfg")


class Part(Struct, frozen=True, kw_only=True):
    """One file of the revision."""

    path: str
    kind: ComponentKind
    format: str
    size: int
    sha256: str
    dependencies: bool = False
    """It says what must be installed."""


class Seen(Struct, frozen=True, kw_only=True):
    """One finding."""

    rule: str
    severity: Severity
    path: str
    message: str


class Snapshot(Struct, frozen=True, kw_only=True):
    """Everything about a revision that can be compared."""

    purl: str
    name: str
    commit: str
    manifest_sha256: str
    size: int
    parts: tuple[Part, ...]
    card: ModelCard | None
    license_files: tuple[LicenseFile, ...]
    declared: tuple[DeclaredLicense, ...]
    packages: tuple[str, ...]
    """Libraries and packages its files name, each as ``name version``."""
    findings: tuple[Seen, ...]
    facts: dict[str, Any]
    """Charter facts by path, of the groups that are about the revision."""
    lineage: ProvenanceGraph | None
    scanner: Scanner
    schema: str = SNAPSHOT_SCHEMA


def snapshot_of(assessment: Assessment, inspection: Inspection) -> Snapshot:
    """Return what ``inspection`` showed; ``assessment`` is any that was made from it."""
    papers = {file.path for file in inspection.license_files}
    cards = {card.path for card in inspection.cards}
    adapter = bool(inspection.lineage) and any(
        paper.source == "adapter" for paper in inspection.lineage
    )
    return Snapshot(
        purl=assessment.subject.purl,
        name=assessment.subject.name,
        commit=assessment.subject.commit or "",
        manifest_sha256=assessment.subject.manifest_sha256,
        size=assessment.subject.size,
        parts=tuple(
            Part(
                path=file.path,
                kind=kind_of(file, papers, cards, adapter=adapter),
                format=file.format,
                size=file.size,
                sha256=file.sha256,
                dependencies=file.path.rpartition("/")[2].lower().startswith(_DEPENDENCIES),
            )
            for file in inspection.files
        ),
        card=assessment.card,
        license_files=inspection.license_files,
        declared=inspection.declared,
        packages=_packages(assessment, inspection),
        findings=tuple(
            Seen(rule=each.rule, severity=each.severity, path=each.path, message=each.message)
            for each in assessment.findings
        ),
        facts=facts_of_revision(assessment.facts),
        lineage=assessment.lineage,
        scanner=assessment.scanner,
    )


def facts_of_revision(facts: dict[str, Any]) -> dict[str, Any]:
    """Return the facts of an assessment that are about the revision, flat, by path."""
    found: dict[str, Any] = {}

    def spread(path: str, value: Any) -> None:
        if isinstance(value, dict):
            for name, inner in value.items():
                spread(f"{path}.{name}", inner)
        elif path not in _OF_THE_USE:
            found[path] = value

    for group in GROUPS:
        spread(group, facts.get(group) or {})
    return found


def kind_of(
    file: FileReport, papers: set[str], cards: set[str], *, adapter: bool = False
) -> ComponentKind:
    """Return what a file is to the model."""
    name = file.path.rpartition("/")[2].lower()
    if file.path in papers:
        return "license"
    if file.path in cards:
        return "card"
    if file.traits.remote_code or name.endswith(_CODE):
        return "code"
    if file.traits.weights:
        return "adapter" if adapter and name.startswith("adapter") else "weights"
    if name.startswith(_TOKENIZER):
        return "tokenizer"
    if name.endswith(_DATA):
        return "data"
    return "configuration" if name.endswith(_SETTINGS) else "other"


def _packages(assessment: Assessment, inspection: Inspection) -> tuple[str, ...]:
    model = assessment.model
    found = {f"{model.library} {model.library_version}".strip()}
    found |= {f"{config.library} {config.library_version}".strip() for config in inspection.configs}
    found |= {f"{package.name} {package.version}".strip() for package in inspection.packages}
    return tuple(sorted(found - {""}))


def read_snapshot(data: bytes) -> Snapshot:
    """Return the snapshot kept in a blob.

    Raises:
        IntegrityError: these bytes are not one.
    """
    try:
        return msgspec.json.decode(data, type=Snapshot)
    except (msgspec.DecodeError, RecursionError) as error:
        raise IntegrityError(
            f"What was kept of a revision's examination cannot be read: {error}.",
            next_step="Assess the revision again.",
            code="revision.snapshot",
        ) from error
