# SPDX-License-Identifier: Apache-2.0
"""Configurations: what they claim, and that nothing in them is fatal."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steelyard.kernel.card import ModelConfig
from steelyard.kernel.errors import ArtifactError, LimitExceeded
from steelyard.provenance.config import NAMES, is_config_path, read_config

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner),
    max_leaves=12,
)


def test_a_transformers_configuration() -> None:
    data = {
        "model_type": "bert",
        "architectures": ["BertModel", 3],
        "auto_map": {"AutoModel": "modeling_x.X", "AutoTokenizer": [None, "tok_x.T"]},
        "transformers_version": "4.40",
    }
    assert read_config("a/config.json", json.dumps(data)) == ModelConfig(
        path="a/config.json",
        model_type="bert",
        architectures=("BertModel",),
        auto_map=("modeling_x.X", "tok_x.T"),
        library="transformers",
        library_version="4.40",
    )


def test_an_adapter_names_its_base() -> None:
    data = {"peft_type": "LORA", "base_model_name_or_path": "org/base"}
    config = read_config("adapter_config.json", json.dumps(data))
    assert config is not None
    assert (config.base_models, config.library) == (("org/base",), "peft")


def test_pipelines() -> None:
    modules = [{"idx": 0, "type": "sentence_transformers.models.Transformer"}]
    config = read_config("modules.json", json.dumps(modules))
    assert config is not None and config.library == "sentence-transformers"
    index = {"_class_name": "StableDiffusionPipeline", "_diffusers_version": "0.30"}
    config = read_config("model_index.json", json.dumps(index))
    assert config is not None
    assert (config.library, config.architectures) == ("diffusers", ("StableDiffusionPipeline",))


def test_other_files_and_shapes_are_no_configuration() -> None:
    assert not is_config_path("tokenizer.json")
    assert read_config("tokenizer.json", "{}") is None
    assert read_config("config.json", "[1]") is None
    assert read_config("modules.json", "{}") is None


def test_what_is_no_json_is_an_artifact_error() -> None:
    with pytest.raises(ArtifactError, match="not JSON"):
        read_config("config.json", "{")
    with pytest.raises(LimitExceeded, match="deeply"):
        read_config("config.json", "[" * 200_000)


@given(st.sampled_from(sorted(NAMES)), JSON)
def test_any_json_is_read(name: str, data: object) -> None:
    config = read_config(name, json.dumps(data))
    assert config is None or config.path == name


@given(st.sampled_from(["model_type", "architectures", "auto_map", "peft_type"]), JSON)
def test_any_value_in_a_known_field_is_read(field: str, value: object) -> None:
    assert read_config("config.json", json.dumps({field: value})) is not None
