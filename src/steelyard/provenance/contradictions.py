# SPDX-License-Identifier: Apache-2.0
"""Finds statements of a model's own files that contradict each other, each with both quotes.

A contradiction is no proof of bad faith: names are copied, tools leave traces. It says where a
person must look before the lineage is relied on. What nobody states contradicts nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Literal

from msgspec import Struct

from steelyard.catalog.licenses import License, by_key, resolve, restrictiveness
from steelyard.catalog.model_families import family_of_name, family_of_type, license_of_name
from steelyard.kernel.lineage import (
    About,
    Claim,
    Contradiction,
    GraphEdge,
    GraphNode,
    LineageClaim,
    LineageFact,
    LineagePaper,
    NodeKind,
    PaperSource,
    Relation,
)
from steelyard.provenance.lineage.names import base_name, identity
from steelyard.provenance.lineage.paper import HUB_RELATIONS

MOST = 60
"""Contradictions that are listed."""
_GRAVE_KEYS = frozenset(
    {"base_model", "base_model_relation", "license", "license_name", "datasets"}
)
_SAVED_FROM = ("_name_or_path", "name_or_path")
_MADE_FROM: frozenset[Relation] = frozenset(
    {"finetune", "merge_of", "adapter_of", "quantised_from", "modified_copy"}
)
_PARTS = re.compile(r"[()\s]+(?:AND|OR)[()\s]+")
"""Between the licenses of an expression."""
Severity = Literal["info", "low", "medium", "high"]
Said = tuple[LineagePaper, LineageClaim]
Seen = tuple[LineagePaper, LineageFact]


class Evidence(Struct, frozen=True, kw_only=True):
    """Everything the checks read."""

    name: str
    kind: NodeKind
    declared: str
    """License as declared: a key, an expression of them, or as written; empty when nothing is."""
    papers: tuple[LineagePaper, ...]
    edges: tuple[GraphEdge, ...]
    nodes: tuple[GraphNode, ...]
    own_claims: tuple[Claim, ...]
    """Claims that name the model itself."""

    def said(self, *sources: PaperSource, weak: bool = False) -> Iterator[Said]:
        """Yield named sources of the weights from papers of these kinds; weak ones on request."""
        for paper in self.papers:
            if paper.source not in sources:
                continue
            for claim in paper.claims:
                about_weights = claim.kind not in ("dataset", "code")
                whole = claim.role in ("", "source")
                if claim.name and about_weights and whole and (claim.confidence != "weak" or weak):
                    yield paper, claim

    def seen(self, *about: About) -> Iterator[Seen]:
        """Yield observations about these things."""
        for paper in self.papers:
            for fact in paper.facts:
                if fact.about in about:
                    yield paper, fact


def find_contradictions(evidence: Evidence) -> tuple[Contradiction, ...]:
    """Return what contradicts, gravest first. Linear in claims and observations."""
    found = [item for check in _CHECKS for item in check(evidence)]
    order = ("high", "medium", "low", "info")
    found.sort(key=lambda item: order.index(item.severity))
    return tuple(dict.fromkeys(found))[:MOST]


def _adapter_base(evidence: Evidence) -> Iterator[Contradiction]:
    """A loader fetches what ``adapter_config.json`` names, whatever the card says."""
    card = list(evidence.said("card"))
    names = {identity(claim.name) for _, claim in card}
    for paper, claim in evidence.said("adapter"):
        if card and identity(claim.name) not in names:
            other = card[0][1].name
            yield _found(
                "adapter-base",
                "high",
                f"Loaders put this adapter on {claim.name}, but the card names {other}.",
                [(paper, claim), card[0]],
            )


def _relation_and_files(evidence: Evidence) -> Iterator[Contradiction]:
    """Compare the relation the card states with what the files hold."""
    adapters, full = list(evidence.seen("adapter")), list(evidence.seen("full_weights"))
    quantised = list(evidence.seen("quantised"))
    for paper, key, text, relation in _stated_relations(evidence):
        stated = Claim(file=paper.path, key=key, quote=text, confidence="stated")
        if relation is None:
            yield Contradiction(
                kind="relation-unknown",
                severity="info",
                message=f"The card states the relation “{text[:40]}”, which is none of the Hub's.",
                quotes=(stated,),
            )
        elif relation in ("finetune", "merge_of") and adapters and not full:
            word = "a fine-tune" if relation == "finetune" else "a merge"
            message = f"The card says this is {word}, but the files are an adapter."
            yield _against(stated, adapters[0], "relation-adapter", "medium", message)
        elif relation == "adapter_of" and full and not adapters:
            message = "The card says this is an adapter, but the files are whole weights."
            yield _against(stated, full[0], "relation-adapter", "medium", message)
        elif relation == "quantised_from" and full and not quantised:
            message = "The card says this is quantized, but no weights here are."
            yield _against(stated, full[0], "relation-quantised", "medium", message)
        elif relation in ("finetune", "merge_of") and quantised:
            word = "a fine-tune" if relation == "finetune" else "a merge"
            message = f"The card says this is {word}, but the weights are quantized."
            yield _against(stated, quantised[0], "relation-quantised", "low", message)


def _stated_relations(
    evidence: Evidence,
) -> Iterator[tuple[LineagePaper, str, str, Relation | None]]:
    for paper, fact in evidence.seen("relation"):
        yield paper, fact.key, fact.text, HUB_RELATIONS.get(fact.text.lower())
    tagged: dict[Relation, None] = {}
    for paper, claim in evidence.said("card"):
        if claim.key.startswith("tags[") and claim.relation and claim.relation not in tagged:
            tagged[claim.relation] = None
            yield paper, claim.key, claim.quote, claim.relation


def _adapter_and_weights(evidence: Evidence) -> Iterator[Contradiction]:
    configured = [
        (paper, fact)
        for paper, fact in evidence.seen("adapter")
        if paper.path == "adapter_config.json"
    ]
    full = list(evidence.seen("full_weights"))
    if configured and full:
        yield Contradiction(
            kind="adapter-and-weights",
            severity="low",
            message="There is an adapter's configuration beside whole weights; what is loaded "
            "depends on the loader.",
            quotes=(_quote(*configured[0]), _quote(*full[0])),
        )


def _gguf_base(evidence: Evidence) -> Iterator[Contradiction]:
    """A converter copies the parents of what it converts: one generation further up is no lie."""
    card, header = list(evidence.said("card")), list(evidence.said("gguf"))
    if not card or not header:
        return
    names = {identity(claim.name) for _, claim in card}
    shorts = {base_name(claim.name) for _, claim in card}
    if any(identity(claim.name) in names or base_name(claim.name) in shorts for _, claim in header):
        return
    if any(base_name(fact.text) in shorts for _, fact in _own_names(evidence)):
        return
    yield _found(
        "gguf-base",
        "medium",
        f"The GGUF header names {header[0][1].name} as its base, the card {card[0][1].name}.",
        [header[0], card[0]],
    )


def _own_names(evidence: Evidence) -> Iterator[Seen]:
    return ((paper, fact) for paper, fact in evidence.seen("own_name") if paper.source == "gguf")


def _architecture(evidence: Evidence) -> Iterator[Contradiction]:
    """A base of one family and a configuration of another; a vocabulary that fits is graver."""
    kinds = [(paper, fact) for paper, fact in evidence.seen("model_type") if "/" not in paper.path]
    words = [(paper, fact) for paper, fact in evidence.seen("vocabulary") if "/" not in paper.path]
    judged: set[str] = set()
    for paper, claim in evidence.said("card", "adapter", "gguf"):
        wanted = family_of_name(claim.name)
        if wanted is None or claim.relation == "distilled_from_outputs" or claim.name in judged:
            continue
        judged.add(claim.name)
        for kind in kinds:
            other = family_of_type(kind[1].text)
            if other is None or other is wanted:
                continue
            sizes = [
                word
                for word in words
                if _number(word[1].text) in other.vocabularies
                and _number(word[1].text) not in wanted.vocabularies
            ]
            vocabulary = f" with a vocabulary of {other.id} models" if sizes else ""
            quotes = (_claimed(paper, claim), _quote(*kind), *(_quote(*word) for word in sizes[:1]))
            yield Contradiction(
                kind="architecture",
                severity="medium" if sizes else "low",
                message=f"The base {claim.name} is a {wanted.id} model, but the configuration is "
                f"of the family {other.id}{vocabulary}.",
                quotes=quotes,
            )


def _saved_from(evidence: Evidence) -> Iterator[Contradiction]:
    """A configuration remembers what it was saved from."""
    stated = list(evidence.said("card", "adapter", "gguf", "mergekit"))
    names = {identity(claim.name) for _, claim in stated}
    shorts = {base_name(claim.name) for _, claim in stated} | {base_name(evidence.name)}
    for paper, claim in evidence.said("config", "pipeline", weak=True):
        if claim.key not in _SAVED_FROM or "/" in paper.path:
            continue
        if identity(claim.name) in names or base_name(claim.name) in shorts:
            continue
        said = f"the card names {stated[0][1].name}" if stated else "no file names a base"
        yield _found(
            "saved-from",
            "low",
            f"The configuration was saved from {claim.name}, but {said}.",
            [(paper, claim), *stated[:1]],
        )


def _license_of_base(evidence: Evidence) -> Iterator[Contradiction]:
    """A license that is not the base's own, where the base's is known and not permissive."""
    own = [
        known for part in _PARTS.split(evidence.declared) if (known := _known(part.strip("() ")))
    ]
    if not own:
        return
    own_keys = {known.key for known in own}
    strictest = max(restrictiveness(known.category) for known in own)
    named = {node.name: node for node in evidence.nodes}
    for edge in evidence.edges:
        base = license_of_name(named[edge.upstream].name.partition("@")[0])
        terms = by_key(base.license) if base else None
        if edge.relation not in _MADE_FROM or terms is None or terms.key in own_keys:
            continue
        if restrictiveness(terms.category) <= restrictiveness("content"):
            continue
        declared = next(_declared_quotes(evidence), None)
        names = " and ".join(known.name for known in own)
        yield Contradiction(
            kind="license-of-base",
            severity="high" if strictest < restrictiveness(terms.category) else "medium",
            message=f"It is declared under {names}, but it is made from {edge.upstream}, which is "
            f"under {terms.name}.",
            quotes=(*edge.claims[:1], *([declared] if declared else [])),
        )


def _declared_quotes(evidence: Evidence) -> Iterator[Claim]:
    return (_quote(paper, fact) for paper, fact in evidence.seen("license"))


def _license_in_header(evidence: Evidence) -> Iterator[Contradiction]:
    cards = [
        (paper, fact, known)
        for paper, fact in evidence.seen("license")
        if paper.source == "card" and (known := _known(fact.text)) is not None
    ]
    keys = {known.key for _, _, known in cards}
    for paper, fact in evidence.seen("license"):
        known = _known(fact.text) if paper.source in ("gguf", "safetensors") else None
        if not cards or known is None or known.key in keys or fact.key.endswith(".link"):
            continue
        other = cards[0]
        yield Contradiction(
            kind="license-in-header",
            severity="medium",
            message=f"The weights say their license is {known.name}, the card {other[2].name}.",
            quotes=(_quote(paper, fact), _quote(other[0], other[1])),
        )


def _datasets(evidence: Evidence) -> Iterator[Contradiction]:
    by_source: dict[str, dict[str, tuple[LineagePaper, LineageClaim]]] = {"card": {}, "gguf": {}}
    for paper in evidence.papers:
        for claim in paper.claims:
            if claim.kind == "dataset" and claim.name and paper.source in by_source:
                by_source[paper.source].setdefault(base_name(claim.name), (paper, claim))
    card, header = by_source["card"], by_source["gguf"]
    if not card or not header:
        return
    extra = [header[name] for name in header if name not in card]
    missing = [card[name] for name in card if name not in header]
    if extra or missing:
        pair = [(extra or list(header.values()))[0], (missing or list(card.values()))[0]]
        yield _found(
            "datasets",
            "low",
            "The GGUF header and the card name different training data.",
            pair,
        )


def _repeated(evidence: Evidence) -> Iterator[Contradiction]:
    for paper in evidence.papers:
        for key, first, later in paper.repeated:
            grave = key in _GRAVE_KEYS and first != later
            yield Contradiction(
                kind="repeated-key",
                severity="medium" if grave else "low",
                message=f"The card gives “{key}” twice; readers differ in which they believe.",
                quotes=tuple(
                    Claim(file=paper.path, key=key, quote=value, confidence="stated")
                    for value in (first, later)
                ),
            )


def _self_parent(evidence: Evidence) -> Iterator[Contradiction]:
    for claim in evidence.own_claims:
        if claim.confidence != "weak":
            yield Contradiction(
                kind="self-parent",
                severity="medium",
                message="It names itself as what it was made from.",
                quotes=(claim,),
            )


_CHECKS = (
    _adapter_base,
    _relation_and_files,
    _adapter_and_weights,
    _gguf_base,
    _architecture,
    _saved_from,
    _license_of_base,
    _license_in_header,
    _datasets,
    _repeated,
    _self_parent,
)


def _known(text: str) -> License | None:
    return (by_key(text) or resolve(text)) if text else None


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else -1


def _found(kind: str, severity: Severity, message: str, said: Iterable[Said]) -> Contradiction:
    quotes = tuple(_claimed(paper, claim) for paper, claim in said)
    return Contradiction(kind=kind, severity=severity, message=message, quotes=quotes)


def _against(
    stated: Claim, seen: Seen, kind: str, severity: Severity, message: str
) -> Contradiction:
    return Contradiction(
        kind=kind, severity=severity, message=message, quotes=(stated, _quote(*seen))
    )


def _claimed(paper: LineagePaper, claim: LineageClaim) -> Claim:
    return Claim(file=paper.path, key=claim.key, quote=claim.quote, confidence=claim.confidence)


def _quote(paper: LineagePaper, fact: LineageFact) -> Claim:
    return Claim(file=paper.path, key=fact.key, quote=fact.text, confidence="stated")
