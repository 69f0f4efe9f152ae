# SPDX-License-Identifier: Apache-2.0
"""Snapshots of small revisions, without examining anything."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from steelyard.governance.inventory.facts import ComponentKind
from steelyard.governance.inventory.snapshot import Part, Seen, Snapshot
from steelyard.kernel.card import ModelCard
from steelyard.kernel.digest import sha256_hex
from steelyard.kernel.finding import Severity
from steelyard.kernel.inspection import Scanner
from steelyard.kernel.license import DeclaredLicense
from steelyard.kernel.lineage import GraphEdge, GraphNode, ProvenanceGraph
from steelyard.kernel.manifest import FileEntry, manifest_of

_KINDS: dict[str, ComponentKind] = {"safetensors": "weights", "py": "code", "md": "card"}


def part(path: str, data: str) -> Part:
    return Part(
        path=path,
        kind=_KINDS.get(path.rpartition(".")[2], "configuration"),
        format=path.rpartition(".")[2],
        size=len(data),
        sha256=sha256_hex(data.encode()),
        dependencies=path.startswith("requirements"),
    )


def snapshot(
    name: str = "acme/tiny",
    files: Mapping[str, str] | None = None,
    *,
    bases: tuple[str, ...] = (),
    license_key: str = "apache-2.0",
    findings: tuple[str, ...] = (),
    commit: str = "a" * 40,
    **facts: Any,
) -> Snapshot:
    parts = tuple(
        part(path, data)
        for path, data in (files or {"model.safetensors": name, "README.md": name}).items()
    )
    manifest = manifest_of(FileEntry(each.path, each.size, each.sha256) for each in parts)
    graph = ProvenanceGraph(
        subject="this",
        origin="stated" if bases else "unstated",
        nodes=(
            GraphNode(name="this", kind="model", state="assessed"),
            *(GraphNode(name=base, kind="model") for base in bases),
        ),
        edges=tuple(
            GraphEdge(upstream=base, downstream="this", relation="finetune", confidence="stated")
            for base in bases
        ),
    )
    return Snapshot(
        purl=f"pkg:huggingface/{name}@{commit}",
        name=name,
        commit=commit,
        manifest_sha256=manifest.digest,
        size=manifest.size,
        parts=parts,
        card=ModelCard(path="README.md", license=(license_key,), base_models=bases),
        license_files=(),
        declared=(
            DeclaredLicense(source="card", path="README.md", raw=license_key, key=license_key),
        ),
        packages=("transformers 4.50.0",),
        findings=tuple(
            Seen(rule=rule, severity=Severity.MEDIUM, path="x.py", message="Seen.")
            for rule in findings
        ),
        facts={"scan.worst": "clean", "model.commit": commit, **facts},
        lineage=graph,
        scanner=Scanner(version="1", rules_digest="0" * 64),
    )
