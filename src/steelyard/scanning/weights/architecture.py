# SPDX-License-Identifier: Apache-2.0
"""Compares the tensors that are there with what the configuration and the tokenizer declare.

The names are those that the common transformer libraries write. What a configuration does not
state, or a model does not have, is passed over: these checks report contradictions only.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from msgspec import Struct

from steelyard.kernel.finding import Finding, Severity

_EMBEDDING = re.compile(
    r"(?:\A|\.)(?:embed_tokens|word_embeddings|wte|tok_embeddings|token_embd)\.weight\Z"
    r"|\A(?:[a-z_]+\.)?shared\.weight\Z"
)
_HEAD = re.compile(r"(?:\A|\.)(?:lm_head|embed_out|output_embedding)\.weight\Z")
_LAYER = re.compile(r"(?:\A|\.)(?:layers|layer|h|blocks|block)\.(\d{1,5})\.")
_STACKED = ("encoder.", "decoder.")
_PADDING = 1024
"""Rows that padding an embedding for speed may add beyond the vocabulary."""
_DTYPES = {"float32": "F32", "float16": "F16", "bfloat16": "BF16", "float64": "F64"}
_REMEDY = "Ask the publisher for the configuration these weights were saved with."


class Declared(Struct, frozen=True, kw_only=True):
    """What configuration and tokenizer say; None where they do not."""

    vocabulary: int | None = None
    hidden: int | None = None
    layers: int | None = None
    dtype: str = ""
    tied: bool | None = None
    tokens: int | None = None
    """Highest token id of the tokenizer, plus one."""
    base_models: tuple[str, ...] = ()


class Tensor(Struct, frozen=True):
    """One tensor of the model."""

    name: str
    dtype: str
    shape: tuple[int, ...]
    sha256: str


def declared_by(config: Mapping[str, Any], tokenizer: Mapping[str, Any]) -> Declared:
    """Return what a ``config.json`` and a ``tokenizer.json`` declare."""
    text = config.get("text_config")
    merged = {**text, **config} if isinstance(text, dict) else dict(config)
    base = config.get("_name_or_path"), config.get("base_model_name_or_path")
    tied = merged.get("tie_word_embeddings")
    return Declared(
        vocabulary=_natural(merged, "vocab_size", "padded_vocab_size"),
        hidden=_natural(merged, "hidden_size", "n_embd", "d_model", "dim"),
        layers=_natural(merged, "num_hidden_layers", "n_layer", "num_layers", "n_layers"),
        dtype=_DTYPES.get(str(merged.get("torch_dtype") or merged.get("dtype")), ""),
        tied=tied if isinstance(tied, bool) else None,
        tokens=_tokens(tokenizer),
        base_models=tuple(str(name)[:300] for name in base if isinstance(name, str) and name),
    )


def check(declared: Declared, tensors: list[Tensor]) -> Iterator[Finding]:
    """Yield what contradicts: embeddings, layers, data types, tied weights."""
    embeddings = [tensor for tensor in tensors if _EMBEDDING.search(tensor.name)]
    for tensor in embeddings:
        if len(tensor.shape) == 2:
            yield from _embedding(declared, tensor)
    yield from _layers(declared, tensors)
    yield from _dtype(declared, tensors)
    yield from _tied(declared, embeddings, [t for t in tensors if _HEAD.search(t.name)])


def _embedding(declared: Declared, tensor: Tensor) -> Iterator[Finding]:
    rows, columns = tensor.shape
    if declared.vocabulary is not None and rows != declared.vocabulary:
        yield _finding(
            "weights.vocabulary",
            Severity.LOW,
            f"{tensor.name} has {rows} rows; the configuration declares {declared.vocabulary} "
            "tokens.",
            f"shape {list(tensor.shape)}",
        )
    if declared.hidden is not None and columns != declared.hidden:
        yield _finding(
            "weights.shape",
            Severity.LOW,
            f"{tensor.name} is {columns} wide; the configuration declares {declared.hidden}.",
            f"shape {list(tensor.shape)}",
        )
    if declared.tokens is not None and rows > declared.tokens + _PADDING:
        yield _finding(
            "weights.vocabulary",
            Severity.LOW,
            f"{tensor.name} has {rows - declared.tokens} rows beyond the last token the tokenizer "
            "knows: no text selects them, but code may.",
            f"shape {list(tensor.shape)}, tokenizer {declared.tokens}",
        )
    if declared.tokens is not None and rows < declared.tokens:
        yield _finding(
            "weights.vocabulary",
            Severity.LOW,
            f"The tokenizer makes tokens up to {declared.tokens - 1}; {tensor.name} has only "
            f"{rows} rows.",
            f"shape {list(tensor.shape)}, tokenizer {declared.tokens}",
        )


def _layers(declared: Declared, tensors: list[Tensor]) -> Iterator[Finding]:
    if declared.layers is None:
        return
    numbers = {
        int(found[1])
        for tensor in tensors
        if not any(part in tensor.name for part in _STACKED)
        if (found := _LAYER.search(tensor.name))
    }
    if numbers and max(numbers) + 1 != declared.layers:
        yield _finding(
            "weights.layers",
            Severity.LOW,
            f"The tensors are those of {max(numbers) + 1} layers; the configuration declares "
            f"{declared.layers}.",
            f"highest layer {max(numbers)}",
        )


def _dtype(declared: Declared, tensors: list[Tensor]) -> Iterator[Finding]:
    floats = [tensor.dtype for tensor in tensors if tensor.dtype in _DTYPES.values()]
    if not declared.dtype or not floats:
        return
    others = sum(dtype != declared.dtype for dtype in floats)
    if others > len(floats) // 2:
        yield _finding(
            "weights.dtype",
            Severity.INFO,
            f"{others} of {len(floats)} tensors are not {declared.dtype}, which the configuration "
            "declares.",
            ", ".join(sorted(set(floats))),
        )


def _tied(declared: Declared, embeddings: list[Tensor], heads: list[Tensor]) -> Iterator[Finding]:
    if declared.tied is None or not embeddings:
        return
    digests = {tensor.sha256 for tensor in embeddings}
    apart = [head for head in heads if head.sha256 not in digests]
    if declared.tied and apart:
        yield _finding(
            "weights.tied",
            Severity.LOW,
            f"The configuration ties the output to the embedding, but {apart[0].name} is stored "
            "and differs: loaders will differ in which one they use.",
            apart[0].name,
        )
    elif not declared.tied and not heads and any("." in tensor.name for tensor in embeddings):
        yield _finding(
            "weights.tied",
            Severity.INFO,
            "The configuration says that the output is not tied to the embedding, and no output "
            "weights are stored.",
            embeddings[0].name,
        )


def _tokens(tokenizer: Mapping[str, Any]) -> int | None:
    model = tokenizer.get("model")
    vocabulary = model.get("vocab") if isinstance(model, dict) else None
    ids: list[int] = []
    if isinstance(vocabulary, dict):
        ids = [value for value in vocabulary.values() if type(value) is int]
    elif isinstance(vocabulary, list):
        ids = [len(vocabulary) - 1]
    added = tokenizer.get("added_tokens")
    for token in added if isinstance(added, list) else []:
        if isinstance(token, dict) and type(token.get("id")) is int:
            ids.append(token["id"])
    return max(ids) + 1 if ids else None


def _natural(config: Mapping[str, Any], *keys: str) -> int | None:
    for key in keys:
        value = config.get(key)
        if type(value) is int and value > 0:
            return value
    return None


def _finding(rule: str, severity: Severity, message: str, evidence: str) -> Finding:
    return Finding(rule=rule, severity=severity, message=message, evidence=evidence, remedy=_REMEDY)
