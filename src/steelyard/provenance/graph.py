# SPDX-License-Identifier: Apache-2.0
"""Builds the lineage of one model from what its files claim: nodes, edges, their claims.

The model at hand is the final node. Whatever a file names becomes a node, and a source that must
exist but that nobody names (an adapter without a base) becomes a node too: unknown is never left
out. Where several claims speak of one source the strongest decides how it went in.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal

from msgspec import Struct, field

from steelyard.catalog.model_families import license_of_name
from steelyard.kernel.lineage import (
    CONFIDENCE_ORDER,
    Claim,
    GraphEdge,
    GraphNode,
    LineageClaim,
    LineageFact,
    LineagePaper,
    NodeKind,
    ProvenanceGraph,
    Relation,
)
from steelyard.provenance.contradictions import Evidence, find_contradictions
from steelyard.provenance.lineage.names import base_name, hub_purl, identity

MOST_NODES = 2_000
"""Nodes of a graph; what is more is counted in its problems."""
MOST_CLAIMS = 12
"""Claims an edge lists."""
_SHALLOW = 1
"""Folders deep a weak claim may stand: deeper ones speak of parts and checkpoints."""
_NOT_WEIGHTS: frozenset[Relation] = frozenset(
    {"trained_on", "trained_with_code", "included_in", "includes_code", "serves"}
)
_UNNAMED: dict[Relation, str] = {
    "adapter_of": "unnamed base model",
    "merge_of": "unnamed merged models",
    "quantised_from": "unnamed original model",
    "distilled_from_outputs": "unnamed teacher model",
    "trained_on": "unnamed data",
    "finetune": "unnamed base model",
}


class Identity(Struct, frozen=True, kw_only=True):
    """What is known of the model at hand besides its claims."""

    name: str
    purl: str = ""
    revision: str = ""
    license: str = ""
    """Catalog key of the license that governs it; empty when unknown."""
    declared: str | None = None
    actual: str | None = None
    """Catalog key its license text was recognized as."""
    files: tuple[str, ...] | None = None
    """Names of its papers (licenses, notices, cards)."""


class _Said(Struct):
    """One source and everything that speaks of it."""

    claims: list[tuple[LineagePaper, LineageClaim]] = field(default_factory=list)


_Key = tuple[str, str, str]
"""Name (or relation, for what is not named), revision, and role of a part."""


def build_graph(subject: Identity, papers: Sequence[LineagePaper]) -> ProvenanceGraph:
    """Return the lineage of ``subject`` as ``papers`` tell it. Linear in the claims; pure."""
    papers = sorted(papers, key=lambda paper: (paper.path.count("/"), paper.path, paper.source))
    kind, kind_facts = _kind(papers)
    sources, own, problems = _sources(subject, papers)
    _add_unnamed(kind, kind_facts, sources)
    nodes, edges = _draw(subject, kind, papers, sources)
    evidence = Evidence(
        name=subject.name,
        kind=kind,
        declared=subject.declared or subject.license,
        papers=tuple(papers),
        edges=tuple(edges),
        nodes=tuple(nodes),
        own_claims=tuple(_claim(paper, claim) for paper, claim in own),
    )
    return ProvenanceGraph(
        subject=nodes[0].name,
        origin=_origin(nodes, edges),
        nodes=tuple(nodes),
        edges=tuple(edges),
        contradictions=find_contradictions(evidence),
        evaluated_on=_evaluated_on(papers),
        problems=tuple([*_problems(papers), *problems][:100]),
    )


def _kind(
    papers: Sequence[LineagePaper],
) -> tuple[NodeKind, list[tuple[LineagePaper, LineageFact]]]:
    """Return what kind of thing the files hold, and the observations that say so.

    An adapter stays one when it is quantized, and a merge that was quantized is a quantization:
    the last thing done to the weights decides.
    """
    seen: dict[str, list[tuple[LineagePaper, LineageFact]]] = {}
    for paper in papers:
        for fact in paper.facts:
            seen.setdefault(fact.about, []).append((paper, fact))
    full = [paper for paper, _ in seen.get("full_weights", [])]
    adapters = seen.get("adapter", [])
    if adapters and not full:
        return "adapter", adapters
    if seen.get("quantised"):
        return "quantisation", seen["quantised"]
    configured = [pair for pair in adapters if pair[0].path == "adapter_config.json"]
    if configured:
        # An adapter's configuration beside whole weights: loaders follow the configuration. In a
        # folder below it belongs to a checkpoint.
        return "adapter", configured
    if seen.get("merge"):
        return "merge", seen["merge"]
    if seen.get("distilled"):
        return "distillation", seen["distilled"]
    return "model", []


def _sources(
    subject: Identity, papers: Sequence[LineagePaper]
) -> tuple[dict[_Key, _Said], list[tuple[LineagePaper, LineageClaim]], list[str]]:
    """Group claims by what they name; set apart those that name the model itself."""
    revisions = _revisions(papers)
    sources: dict[_Key, _Said] = {}
    own: list[tuple[LineagePaper, LineageClaim]] = []
    left = 0
    for paper in papers:
        for claim in paper.claims:
            if claim.confidence == "weak" and paper.path.count("/") > _SHALLOW:
                continue
            if _is_self(subject, claim):
                own.append((paper, claim))
                continue
            name = identity(claim.name)
            known = revisions.get(name, {})
            revision = claim.revision or (next(iter(known)) if len(known) == 1 else "")
            role = claim.role if claim.role == "tokenizer" and not claim.name else ""
            key = (name or f"?{claim.relation}", revision, role)
            if key not in sources and len(sources) >= MOST_NODES:
                left += 1
                continue
            sources.setdefault(key, _Said()).claims.append((paper, claim))
    return sources, own, [f"{left} more named sources were left out."] if left else []


def _revisions(papers: Iterable[LineagePaper]) -> dict[str, dict[str, None]]:
    found: dict[str, dict[str, None]] = {}
    for paper in papers:
        for claim in paper.claims:
            if claim.name and claim.revision:
                found.setdefault(identity(claim.name), {})[claim.revision] = None
    return found


def _is_self(subject: Identity, claim: LineageClaim) -> bool:
    """Tell whether a claim names the model at hand, by its whole name.

    Tools leave the last part alone behind; that counts only for those weak claims.
    """
    if not claim.name or claim.kind == "dataset":
        return False
    if identity(claim.name) == identity(subject.name):
        same = not claim.revision or not subject.revision
        return same or claim.revision == subject.revision
    bare = "/" not in claim.name or "/" not in subject.name
    same_last = base_name(claim.name) == base_name(subject.name) != ""
    return claim.confidence == "weak" and bare and same_last


def _add_unnamed(
    kind: NodeKind,
    facts: list[tuple[LineagePaper, LineageFact]],
    sources: dict[_Key, _Said],
) -> None:
    """Put in the source that must exist: what an adapter sits on, what was quantized or merged."""
    wanted: dict[NodeKind, Relation] = {
        "adapter": "adapter_of",
        "merge": "merge_of",
        "quantisation": "quantised_from",
        "distillation": "distilled_from_outputs",
    }
    relation = wanted.get(kind)
    if relation is None or any(_is_parent(said) for said in sources.values()):
        return
    paper, fact = facts[0]
    claim = LineageClaim(
        key=fact.key,
        quote=fact.text,
        confidence="weak" if kind == "distillation" else "stated",
        name="",
        relation=relation,
    )
    sources.setdefault((f"?{relation}", "", ""), _Said()).claims.append((paper, claim))


def _is_parent(said: _Said) -> bool:
    """Tell whether this is something the weights were made from, and not data or a part."""
    return any(
        claim.kind not in ("dataset", "code") and claim.role in ("", "source", "verifier")
        for _, claim in said.claims
    )


def _draw(
    subject: Identity,
    kind: NodeKind,
    papers: Sequence[LineagePaper],
    sources: dict[_Key, _Said],
) -> tuple[list[GraphNode], list[GraphEdge]]:
    final = GraphNode(
        name=subject.name[:480] or "model",
        kind=kind,
        license=subject.license or "unknown",
        declared=subject.declared,
        actual=subject.actual,
        files=subject.files,
        role="final",
        state="assessed",
        revision=subject.revision,
        purl=subject.purl,
    )
    nodes, edges = [final], []
    names: dict[_Key, str] = {}
    taken = {final.name}
    for key, said in sources.items():
        node = _node(said, key[1], taken)
        taken.add(node.name)
        names[key] = node.name
        nodes.append(node)
    between = _generation_between(papers, sources)
    parents = sum(_is_parent(said) and not _only_weak(said) for said in sources.values())
    for key, said in sources.items():
        if between is not None and key != between and _only_header_bases(said):
            edges.append(_edge(names[key], names[between], said, "model", 1))
        else:
            edges.append(_edge(names[key], final.name, said, kind, parents))
    return nodes, edges


def _generation_between(papers: Sequence[LineagePaper], sources: dict[_Key, _Said]) -> _Key | None:
    """Return the model a GGUF file was converted from, where its name shows that it is the one.

    Converters copy ``general.name`` and ``general.base_model`` from what they convert: the bases
    are then that model's parents, not this file's.
    """
    own = {
        base_name(fact.text)
        for paper in papers
        if paper.source == "gguf"
        for fact in paper.facts
        if fact.about == "own_name"
    }
    found = [
        key
        for key, said in sources.items()
        if _is_parent(said)
        and not _only_weak(said)
        and not _only_header_bases(said)
        and (base_name(key[0]) in own or any(claim.role == "source" for _, claim in said.claims))
    ]
    return found[0] if len(found) == 1 else None


def _only_weak(said: _Said) -> bool:
    return all(claim.confidence == "weak" for _, claim in said.claims)


def _only_header_bases(said: _Said) -> bool:
    return all(
        paper.source == "gguf" and claim.key.startswith("general.base_model")
        for paper, claim in said.claims
    )


def _node(said: _Said, revision: str, taken: set[str]) -> GraphNode:
    best = min((claim for _, claim in said.claims), key=_rank)
    kinds = [claim.kind for _, claim in said.claims if claim.kind != "model"]
    name = best.name
    if name and revision:
        name = f"{name}@{revision}"
    if not name:
        name = _UNNAMED.get(best.relation or "finetune", "unnamed source")
    name = _free(name[:480], taken)
    known = license_of_name(best.name) if best.name else None
    is_data = "dataset" in kinds
    return GraphNode(
        name=name,
        kind=kinds[0] if kinds else "model",
        license=known.license if known and not is_data else "unknown",
        license_source=known.source if known and not is_data else "",
        role=next(
            (claim.role for _, claim in said.claims if claim.role not in ("", "source")), None
        ),
        state="named" if best.name else "unnamed",
        revision=revision,
        purl="" if is_data else _purl(best.name, revision),
    )


def _purl(name: str, revision: str) -> str:
    return hub_purl(name, revision) if "/" in name and not name.partition("/")[0].count(".") else ""


def _free(name: str, taken: set[str]) -> str:
    if name not in taken:
        return name
    number = next(at for at in range(2, len(taken) + 3) if f"{name} ({at})" not in taken)
    return f"{name} ({number})"


def _edge(source: str, target: str, said: _Said, kind: NodeKind, parents: int) -> GraphEdge:
    ranked = sorted(said.claims, key=lambda pair: _rank(pair[1]))
    relation = _relation([claim for _, claim in ranked], kind)
    claims = tuple(dict.fromkeys(_claim(paper, claim) for paper, claim in ranked))
    return GraphEdge(
        upstream=source,
        downstream=target,
        relation=relation or _inferred(kind, parents),
        confidence=ranked[0][1].confidence,
        inferred=relation is None,
        claims=claims[:MOST_CLAIMS],
        more_claims=max(0, len(claims) - MOST_CLAIMS),
    )


def _relation(ranked: Sequence[LineageClaim], kind: NodeKind) -> Relation | None:
    """Return how a source went in, as somebody says. A stray sentence says it only where neither
    a field nor the files do."""
    for claim in ranked:
        if claim.relation is not None and (claim.confidence != "weak" or kind == "model"):
            return claim.relation
    weak = next((claim for claim in ranked if claim.relation is not None), None)
    named_only_there = weak is not None and all(claim.confidence == "weak" for claim in ranked)
    return weak.relation if weak is not None and named_only_there else None


def _inferred(kind: NodeKind, parents: int) -> Relation:
    """Return how a source went in that is named without saying how, as the Hub infers it: by what
    the files hold, several bases being a merge, and else a fine-tune."""
    by_kind: dict[NodeKind, Relation] = {
        "adapter": "adapter_of",
        "quantisation": "quantised_from",
        "merge": "merge_of",
    }
    return by_kind.get(kind) or ("merge_of" if parents > 1 else "finetune")


def _rank(claim: LineageClaim) -> tuple[int, bool, bool]:
    """Order claims: confidence, then those that state a relation, then those about the whole."""
    order = CONFIDENCE_ORDER.index(claim.confidence)
    return order, claim.relation is None, bool(claim.role)


def _claim(paper: LineagePaper, claim: LineageClaim) -> Claim:
    return Claim(file=paper.path, key=claim.key, quote=claim.quote, confidence=claim.confidence)


_Origin = Literal["stated", "unnamed", "unstated"]


def _origin(nodes: list[GraphNode], edges: list[GraphEdge]) -> _Origin:
    """Return whether it is said what the weights were made from; data alone does not say it."""
    made = [edge for edge in edges if edge.relation not in _NOT_WEIGHTS]
    if not made:
        return "unstated"
    states = {node.name: node.state for node in nodes}
    named = any(states[edge.upstream] == "named" for edge in made)
    return "stated" if named else "unnamed"


def _evaluated_on(papers: Iterable[LineagePaper]) -> tuple[str, ...]:
    found = [fact.text for paper in papers for fact in paper.facts if fact.about == "evaluated_on"]
    return tuple(dict.fromkeys(found))[:200]


def _problems(papers: Iterable[LineagePaper]) -> list[str]:
    return [f"{paper.path}: {problem}" for paper in papers for problem in paper.problems]
