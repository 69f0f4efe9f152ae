# SPDX-License-Identifier: Apache-2.0
"""What holds for every lineage: unknown is never satisfied, and more upstream is never milder."""

from __future__ import annotations

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from steelyard.catalog.license_terms import keys_with_terms, license_terms
from steelyard.kernel.lineage_answer import RESULTS
from steelyard.licensing.lineage.check import check_lineage
from steelyard.licensing.lineage.graph import (
    LineageEdge,
    LineageGraph,
    LineageNode,
    LineageUse,
)

KEYS = [*keys_with_terms(), "unknown"]
KINDS = ["model", "adapter", "merge", "quantisation", "dataset", "code"]
RELATIONS = [
    "finetune", "merge_of", "adapter_of", "quantised_from", "distilled_from_outputs", "trained_on",
    "trained_with_code", "generated", "serves", "included_in", "includes_code", "modified_copy",
]  # fmt: skip
FACTS = ("commercial", "hosted", "redistribute", "outputs_train_models")


@st.composite
def graphs(draw: st.DrawFn) -> LineageGraph:
    count = draw(st.integers(1, 5))
    nodes = tuple(
        LineageNode(
            name=f"n{at}",
            kind=draw(st.sampled_from(KINDS)),
            license=draw(st.sampled_from(KEYS)),
            files=draw(st.sampled_from([None, (), ("LICENSE",), ("LICENSE", "NOTICE")])),
            website_display=draw(st.sampled_from([None, (), ("Built with Llama",)])),
        )
        for at in range(count)
    )
    edges = tuple(
        LineageEdge(
            upstream=f"n{low}",
            downstream=f"n{high}",
            relation=draw(st.sampled_from(RELATIONS)),
        )
        for high in range(1, count)
        for low in range(high)
        if draw(st.booleans())
    )
    use = LineageUse(
        **{fact: draw(st.booleans()) for fact in FACTS},
        establishment=draw(st.sampled_from(["US", "DE", "GB", "KR"])),
        monthly_users=draw(st.sampled_from([10, 2_000_000_000])),
        revenue_usd=draw(st.sampled_from([10, 2_000_000_000])),
        registered=draw(st.booleans()),
        purpose=draw(st.sampled_from([None, "search", "military targeting"])),
    )
    return LineageGraph(nodes=nodes, edges=edges, use_case=use)


@given(graphs(), st.sampled_from(FACTS))
@settings(max_examples=150, deadline=None)
def test_a_fact_that_is_not_stated_is_never_satisfied(graph: LineageGraph, fact: str) -> None:
    """If any value of a fact leaves something to do, so does leaving it out."""

    def result(value: bool | None) -> str:
        use = msgspec.structs.replace(graph.use_case, **{fact: value})
        return check_lineage(msgspec.structs.replace(graph, use_case=use)).result

    if any(result(value) != "ok" for value in (True, False)):
        assert result(None) != "ok"


@given(graphs())
@settings(max_examples=150, deadline=None)
def test_reasons_are_sorted_and_have_their_path(graph: LineageGraph) -> None:
    answer = check_lineage(graph)
    ranks = [RESULTS.index(reason.result) for reason in answer.reasons]
    assert ranks == sorted(ranks)
    assert answer.result == (answer.reasons[0].result if answer.reasons else "ok")
    edges = {(edge.upstream, edge.relation, edge.downstream) for edge in graph.edges}
    for reason in answer.reasons:
        assert {(step.upstream, step.relation, step.downstream) for step in reason.path} <= edges
        if reason.license in KEYS and reason.quote:
            terms = license_terms(reason.license)
            assert terms is not None
            assert any(term.quote == reason.quote for term in terms.terms)


@given(graphs(), st.sampled_from(["cc-by-nc-4.0", "LicenseRef-opt-175b", "unknown"]))
@settings(max_examples=150, deadline=None)
def test_one_more_restricted_base_is_never_milder(graph: LineageGraph, key: str) -> None:
    last = graph.nodes[-1].name
    more = LineageGraph(
        nodes=(LineageNode(name="extra", kind="model", license=key), *graph.nodes),
        edges=(*graph.edges, LineageEdge(upstream="extra", downstream=last, relation="merge_of")),
        use_case=graph.use_case,
    )
    before, after = check_lineage(graph).result, check_lineage(more).result
    assert RESULTS.index(after) <= RESULTS.index(before)


@given(graphs())
@settings(max_examples=60, deadline=None)
def test_the_order_of_writing_does_not_matter(graph: LineageGraph) -> None:
    other = msgspec.structs.replace(graph, nodes=graph.nodes[::-1], edges=graph.edges[::-1])
    assert check_lineage(graph).result == check_lineage(other).result
