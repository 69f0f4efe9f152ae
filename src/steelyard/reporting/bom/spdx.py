# SPDX-License-Identifier: Apache-2.0
"""SPDX 3.0.1 JSON-LD in the profiles core, software, AI, dataset and simple licensing."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Sequence
from typing import Any

import msgspec

from steelyard.kernel.assessment import ComponentFile
from steelyard.reporting.bom import licenses
from steelyard.reporting.bom.addresses import addresses_of, web_address
from steelyard.reporting.bom.components import (
    MEDIA_TYPES,
    claimants,
    package_purl,
    package_ref,
    source_identity,
    spdx_or_raw,
)
from steelyard.reporting.bom.facts import document_facts, model_facts, version_of
from steelyard.reporting.bom.model_card import metric_slice
from steelyard.reporting.bom.revision import Revision
from steelyard.reporting.bom.sources import (
    Link,
    Origin,
    Part,
    Source,
    file_ref,
    model_ref,
    origin_of,
)
from steelyard.reporting.bom.spdx_graph import Graph, entries, sha256

_NAMESPACE = uuid.UUID("0f7f8a52-0a9b-5d2e-8c59-4a2c6f0f0d7b")
"""Fixed namespace of the documents' own."""
_PROFILES = ["core", "software", "ai", "dataset", "simpleLicensing"]
_RELATIONS: dict[str, tuple[str, bool]] = {
    "finetune": ("descendantOf", False),
    "merge_of": ("descendantOf", False),
    "quantised_from": ("descendantOf", False),
    "distilled_from_outputs": ("descendantOf", False),
    "modified_copy": ("descendantOf", False),
    "translated": ("descendantOf", False),
    "copied_content": ("descendantOf", False),
    "unstated": ("descendantOf", False),
    "evaluated_on": ("testedOn", False),
    "adapter_of": ("dependsOn", False),
    "serves": ("dependsOn", False),
    "trained_on": ("trainedOn", False),
    "trained_with_code": ("usesTool", False),
    "included_in": ("contains", False),
    "includes_code": ("contains", False),
    "generated": ("generates", True),
}
"""The SPDX relationship of each relation, and whether it runs from the upstream element."""


def spdx_document(revision: Revision) -> bytes:
    """Return the bill of materials in SPDX 3.0.1 JSON-LD.

    It is written twice: what it says decides the namespace of its ids, so that an id never stands
    for two different things.
    """
    content = msgspec.json.encode(_document(revision, "urn:uuid:"))
    namespace = uuid.uuid5(_NAMESPACE, hashlib.sha256(content).hexdigest())
    document = _document(revision, f"urn:uuid:{namespace}")
    return msgspec.json.format(msgspec.json.encode(document), indent=2)


def _document(revision: Revision, namespace: str) -> dict[str, Any]:
    graph = Graph(namespace, revision.created)
    origin = origin_of(revision)
    agent = graph.add("SoftwareAgent", "agent", "steelyard", name="steelyard")
    tool = graph.add("Tool", "tool", "steelyard", name=f"steelyard {revision.scanner.version}")
    weights = frozenset(revision.weights)
    ids = {file_ref(file.path): _file(graph, file, weights) for file in revision.files}
    own = ids[model_ref(revision.subject)] = _model(graph, revision)
    ids |= {source.ref: _source(graph, source, origin) for source in origin.sources}
    for part in origin.parts:
        ids[part.ref] = _part(graph, part, ids)
    packages = _packages(graph, revision)
    _structure(graph, revision, origin, ids, packages)
    for link in origin.links:
        _relate(graph, link, ids)
    _facts(graph, revision, own)
    inner = graph.ids()
    bom = graph.add(
        "software_Sbom",
        "sbom",
        "sbom",
        name=f"Bill of materials of {revision.subject.name}",
        software_sbomType=["analyzed"],
        profileConformance=_PROFILES,
        rootElement=[own],
        element=inner,
    )
    graph.add(
        "SpdxDocument",
        "document",
        "document",
        name=revision.subject.name,
        profileConformance=_PROFILES,
        rootElement=[bom],
        element=[*inner, bom],
    )
    return graph.document([agent], [tool])


def _file(graph: Graph, file: ComponentFile, weights: frozenset[str]) -> str:
    purpose = {"python": "source", "markdown": "documentation"}.get(file.format, "")
    if not purpose and file.path in weights:
        purpose = "model"
    return graph.add(
        "software_File",
        "file",
        file.path,
        name=file.path,
        software_fileKind="file",
        contentType=MEDIA_TYPES.get(file.format, ""),
        software_primaryPurpose=purpose,
        verifiedUsing=sha256(file.sha256),
        comment=f"Format: {file.format}. Size: {file.size} bytes. Verdict: {file.verdict.value}. "
        f"Coverage: {file.coverage}.",
    )


