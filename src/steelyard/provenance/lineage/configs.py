# SPDX-License-Identifier: Apache-2.0
"""Reads lineage from the JSON files beside weights: configurations, adapters, quantization.

Key names are those the libraries write: PEFT (``adapter_config.json``), transformers
(``config.json``, ``tokenizer_config.json``), AutoGPTQ and AutoAWQ (``quantize_config.json``,
``quant_config.json``), ModelOpt (``hf_quant_config.json``), MLX (``quantization``), Medusa and
speculators (draft models), diffusers and sentence-transformers pipelines.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from steelyard.kernel.errors import ArtifactError, LimitExceeded
from steelyard.kernel.limits import DEFAULT_LIMITS
from steelyard.kernel.lineage import LineagePaper, PaperSource
from steelyard.provenance.lineage.paper import MOST_CLAIMS, PaperBuilder, texts

_MERGE_NAMES = frozenset({"mergekit_config.json", "mergekit_config.yml", "mergekit_config.yaml"})
_QUANT_FIELDS = ("quantization_config", "compression_config", "quantization")
"""Fields of ``config.json`` that only quantized weights need."""
_MODULES_MOST = 40


def is_lineage_path(path: str) -> bool:
    """Tell whether :func:`read_lineage` understands files of this name."""
    return _reader(path) is not None


def read_lineage(path: str, text: str) -> LineagePaper | None:
    """Return what a file beside the weights says about where they come from.

    Raises:
        ArtifactError: the text is not JSON (or YAML, for a merge).
        LimitExceeded: it is too long or nested too deeply.
    """
    found = _reader(path)
    if found is None:
        return None
    source, read = found
    into = PaperBuilder(path, source)
    if source == "mergekit":
        from steelyard.provenance.lineage.merges import read_merge_text

        read_merge_text(text, into)
        return into.paper()
    data = _json(text)
    if isinstance(data, dict):
        read(data, into)
    elif isinstance(data, list) and source == "pipeline":
        _modules(data, into)
    return into.paper()


Reader = Callable[[dict[str, Any], PaperBuilder], None]


def _reader(path: str) -> tuple[PaperSource, Reader] | None:
    name = path.rsplit("/", 1)[-1].lower()
    if name in _MERGE_NAMES:
        return "mergekit", _nothing
    return _READERS.get(name)


def _json(text: str) -> object:
    if len(text) > DEFAULT_LIMITS.json_bytes:
        raise LimitExceeded(f"The file is longer than {DEFAULT_LIMITS.json_bytes} bytes.")
    try:
        return json.loads(text.removeprefix("\ufeff"))
    except RecursionError as error:
        raise LimitExceeded("The file is nested too deeply.") from error
    except ValueError as error:
        raise ArtifactError(f"The file is not JSON: {error}.") from error


def _nothing(_data: dict[str, Any], _into: PaperBuilder) -> None:
    """Stand in for files that are read as text."""


def _adapter(data: dict[str, Any], into: PaperBuilder) -> None:
    """PEFT: ``base_model_name_or_path`` is what the loader fetches to put the adapter on."""
    kind = data.get("peft_type")
    into.fact("adapter", "peft_type", kind if isinstance(kind, str) else "adapter_config.json")
    named = data.get("base_model_name_or_path")
    key = "base_model_name_or_path"
    if isinstance(named, str) and named.strip():
        into.claim(key, named, "strong", relation="adapter_of", revision=data.get("revision"))
    else:
        into.unnamed(key, f"{key}: {named!r}", "strong", "adapter_of", "model")


def _config(data: dict[str, Any], into: PaperBuilder) -> None:
    inner = data.get("text_config")
    inner = inner if isinstance(inner, dict) else {}
    into.fact("model_type", "model_type", data.get("model_type"))
    for name in texts(data.get("architectures"))[:20]:
        into.fact("architecture", "architectures", name)
    for field in ("vocab_size", "padded_vocab_size"):
        into.fact("vocabulary", field, data.get(field, inner.get(field)))
    for field in ("hidden_size", "n_embd", "d_model"):
        into.fact("hidden_size", field, data.get(field, inner.get(field)))
    for field in ("_name_or_path", "name_or_path"):
        into.claim(field, data.get(field), "weak", only_named=True)
    for field in _QUANT_FIELDS:
        value = data.get(field)
        if isinstance(value, dict) and value:
            _quantized(field, value, into)
    _drafts(data, into)


def _drafts(data: dict[str, Any], into: PaperBuilder) -> None:
    """Draft models name the model they speak for; Medusa heads are loaded on top of theirs."""
    named = data.get("base_model_name_or_path")
    if "medusa_num_heads" in data:
        into.fact("draft", "medusa_num_heads", data["medusa_num_heads"])
        into.claim("base_model_name_or_path", named, "strong", relation="adapter_of")
    elif named is not None:
        into.claim("base_model_name_or_path", named, "stated")
    speculators = data.get("speculators_config")
    verifier = speculators.get("verifier") if isinstance(speculators, dict) else None
    if isinstance(speculators, dict) and isinstance(verifier, dict):
        into.fact("draft", "speculators_config", speculators.get("algorithm") or "speculator")
        into.claim(
            "speculators_config.verifier.name_or_path",
            verifier.get("name_or_path"),
            "strong",
            relation="distilled_from_outputs",
            role="verifier",
        )


def _quantized(field: str, value: dict[str, Any], into: PaperBuilder) -> None:
    """Say that weights are quantized and by which method."""
    method = value.get("quant_method") or value.get("quant_algo") or value.get("format")
    bits = value.get("bits") or value.get("w_bit")
    if not isinstance(method, str):
        flags = [name for name in ("load_in_4bit", "load_in_8bit") if value.get(name) is True]
        method = f"bitsandbytes {flags[0]}" if flags else "method not stated"
        if not flags and not isinstance(bits, int) and "weights" not in value:
            return
    into.fact("quantised", field, f"{method}, {bits} bits" if type(bits) is int else method)


def _quantization(data: dict[str, Any], into: PaperBuilder) -> None:
    """AutoGPTQ, AutoAWQ and ModelOpt files; the file exists only beside quantized weights."""
    inner = data.get("quantization")
    value = inner if isinstance(inner, dict) else data
    method = value.get("quant_method") or value.get("quant_algo")
    if not isinstance(method, str):
        method = "awq" if "w_bit" in value or "zero_point" in value else "gptq"
        method = method if ("bits" in value or "w_bit" in value) else "method not stated"
    bits = value.get("bits") or value.get("w_bit")
    into.fact(
        "quantised", "quant_method", f"{method}, {bits} bits" if type(bits) is int else method
    )
    into.claim(
        "model_name_or_path",
        data.get("model_name_or_path"),
        "weak",
        relation="quantised_from",
        only_named=True,
    )


def _tokenizer(data: dict[str, Any], into: PaperBuilder) -> None:
    named = data.get("name_or_path")
    into.claim(
        "name_or_path", named, "weak", relation="included_in", role="tokenizer", only_named=True
    )


def _generation(data: dict[str, Any], into: PaperBuilder) -> None:
    into.claim(
        "assistant_model", data.get("assistant_model"), "weak", relation="serves", role="draft"
    )
    into.claim("_name_or_path", data.get("_name_or_path"), "weak", only_named=True)


def _pipeline(data: dict[str, Any], into: PaperBuilder) -> None:
    """A diffusers pipeline: its parts by library and class, and what it was saved from."""
    into.fact("architecture", "_class_name", data.get("_class_name"))
    into.claim("_name_or_path", data.get("_name_or_path"), "weak", only_named=True)
    parts = [
        (name, value)
        for name, value in data.items()
        if isinstance(value, list) and len(value) == 2 and all(isinstance(v, str) for v in value)
    ]
    for name, value in parts[:_MODULES_MOST]:
        into.fact("tool", name, f"{value[0]}.{value[1]}")


def _modules(data: list[Any], into: PaperBuilder) -> None:
    """A sentence-transformers pipeline: its modules by Python type."""
    for at, module in enumerate(data[:_MODULES_MOST]):
        if isinstance(module, dict):
            into.fact("tool", f"[{at}].type", module.get("type"))


def _sentence(data: dict[str, Any], into: PaperBuilder) -> None:
    """``model_card_data`` of sentence-transformers, where it was kept as JSON."""
    card = data.get("model_card_data")
    card = card if isinstance(card, dict) else data
    into.claim(
        "base_model", card.get("base_model"), "stated", revision=card.get("base_model_revision")
    )
    for at, name in enumerate(texts(card.get("train_datasets"))[:MOST_CLAIMS]):
        into.claim(f"train_datasets[{at}]", name, "stated", kind="dataset", relation="trained_on")


_READERS: dict[str, tuple[PaperSource, Reader]] = {
    "adapter_config.json": ("adapter", _adapter),
    "config.json": ("config", _config),
    "tokenizer_config.json": ("tokenizer", _tokenizer),
    "generation_config.json": ("config", _generation),
    "quantize_config.json": ("quantization", _quantization),
    "quant_config.json": ("quantization", _quantization),
    "hf_quant_config.json": ("quantization", _quantization),
    "model_index.json": ("pipeline", _pipeline),
    "modules.json": ("pipeline", _nothing),
    "config_sentence_transformers.json": ("config", _sentence),
    "model_card_data.json": ("config", _sentence),
}
