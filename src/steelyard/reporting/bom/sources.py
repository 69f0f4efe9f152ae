# SPDX-License-Identifier: Apache-2.0
"""What a revision was made from and what it consists of, before any format is chosen.

Sources lie outside the revision: base models, data sets, code. They are claims of its cards and
configurations, or nodes of a lineage somebody drew. Parts lie inside it: an adapter, a tokenizer,
code; which files they have follows from the files' names.
"""

from __future__ import annotations

import re
from typing import Literal

from msgspec import Struct

from steelyard.kernel.assessment import Subject
from steelyard.licensing.lineage.graph import LineageGraph, LineageNode
from steelyard.provenance.lineage import lineage_claims
from steelyard.reporting.bom.revision import Revision

Kind = Literal["model", "adapter", "merge", "quantisation", "distillation", "dataset", "code"]
PartKind = Literal["adapter", "tokenizer", "code"]

_HUB_NAME = r"[A-Za-z0-9][A-Za-z0-9._-]{0,95}"
_HUB = re.compile(rf"(?:({_HUB_NAME})/)?({_HUB_NAME})(?:@([A-Za-z0-9._-]{{1,100}}))?")
_TOKENIZER = frozenset(
    {
        "added_tokens.json",
        "merges.txt",
        "sentencepiece.bpe.model",
        "special_tokens_map.json",
        "spiece.model",
        "tokenizer.json",
        "tokenizer.model",
        "tokenizer_config.json",
        "vocab.json",
        "vocab.txt",
    }
)
"""File names the usual loaders give a tokenizer."""
DERIVED = frozenset(
    {
        "finetune",
        "merge_of",
        "adapter_of",
        "quantised_from",
        "distilled_from_outputs",
        "modified_copy",
        "translated",
        "copied_content",
        "unstated",
    }
)
"""Relations in which the downstream model is derived from the upstream one."""


class HubName(Struct, frozen=True):
    """A name of the form ``owner/name@revision``; owner and revision may be empty."""

    owner: str
    name: str
    revision: str


class Source(Struct, frozen=True, kw_only=True):
    """Something the revision was made from. ``ref`` names it inside one document."""

    ref: str
    kind: Kind
    name: str
    claimed_by: tuple[str, ...] = ()
    """Files that claim it; empty when the lineage or the summary of the model names it."""
    drawn: bool = False
    """It is a node of the lineage that was handed in."""
    declared: str = ""
    """The license it is said to have."""
    found: str = ""
    """The license its text was found to be."""

    @property
    def hub_name(self) -> HubName | None:
        """The parts of its name, where the name can identify a model; None means unknown.

        A node of a drawn lineage may have any label; without an owner it identifies nothing.
        """
        parsed = hub_name(self.name)
        return None if parsed is None or (self.drawn and not parsed.owner) else parsed


class Link(Struct, frozen=True, kw_only=True):
    """``upstream`` went into ``downstream``, both by ``ref``."""

    upstream: str
    downstream: str
    relation: str
    claimed_by: tuple[str, ...] = ()
    """Files that claim it; empty when the lineage or the summary of the model says so."""


class Part(Struct, frozen=True, kw_only=True):
    """A part of the revision and its files."""

    ref: str
    kind: PartKind
    name: str
    files: tuple[str, ...]


class Origin(Struct, frozen=True, kw_only=True):
    """All sources, links and parts, each once, in a fixed order."""

    sources: tuple[Source, ...]
    links: tuple[Link, ...]
    parts: tuple[Part, ...]

    def upstream(self, ref: str) -> list[Link]:
        """Return the links that lead into ``ref``."""
        return [link for link in self.links if link.downstream == ref]


def hub_name(name: str) -> HubName | None:
    """Return the parts of a name as hubs write it, or None if it is not of that form."""
    found = _HUB.fullmatch(name)
    return HubName(found[1] or "", found[2], found[3] or "") if found else None


def model_ref(subject: Subject) -> str:
    """Return the reference of the revision itself."""
    return f"model:{subject.purl}"


def file_ref(path: str) -> str:
    """Return the reference of one of its files."""
    return f"file:{path}"


def origin_of(revision: Revision) -> Origin:
    """Return what ``revision`` was made from and what it consists of."""
    parts = _parts(revision)
    own = model_ref(revision.subject)
    found = _Found()
    adapters = {part.name: part.ref for part in parts if part.kind == "adapter"}
    for claim in lineage_claims(revision.cards, revision.configs):
        if not claim.name:
            continue
        ref = _ref(claim.kind, claim.name)
        found.add(Source(ref=ref, kind=claim.kind, name=claim.name, claimed_by=(claim.path,)))
        inside = adapters.get(_folder(claim.path)) if claim.relation == "adapter_of" else None
        found.link(ref, inside or own, claim.relation, (claim.path,))
    named: list[tuple[Literal["model", "dataset"], str]] = [
        ("model", name) for name in revision.model.base_models
    ]
    named += [("dataset", name) for name in revision.model.datasets]
    for kind, name in named:
        # The summary repeats the main card; what that card claims is there already.
        ref = _ref(kind, name)
        if name and ref not in found.sources:
            found.add(Source(ref=ref, kind=kind, name=name))
            found.link(ref, own, "unstated" if kind == "model" else "trained_on")
    if revision.lineage is not None:
        _draw(revision.lineage, revision.subject, found)
    return Origin(
        sources=tuple(found.sources.values()), links=tuple(found.links.values()), parts=parts
    )


