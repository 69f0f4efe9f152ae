# SPDX-License-Identifier: Apache-2.0
"""What a revision says it was made from: base models, how, and data sets. Claims, not facts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from msgspec import Struct

from steelyard.kernel.card import ModelCard, ModelConfig

Relation = Literal["finetune", "merge_of", "adapter_of", "quantised_from", "trained_on", "unstated"]

_RELATIONS: dict[str, Relation] = {
    "finetune": "finetune",
    "finetuned": "finetune",
    "merge": "merge_of",
    "adapter": "adapter_of",
    "quantized": "quantised_from",
    "quantised": "quantised_from",
}


class LineageClaim(Struct, frozen=True, kw_only=True):
    """One claimed source: its kind, its name as written, the relation and who says so."""

    kind: Literal["model", "dataset"]
    name: str
    relation: Relation
    path: str


def lineage_claims(
    cards: Sequence[ModelCard], configs: Sequence[ModelConfig]
) -> tuple[LineageClaim, ...]:
    """Return every claim once per file that makes it, adapters' configurations first.

    An adapter's configuration is the stronger claim: loaders follow it. A card with several base
    models and no stated relation is a merge only if it says so in its tags.
    """
    claims = [
        LineageClaim(kind="model", name=name, relation="adapter_of", path=config.path)
        for config in configs
        for name in config.base_models
    ]
    for card in cards:
        relation = _relation(card)
        claims += [
            LineageClaim(kind="model", name=name, relation=relation, path=card.path)
            for name in card.base_models
        ]
        claims += [
            LineageClaim(kind="dataset", name=name, relation="trained_on", path=card.path)
            for name in card.datasets
        ]
    return tuple(dict.fromkeys(claims))


def _relation(card: ModelCard) -> Relation:
    stated = _RELATIONS.get(card.base_model_relation.strip().lower())
    if stated is not None:
        return stated
    tags = {tag.lower() for tag in card.tags}
    if tags & {"lora", "adapter", "peft"} or card.library_name.lower() == "peft":
        return "adapter_of"
    if tags & {"merge", "mergekit"}:
        return "merge_of"
    return "unstated"
