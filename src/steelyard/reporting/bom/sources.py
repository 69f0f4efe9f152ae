# SPDX-License-Identifier: Apache-2.0
"""What a revision was made from and what it consists of, before any format is chosen.

Sources lie outside the revision: base models, data sets, code. They are claims of its own files, or
nodes of a lineage somebody drew. Parts lie inside it: an adapter, a tokenizer, code; which files
they have follows from the files' names.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from msgspec import Struct

from steelyard.kernel.assessment import Subject
from steelyard.kernel.lineage import GraphEdge, NodeKind, ProvenanceGraph
from steelyard.licensing.lineage.graph import LineageGraph, LineageNode
from steelyard.provenance.lineage.names import hub_purl, read_reference
from steelyard.reporting.bom.revision import Revision

PartKind = Literal["adapter", "tokenizer", "code"]

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


class Source(Struct, frozen=True, kw_only=True):
    """Something the revision was made from. ``ref`` names it inside one document.

    ``known`` says whether its name can identify anything; ``owner``, ``short`` and ``revision`` are
    the parts of a name as hubs write it, ``purl`` is empty for what is no model of a hub.
    """

    ref: str
    kind: NodeKind
    name: str
    known: bool
    owner: str = ""
    short: str = ""
    revision: str = ""
    purl: str = ""
    role: str = ""
    declared: str = ""
    """The license it is said to have."""
    found: str = ""
    """The license its text was found to be, or that the catalog knows its maker to use."""
    found_by: str = ""
    """Where ``found`` is known from; empty when it is the text."""


class Link(Struct, frozen=True, kw_only=True):
    """``upstream`` went into ``downstream``, both by ``ref``."""

    upstream: str
    downstream: str
    relation: str
    """A relation of a lineage, ``evaluated_on``, or ``unstated``: a source without saying how."""
    weak: bool = False
    """Only a stray name or sentence says so."""
    claimed_by: tuple[str, ...] = ()
    """Files that claim it; empty when the drawn lineage or the summary of the model says so."""


class Part(Struct, frozen=True, kw_only=True):
    """A part of the revision and its files."""

    ref: str
    kind: PartKind
    name: str
    files: tuple[str, ...]


class Origin:
    """All sources, links and parts, each once, in a fixed order."""

    def __init__(
        self, sources: Iterable[Source], links: Iterable[Link], parts: Iterable[Part]
    ) -> None:
        self.sources = tuple(sources)
        self.links = tuple(links)
        self.parts = tuple(parts)
        self._up: dict[str, list[Link]] = {}
        self._down: dict[str, list[Link]] = {}
        for link in self.links:
            self._up.setdefault(link.downstream, []).append(link)
            self._down.setdefault(link.upstream, []).append(link)

    def upstream(self, ref: str) -> list[Link]:
        """Return the links that lead into ``ref``."""
        return self._up.get(ref, [])

    def downstream(self, ref: str) -> list[Link]:
        """Return the links that lead out of ``ref``."""
        return self._down.get(ref, [])


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
    if revision.lineage is not None:
        folders = {part.name: part.ref for part in parts if part.kind == "adapter"}
        _claimed(revision.lineage, own, folders, found)
    else:
        for name in revision.model.base_models:
            found.link(found.add("model", name), own, "unstated")
        for name in revision.model.datasets:
            found.link(found.add("dataset", name), own, "trained_on")
    if revision.drawn is not None:
        _draw(revision.drawn, revision.subject, found)
    return Origin(found.sources.values(), found.links.values(), parts)


class _Found:
    """Sources by reference and links by ends and relation, in the order they were found."""

    def __init__(self) -> None:
        self.sources: dict[str, Source] = {}
        self.links: dict[tuple[str, str, str], Link] = {}

    def add(
        self,
        kind: NodeKind,
        name: str,
        *,
        known: bool = True,
        role: str = "",
        declared: str = "",
        found: str = "",
        found_by: str = "",
    ) -> str:
        """Add a source, or what is new about it, and return its reference; empty for no name."""
        if not name.strip():
            return ""
        ref = _ref(kind, name)
        old = self.sources.get(ref)
        reference = read_reference(name) if known and kind != "code" else None
        is_hub = reference is not None and reference.form == "hub"
        owner, _, short = reference.name.rpartition("/") if reference and is_hub else ("", "", "")
        revision = reference.revision if reference and is_hub else ""
        self.sources[ref] = Source(
            ref=ref,
            kind=kind if old is None else old.kind,
            name=name,
            known=is_hub,
            owner=owner,
            short=short,
            revision=revision,
            # The package URL type of the hub names models only.
            purl=hub_purl(f"{owner}/{short}", revision) if is_hub and kind != "dataset" else "",
            role=role or (old.role if old else ""),
            declared=declared or (old.declared if old else ""),
            found=found or (old.found if old else ""),
            found_by=found_by if found else (old.found_by if old else ""),
        )
        return ref

    def link(
        self,
        upstream: str,
        downstream: str,
        relation: str,
        *,
        weak: bool = False,
        claimed_by: tuple[str, ...] = (),
    ) -> None:
        """Add a link once; a stated relation takes the place of one that was left open."""
        if upstream == downstream or not upstream or not downstream:
            return
        if relation != "unstated":
            self.links.pop((upstream, downstream, "unstated"), None)
        key = (upstream, downstream, relation)
        old = self.links.get(key)
        self.links[key] = Link(
            upstream=upstream,
            downstream=downstream,
            relation=relation,
            weak=weak and (old is None or old.weak),
            claimed_by=tuple(dict.fromkeys((old.claimed_by if old else ()) + claimed_by)),
        )


def _claimed(graph: ProvenanceGraph, own: str, folders: dict[str, str], found: _Found) -> None:
    """Add what the revision's own files claim; ``folders`` are those of adapters inside it."""
    refs: dict[str, str] = {}
    for node in graph.nodes:
        if node.state == "assessed":
            refs[node.name] = own
            continue
        actual = _license(node.actual)
        known_by_name = "" if actual else _license(node.license)
        refs[node.name] = found.add(
            node.kind,
            node.name,
            known=node.state == "named",
            role=node.role or "",
            declared=_license(node.declared),
            found=actual or known_by_name,
            found_by=node.license_source if known_by_name else "",
        )
    for edge in graph.edges:
        relation = "unstated" if edge.inferred and edge.relation in DERIVED else edge.relation
        downstream = refs.get(edge.downstream, "")
        if downstream == own and edge.relation == "adapter_of":
            downstream = _adapter_of(edge, folders) or own
        found.link(
            refs.get(edge.upstream, ""),
            downstream,
            relation,
            weak=edge.confidence == "weak",
            claimed_by=tuple(dict.fromkeys(claim.file for claim in edge.claims)),
        )
    for name in graph.evaluated_on:
        found.link(found.add("dataset", name), own, "evaluated_on")


def _adapter_of(edge: GraphEdge, folders: dict[str, str]) -> str:
    """Return the adapter inside the revision that alone makes the claim, if there is one."""
    claiming = {_folder(claim.file) for claim in edge.claims}
    return folders.get(claiming.pop(), "") if len(claiming) == 1 else ""


def _draw(graph: LineageGraph, subject: Subject, found: _Found) -> None:
    own = _subject_node(graph, subject)
    refs: dict[str, str] = {}
    for node in graph.nodes:
        if node is own:
            refs[node.name] = model_ref(subject)
            continue
        refs[node.name] = found.add(
            node.kind,
            _text(node.name),
            role=_text(node.role or ""),
            declared=_license(node.declared or node.license),
            found=_license(node.actual),
        )
    for edge in graph.edges:
        found.link(refs.get(edge.upstream, ""), refs.get(edge.downstream, ""), edge.relation)


def _license(name: str | None) -> str:
    return "" if name is None or name == "unknown" else _text(name)


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