class _Found:
    """Sources by reference and links by ends and relation, in the order they were found."""

    def __init__(self) -> None:
        self.sources: dict[str, Source] = {}
        self.links: dict[tuple[str, str, str], Link] = {}

    def add(self, new: Source) -> None:
        """Add ``new``, or what it knows to the source that has its reference already."""
        old = self.sources.get(new.ref)
        if old is not None:
            new = Source(
                ref=old.ref,
                kind=new.kind if new.drawn else old.kind,
                name=old.name,
                claimed_by=tuple(dict.fromkeys(old.claimed_by + new.claimed_by)),
                drawn=old.drawn and new.drawn,
                declared=new.declared or old.declared,
                found=new.found or old.found,
            )
        self.sources[new.ref] = new

    def link(
        self, upstream: str, downstream: str, relation: str, claimed_by: tuple[str, ...] = ()
    ) -> None:
        """Add a link once; a stated relation takes the place of one that was left open."""
        if upstream == downstream:
            return
        if relation != "unstated":
            self.links.pop((upstream, downstream, "unstated"), None)
        key = (upstream, downstream, relation)
        before = self.links[key].claimed_by if key in self.links else ()
        self.links[key] = Link(
            upstream=upstream,
            downstream=downstream,
            relation=relation,
            claimed_by=tuple(dict.fromkeys(before + claimed_by)),
        )


def _draw(graph: LineageGraph, subject: Subject, found: _Found) -> None:
    own = _subject_node(graph, subject)
    refs: dict[str, str] = {}
    for node in graph.nodes:
        if node is own:
            refs[node.name] = model_ref(subject)
            continue
        name = _text(node.name)
        refs[node.name] = _ref(node.kind, name)
        declared = node.declared or node.license
        found.add(
            Source(
                ref=refs[node.name],
                kind=node.kind,
                name=name,
                drawn=True,
                declared="" if declared == "unknown" else _text(declared),
                found="" if node.actual in (None, "unknown") else _text(node.actual or ""),
            )
        )
    for edge in graph.edges:
        if edge.upstream in refs and edge.downstream in refs:
            found.link(refs[edge.upstream], refs[edge.downstream], edge.relation)


def _subject_node(graph: LineageGraph, subject: Subject) -> LineageNode | None:
    """Return the node that is the revision: the one with its name, else the one final node."""
    names = {subject.name, subject.purl, f"{subject.name}@{subject.commit}"}
    for node in graph.nodes:
        if node.name in names:
            return node
    marked = [node for node in graph.nodes if node.role == "final"]
    if not marked:
        used = {edge.upstream for edge in graph.edges}
        marked = [node for node in graph.nodes if node.name not in used]
    return marked[0] if len(marked) == 1 else None


def _ref(kind: str, name: str) -> str:
    prefix = kind if kind in ("dataset", "code") else "base"
    return f"{prefix}:{name}"


def _text(value: str) -> str:
    """Return ``value`` without halves of surrogate pairs, which no document can hold."""
    return value.encode("utf-8", "replace").decode("utf-8")


def _folder(path: str) -> str:
    return path.rpartition("/")[0]


def _parts(revision: Revision) -> tuple[Part, ...]:
    # An adapter at the root is the revision itself.
    adapters: dict[str, list[str]] = {
        folder: []
        for folder in sorted(
            {_folder(config.path) for config in revision.configs if config.base_models}
        )
        if folder
    }
    tokenizers: dict[str, list[str]] = {}
    for file in revision.files:
        folder = _folder(file.path)
        if file.path.rpartition("/")[2] in _TOKENIZER:
            tokenizers.setdefault(folder, []).append(file.path)
        while folder and adapters:
            if folder in adapters:
                adapters[folder].append(file.path)
            folder = _folder(folder)
    parts = [
        Part(ref=f"adapter:{folder}", kind="adapter", name=folder, files=tuple(files))
        for folder, files in adapters.items()
    ]
    parts += [
        Part(
            ref=f"tokenizer:{folder}",
            kind="tokenizer",
            name=f"{folder}/tokenizer" if folder else "tokenizer",
            files=tuple(files),
        )
        for folder, files in sorted(tokenizers.items())
    ]
    if revision.code:
        parts.append(Part(ref="shipped:code", kind="code", name="code", files=revision.code))
    return tuple(parts)
