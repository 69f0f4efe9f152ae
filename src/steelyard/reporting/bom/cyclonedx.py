# SPDX-License-Identifier: Apache-2.0
"""CycloneDX 1.6 and 1.7 JSON with a ``modelCard`` (an ML-BOM).

``formulation`` is left out: how a model was made is not known from its files.
"""

from __future__ import annotations

import uuid
from collections import Counter
from typing import Any

import msgspec

from steelyard.reporting.bom import Spec, licenses
from steelyard.reporting.bom.addresses import addresses_of
from steelyard.reporting.bom.components import (
    file_component,
    lineage_properties,
    package_component,
    part_component,
    source_component,
)
from steelyard.reporting.bom.facts import document_facts, model_facts, version_of
from steelyard.reporting.bom.model_card import model_card, properties, stated
from steelyard.reporting.bom.revision import Revision
from steelyard.reporting.bom.sources import DERIVED, Origin, file_ref, model_ref, origin_of

_NAMESPACE = uuid.UUID("5b0e6a0c-5c39-5b53-9c0f-6d1f0f1f6f5e")
"""Fixed namespace of the serial numbers, so the same bytes always get the same one."""


def cyclonedx_document(revision: Revision, spec: Spec) -> bytes:
    """Return the bill of materials in CycloneDX 1.6 or 1.7, as ``spec`` says."""
    version = spec.removeprefix("cyclonedx-")
    origin = origin_of(revision)
    sources = {source.ref: source_component(source, origin) for source in origin.sources}
    packages = _packages(revision)
    parts = [part_component(part, origin, revision) for part in origin.parts]
    document = {
        "$schema": f"http://cyclonedx.org/schema/bom-{version}.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": version,
        "serialNumber": f"urn:uuid:{_serial(revision, version)}",
        "version": 1,
        "metadata": {
            "timestamp": revision.created,
            "lifecycles": [{"phase": "post-build"}],
            "tools": {
                "components": [
                    {
                        "type": "application",
                        "name": "steelyard",
                        "version": revision.scanner.version,
                    }
                ]
            },
            "component": _model(revision, origin, sources, version),
            "properties": properties(document_facts(revision)),
        },
        "components": [*sources.values(), *packages, *parts],
        "dependencies": _dependencies(revision, origin, [item["bom-ref"] for item in packages]),
    }
    return msgspec.json.format(msgspec.json.encode(document), indent=2)


def _serial(revision: Revision, version: str) -> uuid.UUID:
    digest = revision.subject.manifest_sha256
    return uuid.uuid5(_NAMESPACE, digest if version == "1.6" else f"{digest} {version}")


def _model(
    revision: Revision, origin: Origin, sources: dict[str, dict[str, Any]], version: str
) -> dict[str, Any]:
    subject, terms = revision.subject, revision.license
    group, _, name = subject.name.rpartition("/")
    incoming = origin.upstream(model_ref(subject))
    datasets = [
        link.upstream
        for link in incoming
        if link.relation == "trained_on" and link.upstream.startswith("dataset:")
    ]
    ancestors = dict.fromkeys(
        link.upstream
        for link in incoming
        if link.relation in DERIVED and link.upstream in sources and not link.weak
    )
    loaded = frozenset(revision.loaded_code)
    component: dict[str, Any] = {
        "type": "machine-learning-model",
        "bom-ref": model_ref(subject),
        "group": group,
        "name": name or subject.name,
        "version": version_of(subject),
        "publisher": revision.model.publisher,
        "purl": subject.purl,
        "licenses": licenses.entries(terms, mixed=version != "1.6"),
        "externalReferences": [
            {"type": address.kind, "url": address.url, "comment": f"stated by {address.stated_by}"}
            for address in addresses_of(revision)
        ],
        "pedigree": stated(
            {
                # A reference may stand once in a document; these are the same components again.
                "ancestors": [
                    {key: value for key, value in sources[ref].items() if key != "bom-ref"}
                    for ref in ancestors
                ],
                "commits": [{"uid": subject.commit}] if subject.commit else [],
            }
        ),
        "evidence": stated({"licenses": licenses.observed(terms)}),
        "modelCard": model_card(revision, datasets),
        "components": [file_component(file, loaded) for file in revision.files],
        "properties": properties(model_facts(revision)) + lineage_properties(incoming),
    }
    return stated(component)


def _packages(revision: Revision) -> list[dict[str, Any]]:
    seen: Counter[str] = Counter()
    found = []
    for package in revision.packages:
        found.append(package_component(package, seen[package.path]))
        seen[package.path] += 1
    return found


def _dependencies(revision: Revision, origin: Origin, packages: list[str]) -> list[dict[str, Any]]:
    """Return who needs whom: the model its files, parts, packages and sources; parts their files.

    An upstream counts as needed, however it went in; the properties of a component say how.
    """
    own = model_ref(revision.subject)
    files = [file_ref(file.path) for file in revision.files]
    needs: dict[str, set[str]] = {own: {*files, *packages, *(part.ref for part in origin.parts)}}
    for part in origin.parts:
        needs[part.ref] = {file_ref(path) for path in part.files}
    for link in origin.links:
        needs.setdefault(link.downstream, set()).add(link.upstream)
    every = {own, *files, *packages, *needs, *(source.ref for source in origin.sources)}
    every |= {part.ref for part in origin.parts}
    return [
        {"ref": ref, "dependsOn": sorted(needs[ref])} if needs.get(ref) else {"ref": ref}
        for ref in [own, *sorted(every - {own})]
    ]
