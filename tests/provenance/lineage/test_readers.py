# SPDX-License-Identifier: Apache-2.0
"""What each kind of file says about where a model comes from."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steelyard.kernel.errors import SteelyardError
from steelyard.kernel.lineage import LineagePaper
from steelyard.provenance.card import read_card_papers
from steelyard.provenance.lineage.configs import is_lineage_path, read_lineage
from steelyard.provenance.lineage.headers import read_gguf_lineage, read_safetensors_lineage
from steelyard.provenance.lineage.paper import MOST_CLAIMS

NAMES = [
    "adapter_config.json",
    "config.json",
    "tokenizer_config.json",
    "generation_config.json",
    "quantize_config.json",
    "quant_config.json",
    "hf_quant_config.json",
    "model_index.json",
    "modules.json",
    "mergekit_config.yml",
    "mergekit_config.json",
]


def read(name: str, data: Any) -> LineagePaper:
    paper = read_lineage(name, data if isinstance(data, str) else json.dumps(data))
    assert paper is not None
    return paper


def claims(paper: LineagePaper | None) -> list[tuple[str, str, str | None, str]]:
    assert paper is not None
    return [(c.name, c.confidence, c.relation, c.revision) for c in paper.claims]


def facts(paper: LineagePaper | None) -> set[tuple[str, str]]:
    assert paper is not None
    return {(fact.about, fact.text) for fact in paper.facts}


def card(text: str) -> LineagePaper:
    paper = read_card_papers("README.md", text)[2]
    assert paper is not None
    return paper


def test_an_adapter_names_what_its_loader_fetches() -> None:
    paper = read(
        "adapter_config.json",
        {"base_model_name_or_path": "org/base", "revision": "v2", "peft_type": "LORA"},
    )
    assert claims(paper) == [("org/base", "strong", "adapter_of", "v2")]
    assert ("adapter", "LORA") in facts(paper)


@pytest.mark.parametrize("base", [None, "", "/srv/llama", {"a": 1}])
def test_an_adapter_without_a_named_base_has_an_unnamed_one(base: object) -> None:
    paper = read("adapter_config.json", {"base_model_name_or_path": base, "peft_type": "LORA"})
    assert [(claim.name, claim.relation) for claim in paper.claims] == [("", "adapter_of")]


def test_a_merge_is_read_in_all_its_forms() -> None:
    by_slices = """
merge_method: slerp
slices:
  - sources:
      - {model: a/one, layer_range: [0, 32]}
      - {model: b/two@v1+c/lora, layer_range: [0, 32]}
