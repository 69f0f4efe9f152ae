# SPDX-License-Identifier: Apache-2.0
"""CycloneDX components other than the model itself: files, parts, packages and sources."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from steelyard.kernel.assessment import ComponentFile
from steelyard.kernel.card import PackageMetadata
from steelyard.reporting.bom import licenses
from steelyard.reporting.bom.addresses import web_address
from steelyard.reporting.bom.model_card import properties, stated
from steelyard.reporting.bom.revision import Revision
from steelyard.reporting.bom.sources import Link, Origin, Part, Source, file_ref

MEDIA_TYPES = {
    "safetensors": "application/octet-stream",
    "json": "application/json",
    "markdown": "text/markdown",
    "text": "text/plain",
    "python": "text/x-python",
    "yaml": "application/yaml",
    "zip": "application/zip",
}
_PYTHON_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,98}[A-Za-z0-9])?")
"""Names that Python's core metadata allows, in at most 100 characters."""
MAX_VERSION = 1_024
"""Longest ``version`` CycloneDX allows."""


def file_component(file: ComponentFile, loaded: frozenset[str]) -> dict[str, Any]:
    """Return one file with its digest and how it was judged; ``loaded`` are the paths of code that
    the usual loader imports."""
    component: dict[str, Any] = {
        "type": "file",
        "bom-ref": file_ref(file.path),
        "name": file.path,
        "properties": properties(
            {
                "steelyard:format": file.format,
                "steelyard:size": str(file.size),
                "steelyard:verdict": file.verdict.value,
                "steelyard:coverage": file.coverage,
                "steelyard:runs_on_load": "yes" if file.path in loaded else "",
            }
        ),
    }
    if file.sha256:
        component["hashes"] = [{"alg": "SHA-256", "content": file.sha256}]
    if file.format in MEDIA_TYPES:
        component["mime-type"] = MEDIA_TYPES[file.format]
    return component


def source_component(source: Source, origin: Origin) -> dict[str, Any]:
    """Return something the revision was made from.

    It is named as somebody named it; without a name that can identify it, it says so.
    """
    outgoing = origin.downstream(source.ref)
    component: dict[str, Any] = {
        "type": _source_type(source),
        "bom-ref": source.ref,
        **source_identity(source),
        "licenses": _source_licenses(source),
        "properties": properties(
            {
                "steelyard:claim": "declared",
                "steelyard:claimed_by": ", ".join(claimants(outgoing)),
                "steelyard:confidence": "weak" if all(link.weak for link in outgoing) else "",
                "steelyard:identity": "declared" if source.known else "unknown",
                "steelyard:kind": source.kind,
                "steelyard:license:known_by": source.found_by,
                "steelyard:role": source.role,
            }
        )
        + lineage_properties(origin.upstream(source.ref)),
    }
    if source.kind == "dataset":
        component["data"] = [{"type": "dataset", "name": source.name}]
    return stated(component)


def source_identity(source: Source) -> dict[str, str]:
    """Return name, group, version and package URL, as far as the name gives them."""
    if not source.known:
        return {"name": source.name}
    return stated(
        {
            "name": source.short,
            "group": source.owner,
            "version": source.revision,
            "purl": source.purl,
        }
    )


def claimants(links: Sequence[Link]) -> list[str]:
    """Return the files that claim any of ``links``, each once."""
    return list(dict.fromkeys(path for link in links for path in link.claimed_by))


def _source_type(source: Source) -> str:
    return {"dataset": "data", "code": "library"}.get(source.kind, "machine-learning-model")


def _source_licenses(source: Source) -> list[dict[str, Any]]:
    shown = [licenses.entry(spdx_or_raw(source.found), "concluded")] if source.found else []
    if source.declared:
        shown.append(licenses.entry(spdx_or_raw(source.declared), "declared"))
    return shown


def spdx_or_raw(name: str) -> str:
    """Return the listed SPDX id of a license known by another name, else the name as it is."""
    from steelyard.catalog.licenses import resolve

    known = resolve(name)
    return known.spdx if known and known.spdx else name


def lineage_properties(incoming: Sequence[Link]) -> list[dict[str, str]]:
    """Return how each upstream went into a component; the reference names the upstream."""
    rows = sorted((f"steelyard:lineage:{link.relation}", link.upstream) for link in incoming)
    return [{"name": name, "value": value} for name, value in rows]


def package_component(package: PackageMetadata, number: int) -> dict[str, Any]:
    """Return a Python package whose metadata lies in the tree; ``number`` tells twins apart."""
    declared = package.license_expression or package.license
    component: dict[str, Any] = {
        "type": "library",
        "bom-ref": package_ref(package, number),
        "name": package.name or package.path,
        "version": package.version[:MAX_VERSION],
        "description": package.summary,
        "purl": package_purl(package),
        "licenses": [licenses.entry(declared, "declared")] if declared else [],
        "evidence": {"occurrences": [{"location": package.path}]},
        "properties": properties(
            {
                "steelyard:claim": "declared",
                "steelyard:claimed_by": package.path,
                "steelyard:identity": "declared" if package_purl(package) else "unknown",
            }
        ),
    }
    if url := web_address(package.home_page):
        component["externalReferences"] = [
            {"type": "website", "url": url, "comment": f"stated by {package.path}"}
        ]
    return stated(component)


def package_ref(package: PackageMetadata, number: int) -> str:
    """Return the reference of the package whose metadata lies at a path."""
    return f"package:{package.path}" + (f"#{number}" if number else "")


def package_purl(package: PackageMetadata) -> str:
    """Return the package URL of a well-formed name, else an empty text."""
    if not _PYTHON_NAME.fullmatch(package.name):
        return ""
    from packageurl import PackageURL

    purl = PackageURL(type="pypi", name=package.name, version=package.version or None)
    return purl.to_string()


def part_component(part: Part, origin: Origin, revision: Revision) -> dict[str, Any]:
    """Return a part of the revision. Its files are components already; dependencies name them."""
    component: dict[str, Any] = {
        "type": {"adapter": "machine-learning-model", "tokenizer": "data", "code": "library"}[
            part.kind
        ],
        "bom-ref": part.ref,
        "name": part.name,
        "properties": properties(
            {
                "steelyard:kind": part.kind,
                "steelyard:part_of": revision.subject.purl,
                "steelyard:grouped_by": "file names",
            }
        )
        + lineage_properties(origin.upstream(part.ref)),
    }
    if part.kind == "tokenizer":
        component["data"] = [{"type": "other", "name": path} for path in part.files]
    return component
