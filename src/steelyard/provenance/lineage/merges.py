# SPDX-License-Identifier: Apache-2.0
"""Reads mergekit configurations: which models went into a merge, and whose tokenizer it has.

Fields as mergekit defines them: ``models`` or ``slices`` or ``modules``, ``base_model``,
``merge_method``, ``tokenizer_source`` (``union``, ``base`` or a model) or ``tokenizer.source``,
``experts[].source_model`` of its mixture-of-experts mode. A model is ``path[@revision]``, with
``+path`` for a LoRA merged into it first, or a mapping of the same.
"""

from __future__ import annotations

from collections.abc import Iterator

from steelyard.kernel.errors import ArtifactError, LimitExceeded
from steelyard.kernel.limits import DEFAULT_LIMITS
from steelyard.kernel.lineage import Confidence
from steelyard.provenance.lineage.paper import MOST_CLAIMS, PaperBuilder

_MARKS = ("merge_method", "slices", "experts", "gate_mode")
"""Fields that make a YAML mapping a mergekit configuration."""
_SLICES_MOST = 2_000


def read_merge_text(text: str, into: PaperBuilder) -> None:
    """Read a whole ``mergekit_config`` file, YAML or JSON (which YAML contains).

    Raises:
        ArtifactError: it is no mapping of fields.
        LimitExceeded: it is too long.
    """
    if len(text) > DEFAULT_LIMITS.yaml_bytes:
        raise LimitExceeded(f"The merge is longer than {DEFAULT_LIMITS.yaml_bytes} bytes.")
    from steelyard.provenance.card import read_fields

    problems: list[str] = []
    fields = read_fields(text, problems, what="merge configuration")
    if problems and not fields:
        raise ArtifactError(problems[0])
    into.problems += problems
    if not read_merge(fields, into, "strong"):
        into.problems.append("The merge configuration names no merge method and no slices.")


def read_merge(
    fields: object, into: PaperBuilder, confidence: Confidence, prefix: str = ""
) -> bool:
    """Record the models of a merge; return False if these fields describe none.

    A configuration beside the weights is what the tool left behind (``strong``); one quoted in a
    card is the publisher's word (``stated``).
    """
    if not isinstance(fields, dict) or not any(mark in fields for mark in _MARKS):
        return False
    method = fields.get("merge_method") or fields.get("gate_mode")
    into.fact("merge", f"{prefix}merge_method", method if isinstance(method, str) else "merge")
    for key, model in _models(fields):
        _claim(f"{prefix}{key}", model, into, confidence)
    source = fields.get("tokenizer_source")
    tokenizer = fields.get("tokenizer")
    key = "tokenizer_source"
    if source is None and isinstance(tokenizer, dict):
        source, key = tokenizer.get("source"), "tokenizer.source"
    if isinstance(source, str) and source not in ("union", "base", ""):
        named = source.removeprefix("model:")
        into.claim(f"{prefix}{key}", named, confidence, relation="included_in", role="tokenizer")
    return True


def _models(fields: dict[str, object]) -> Iterator[tuple[str, object]]:
    """Yield every model with its place, the base first."""
    if fields.get("base_model"):
        yield "base_model", fields["base_model"]
    for key, sources in _parts(fields):
        for at, source in enumerate(_list(sources)[:MOST_CLAIMS]):
            if not isinstance(source, dict):
                yield f"{key}[{at}]", source
                continue
            for name in ("model", "source_model"):
                if source.get(name):
                    yield f"{key}[{at}].{name}", source[name]


def _parts(fields: dict[str, object]) -> Iterator[tuple[str, object]]:
    yield "models", fields.get("models")
    yield "experts", fields.get("experts")
    yield "shared_experts", fields.get("shared_experts")
    yield from _slices("slices", fields.get("slices"))
    modules = fields.get("modules")
    if isinstance(modules, dict):
        for name, module in list(modules.items())[:50]:
            if isinstance(module, dict):
                yield f"modules.{name}.models", module.get("models")
                yield from _slices(f"modules.{name}.slices", module.get("slices"))


def _slices(key: str, slices: object) -> Iterator[tuple[str, object]]:
    for at, part in enumerate(_list(slices)[:_SLICES_MOST]):
        if isinstance(part, dict):
            yield f"{key}[{at}].sources", part.get("sources")


def _claim(key: str, model: object, into: PaperBuilder, confidence: Confidence) -> None:
    if isinstance(model, dict):
        # The mapping form: {model: {path, revision}, lora: {path, revision}}.
        inner = model.get("model", model)
        _claim_part(key, inner, into, confidence)
        if model.get("lora"):
            _claim_part(f"{key}.lora", model["lora"], into, confidence, adapter=True)
    elif isinstance(model, str):
        name, *adapters = model.split("+")
        _claim_part(key, name, into, confidence)
        for adapter in adapters[:5]:
            _claim_part(key, adapter, into, confidence, adapter=True)


def _claim_part(
    key: str, part: object, into: PaperBuilder, confidence: Confidence, *, adapter: bool = False
) -> None:
    revision: object = ""
    if isinstance(part, dict):
        inner = part.get("path", "")
        if isinstance(inner, dict):
            inner = inner.get("path", "")
        revision = part.get("revision", "")
        part = inner
    into.claim(
        key,
        part,
        confidence,
        relation="merge_of",
        kind="adapter" if adapter else "model",
        revision=revision,
    )


def _list(value: object) -> list[object]:
    return value if isinstance(value, list) else []