base_model: a/one
tokenizer_source: d/words
"""
    paper = read("mergekit_config.yml", by_slices)
    assert [(c.name, c.kind, c.relation, c.revision, c.role) for c in paper.claims] == [
        ("a/one", "model", "merge_of", "", ""),
        ("a/one", "model", "merge_of", "", ""),
        ("b/two", "model", "merge_of", "v1", ""),
        ("c/lora", "adapter", "merge_of", "", ""),
        ("d/words", "model", "included_in", "", "tokenizer"),
    ]
    assert ("merge", "slerp") in facts(paper)
    mapped = {
        "merge_method": "linear",
        "models": [{"model": {"model": {"path": "a/one", "revision": "v1"}, "lora": "c/lora"}}],
        "tokenizer_source": "union",
    }
    assert [(c.name, c.revision, c.kind) for c in read("mergekit_config.json", mapped).claims] == [
        ("a/one", "v1", "model"),
        ("c/lora", "", "adapter"),
    ]
    experts = {"gate_mode": "hidden", "base_model": "a/one", "experts": [{"source_model": "b/two"}]}
    named = [c.name for c in read("mergekit_config.json", experts).claims]
    assert named == ["a/one", "b/two"]
    modules = {
        "merge_method": "slerp",
        "modules": {"text": {"slices": [{"sources": [{"model": "e/five"}]}]}},
    }
    assert [c.name for c in read("mergekit_config.json", modules).claims] == ["e/five"]


def test_a_quoted_merge_in_a_card_is_the_publishers_word() -> None:
    paper = card("# M\n\n```yaml\nmerge_method: ties\nmodels:\n  - model: a/one\n```\n")
    assert claims(paper) == [("a/one", "stated", "merge_of", "")]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({"quant_method": "gptq", "bits": 4}, "gptq, 4 bits"),
        ({"quant_method": "compressed-tensors", "format": "pack-quantized"}, "compressed-tensors"),
        ({"load_in_4bit": True}, "bitsandbytes load_in_4bit"),
        ({"quant_method": "hqq", "weights": {}}, "hqq"),
    ],
)
def test_quantization_in_a_configuration(value: dict[str, object], text: str) -> None:
    paper = read("config.json", {"model_type": "llama", "quantization_config": value})
    assert ("quantised", text) in facts(paper)


def test_quantization_files_of_their_own() -> None:
    gptq = read("quantize_config.json", {"bits": 4, "model_name_or_path": "org/base"})
    assert ("quantised", "gptq, 4 bits") in facts(gptq)
    assert claims(gptq) == [("org/base", "weak", "quantised_from", "")]
    awq = read("quant_config.json", {"w_bit": 4, "zero_point": True, "q_group_size": 128})
    assert ("quantised", "awq, 4 bits") in facts(awq)
    modelopt = read("hf_quant_config.json", {"quantization": {"quant_algo": "FP8"}})
    assert ("quantised", "FP8") in facts(modelopt)


def test_a_configuration_remembers_what_it_was_saved_from() -> None:
    paper = read("config.json", {"_name_or_path": "org/base", "vocab_size": 9, "model_type": "x"})
    assert claims(paper) == [("org/base", "weak", None, "")]
    assert {("vocabulary", "9"), ("model_type", "x")} <= facts(paper)
    local = read("config.json", {"_name_or_path": "/srv/x", "model_type": "x"})
    assert claims(local) == []
    assert ("local_path", "/srv/x") in facts(local)


def test_draft_models_name_whom_they_speak_for() -> None:
    medusa = read("config.json", {"medusa_num_heads": 2, "base_model_name_or_path": "lmsys/v"})
    assert claims(medusa) == [("lmsys/v", "strong", "adapter_of", "")]
    speculator = read(
        "config.json", {"speculators_config": {"verifier": {"name_or_path": "org/big"}}}
    )
    assert claims(speculator) == [("org/big", "strong", "distilled_from_outputs", "")]


def test_a_card_and_its_tags() -> None:
    paper = card(
        """---
