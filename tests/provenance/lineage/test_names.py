# SPDX-License-Identifier: Apache-2.0
"""Names of models in all their spellings."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steelyard.provenance.lineage.names import MOST, hub_purl, identity, read_reference

COMMIT = "AB" * 20
CASES = {
    "org/name": ("hub", "org/name", ""),
    " `org/name` ": ("hub", "org/name", ""),
    "org/name@v1.0": ("hub", "org/name", "v1.0"),
    "org/name@main": ("hub", "org/name", ""),
    f"org/name@{COMMIT}": ("hub", "org/name", COMMIT.lower()),
    "https://huggingface.co/org/name": ("hub", "org/name", ""),
    "http://www.huggingface.co/org/name/tree/v2?x=1": ("hub", "org/name", "v2"),
    "hf.co/org/name:Q4_K_M": ("hub", "org/name", ""),
    "hf:org/name": ("hub", "org/name", ""),
    f"pkg:huggingface/org/name@{COMMIT}": ("hub", "org/name", COMMIT.lower()),
    "bert-base-uncased": ("name", "bert-base-uncased", ""),
    "Stable Diffusion XL 1.0 Base": ("name", "Stable Diffusion XL 1.0 Base", ""),
    "https://github.com/org/name": ("url", "github.com/org/name", ""),
    "/home/me/llama": ("path", "llama", ""),
    "./out/llama": ("path", "llama", ""),
    "C:\\models\\llama": ("path", "llama", ""),
    "models/llama": ("path", "llama", ""),
    "a/b/c": ("path", "c", ""),
    "v1-5-pruned.safetensors": ("path", "v1-5-pruned.safetensors", ""),
    "/x/models--meta-llama--Llama-3/snapshots/" + "a" * 40: ("hub", "meta-llama/Llama-3", "a" * 40),
    "": ("none", "", ""),
    "None": ("none", "", ""),
}


@pytest.mark.parametrize("text", CASES)
def test_every_spelling(text: str) -> None:
    found = read_reference(text)
    assert (found.form, found.name, found.revision) == CASES[text]


def test_a_data_set_is_told_from_a_model() -> None:
    assert read_reference("https://huggingface.co/datasets/org/data").dataset
    assert not read_reference("https://huggingface.co/org/data").dataset


def test_purls_keep_case_and_write_commits_small() -> None:
    assert hub_purl("Org/Name", COMMIT) == f"pkg:huggingface/Org/Name@{COMMIT.lower()}"
    assert hub_purl("no name at all") == ""
    assert identity("Org/Name ") == identity("org/name")


@given(st.text(max_size=2_000))
def test_any_text_is_read(text: str) -> None:
    found = read_reference(text)
    assert len(found.name) <= MOST + 200
    assert found.form == "none" or found.form == "path" or found.name
