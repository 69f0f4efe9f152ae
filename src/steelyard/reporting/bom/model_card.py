# SPDX-License-Identifier: Apache-2.0
"""The ``modelCard`` of CycloneDX: what card and configuration say, nothing else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from steelyard.kernel.card import EvaluationResult, ModelCard
from steelyard.reporting.bom.revision import Revision


def model_card(revision: Revision, datasets: Sequence[str]) -> dict[str, Any]:
    """Return the model card; ``datasets`` are references of data components."""
    model, card = revision.model, revision.card
    parameters: dict[str, Any] = {
        "task": model.task,
        "architectureFamily": model.model_type,
        "modelArchitecture": ", ".join(model.architectures),
        "datasets": [{"ref": ref} for ref in datasets],
    }
    shown: dict[str, Any] = {"modelParameters": stated(parameters)}
    if card is not None:
        metrics = [metric for result in card.evaluations if (metric := _metric(result))]
        shown["quantitativeAnalysis"] = stated({"performanceMetrics": metrics})
        shown["considerations"] = stated(
            {
                "useCases": _sentence(card.intended_use.excerpt),
                "technicalLimitations": _sentence(card.limitations.excerpt),
            }
        )
        shown["properties"] = _claims(card)
    return stated(shown)


def _claims(card: ModelCard) -> list[dict[str, str]]:
    return properties(
        {
            "steelyard:claim": "declared",
            "steelyard:card:path": card.path,
            "steelyard:card:title": card.title,
            "steelyard:card:training_data": card.training_data.excerpt,
            "steelyard:card:evaluation": card.evaluation.excerpt,
        }
    )


def metric_slice(result: EvaluationResult) -> str:
    """Return what a metric was measured on: the data set, and the task if it says more."""
    task = f" ({result.task})" if result.task and result.dataset else result.task
    return f"{result.dataset}{task}"


def _metric(result: EvaluationResult) -> dict[str, str]:
    return stated({"type": result.metric, "value": result.value, "slice": metric_slice(result)})


def _sentence(excerpt: str) -> list[str]:
    return [excerpt] if excerpt else []


def stated(values: dict[str, Any]) -> dict[str, Any]:
    """Return ``values`` without what is empty."""
    return {key: value for key, value in values.items() if value not in ("", [], {}, None)}


def properties(values: Mapping[str, str]) -> list[dict[str, str]]:
    """Return ``values`` as CycloneDX properties by name, without what is empty."""
    return [{"name": name, "value": value} for name, value in sorted(values.items()) if value]
