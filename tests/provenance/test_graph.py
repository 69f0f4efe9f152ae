# SPDX-License-Identifier: Apache-2.0
"""The graph of a model's claims, and what contradicts in it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steelyard.kernel.lineage import LineageClaim, LineagePaper, ProvenanceGraph
from steelyard.provenance.card import read_card_papers
from steelyard.provenance.graph import MOST_NODES, Identity, build_graph
from steelyard.provenance.lineage.configs import read_lineage
from steelyard.provenance.lineage.headers import read_gguf_lineage, read_safetensors_lineage

WHOLE = read_safetensors_lineage("model.safetensors", {}, ["model.embed_tokens.weight"])
LORA = read_safetensors_lineage("adapter.safetensors", {}, ["layers.0.q_proj.lora_A.weight"])


def config(name: str, **data: Any) -> LineagePaper | None:
    return read_lineage(name, json.dumps(data))


def card(front: str, body: str = "") -> LineagePaper | None:
    return read_card_papers("README.md", f"---\n{front}\n---\n{body}")[2]


def gguf(**values: Any) -> LineagePaper | None:
    named = {key.replace("__", "."): value for key, value in values.items()}
    return read_gguf_lineage("m.gguf", named, {"Q4_K": 1})


def graph(*papers: LineagePaper | None, name: str = "me/mine", **more: Any) -> ProvenanceGraph:
    return build_graph(Identity(name=name, **more), [paper for paper in papers if paper])


def edges(found: ProvenanceGraph) -> list[tuple[str, str, str]]:
    return [(edge.upstream, edge.relation, edge.confidence) for edge in found.edges]


def kinds(found: ProvenanceGraph) -> list[tuple[str, str]]:
    return [(item.kind, item.severity) for item in found.contradictions]


def test_no_claim_is_not_from_scratch() -> None:
    found = graph(WHOLE, card("license: mit"))
    assert (found.origin, found.edges, [node.name for node in found.nodes]) == (
        "unstated",
        (),
        ["me/mine"],
    )
    assert graph(card("datasets: [imdb]")).origin == "unstated"


def test_claims_of_one_source_become_one_edge_and_the_strongest_decides() -> None:
    found = graph(
        card("base_model: Org/Base\nlicense: mit", "A fine-tuned version of [x](https://hf.co/org/base)."),
        config("adapter_config.json", base_model_name_or_path="org/base", peft_type="LORA"),
        LORA,
    )  # fmt: skip
    assert edges(found) == [("org/base", "adapter_of", "strong")]
    assert [claim.file for claim in found.edges[0].claims] == [
        "adapter_config.json",
        "README.md",
        "README.md",
    ]
    assert found.nodes[0].kind == "adapter"
    assert found.origin == "stated"
    assert found.nodes[1].purl == "pkg:huggingface/org/base"


@pytest.mark.parametrize(
    ("paper", "kind", "relation"),
    [
        (LORA, "adapter", "adapter_of"),
        (gguf(general__architecture="llama"), "quantisation", "quantised_from"),
        (card("tags: [merge]"), "merge", "merge_of"),
        (card("tags: [distillation]"), "distillation", "distilled_from_outputs"),
    ],
)
def test_a_source_that_must_exist_is_a_node_though_nobody_names_it(
    paper: LineagePaper, kind: str, relation: str
) -> None:
    found = graph(paper)
    assert found.nodes[0].kind == kind
    assert [(node.state, node.license) for node in found.nodes[1:]] == [("unnamed", "unknown")]
    assert [edge.relation for edge in found.edges] == [relation]
    assert found.origin == "unnamed"


def test_relations_nobody_states_are_inferred_and_say_so() -> None:
    plain = graph(card("base_model: a/b"))
    assert [(edge.relation, edge.inferred) for edge in plain.edges] == [("finetune", True)]
    several = graph(card("base_model: [a/b, c/d]"))
    assert {edge.relation for edge in several.edges} == {"merge_of"}
    quantised = graph(card("base_model: a/b"), gguf(general__architecture="llama"))
    assert [edge.relation for edge in quantised.edges] == ["quantised_from"]
    remembered = graph(card("base_model: a/b"), config("config.json", _name_or_path="e/f"))
    assert {edge.relation for edge in remembered.edges} == {"finetune"}


def test_a_gguf_header_may_speak_of_one_generation_further_up() -> None:
    found = graph(
        card("base_model: org/My-Model\nbase_model_relation: quantized"),
        gguf(
            general__name="My Model",
            **{
                "general.base_model.count": 1,
                "general.base_model.0.repo_url": "https://huggingface.co/up/stream",
            },
        ),
        name="me/My-Model-GGUF",
    )
    assert [(e.upstream, e.downstream, e.relation) for e in found.edges] == [
        ("org/My-Model", "me/My-Model-GGUF", "quantised_from"),
        ("up/stream", "org/My-Model", "finetune"),
    ]
    assert found.contradictions == ()


def test_revisions_make_nodes_of_their_own_only_where_they_differ() -> None:
    one = graph(
        card("base_model: a/b"), config("adapter_config.json", base_model_name_or_path="a/b@v2")
    )
    assert [node.name for node in one.nodes[1:]] == ["a/b@v2"]
    two = graph(card("base_model: [a/b@v1, a/b@v2]"))
    assert [node.name for node in two.nodes[1:]] == ["a/b@v1", "a/b@v2"]  # fmt: skip


def test_data_and_tokenizers_are_parts_and_evaluation_is_none() -> None:
    found = graph(
        card("datasets: [imdb]\nmodel-index:\n- results:\n  - dataset: {type: glue}"),
        config("tokenizer_config.json", name_or_path="org/tok-v1"),
    )
    assert edges(found) == [
        ("imdb", "trained_on", "stated"),
        ("org/tok-v1", "included_in", "weak"),
    ]
    assert found.evaluated_on == ("glue",)
    assert found.origin == "unstated"


def test_a_license_is_known_only_from_the_catalog() -> None:
    found = graph(card("base_model: [meta-llama/Llama-3.1-8B, some/other]"))
    licenses = {node.name: (node.license, bool(node.license_source)) for node in found.nodes[1:]}
    assert licenses == {
        "meta-llama/Llama-3.1-8B": ("llama-3.1-license-2024", True),
        "some/other": ("unknown", False),
    }


def adapter(base: str) -> LineagePaper | None:
    return config("adapter_config.json", base_model_name_or_path=base, peft_type="LORA")


QWEN = card("base_model: Qwen/Qwen2.5-7B")
BASE_AND_LICENSE = "base_model: meta-llama/Llama-3.1-8B\nlicense: "


@pytest.mark.parametrize(
    ("papers", "expected"),
    [
        ([card("base_model: a/b"), adapter("c/d")], [("adapter-base", "high")]),
        ([card("base_model: a/b"), adapter("A/B")], []),
        (
            [card("base_model: a/b\nbase_model_relation: finetune"), LORA],
            [("relation-adapter", "medium")],
        ),
        ([card('tags: ["base_model:adapter:a/b"]'), WHOLE], [("relation-adapter", "medium")]),
        (
            [card("base_model: a/b\nbase_model_relation: quantized"), WHOLE],
            [("relation-quantised", "medium")],
        ),
        ([card("base_model: a/b\nbase_model_relation: quantized"), gguf()], []),
        (
            [card("base_model: a/b\nbase_model_relation: finetune"), gguf()],
            [("relation-quantised", "low")],
        ),
        (
            [card("base_model: a/b\nbase_model_relation: cousin")],
            [("relation-unknown", "info")],
        ),
        ([adapter("a/b"), WHOLE], [("adapter-and-weights", "low")]),
        (
            [
                card("base_model: a/b"),
                gguf(**{"general.base_model.0.repo_url": "https://hf.co/c/d"}),
            ],
            [("gguf-base", "medium")],
        ),
        (
            [QWEN, config("config.json", model_type="llama", vocab_size=128256)],
            [("architecture", "medium")],
        ),
        (
            [QWEN, config("config.json", model_type="llama", vocab_size=151936)],
            [("architecture", "low")],
        ),
        ([QWEN, config("config.json", model_type="qwen2", vocab_size=151936)], []),
        ([QWEN, config("config.json", model_type="unheard-of", vocab_size=128256)], []),
        ([QWEN, config("config.json", _name_or_path="e/f")], [("saved-from", "low")]),
        ([config("config.json", _name_or_path="e/f")], [("saved-from", "low")]),
        ([QWEN, config("config.json", _name_or_path="Qwen2.5-7B")], []),
        (
            [card("license: mit"), gguf(general__license="apache-2.0")],
            [("license-in-header", "medium")],
        ),
        (
            [card("datasets: [a/b]"), gguf(**{"general.datasets": ["c/d"]})],
            [("datasets", "low")],
        ),
        ([card("license: mit\nlicense: gpl-3.0")], [("repeated-key", "medium")]),
        ([card("base_model: me/mine")], [("self-parent", "medium")]),
    ],
)
def test_what_contradicts(papers: list[LineagePaper | None], expected: list[Any]) -> None:
    found = graph(*papers)
    assert kinds(found) == expected
    for item in found.contradictions:
        assert item.quotes
        assert all(quote.file and quote.key and quote.quote for quote in item.quotes)


@pytest.mark.parametrize(
    ("declared", "expected"),
    [
        ("mit", [("license-of-base", "high")]),
        ("apache-2.0 AND mit", [("license-of-base", "high")]),
        ("(apache-2.0 OR mit)", [("license-of-base", "high")]),
        ("llama-3.1-license-2024", []),
        ("llama-3.1-license-2024 AND mit", []),
        ("", []),
    ],
)
def test_a_license_milder_than_the_bases_own(declared: str, expected: list[Any]) -> None:
    found = graph(card(BASE_AND_LICENSE + declared), declared=declared or None)
    assert kinds(found) == expected


def test_an_adapter_in_a_folder_below_is_a_checkpoint_of_its_own() -> None:
    below = read_lineage("checkpoint-9/adapter_config.json", '{"peft_type": "LORA"}')
    found = graph(WHOLE, below)
    assert (found.nodes[0].kind, kinds(found)) == ("model", [])


def test_the_model_itself_in_its_configuration_is_no_parent() -> None:
    found = graph(config("config.json", _name_or_path="mine-v1", model_type="x"), name="me/Mine-v1")
    assert (found.edges, found.contradictions) == ((), ())


def test_a_flood_of_claims_is_linear_and_bounded() -> None:
    papers = [
        LineagePaper(
            path=f"{at}/README.md",
            source="card",
            claims=tuple(
                LineageClaim(key="k", quote="q", confidence="stated", name=f"o{at}/m{number}")
                for number in range(300)
            ),
        )
        for at in range(40)
    ]
    found = graph(*papers)
    assert len(found.nodes) == MOST_NODES + 1
    assert any("left out" in problem for problem in found.problems)


@given(
    st.lists(
        st.builds(
            LineageClaim,
            key=st.text(max_size=5),
            quote=st.text(max_size=5),
            confidence=st.sampled_from(["strong", "stated", "weak"]),
            name=st.sampled_from(["", "a/b", "A/b", "me/mine", "c"]),
            kind=st.sampled_from(["model", "dataset", "adapter"]),
            relation=st.sampled_from([None, "finetune", "merge_of", "trained_on"]),
            revision=st.sampled_from(["", "v1", "v2"]),
            role=st.sampled_from(["", "tokenizer", "source"]),
        ),
        max_size=12,
    ),
    st.sampled_from(["card", "gguf", "config", "adapter", "safetensors"]),
)
def test_any_claims_make_a_graph_whose_edges_have_nodes(
    claims: list[LineageClaim], source: Any
) -> None:
    paper = LineagePaper(path="p", source=source, claims=tuple(claims))
    found = graph(paper)
    names = [node.name for node in found.nodes]
    assert len(names) == len(set(names))
    for edge in found.edges:
        assert edge.upstream in names
        assert edge.downstream in names
        assert edge.upstream != edge.downstream
        assert edge.claims
