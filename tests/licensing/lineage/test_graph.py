# SPDX-License-Identifier: Apache-2.0
"""Graphs that cannot be lineages are refused with the node named; odd ones are read."""

from __future__ import annotations

import time

import pytest
from tests.licensing.lineage.drawing import draw

from steelyard.kernel.errors import InputError
from steelyard.licensing.lineage.check import check_lineage
from steelyard.licensing.lineage.graph import LineageEdge, LineageGraph, LineageNode, order


@pytest.mark.parametrize(
    ("nodes", "edges", "said"),
    [
        ("a model mit", "a > a finetune", "'a' is made from itself"),
        ("a model mit; b model mit", "a > b finetune; b > a finetune", "circle: "),
        ("a model mit", "a > c finetune", "edges[0].to names 'c', which is no node"),
        ("a model mit", "x > a finetune", "edges[0].from names 'x'"),
        ("a model mit; a model mit", "", "nodes[1].name is 'a', which nodes[0] already has"),
        ("", "", "has no nodes"),
    ],
)
def test_what_is_no_lineage(nodes: str, edges: str, said: str) -> None:
    with pytest.raises(InputError) as caught:
        check_lineage(draw(nodes, edges))
    assert said in caught.value.message and caught.value.next_step
    assert caught.value.code == "lineage.graph"


def test_a_circle_is_named_in_the_order_of_making() -> None:
    with pytest.raises(InputError) as caught:
        order(
            draw(
                "r model mit; a model mit; b model mit; c model mit",
                "r > a finetune; a > b finetune; b > c finetune; c > a finetune",
            )
        )
    assert any(f"circle: {ring}." in caught.value.message for ring in
               ("a → b → c → a", "b → c → a → b", "c → a → b → c"))  # fmt: skip


def test_the_final_node_is_the_last_or_the_named_one() -> None:
    nodes = "a model mit; b model cc-by-nc-4.0 role=final; c model mit"
    edges = "a > b finetune; b > c finetune"
    assert check_lineage(draw(nodes, edges)).finals == ("b",)
    assert check_lineage(draw(nodes.replace(" role=final", ""), edges)).finals == ("c",)


def test_two_ends_are_both_judged() -> None:
    answer = check_lineage(draw("a model mit; b model cc-by-nc-4.0"))
    assert answer.finals == ("a", "b") and answer.result == "prohibited"


def test_twenty_thousand_nodes_are_the_most() -> None:
    nodes = tuple(LineageNode(name=f"n{at}", kind="model", license="mit") for at in range(20_001))
    with pytest.raises(InputError, match="at most 20,000"):
        check_lineage(LineageGraph(nodes=nodes))


def test_ten_thousand_nodes_in_a_chain_and_in_a_fan() -> None:
    keys = ["mit", "llama-3.1-license-2024", "cc-by-nc-4.0", "gpl-3.0", "unknown"]
    nodes = tuple(
        LineageNode(name=f"n{at}", kind="model", license=keys[at % 5]) for at in range(10_000)
    )
    chain = tuple(
        LineageEdge(upstream=f"n{at}", downstream=f"n{at + 1}", relation="finetune")
        for at in range(9_999)
    )
    fan = tuple(
        LineageEdge(upstream=f"n{at}", downstream="n9999", relation="merge_of")
        for at in range(9_999)
    )
    started = time.process_time()
    for edges in (chain, fan):
        assert check_lineage(LineageGraph(nodes=nodes, edges=edges)).result == "needs_license"
    assert time.process_time() - started < 20
