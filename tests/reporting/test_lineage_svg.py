# SPDX-License-Identifier: Apache-2.0
"""The drawing of a lineage: deterministic, complete, honest about what it folds, safe."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steelyard.kernel.lineage import RELATIONS, GraphEdge, GraphNode
from steelyard.reporting.chips import Chip
from steelyard.reporting.lineage_svg import KIND_WORDS, MOST_NODES, RELATION_WORDS, draw
from tests.reporting.samples.parts import LINEAGE

SVG = "{http://www.w3.org/2000/svg}"


def parsed(svg: str) -> ET.Element:
    return ET.fromstring(svg.replace("<svg ", f'<svg xmlns="{SVG[1:-1]}" ', 1))


def texts(svg: str, name: str) -> list[str]:
    found = parsed(svg).iter(f"{SVG}text")
    return [each.text or "" for each in found if each.get("class") == name]


def star(count: int) -> tuple[list[GraphNode], list[GraphEdge]]:
    nodes = [GraphNode(name="final", kind="merge", state="assessed", role="final")]
    nodes += [GraphNode(name=f"parent-{at:05}", kind="model") for at in range(count)]
    edges = [
        GraphEdge(upstream=n.name, downstream="final", relation="merge_of", confidence="stated")
        for n in nodes[1:]
    ]
    return nodes, edges


def test_every_node_and_step_is_drawn_with_sign_and_word() -> None:
    drawing = draw(LINEAGE.nodes, LINEAGE.edges)
    assert (drawing.shown, drawing.folded) == (6, 0)
    root = parsed(drawing.svg)
    boxes = [g for g in root.iter(f"{SVG}g") if (g.get("class") or "").startswith("node ")]
    assert len(boxes) == 6
    for box in boxes:
        assert len(list(box.iter(f"{SVG}path"))) == 2
        assert all(text.text for text in box.iter(f"{SVG}text") if text.get("class") != "license")
    assert len(root.findall(f".//{SVG}path[@class='head']")) == len(LINEAGE.edges)
    shown = drawing.svg
    for words in ("not named", "license unknown", "this model", "(weak)", "(inferred)", "mit"):
        assert words in shown
    assert root.get("role") == "img"
    assert root.find(f"{SVG}title") is not None
    assert (root.findtext(f"{SVG}desc") or "").startswith("6 models")


def test_sources_stand_left_of_what_was_made_of_them() -> None:
    root = parsed(draw(LINEAGE.nodes, LINEAGE.edges).svg)
    left = {}
    for box in root.iter(f"{SVG}g"):
        if (box.get("class") or "").startswith("node "):
            place = re.match(r"translate\((\d+)", box.get("transform") or "")
            assert place
            left[(box.findtext(f"{SVG}title") or "").partition(": ")[0]] = int(place[1])
    for edge in LINEAGE.edges:
        assert left[edge.upstream] < left[edge.downstream]


def test_it_needs_no_style_script_or_reference() -> None:
    svg = draw(LINEAGE.nodes, LINEAGE.edges, path=("acme/Claims-8B",)).svg
    assert not re.search(r"style=|<script|<style|url\(|href|on[a-z]+=", svg)


def test_the_same_graph_in_any_order_gives_the_same_bytes() -> None:
    once = draw(LINEAGE.nodes, LINEAGE.edges).svg
    assert once == draw(tuple(reversed(LINEAGE.nodes)), tuple(reversed(LINEAGE.edges))).svg


@pytest.mark.parametrize("count", [39, 40, 252, 5_000])
def test_what_is_folded_is_counted(count: int) -> None:
    nodes, edges = star(count)
    drawing = draw(nodes, edges, path=("parent-00030", "final"))
    assert drawing.shown + drawing.folded == count + 1
    assert drawing.shown <= MOST_NODES
    if drawing.folded:
        assert f"… and {drawing.folded:,} more" in drawing.svg
        assert f"{drawing.folded} of them are folded" in drawing.svg
    else:
        assert "more" not in texts(drawing.svg, "name")
    assert "parent-00030" in texts(drawing.svg, "name")
    assert len(drawing.svg) < 120_000


def test_a_path_stands_out() -> None:
    path = ("meta-llama/Llama-3.1-8B", "acme/Claims-8B", "acme/Claims-8B-GGUF")
    root = parsed(draw(LINEAGE.nodes, LINEAGE.edges, path=path).svg)
    groups = [g.get("class") or "" for g in root.iter(f"{SVG}g")]
    assert sum(name.startswith("node ") and name.endswith(" on") for name in groups) == 3
    assert sum(name.startswith("edge") and name.endswith(" on") for name in groups) == 2


def test_a_state_that_is_given_replaces_our_own() -> None:
    states = {"acme/Claims-8B": Chip("bad", "cross", "prohibited")}
    svg = draw(LINEAGE.nodes, LINEAGE.edges, states=states).svg
    assert "prohibited" in svg
    assert 'class="node bad"' in svg


def test_every_relation_has_words() -> None:
    assert set(RELATION_WORDS) == set(RELATIONS)
    assert set(KIND_WORDS) < {"merge", "quantisation", "distillation", "dataset", "x"}


names = st.sampled_from(["a", "b", "c", "d", "<&>\"'", "名前" * 20, "x" * 300])


@given(st.lists(st.tuples(names, names, st.sampled_from(RELATIONS)), max_size=20), names)
def test_any_graph_circles_and_all_is_well_formed(
    rows: list[tuple[str, str, str]], extra: str
) -> None:
    known = dict.fromkeys([extra, *(name for row in rows for name in row[:2])])
    nodes = [GraphNode(name=name, kind="model") for name in known]
    edges = [
        GraphEdge(upstream=one, downstream=other, relation=how, confidence="weak")  # type: ignore[arg-type]
        for one, other, how in rows
    ]
    drawing = draw(nodes, edges, most=4)
    assert parsed(drawing.svg).tag == f"{SVG}svg"
    assert drawing.shown + drawing.folded == len(nodes)


def test_an_empty_graph_is_an_empty_picture() -> None:
    assert draw((), ()).shown == 0


def test_long_chains_need_no_recursion() -> None:
    nodes = [GraphNode(name=f"m{at}", kind="model") for at in range(3_000)]
    edges = [
        GraphEdge(
            upstream=f"m{at}", downstream=f"m{at + 1}", relation="finetune", confidence="stated"
        )
        for at in range(2_999)
    ]
    drawing = draw(nodes, edges)
    assert drawing.folded == 3_000 - MOST_NODES
    assert drawing.svg.count("more</text>") < MOST_NODES
