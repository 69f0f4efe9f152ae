# SPDX-License-Identifier: Apache-2.0
"""Pushes licenses along the edges of a lineage.

What reaches a node is kept once per license and *mode*, the way in which it reaches it:

========== =====================================================================================
own        the node itself is under the license
derivative the node is made from something under it, in a way that makes it a derivative
component  something under it is part of the node or runs it, unchanged
changed    the same, changed before it became a part
outputs    the node holds outputs of a model under it
trained    the node was trained on such outputs, which does not make it a derivative
data       the node was trained on data under it
tool       the node was trained with code under it
========== =====================================================================================

A path is a chain of :class:`Carried` back to its origin, so the cost is linear in edges times the
number of different licenses, however long the paths are.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Literal

from msgspec import Struct

from steelyard.catalog.license_terms import LicenseTerms, Term, license_terms
from steelyard.catalog.licenses import License, by_key, candidates
from steelyard.kernel.lineage import Relation
from steelyard.licensing.expressions import symbols
from steelyard.licensing.lineage.graph import LineageNode, Ordered
from steelyard.licensing.lineage.modality import is_multimodal

Mode = Literal["own", "derivative", "component", "changed", "outputs", "trained", "data", "tool"]
WHOLE: frozenset[Mode] = frozenset({"own", "derivative", "component", "changed"})
"""Modes in which the thing itself is there, not only what came of it."""

_MADE_FROM: frozenset[Relation] = frozenset(
    {
        "finetune",
        "merge_of",
        "adapter_of",
        "quantised_from",
        "modified_copy",
        "translated",
        "copied_content",
    }
)
_PART_OF: frozenset[Relation] = frozenset({"included_in", "includes_code", "serves"})
_BUILT_IN: frozenset[Relation] = frozenset({"included_in", "includes_code"})
_THROUGH_OUTPUTS = frozenset({"distilled_from_outputs", "generated", "trained_on"})
_AS_PART: dict[Mode, Mode] = {"own": "component", "derivative": "changed"}
_WANTED: dict[Mode, str] = {
    "derivative": "derivatives",
    "changed": "derivatives",
    "trained": "output-trained",
}
_NOBODY = frozenset({"", "unknown", "none", "unlicensed", "n/a", "other"})
_ABOUT_OUTPUTS = frozenset(
    {"no-output-training", "outputs-derivative", "outputs-no-commercial-use"}
)


class Held(Struct, frozen=True, kw_only=True):
    """One license a node is under. ``key`` is empty when nobody knows it."""

    key: str
    name: str
    """SPDX id, the catalog's name where there is none, or what was written when it is unknown."""
    entry: License | None = None
    later: bool = False
    """Any later version of the license may be chosen."""

    @property
    def terms(self) -> LicenseTerms | None:
        """Its terms; None when it is unknown or its terms are not written down."""
        return license_terms(self.key) if self.key else None


class Carried(Struct, frozen=True, kw_only=True):
    """A license at a node, how it got there and from where."""

    held: Held
    mode: Mode
    node: int
    before: Carried | None = None
    relation: Relation | None = None
    """How it came from ``before``'s node; None at its origin."""

    @property
    def by_outputs(self) -> bool:
        """Tell whether some step of the way went through outputs instead of weights."""
        return any(step.relation in _THROUGH_OUTPUTS for step in self.path())

    @property
    def origin(self) -> int:
        """Return the node whose own license this is."""
        return self.path()[0].node

    def path(self) -> list[Carried]:
        """Return the steps from the origin to this node."""
        steps: list[Carried] = []
        at: Carried | None = self
        while at is not None:
            steps.append(at)
            at = at.before
        return steps[::-1]


def follows(term: Term, carried: Carried) -> bool:
    """Tell whether a term goes along in the way ``carried`` came: to copies, to derivatives, or to
    what was trained on outputs."""
    return _WANTED.get(carried.mode, "copies") in term.on


Arrived = dict[tuple[str, Mode, int], Carried]
"""By license, mode and a number that tells origins apart where the terms do."""