def _model(graph: Graph, revision: Revision) -> str:
    subject, model, card, terms = revision.subject, revision.model, revision.card, revision.license
    supplier = ""
    if model.publisher:
        supplier = graph.add(
            "Agent",
            "agent",
            f"publisher {model.publisher}",
            name=model.publisher,
            comment="Named by the package URL; whether a person or an organization is not known.",
        )
    claims: dict[str, Any] = {}
    if card is not None:
        claims = {
            "ai_informationAboutTraining": card.training_data.excerpt,
            "ai_informationAboutApplication": card.intended_use.excerpt,
            "ai_limitation": card.limitations.excerpt,
            "ai_metric": entries(
                (_metric_key(result.metric, metric_slice(result)), result.value)
                for result in card.evaluations
                if result.value
            ),
            "comment": f"What this element says of training, application, limits and metrics is "
            f"declared by {card.path}.",
        }
    own = graph.add(
        "ai_AIPackage",
        "model",
        subject.purl,
        name=subject.name,
        software_packageVersion=version_of(subject),
        software_packageUrl=subject.purl,
        software_primaryPurpose="model",
        software_sourceInfo=f"Commit {subject.commit}" if subject.commit else "",
        suppliedBy=supplier,
        externalRef=[
            {
                "type": "ExternalRef",
                "externalRefType": "license" if address.kind == "license" else "other",
                "locator": [address.url],
                "comment": f"{address.kind}, stated by {address.stated_by}",
            }
            for address in addresses_of(revision)
            if not address.path
        ],
        ai_typeOfModel=[name for name in (model.model_type, *model.architectures) if name],
        **claims,
    )
    graph.licensed(
        own,
        declared=licenses.declared_expression(terms) or "",
        concluded=terms.expression or "",
    )
    return own


def _metric_key(metric: str, measured_on: str) -> str:
    return f"{metric} on {measured_on}" if metric and measured_on else metric or measured_on


def _source(graph: Graph, source: Source, origin: Origin) -> str:
    named = source_identity(source)
    outgoing = origin.downstream(source.ref)
    sentences = [
        f"Declared{_by(claimants(outgoing))}; these bytes were not examined.",
        "Only a stray name or sentence says so." if all(link.weak for link in outgoing) else "",
        "" if source.known else "Its identity is unknown.",
        f"Its license is known from {source.found_by}." if source.found_by else "",
    ]
    fields: dict[str, Any] = {
        "name": source.name,
        "software_packageVersion": named.get("version", ""),
        "software_packageUrl": named.get("purl", ""),
        "comment": " ".join(sentence for sentence in sentences if sentence),
    }
    if source.kind == "code":
        found = graph.add(
            "software_Package", "code", source.ref, software_primaryPurpose="source", **fields
        )
    elif source.kind == "dataset":
        found = graph.add(
            "dataset_DatasetPackage",
            "dataset",
            source.ref,
            software_primaryPurpose="data",
            dataset_datasetType=["noAssertion"],
            **fields,
        )
    else:
        found = graph.add(
            "ai_AIPackage", "model", source.ref, software_primaryPurpose="model", **fields
        )
    graph.licensed(
        found,
        declared=spdx_or_raw(source.declared) if source.declared else "",
        concluded=spdx_or_raw(source.found) if source.found else "",
    )
    return found


def _part(graph: Graph, part: Part, ids: dict[str, str]) -> str:
    comment = "Grouped by the names of its files."
    if part.kind == "adapter":
        found = graph.add(
            "ai_AIPackage",
            "adapter",
            part.ref,
            name=part.name,
            software_primaryPurpose="model",
            comment=comment,
        )
        graph.licensed(found, declared="", concluded="")
    else:
        found = graph.add(
            "software_Package",
            part.kind,
            part.ref,
            name=part.name,
            software_primaryPurpose="source" if part.kind == "code" else "data",
            comment=comment,
        )
    graph.relate(found, "contains", [ids[file_ref(path)] for path in part.files])
    return found


def _packages(graph: Graph, revision: Revision) -> list[str]:
    found = []
    for number, package in enumerate(revision.packages):
        element = graph.add(
            "software_Package",
            "package",
            package_ref(package, number),
            name=package.name or package.path,
            summary=package.summary,
            software_packageVersion=package.version,
            software_packageUrl=package_purl(package),
            software_primaryPurpose="library",
            software_homePage=web_address(package.home_page) or "",
            comment=f"Declared by {package.path}.",
        )
        if declared := package.license_expression or package.license:
            graph.relate(element, "hasDeclaredLicense", [graph.license(declared)])
        found.append(element)
    return found


def _structure(
    graph: Graph, revision: Revision, origin: Origin, ids: dict[str, str], packages: list[str]
) -> None:
    own = ids[model_ref(revision.subject)]
    files = [ids[file_ref(file.path)] for file in revision.files]
    whole = all(file.sha256 for file in revision.files)
    graph.relate(own, "contains", files, "complete" if whole else "incomplete")
    graph.relate(own, "contains", [ids[part.ref] for part in origin.parts])
    graph.relate(own, "dependsOn", packages)
    card = revision.card
    if card is not None and file_ref(card.path) in ids:
        graph.relate(own, "hasDocumentation", [ids[file_ref(card.path)]])


def _relate(graph: Graph, link: Link, ids: dict[str, str]) -> None:
    relation, from_upstream = _RELATIONS[link.relation]
    upstream, downstream = ids[link.upstream], ids[link.downstream]
    source, target = (upstream, downstream) if from_upstream else (downstream, upstream)
    what = "relation not stated" if link.relation == "unstated" else link.relation
    graph.relate(source, relation, [target], comment=f"Declared{_by(link.claimed_by)}: {what}.")


def _by(files: Sequence[str]) -> str:
    return f" by {', '.join(files)}" if files else ""


def _facts(graph: Graph, revision: Revision, own: str) -> None:
    """Attach what no property has a place for; the keys are those of the CycloneDX document."""
    facts = {**document_facts(revision), **model_facts(revision)}
    facts["steelyard:task"] = revision.model.task
    facts["steelyard:card:evaluation"] = revision.card.evaluation.excerpt if revision.card else ""
    kept = {key: value for key, value in sorted(facts.items()) if value}
    graph.add(
        "Annotation",
        "annotation",
        "facts",
        annotationType="other",
        subject=own,
        contentType="application/json",
        statement=msgspec.json.encode(kept).decode("utf-8"),
    )
