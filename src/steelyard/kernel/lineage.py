# SPDX-License-Identifier: Apache-2.0
"""The words of lineage: what a model's own files claim it was made from, and the graph of it.

A claim is what one key of one file says, quoted; it is never a fact about the bytes. ``strong`` is
what a loader follows, ``stated`` what the publisher wrote down on purpose, ``weak`` a name left
behind by a tool or a sentence in a text.
"""

from __future__ import annotations

from typing import Literal, get_args

from msgspec import Struct, field

NodeKind = Literal[
    "model", "adapter", "merge", "quantisation", "distillation", "dataset", "code"
]  # fmt: skip
Relation = Literal[
    "finetune",
    "merge_of",
    "adapter_of",
    "quantised_from",
    "distilled_from_outputs",
    "trained_on",
    "trained_with_code",
    "generated",
    "serves",
    "included_in",
    "includes_code",
    "modified_copy",
    "translated",
    "copied_content",
]
RELATIONS: tuple[Relation, ...] = get_args(Relation)
Confidence = Literal["strong", "stated", "weak"]
CONFIDENCE_ORDER: tuple[Confidence, ...] = get_args(Confidence)
"""Strongest first."""
PaperSource = Literal[
    "card", "adapter", "mergekit", "quantization", "config", "tokenizer", "pipeline", "gguf",
    "safetensors",
]  # fmt: skip
About = Literal[
    "adapter",
    "merge",
    "quantised",
    "full_weights",
    "draft",
    "distilled",
    "relation",
    "architecture",
    "model_type",
    "vocabulary",
    "hidden_size",
    "license",
    "evaluated_on",
    "own_name",
    "base_family",
    "local_path",
    "tool",
]
"""What an observation is about; the first six say what kind of model the files hold."""
LINEAGE_GRAPH_SCHEMA = "steelyard.lineage-graph/v1"


class LineageClaim(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One source a file names. An empty ``name`` means: there is one, and it is not named."""

    key: str
    """Where in the file: ``base_model[0]``, ``general.base_model.0.repo_url``."""
    quote: str
    """As written."""
    confidence: Confidence
    name: str
    """``org/name`` where that could be read, else the address or bare name."""
    kind: NodeKind = "model"
    relation: Relation | None = None
    """None where the file does not say how."""
    revision: str = ""
    role: str = ""
    """``tokenizer``, ``component``, ``verifier`` …; empty for what the weights were made from."""


class LineageFact(Struct, frozen=True, kw_only=True):
    """Something a file says about this model that bears on its lineage."""

    about: About
    key: str
    text: str


class LineagePaper(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What one file says about where the model comes from."""

    path: str
    source: PaperSource
    claims: tuple[LineageClaim, ...] = ()
    facts: tuple[LineageFact, ...] = ()
    repeated: tuple[tuple[str, str, str], ...] = ()
    """Keys that stand twice at the top, with both values."""
    problems: tuple[str, ...] = ()


class Claim(Struct, frozen=True, kw_only=True):
    """A claim as an edge carries it."""

    file: str
    key: str
    quote: str
    confidence: Confidence


class GraphNode(Struct, frozen=True, kw_only=True):
    """A model, adapter, merge, data set … of a lineage.

    ``license`` is a catalog key, or ``unknown``. ``state`` is ``assessed`` for the model at hand,
    ``named`` for what its files name and ``unnamed`` for a source that must exist and that nobody
    names.
    """

    name: str
    kind: NodeKind
    license: str = "unknown"
    declared: str | None = None
    actual: str | None = None
    files: tuple[str, ...] | None = None
    role: str | None = None
    state: Literal["assessed", "named", "unnamed"] = "named"
    revision: str = ""
    purl: str = ""
    license_source: str = ""
    """Where the license of a named source is known from."""


class GraphEdge(Struct, frozen=True, kw_only=True):
    """``from`` went into ``to``. ``inferred``: no file states the relation, only the source."""

    upstream: str = field(name="from")
    downstream: str = field(name="to")
    relation: Relation
    confidence: Confidence
    inferred: bool = False
    claims: tuple[Claim, ...] = ()
    more_claims: int = 0
    """Claims that say the same and are not listed."""


class Contradiction(Struct, frozen=True, kw_only=True):
    """Two statements of the model's own files that cannot both be right, or hardly so."""

    kind: str
    severity: Literal["info", "low", "medium", "high"]
    message: str
    quotes: tuple[Claim, ...]


class ProvenanceGraph(Struct, frozen=True, kw_only=True):
    """The lineage of one model as its own files claim it; the final node is ``subject``.

    ``origin``: ``stated`` when at least one source of the weights is named, ``unnamed`` when there
    must be one and nobody names it, ``unstated`` when no file says anything. Unstated is not
    "made from nothing".
    """

    subject: str
    origin: Literal["stated", "unnamed", "unstated"]
    nodes: tuple[GraphNode, ...]
    edges: tuple[GraphEdge, ...] = ()
    contradictions: tuple[Contradiction, ...] = ()
    evaluated_on: tuple[str, ...] = ()
    """Data sets its results were measured on; no part of its making."""
    problems: tuple[str, ...] = ()
    """What could not be read or was left out."""
    schema: str = LINEAGE_GRAPH_SCHEMA
