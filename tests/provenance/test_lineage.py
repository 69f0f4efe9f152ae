# SPDX-License-Identifier: Apache-2.0
"""Claims of origin, with the file that makes each."""

from __future__ import annotations

import pytest

from steelyard.kernel.card import ModelCard, ModelConfig
from steelyard.provenance.lineage import LineageClaim, lineage_claims


def test_cards_and_adapters_claim() -> None:
    card = ModelCard(
        path="README.md",
        base_models=("org/base",),
        base_model_relation="quantized",
        datasets=("d",),
    )
    config = ModelConfig(path="adapter_config.json", base_models=("org/base",))
    assert lineage_claims([card], [config]) == (
        LineageClaim(
            kind="model", name="org/base", relation="adapter_of", path="adapter_config.json"
        ),
        LineageClaim(kind="model", name="org/base", relation="quantised_from", path="README.md"),
        LineageClaim(kind="dataset", name="d", relation="trained_on", path="README.md"),
    )


@pytest.mark.parametrize(
    ("tags", "library", "relation"),
    [
        ((), "", "unstated"),
        (("LoRA",), "", "adapter_of"),
        ((), "peft", "adapter_of"),
        (("mergekit",), "", "merge_of"),
    ],
)
def test_relations_that_are_not_stated(tags: tuple[str, ...], library: str, relation: str) -> None:
    card = ModelCard(path="README.md", base_models=("a", "b"), tags=tags, library_name=library)
    assert {claim.relation for claim in lineage_claims([card], [])} == {relation}
