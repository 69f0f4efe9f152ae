# SPDX-License-Identifier: Apache-2.0
"""The bill of materials: CycloneDX 1.6 JSON with a ``modelCard`` (an ML-BOM).

Written here rather than by a library, because the usual one drops the model card; the tests hold
the result against that library's strict validator. Nothing is filled in: a field that the
revision's own files do not state is absent, and what a card claims is marked as declared.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import msgspec

from steelyard.kernel.assessment import Assessment, ComponentFile, Model, Subject
from steelyard.kernel.card import EvaluationResult, ModelCard
from steelyard.kernel.finding import Verdict
from steelyard.kernel.inspection import Scanner
from steelyard.kernel.license import LicenseSummary

if TYPE_CHECKING:
    from license_expression import Licensing

_NAMESPACE = uuid.UUID("5b0e6a0c-5c39-5b53-9c0f-6d1f0f1f6f5e")
"""Fixed namespace of the serial numbers, so the same bytes always get the same one."""
_HUB_NAME = r"[A-Za-z0-9][A-Za-z0-9._-]{0,95}"
_LICENSE_REF = r"(DocumentRef-[A-Za-z0-9.-]+:)?LicenseRef-[A-Za-z0-9.-]+"
_FORMAT_TYPES = {
    "safetensors": "application/octet-stream",
    "json": "application/json",
    "markdown": "text/markdown",
    "text": "text/plain",
    "python": "text/x-python",
    "yaml": "application/yaml",
    "zip": "application/zip",
}


def prepare() -> None:
    """Load the SPDX license list ahead of time, for a caller that waits for something else."""
    _licensing()


def ml_bom(assessment: Assessment) -> bytes:
    """Return the bill of materials of an assessed revision, outcome and tier as properties."""
    return revision_bom(
        subject=assessment.subject,
        model=assessment.model,
        card=assessment.card,
        license_summary=assessment.license,
        files=assessment.files,
        verdict=assessment.verdict,
        coverage=assessment.coverage.level,
        scanner=assessment.scanner,
        created=assessment.assessed_at,
        properties={
            "steelyard:outcome": assessment.decision.outcome.value,
            "steelyard:tier": assessment.risk.tier,
            "steelyard:score": str(assessment.risk.score),
            "steelyard:environment": assessment.environment,
            "steelyard:use_case": str(assessment.use_case.get("name", "")),
            "steelyard:charter:name": assessment.charter.name,
            "steelyard:charter:version": assessment.charter.version,
            "steelyard:charter:sha256": assessment.charter.sha256,
            "steelyard:valid_until": assessment.decision.valid_until or "",
        },
    )


def revision_bom(
    *,
    subject: Subject,
    model: Model,
    card: ModelCard | None,
    license_summary: LicenseSummary,
    files: Sequence[ComponentFile],
    verdict: Verdict,
    coverage: str,
    scanner: Scanner,
    created: str,
    properties: Mapping[str, str] | None = None,
) -> bytes:
    """Return the bill of materials of a revision, whether or not a decision was taken on it.

    ``created`` is the RFC 3339 time the document states. The bytes depend on the arguments alone.
    """
    base = [_base_model(name) for name in dict.fromkeys(model.base_models)]
    own = _subject(subject, model, card, license_summary, files, base)
    facts = {
        "steelyard:verdict": verdict.value,
        "steelyard:coverage": coverage,
        "steelyard:manifest_sha256": subject.manifest_sha256,
        "steelyard:rules_digest": scanner.rules_digest,
        **(properties or {}),
    }
    file_refs = [_file_ref(file.path) for file in files]
    base_refs = [component["bom-ref"] for component in base]
    document = {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{uuid.uuid5(_NAMESPACE, subject.manifest_sha256)}",
        "version": 1,
        "metadata": {
            "timestamp": created,
            "tools": {
                "components": [
                    {"type": "application", "name": "steelyard", "version": scanner.version}
                ]
            },
            "component": own,
            "properties": _properties(facts),
        },
        "components": base,
        "dependencies": [
            {"ref": own["bom-ref"], "dependsOn": sorted(set(file_refs + base_refs))},
            *({"ref": ref} for ref in sorted(set(file_refs + base_refs))),
        ],
    }
    return msgspec.json.format(msgspec.json.encode(document), indent=2)


def _subject(
    subject: Subject,
    model: Model,
    card: ModelCard | None,
    terms: LicenseSummary,
    files: Sequence[ComponentFile],
    base: Sequence[dict[str, Any]],
) -> dict[str, Any]:
    group, _, name = subject.name.rpartition("/")
    facts = {
        "steelyard:size": str(subject.size),
        "steelyard:parameters": str(model.parameters) if model.parameters else "",
        "steelyard:library": model.library,
        "steelyard:languages": ", ".join(model.languages),
        "steelyard:weight_formats": ", ".join(model.formats),
        "steelyard:license:declared": terms.declared or "",
        "steelyard:license:category": terms.category,
        "steelyard:license:commercial_use": terms.commercial_use,
        "steelyard:license:conflicts": str(len(terms.conflicts)),
    }
    component: dict[str, Any] = {
        "type": "machine-learning-model",
        "bom-ref": f"model:{subject.purl}",
        "name": name or subject.name,
        "purl": subject.purl,
        "licenses": _concluded(terms),
        "modelCard": _model_card(model, card),
        "components": [_file(file) for file in files],
        "properties": _properties(facts),
    }
    if group:
        component["group"] = group
    if version := _version(subject):
        component["version"] = version
    if model.publisher:
        component["publisher"] = model.publisher
    if terms.detected or terms.declared:
        component["evidence"] = {"licenses": _observed(terms)}
    if base:
        # A reference may stand once in a document; the ancestors are the same components again.
        component["pedigree"] = {
            "ancestors": [
                {key: value for key, value in item.items() if key != "bom-ref"} for item in base
            ]
        }
    return {key: value for key, value in component.items() if value not in ({}, [])}


def _model_card(model: Model, card: ModelCard | None) -> dict[str, Any]:
    parameters: dict[str, Any] = {
        "task": model.task,
        "architectureFamily": model.model_type,
        "modelArchitecture": ", ".join(model.architectures),
        "datasets": [
            {"type": "dataset", "name": name} for name in dict.fromkeys(model.datasets) if name
        ],
    }
    shown: dict[str, Any] = {
        "modelParameters": {key: value for key, value in parameters.items() if value}
    }
    if card is None:
        return {key: value for key, value in shown.items() if value}
    shown["quantitativeAnalysis"] = {
        "performanceMetrics": [_metric(result) for result in card.evaluations]
    }
    if not card.evaluations:
        del shown["quantitativeAnalysis"]
    considerations = {
        "useCases": _stated(card.intended_use.excerpt),
        "technicalLimitations": _stated(card.limitations.excerpt),
    }
    shown["considerations"] = {key: value for key, value in considerations.items() if value}
    shown["properties"] = _properties(
        {
            "steelyard:card:path": card.path,
            "steelyard:card:training_data": card.training_data.excerpt,
            "steelyard:card:evaluation": card.evaluation.excerpt,
        }
    )
    return {key: value for key, value in shown.items() if value}


def _stated(excerpt: str) -> list[str]:
    return [excerpt] if excerpt else []


def _metric(result: EvaluationResult) -> dict[str, str]:
    task = f" ({result.task})" if result.task and result.dataset else result.task
    metric = {"type": result.metric, "value": result.value, "slice": f"{result.dataset}{task}"}
    return {key: value for key, value in metric.items() if value}


def _base_model(name: str) -> dict[str, Any]:
    """Return a base model as a component; only a well-formed name becomes a package URL."""
    component: dict[str, Any] = {
        "type": "machine-learning-model",
        "bom-ref": f"base:{name}",
        "name": name,
    }
    if re.fullmatch(f"{_HUB_NAME}(/{_HUB_NAME})?", name):
        from packageurl import PackageURL

        group, _, short = name.rpartition("/")
        component["name"] = short
        if group:
            component["group"] = group
        purl = PackageURL(type="huggingface", namespace=group or None, name=short)
        component["purl"] = purl.to_string()
    return component


def _file_ref(path: str) -> str:
    return f"file:{path}"


def _file(file: ComponentFile) -> dict[str, Any]:
    component: dict[str, Any] = {
        "type": "file",
        "bom-ref": _file_ref(file.path),
        "name": file.path,
        "properties": _properties(
            {
                "steelyard:format": file.format,
                "steelyard:size": str(file.size),
                "steelyard:verdict": file.verdict.value,
                "steelyard:coverage": file.coverage,
            }
        ),
    }
    if file.sha256:
        component["hashes"] = [{"alg": "SHA-256", "content": file.sha256}]
    if file.format in _FORMAT_TYPES:
        component["mime-type"] = _FORMAT_TYPES[file.format]
    return component


def _properties(values: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in sorted(values.items()) if value]


def _concluded(terms: LicenseSummary) -> list[dict[str, Any]]:
    """Return the license the evidence supports: an SPDX id, else an expression, else names.

    CycloneDX takes either one expression or a list of licenses, never both; ids come from the
    SPDX list only, so what is not on it goes by name.
    """
    if terms.expression and (parsed := _spdx(terms.expression)):
        text, single = parsed
        if single:
            return [{"license": {"id": text, "acknowledgement": "concluded"}}]
        return [{"expression": text, "acknowledgement": "concluded"}]
    if terms.expression:
        return [{"license": {"name": terms.expression, "acknowledgement": "concluded"}}]
    if terms.declared:
        return [_license(terms.declared, "declared")]
    return []


def _observed(terms: LicenseSummary) -> list[dict[str, Any]]:
    """Return each license found in a text or declared, once, as evidence."""
    named = [match.spdx or match.key for match in terms.detected]
    licenses = [_license(name, "concluded") for name in dict.fromkeys(named) if name]
    if terms.declared:
        licenses.append(_license(terms.declared, "declared"))
    return licenses


def _license(name: str, acknowledgement: str) -> dict[str, Any]:
    parsed = _spdx(name)
    key, value = ("id", parsed[0]) if parsed and parsed[1] else ("name", name)
    return {"license": {key: value, "acknowledgement": acknowledgement}}


def _spdx(expression: str) -> tuple[str, bool] | None:
    """Return the normalized SPDX expression and whether it is one listed id; None if neither."""
    from license_expression import ExpressionError

    licensing = _licensing()
    try:
        parsed = licensing.parse(expression)
    except (ExpressionError, ValueError):
        return None
    if parsed is None:
        return None
    keys: Iterable[str] = licensing.unknown_license_keys(parsed)
    if any(not re.fullmatch(_LICENSE_REF, key) for key in keys):
        return None
    text = str(parsed)
    return text, text in licensing.known_symbols and not text.startswith("LicenseRef-")


@lru_cache(maxsize=1)
def _licensing() -> Licensing:
    """Return the SPDX list; reading it takes longer than all the rest of a document."""
    from license_expression import get_spdx_licensing

    return get_spdx_licensing()


def _version(subject: Subject) -> str:
    """Return the revision the package URL names, or the commit; empty when neither is known."""
    from packageurl import PackageURL

    if subject.commit:
        return subject.commit
    try:
        return PackageURL.from_string(subject.purl).version or ""
    except ValueError:
        return ""