@cache
def read_license(text: str) -> tuple[Held, ...]:
    """Return the licenses ``text`` names: a key, an id, a tag or an SPDX expression.

    Of an ambiguous name the most restrictive license counts, and of alternatives (``OR``) all.
    """
    if text.strip().lower() in _NOBODY:
        return (Held(key="", name="unknown"),)
    known = by_key(text) or next(iter(candidates(text)), None)
    if known is None:
        parts = symbols(text)
        if len(parts) > 1:
            return tuple(held for part in parts for held in read_license(part))
        return (Held(key="", name=text.strip()[:200]),)
    later = known.spdx.endswith("-or-later") or known.spdx.endswith("+")
    name = known.name if known.spdx.startswith("LicenseRef-") else known.spdx
    return (Held(key=known.key, name=name, entry=known, later=later),)


def governing(node: LineageNode) -> tuple[Held, ...]:
    """Return the licenses a node is really under: what its text says, else what is stated."""
    stated = node.actual or node.license
    if stated.strip().lower() in _NOBODY and not node.actual and node.declared:
        stated = node.declared
    return read_license(stated)


def label(node: LineageNode) -> tuple[Held, ...]:
    """Return the licenses a node is passed on under."""
    return read_license(node.declared or node.license)


def carry(ordered: Ordered) -> list[Arrived]:
    """Return for every node what reaches it, nearest path first."""
    nodes = ordered.graph.nodes
    reached: list[Arrived] = [{} for _ in nodes]
    for at in ordered.order:
        here = reached[at]
        for held in governing(nodes[at]):
            mark = _mark(nodes[at], held)
            here[_name(held), "own", mark] = Carried(held=held, mode="own", node=at)
        for source, relation in ordered.incoming[at]:
            for (name, _, mark), carried in reached[source].items():
                for mode in _modes(carried, nodes[source], relation, nodes[at]):
                    if (name, mode, mark) not in here:
                        here[name, mode, mark] = Carried(
                            held=carried.held, mode=mode, node=at, before=carried, relation=relation
                        )
    return reached


def _name(held: Held) -> str:
    return held.key or f"?{held.name}"


def _mark(node: LineageNode, held: Held) -> int:
    """Tell apart origins of one license whose terms bite differently: modality and NOTICE files."""
    terms = held.terms
    if terms is None:
        return 0
    notices = any("notice" in name.lower() for name in node.files or ())
    for term in terms.terms:
        if term.modality == "multimodal":
            sees = {None: 2, False: 0, True: 4}[is_multimodal(node, term)]
            return sees + notices
    return int(notices)


def _modes(
    carried: Carried, source: LineageNode, relation: Relation, target: LineageNode
) -> Iterator[Mode]:
    """Yield how a license goes on over one edge (rules: docs/explanation/lineage-rules)."""
    mode = carried.mode
    whole = mode in WHOLE
    if relation in _BUILT_IN and source.kind == target.kind == "code" and whole:
        # Code built into code is one program, unless its license stops at the file or library;
        # code beside weights stays a part of its own.
        relation = "modified_copy" if _reaches_the_whole(carried.held) else relation
    if relation in _MADE_FROM:
        yield "derivative" if mode == "own" else mode
    elif relation in _PART_OF:
        yield _AS_PART.get(mode, mode)
    elif relation == "trained_with_code":
        if whole:
            yield "tool"
    elif relation == "generated":
        if mode in ("own", "derivative"):
            yield "outputs"
    elif relation == "distilled_from_outputs" or source.kind not in ("dataset", "code"):
        # "trained on" a model can only mean on what it put out.
        if mode in ("own", "derivative"):
            yield from _after_outputs(carried.held)
    else:
        yield from _after_training(carried, whole)


def _reaches_the_whole(held: Held) -> bool:
    terms = held.terms
    return terms is None or not any(
        term.code == "share-alike" and term.reach != "work" for term in terms.terms
    )


def _after_training(carried: Carried, whole: bool) -> Iterator[Mode]:
    if carried.mode == "outputs":
        yield from _after_outputs(carried.held)
    elif carried.mode == "data" or whole:
        if carried.mode == "own" and _speaks_of_outputs(carried.held):
            # A dataset under a model's license holds that model's outputs.
            yield from _after_outputs(carried.held)
        yield "data"


def _after_outputs(held: Held) -> Iterator[Mode]:
    """Yield what a model trained on outputs is: always trained on them, perhaps a derivative."""
    yield "trained"
    terms = held.terms
    if terms is not None and any(term.code == "outputs-derivative" for term in terms.terms):
        yield "derivative"


def _speaks_of_outputs(held: Held) -> bool:
    terms = held.terms
    return terms is not None and any(
        term.code in _ABOUT_OUTPUTS or "output-trained" in term.on for term in terms.terms
    )
