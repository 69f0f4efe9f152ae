# SPDX-License-Identifier: Apache-2.0
"""Questions to many lineages: descendants, ancestors, ways, knots, and their cost."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steelyard.kernel.lineage import GraphEdge, GraphNode, ProvenanceGraph, Relation
from steelyard.provenance.changes import compare_lineages
from steelyard.provenance.queries import Lineages, Target, read_target

ONE, TWO = "1" * 40, "2" * 40


def node(name: str, revision: str = "", state: str = "named") -> GraphNode:
    shown = f"{name}@{revision}" if revision and state == "named" else name
    return GraphNode(name=shown, kind="model", revision=revision, state=state)  # type: ignore[arg-type]


def graph(
    name: str, *parents: tuple[str, str], revision: str = "", relation: Relation = "finetune"
) -> ProvenanceGraph:
    final = node(name, revision, "assessed")
    nodes = [node(*parent) for parent in parents]
    edges = tuple(
        GraphEdge(upstream=n.name, downstream=name, relation=relation, confidence="stated")
        for n in nodes
    )
    return ProvenanceGraph(subject=name, origin="stated", nodes=(final, *nodes), edges=edges)


FAMILY = [
    graph("b/two", ("a/one", "")),
    graph("c/three", ("B/Two", "")),
    graph("d/four", ("c/three", ""), ("x/other", "")),
    graph("y/alone"),
]


def names(found: object) -> list[str]:
    return [item.name for item in found]  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "asked", ["a/one", "A/ONE", "pkg:huggingface/a/one", "https://hf.co/a/one"]
)
def test_everything_that_derives_from_one_model(asked: str) -> None:
    found = Lineages(FAMILY).descendants(read_target(asked))
    assert names(found) == ["b/two", "c/three", "d/four"]
    assert [item.steps for item in found] == [1, 2, 3]
    assert {item.certainty for item in found} == {"certain"}


def test_everything_a_model_comes_from_and_the_way() -> None:
    lineages = Lineages(FAMILY)
    assert names(lineages.ancestors(Target("d/four"))) == ["c/three", "x/other", "b/two", "a/one"]
    way = lineages.way(Target("a/one"), Target("d/four"))
    assert [(step.upstream, step.downstream) for step in way] == [
        ("a/one", "b/two"),
        ("b/two", "c/three"),
        ("c/three", "d/four"),
    ]
    assert lineages.way(Target("d/four"), Target("a/one")) == ()
    assert lineages.descendants(Target("no/where")) == ()


def test_revisions_are_told_apart_and_unstated_ones_are_possible() -> None:
    lineages = Lineages(
        [
            graph("m/of-one", ("a/base", ONE)),
            graph("m/of-two", ("a/base", TWO)),
            graph("m/of-some", ("a/base", "")),
        ]
    )
    found = {item.name: item.certainty for item in lineages.descendants(Target("a/base", ONE))}
    assert found == {"m/of-one": "certain", "m/of-some": "possible"}
    short = {item.name for item in lineages.descendants(Target("a/base", "1111111"))}
    assert short == {"m/of-one", "m/of-some"}
    assert len(lineages.descendants(Target("a/base"))) == 3


def test_a_link_over_an_unstated_revision_is_possible() -> None:
    lineages = Lineages(
        [graph("a/mid", ("a/base", ""), revision=ONE), graph("a/end", ("a/mid", "")),
         graph("a/exact", ("a/mid", ONE)), graph("a/else", ("a/mid", TWO))]
    )  # fmt: skip
    found = {item.name: item.certainty for item in lineages.descendants(Target("a/base"))}
    assert found == {"a/mid": "certain", "a/exact": "certain", "a/end": "possible"}


def test_models_made_from_one_another_are_a_knot() -> None:
    ring = [graph("a/a", ("c/c", "")), graph("b/b", ("a/a", "")), graph("c/c", ("b/b", ""))]
    assert Lineages([*ring, *FAMILY]).cycles() == (("a/a", "b/b", "c/c"),)
    assert Lineages(FAMILY).cycles() == ()
    assert names(Lineages(ring).descendants(Target("a/a"))) == ["b/b", "c/c"]


@given(
    st.lists(
        st.tuples(
            st.sampled_from("abcdef"), st.sampled_from("abcdef"), st.sampled_from(["", ONE, TWO])
        ).filter(lambda row: row[0] != row[1]),
        max_size=15,
    )
)
def test_descendants_and_ancestors_mirror_each_other(rows: list[tuple[str, str, str]]) -> None:
    lineages = Lineages([graph(f"o/{child}", (f"o/{parent}", rev)) for child, parent, rev in rows])
    for name in "abcdef":
        below = {item.name for item in lineages.descendants(Target(f"o/{name}"))}
        for other in "abcdef":
            above = {item.name for item in lineages.ancestors(Target(f"o/{other}"))}
            if f"o/{name}" != f"o/{other}":
                assert (f"o/{other}" in below) == (f"o/{name}" in above)


@pytest.mark.parametrize("shape", ["chain", "star", "revisions"])
def test_the_work_is_linear(shape: str) -> None:
    def build(count: int) -> Lineages:
        rows = []
        for at in range(count):
            if shape == "chain":
                rows.append(graph(f"o/m{at + 1}", (f"o/m{at}", "")))
            elif shape == "star":
                rows.append(graph(f"o/m{at + 1}", ("o/m0", "")))
            else:
                rows.append(graph("o/m1", ("o/m0", f"{at:040x}"), revision=f"{at:040x}"))
                rows.append(graph(f"o/x{at}", ("o/m1", "")))
        return Lineages(rows)

    def cost(count: int) -> float:
        lineages = build(count)
        begun = time.process_time()
        lineages.descendants(Target("o/m0"))
        lineages.cycles()
        return time.process_time() - begun

    cost(500)
    assert cost(20_000) < 60 * max(cost(2_000), 0.005)


def test_what_changed_between_two_revisions() -> None:
    old = graph("m/m", ("a/one", ""), ("b/two", ONE))
    new = graph("m/m", ("A/One", ""), ("b/two", TWO), ("c/new", ""), relation="merge_of")
    found = compare_lineages(old, new)
    assert [(change.what, change.subject) for change in found.changes] == [
        ("relation", "A/One"),
        ("revision", f"b/two@{TWO}"),
        ("relation", f"b/two@{TWO}"),
        ("source_added", "c/new"),
    ]
    assert compare_lineages(old, old).changes == ()
    gone = compare_lineages(new, old)
    assert ("source_removed", "c/new") in [(c.what, c.subject) for c in gone.changes]