base_model: [org/a@v1, https://huggingface.co/org/b]
base_model_relation: quantized
datasets: [imdb]
license: mit
tags: ["base_model:quantized:org/a", "dataset:org/d", merge, distillation, lora]
model-index:
  - results: [{dataset: {type: glue, name: GLUE}, metrics: [{type: f1, value: 1}]}]
---
Text: distilled from [teacher](https://huggingface.co/big/teacher) and others.
"""
    )
    assert claims(paper) == [
        ("org/a", "stated", "quantised_from", "v1"),
        ("org/b", "stated", "quantised_from", ""),
        ("imdb", "stated", "trained_on", ""),
        ("org/a", "stated", "quantised_from", ""),
        ("org/d", "stated", "trained_on", ""),
        ("big/teacher", "weak", "distilled_from_outputs", ""),
    ]
    assert {("evaluated_on", "glue"), ("merge", "merge"), ("distilled", "distillation")} <= facts(
        paper
    )
    assert ("license", "mit") in facts(paper)


@pytest.mark.parametrize(
    ("sentence", "relation"),
    [
        ("A fine-tuned version of [x](https://huggingface.co/org/x) on imdb.", "finetune"),
        ("A model finetuned from [org/x](https://huggingface.co/org/x).", "finetune"),
        ("Quantized version of org/x", "quantised_from"),
        ("It was distilled from the teacher model **org/x**", "distilled_from_outputs"),
    ],
)  # fmt: skip
def test_telling_sentences_are_weak(sentence: str, relation: str) -> None:
    assert claims(card(f"# M\n{sentence}\n")) == [("org/x", "weak", relation, "")]


def test_keys_that_stand_twice_keep_both_values() -> None:
    paper = card("---\nlicense: mit\nbase_model: a/b\nlicense: gpl-3.0\n---\n")
    assert paper.repeated == (("license", "mit", "gpl-3.0"),)


GGUF = {
    "general.architecture": "llama",
    "general.name": "My Model",
    "general.base_model.count": 2,
    "general.base_model.0.name": "Llama 3.1 8B",
    "general.base_model.0.organization": "Meta Llama",
    "general.base_model.0.repo_url": "https://huggingface.co/meta-llama/Llama-3.1-8B",
    "general.base_model.1.name": "Other Thing",
    "general.base_model.1.organization": "Some Org",
    "general.datasets": ["org/data"],
    "general.license": "mit",
    "llama.vocab_size": 32000,
}


def test_gguf_headers() -> None:
    paper = read_gguf_lineage("m.gguf", GGUF, {"Q4_K": 100, "F32": 3})
    assert claims(paper) == [
        ("meta-llama/Llama-3.1-8B", "stated", None, ""),
        ("Some-Org/Other-Thing", "stated", None, ""),
        ("org/data", "stated", "trained_on", ""),
    ]
    assert {("quantised", "Q4_K"), ("license", "mit"), ("vocabulary", "32000")} <= facts(paper)
    whole = read_gguf_lineage("m.gguf", {"general.architecture": "llama"}, {"F16": 1})
    assert ("full_weights", "F16") in facts(whole)
    lora = read_gguf_lineage("m.gguf", {"general.type": "adapter", "adapter.type": "lora"}, {})
    assert ("adapter", "lora") in facts(lora)
    counted = read_gguf_lineage("m.gguf", {"general.base_model.count": 1}, {})
    assert claims(counted) == [("", "stated", "finetune", "")]
    absurd = read_gguf_lineage("m.gguf", {"general.base_model.count": 2**60}, {})
    assert absurd is not None
    assert absurd.problems


def test_safetensors_headers() -> None:
    lora = ["base_model.model.layers.0.q_proj.lora_A.weight"]
    paper = read_safetensors_lineage("a.safetensors", {}, lora)
    assert ("adapter", lora[0]) in facts(paper)
    kohya = {
        "ss_network_module": "networks.lora",
        "ss_sd_model_name": "runwayml/stable-diffusion-v1-5",
        "ss_base_model_version": "sd_v1",
    }
    paper = read_safetensors_lineage("a.safetensors", kohya, ["lora_unet_x.lora_up.weight"])
    assert claims(paper) == [("runwayml/stable-diffusion-v1-5", "stated", "adapter_of", "")]
    unnamed = {"ss_network_module": "networks.lora", "ss_base_model_version": "sdxl_base_v1-0"}
    paper = read_safetensors_lineage("a.safetensors", unnamed, [])
    assert claims(paper) == [("", "stated", "adapter_of", "")]
    merged = {"modelspec.merged_from": "SDXL 1.0 Base, My Other Model", "modelspec.title": "T"}
    paper = read_safetensors_lineage("a.safetensors", merged, ["w"])
    assert claims(paper) == [
        ("SDXL 1.0 Base", "stated", "merge_of", ""),
        ("My Other Model", "stated", "merge_of", ""),
    ]
    packed = read_safetensors_lineage("a.safetensors", {}, ["model.layers.0.mlp.qweight"])
    assert ("quantised", "model.layers.0.mlp.qweight") in facts(packed)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4)
    | st.dictionaries(
        st.sampled_from(
            ["base_model", "models", "model", "slices", "sources", "quantization_config", "bits",
             "merge_method", "_name_or_path", "base_model_name_or_path", "tokenizer", "experts",
             "speculators_config", "verifier", "name_or_path", "architectures", "quantization"]
        ),
        inner,
        max_size=5,
    ),
    max_leaves=20,
)  # fmt: skip


@given(st.sampled_from(NAMES), JSON)
def test_no_document_breaks_a_reader(name: str, data: object) -> None:
    assert is_lineage_path(f"sub/{name}")
    try:
        read_lineage(name, json.dumps(data))
    except SteelyardError as error:
        assert error.message


@given(st.sampled_from(NAMES), st.text(max_size=300))
def test_no_text_breaks_a_reader(name: str, text: str) -> None:
    try:
        read_lineage(name, text)
    except SteelyardError as error:
        assert error.message


@given(st.dictionaries(st.sampled_from([*GGUF, "general.type", "general.source.repo_url"]), JSON))
def test_no_header_breaks_a_reader(values: dict[str, object]) -> None:
    read_gguf_lineage("m.gguf", values, {"F16": 1})
    read_safetensors_lineage("m.safetensors", {k: str(v) for k, v in values.items()}, [])


def test_floods_are_counted_not_kept() -> None:
    many = {
        "merge_method": "linear",
        "slices": [{"sources": [{"model": f"a/m{at}"}]} for at in range(3_000)],
    }
    paper = read("mergekit_config.json", many)
    assert len(paper.claims) == MOST_CLAIMS
    assert any("not kept" in problem for problem in paper.problems)
