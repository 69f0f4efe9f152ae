# SPDX-License-Identifier: Apache-2.0
"""Reads ``config.json`` and its kin: what kind of model this claims to be and builds upon."""

from __future__ import annotations

import json

from steelyard.kernel.card import ModelConfig
from steelyard.kernel.errors import ArtifactError, LimitExceeded
from steelyard.kernel.limits import DEFAULT_LIMITS

NAMES = frozenset(
    {
        "config.json",
        "adapter_config.json",
        "model_index.json",
        "modules.json",
        "tokenizer_config.json",
        "config_sentence_transformers.json",
        "processor_config.json",
        "preprocessor_config.json",
        "generation_config.json",
    }
)
_MAX_ITEMS = 200
_MAX_TEXT = 500


def is_config_path(path: str) -> bool:
    """Tell whether :func:`read_config` understands files of this name."""
    return path.rsplit("/", 1)[-1].lower() in NAMES


def read_config(path: str, text: str) -> ModelConfig | None:
    """Return what a configuration says; None when the file is no model configuration.

    Raises:
        ArtifactError: the text is not JSON.
        LimitExceeded: it is longer than ``Limits.json_bytes`` or nested too deeply.
    """
    name = path.rsplit("/", 1)[-1].lower()
    if name not in NAMES:
        return None
    if len(text) > DEFAULT_LIMITS.json_bytes:
        raise LimitExceeded(f"The configuration is longer than {DEFAULT_LIMITS.json_bytes} bytes.")
    try:
        data = json.loads(text)
    except RecursionError as error:
        raise LimitExceeded("The configuration is nested too deeply.") from error
    except ValueError as error:
        raise ArtifactError(f"The configuration is not JSON: {error}.") from error
    if name == "modules.json":
        return _modules(path, data)
    if not isinstance(data, dict):
        return None
    return ModelConfig(
        path=path,
        model_type=_text(data.get("model_type") or data.get("peft_type")),
        architectures=_architectures(data),
        auto_map=_auto_map(data.get("auto_map")),
        library=_library(name, data),
        library_version=_library_version(data),
        base_models=_texts([data.get("base_model_name_or_path")]),
    )


def _modules(path: str, data: object) -> ModelConfig | None:
    """Sentence-transformers pipelines are a list of modules, each with its Python type."""
    if not isinstance(data, list):
        return None
    types = _texts([item.get("type") for item in data if isinstance(item, dict)])
    known = any(name.startswith("sentence_transformers.") for name in types)
    return ModelConfig(
        path=path, architectures=types, library="sentence-transformers" if known else ""
    )


def _library(name: str, data: dict[str, object]) -> str:
    if name == "model_index.json" and "_diffusers_version" in data:
        return "diffusers"
    if name == "config_sentence_transformers.json":
        return "sentence-transformers"
    if name == "adapter_config.json" and "peft_type" in data:
        return "peft"
    return "transformers" if "transformers_version" in data else ""


def _library_version(data: dict[str, object]) -> str:
    nested = data.get("__version__")
    versions = nested if isinstance(nested, dict) else {}
    return _text(
        data.get("transformers_version")
        or data.get("_diffusers_version")
        or data.get("peft_version")
        or versions.get("sentence_transformers")
    )


def _architectures(data: dict[str, object]) -> tuple[str, ...]:
    listed = data.get("architectures")
    if isinstance(listed, list):
        return _texts(listed)
    return _texts([listed or data.get("_class_name")])


def _auto_map(value: object) -> tuple[str, ...]:
    """Return the ``module.Class`` targets a loader would import; a value may be a list of them."""
    if isinstance(value, str):
        return _texts([value])
    if not isinstance(value, dict):
        return ()
    targets: list[object] = []
    for target in value.values():
        targets.extend(target if isinstance(target, list) else [target])
    return _texts(targets)


def _texts(values: list[object]) -> tuple[str, ...]:
    found = [_text(value) for value in values[:_MAX_ITEMS]]
    return tuple(dict.fromkeys(text for text in found if text))


def _text(value: object) -> str:
    return value.strip()[:_MAX_TEXT] if isinstance(value, str) else ""
