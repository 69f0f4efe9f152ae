# SPDX-License-Identifier: Apache-2.0
"""Reads lineage from the headers of weight files: GGUF key-values and safetensors metadata.

GGUF keys as the ggml project documents them (``general.base_model.N.*``, ``general.source.*``,
``general.datasets``, ``general.file_type`` …); safetensors metadata as PEFT, kohya's trainers
(``ss_*``) and the Stability model metadata standard (``modelspec.*``) write them. The readers of
the formats lie elsewhere: this module takes plain values.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from steelyard.kernel.lineage import LineagePaper
from steelyard.provenance.lineage.names import read_reference
from steelyard.provenance.lineage.paper import MOST_CLAIMS, PaperBuilder, texts

FLOATS = frozenset({"F32", "F16", "BF16", "F64"})
"""Types of tensors that are not quantized."""
_BASES_MOST = 64
_ADAPTER_TENSOR = re.compile(
    r"\.(?:lora_[AB]|lora_(?:up|down|embedding_[AB]|magnitude_vector)|hada_w[12]|lokr_w[12]|ia3_l"
    r"|vera_lambda)(?:\.|_|\Z)|\Alora_(?:unet|te\d?)_"
)
_QUANTIZED_TENSOR = re.compile(
    r"\.(?:qweight|qzeros|weight_packed|weight\.absmax|weight\.quant_map|weight\.quant_state[^.]*"
    r"(?:\.[a-z0-9_]+)?|W_q)\Z"
)
_TENSORS_READ = 20_000
_KOHYA = ("ss_sd_model_name", "ss_base_model_version", "ss_sd_model_hash")


def read_gguf_lineage(
    path: str, values: Mapping[str, object], dtypes: Mapping[str, int]
) -> LineagePaper | None:
    """Return what the key-values of a GGUF file say; ``dtypes`` counts elements by tensor type."""
    into = PaperBuilder(path, "gguf")
    _gguf_kind(values, dtypes, into)
    into.fact("architecture", "general.architecture", values.get("general.architecture"))
    into.fact("own_name", "general.name", values.get("general.name"))
    into.fact("own_name", "general.basename", values.get("general.basename"))
    into.fact("tool", "general.quantized_by", values.get("general.quantized_by"))
    into.fact("tool", "general.finetune", values.get("general.finetune"))
    for key in ("general.license", "general.license.name", "general.license.link"):
        into.fact("license", key, values.get(key))
    architecture = values.get("general.architecture")
    if isinstance(architecture, str):
        into.fact(
            "vocabulary", f"{architecture}.vocab_size", values.get(f"{architecture}.vocab_size")
        )
        key = f"{architecture}.embedding_length"
        into.fact("hidden_size", key, values.get(key))
    _gguf_parents(values, into)
    for at, name in enumerate(texts(values.get("general.datasets"))[:MOST_CLAIMS]):
        into.claim(f"general.datasets[{at}]", name, "stated", kind="dataset", relation="trained_on")
    return into.paper()


def _gguf_kind(values: Mapping[str, object], dtypes: Mapping[str, int], into: PaperBuilder) -> None:
    if values.get("general.type") == "adapter" or "adapter.type" in values:
        into.fact("adapter", "adapter.type", values.get("adapter.type") or "adapter")
        return
    if not dtypes:
        return
    quantized = {name: count for name, count in dtypes.items() if name not in FLOATS}
    most = max(quantized, key=lambda name: (quantized[name], name), default="")
    if most:
        into.fact("quantised", "tensor types", most)
    else:
        into.fact("full_weights", "tensor types", ", ".join(sorted(dtypes)))


def _gguf_parents(values: Mapping[str, object], into: PaperBuilder) -> None:
    """``general.source`` is what the file was converted from; ``base_model`` its parents.

    Converters copy the base models from the card of what they convert, so those may be one
    generation further up than the source: the relation is left open.
    """
    for key in ("general.source.repo_url", "general.source.huggingface.repository",
                "general.source.hugginface.repository", "general.source.url"):  # fmt: skip
        address = values.get(key)
        if isinstance(address, str) and read_reference(address).form == "hub":
            into.claim(key, address, "stated", role="source")
            break
    count = values.get("general.base_model.count")
    number = count if type(count) is int and count >= 0 else _BASES_MOST
    if number > _BASES_MOST:
        into.problems.append(f"The header claims {number} base models; {_BASES_MOST} were read.")
    for at in range(min(number, _BASES_MOST)):
        prefix = f"general.base_model.{at}"
        version = values.get(f"{prefix}.version")
        revision = (
            version if isinstance(version, str) and re.fullmatch(r"[0-9a-f]{40}", version) else ""
        )
        for key in (f"{prefix}.repo_url", f"{prefix}.url"):
            address = values.get(key)
            if isinstance(address, str) and read_reference(address).form == "hub":
                into.claim(key, address, "stated", revision=revision)
                break
        else:
            _gguf_named_parent(values, prefix, type(count) is int, into)


def _gguf_named_parent(
    values: Mapping[str, object], prefix: str, counted: bool, into: PaperBuilder
) -> None:
    name, maker = values.get(f"{prefix}.name"), values.get(f"{prefix}.organization")
    if isinstance(name, str) and name.strip():
        # Converters turn the dashes of a repository's name into blanks.
        whole = name.strip().replace(" ", "-")
        if isinstance(maker, str) and maker.strip():
            whole = f"{maker.strip().replace(' ', '-')}/{whole}"
        into.claim(f"{prefix}.name", whole, "stated")
        return
    for key in (f"{prefix}.repo_url", f"{prefix}.url", f"{prefix}.doi"):
        if into.claim(key, values.get(key), "stated").form != "none":
            return
    if counted:
        into.unnamed(prefix, f"{prefix} has no name", "stated", "finetune", "model")


def read_safetensors_lineage(
    path: str, metadata: Mapping[str, str], tensors: Sequence[str], dtypes: Sequence[str] = ()
) -> LineagePaper | None:
    """Return what the metadata and tensor names of a safetensors file say."""
    into = PaperBuilder(path, "safetensors")
    _tensor_kind(tensors[:_TENSORS_READ], dtypes, into)
    for key in ("base_model", "base_model_name_or_path"):
        into.claim(key, metadata.get(key), "stated", only_named=True)
    _kohya(metadata, into)
    _modelspec(metadata, into)
    return into.paper()


def _tensor_kind(names: Sequence[str], dtypes: Sequence[str], into: PaperBuilder) -> None:
    adapters = [name for name in names if _ADAPTER_TENSOR.search(name)]
    quantized = next((name for name in names if _QUANTIZED_TENSOR.search(name)), "")
    if adapters and len(adapters) * 2 >= len(names):
        into.fact("adapter", "tensor names", adapters[0])
    elif names:
        into.fact("full_weights", "tensor names", next(iter(names)))
    if quantized:
        into.fact("quantised", "tensor names", quantized)
    small = next((name for name in dtypes if name.startswith(("F8_", "F4", "F6_"))), "")
    if small and not quantized:
        into.fact("quantised", "tensor types", small)


def _kohya(metadata: Mapping[str, str], into: PaperBuilder) -> None:
    """kohya's trainers: the name of the checkpoint trained on, often only a file name."""
    if not any(key in metadata for key in _KOHYA):
        return
    module = metadata.get("ss_network_module", "")
    if module and module != "None":
        into.fact("adapter", "ss_network_module", module)
    relation = "adapter_of" if module else None
    version = metadata.get("ss_base_model_version", "")
    into.fact("base_family", "ss_base_model_version", version)
    named = metadata.get("ss_sd_model_name", "")
    if named and named != "None":
        into.claim("ss_sd_model_name", named, "stated", relation=relation)  # type: ignore[arg-type]
    elif module:
        into.unnamed(
            "ss_base_model_version", version or "no base named", "stated", "adapter_of", "model"
        )


def _modelspec(metadata: Mapping[str, str], into: PaperBuilder) -> None:
    architecture = metadata.get("modelspec.architecture", "")
    into.fact("base_family", "modelspec.architecture", architecture)
    if re.search(r"[-/](?:lora|textual-inversion|lycoris|control-lora)\Z", architecture):
        into.fact("adapter", "modelspec.architecture", architecture)
    into.fact("own_name", "modelspec.title", metadata.get("modelspec.title"))
    into.fact("license", "modelspec.license", metadata.get("modelspec.license"))
    for at, name in enumerate(metadata.get("modelspec.merged_from", "").split(",")[:MOST_CLAIMS]):
        key = f"modelspec.merged_from[{at}]"
        if into.claim(key, name, "stated", relation="merge_of").form != "none":
            into.fact("merge", "modelspec.merged_from", name)
