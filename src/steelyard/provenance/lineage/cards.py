# SPDX-License-Identifier: Apache-2.0
"""Reads lineage from a model card: its fields, its tags, quoted merges, and telling sentences.

Fields are the publisher's word (``stated``). A sentence such as "fine-tuned from org/name" or a tag
such as ``distillation`` is a weak claim: it counts only where nothing better is said.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from steelyard.kernel.lineage import LineagePaper, Relation
from steelyard.provenance.lineage.names import read_reference
from steelyard.provenance.lineage.paper import HUB_RELATIONS, MOST_CLAIMS, PaperBuilder, texts

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from steelyard.provenance.card import Repeated

_BODY_READ = 200_000
"""Characters of the text that are searched for sentences and quoted merges."""
_BLOCKS_READ = 20
_SENTENCES_READ = 20
_BLOCK = re.compile(r"^[ \t]{0,3}```[ \t]*(?:ya?ml)?[ \t]*\n(.*?)^[ \t]{0,3}```", re.M | re.S)
_NAMED = (
    r"(?:the |our |a |an )?(?:base |original |pretrained |larger |teacher )?(?:model )?"
    r"[*_`\"“]{0,3}"
    r"(?:\[(?P<label>[^\[\]\n]{1,120})\]\((?P<link>[^()\s]{1,250})\)"
    r"|(?P<plain>[A-Za-z0-9][\w.-]{0,95}/[A-Za-z0-9][\w.-]{0,95}))"
)
_SENTENCE = re.compile(
    r"\b(?P<how>fine-?\s?tuned(?:\s+version)?|quanti[sz]ed(?:\s+version)?|distilled(?:\s+version)?"
    r"|distillation|finetune|quanti[sz]ation|gguf conversion)\s{1,3}(?:of|from|on top of)\s{1,3}"
    + _NAMED,
    re.IGNORECASE,
)
_HOW: tuple[tuple[str, Relation], ...] = (
    ("distil", "distilled_from_outputs"),
    ("quanti", "quantised_from"),
    ("gguf", "quantised_from"),
    ("fine", "finetune"),
)
_DISTILLED = frozenset({"distillation", "distilled", "distill", "knowledge-distillation"})
_MERGED = frozenset({"merge", "mergekit", "moe-merge", "merged"})
_ADAPTER = frozenset({"lora", "adapter", "peft", "qlora", "dora", "lokr", "loha"})
_RESULTS_READ = 300


def read_card_lineage(
    path: str, fields: Mapping[str, object], body: str, repeated: Sequence[Repeated]
) -> LineagePaper | None:
    """Return what a card says about where the model comes from."""
    into = PaperBuilder(path, "card")
    relation = _relation(fields, into)
    for at, name in enumerate(texts(fields.get("base_model"))):
        place = f"base_model[{at}]" if isinstance(fields.get("base_model"), list) else "base_model"
        revision = fields.get("base_model_revision")
        into.claim(place, name, "stated", relation=relation, revision=revision)
    for at, name in enumerate(texts(fields.get("datasets"))):
        into.claim(f"datasets[{at}]", name, "stated", kind="dataset", relation="trained_on")
    _tags(fields, into)
    for name in _evaluated(fields.get("model-index")):
        into.fact("evaluated_on", "model-index", name)
    for name in [*texts(fields.get("license")), *texts(fields.get("license_name"))]:
        into.fact("license", "license", name)
    _text(body[:_BODY_READ], into)
    for item in repeated:
        if item.depth == 0:
            into.repeated(item.key, _shown(item.first), _shown(item.later))
    return into.paper()


def _relation(fields: Mapping[str, object], into: PaperBuilder) -> Relation | None:
    stated = texts(fields.get("base_model_relation"))
    if not stated:
        return None
    into.fact("relation", "base_model_relation", stated[0])
    return HUB_RELATIONS.get(stated[0].strip().lower())


def _tags(fields: Mapping[str, object], into: PaperBuilder) -> None:
    """Tags the Hub makes (``base_model:quantized:org/name``) and those people set."""
    for at, tag in enumerate(texts(fields.get("tags"))):
        key, word = f"tags[{at}]", tag.strip()
        lowered = word.lower()
        if lowered.startswith("base_model:"):
            rest = word[len("base_model:") :]
            first, _, name = rest.partition(":")
            relation = HUB_RELATIONS.get(first.lower())
            into.claim(key, name if relation and name else rest, "stated", relation=relation)
        elif lowered.startswith("dataset:"):
            into.claim(
                key, word[len("dataset:") :], "stated", kind="dataset", relation="trained_on"
            )
        elif lowered in _MERGED:
            into.fact("merge", key, word)
        elif lowered in _DISTILLED:
            into.fact("distilled", key, word)
        elif lowered in _ADAPTER:
            into.fact("tool", key, word)
    library = texts(fields.get("library_name"))
    if library and library[0].lower() == "peft":
        into.fact("tool", "library_name", library[0])


def _evaluated(index: object) -> list[str]:
    """Return the data sets of a ``model-index``, by name or type."""
    names: dict[str, None] = {}
    for model in _items(index):
        for result in _items(_get(model, "results"))[:_RESULTS_READ]:
            dataset = _get(result, "dataset")
            for key in ("type", "name"):
                name = _get(dataset, key)
                if isinstance(name, str) and name:
                    names[name] = None
                    break
    return list(names)[:MOST_CLAIMS]


def _text(body: str, into: PaperBuilder) -> None:
    """Find merges quoted as YAML and sentences that name a source."""
    from steelyard.provenance.card import read_fields
    from steelyard.provenance.lineage.merges import read_merge

    blocks = [
        match[1]
        for match in _BLOCK.finditer(body)
        if "merge_method" in match[1] or "slices:" in match[1] or "experts:" in match[1]
    ]
    for block in blocks[:_BLOCKS_READ]:
        # A broken example in a text is no finding: the card's fields are what counts.
        read_merge(read_fields(block, [], what="quoted merge"), into, "stated", "text: ")
    for found, _ in zip(_SENTENCE.finditer(body), range(_SENTENCES_READ), strict=False):
        named = found["link"] or found["plain"]
        reference = read_reference(named)
        if reference.form != "hub" and found["label"]:
            reference = read_reference(found["label"])
            named = found["label"]
        if reference.form == "hub":
            how = found["how"].lower()
            relation = next(relation for word, relation in _HOW if how.startswith(word))
            into.claim("text", named, "weak", relation=relation, quote=found[0])


def _shown(value: object) -> str:
    if isinstance(value, list):
        return ", ".join(_shown(item) for item in value[:10])
    return value if isinstance(value, str) else "…"


def _items(value: object) -> list[object]:
    return value[:MOST_CLAIMS] if isinstance(value, list) else []


def _get(value: object, key: str) -> object:
    return value.get(key, "") if isinstance(value, dict) else ""
