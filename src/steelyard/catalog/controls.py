# SPDX-License-Identifier: Apache-2.0
"""The library of controls: what must be done, why, and the engineering work that proves it.

A charter selects controls by id and says when they are called for. One file of ``data/controls``
holds the controls of one topic. Expressions are in the charter's rule language: ``applies`` says
when a control is called for by itself, ``evidence`` shows it satisfied by the bytes alone.
"""

from __future__ import annotations

import tomllib
from functools import cache
from importlib import resources
from typing import Any

import msgspec
from msgspec import Struct

from steelyard.kernel.assessment import ControlTask, Stage


class Mapping(Struct, frozen=True, kw_only=True):
    """An item of a law or standard that a control answers, and where that mapping comes from."""

    ref: str
    basis: str
    """A sentence: the item's own wording, another catalog's mapping, or our judgement."""


class EvidenceType(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A kind of dated proof. ``valid_for`` is a length of time, or empty: while unchanged."""

    id: str
    title: str
    what: str
    valid_for: str = ""


class CatalogControl(Struct, frozen=True, kw_only=True):
    """One control of the library.

    Each task names either a ``fact`` (an expression) or the type of ``evidence`` that proves it.
    """

    id: str
    title: str
    objective: str
    """The state that is reached."""
    why: str
    """What goes wrong without it, and which duty stands behind it."""
    topic: str
    stage: Stage
    tasks: tuple[ControlTask, ...]
    mappings: tuple[Mapping, ...]
    applies: str = "true"
    evidence: str = ""

    @property
    def frameworks(self) -> tuple[str, ...]:
        """The references of the items it answers."""
        return tuple(mapping.ref for mapping in self.mappings)

    @property
    def evidence_types(self) -> tuple[str, ...]:
        """Ids of the kinds of proof its tasks ask for."""
        return tuple(dict.fromkeys(task.evidence for task in self.tasks if task.evidence))


class Borrowed(Struct, frozen=True, kw_only=True):
    """Mappings taken from another catalog: the items each of its controls maps itself."""

    sentence: str
    source: str
    as_of: str
    license: str
    attribution: str
    maps: dict[str, tuple[str, ...]]


class Origin(Struct, frozen=True, kw_only=True):
    """Where a part of the catalog comes from, of which day, how well checked."""

    source: str
    as_of: str
    confidence: str


class MappingBases(Struct, frozen=True, kw_only=True):
    """The sentences that say where a mapping comes from, and where the controls come from."""

    library: Origin
    text: str
    title: str
    judgement: str
    cosai: Borrowed

    def sentence(self, key: str) -> str:
        """Return the sentence of a key: ``text``, ``title``, ``judgement`` or ``cosai:CONTROL``."""
        catalog, _, name = key.partition(":")
        if catalog == "cosai":
            return self.cosai.sentence.format(name=name)
        return {"text": self.text, "title": self.title, "judgement": self.judgement}[key]


class _Written(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A control as its file spells it: references grouped by where the mapping comes from."""

    id: str
    title: str
    objective: str
    why: str
    stage: Stage
    tasks: tuple[ControlTask, ...]
    mappings: dict[str, tuple[str, ...]]
    applies: str = "true"
    evidence: str = ""


@cache
def controls() -> dict[str, CatalogControl]:
    """Return all controls by id, topic by topic."""
    return {
        written.id: CatalogControl(
            id=written.id,
            title=written.title,
            objective=written.objective,
            why=written.why,
            topic=topic,
            stage=written.stage,
            tasks=written.tasks,
            mappings=tuple(
                Mapping(ref=ref, basis=mapping_bases().sentence(key))
                for key, refs in written.mappings.items()
                for ref in refs
            ),
            applies=written.applies,
            evidence=written.evidence,
        )
        for topic in topics()
        for written in written_controls(topic)
    }


@cache
def topics() -> tuple[str, ...]:
    """Return the topics, in alphabetical order."""
    folder = resources.files("steelyard.catalog").joinpath("data/controls")
    names = (entry.name for entry in folder.iterdir())
    return tuple(sorted(name.removesuffix(".toml") for name in names if name.endswith(".toml")))


def written_controls(topic: str) -> tuple[_Written, ...]:
    """Return the controls of one topic as its file spells them."""
    document = _toml(f"controls/{topic}.toml")
    return msgspec.convert(document["controls"], tuple[_Written, ...])


@cache
def evidence_types() -> dict[str, EvidenceType]:
    """Return the kinds of proof by id."""
    listed = msgspec.convert(_toml("evidence_types.toml")["types"], list[EvidenceType])
    return {kind.id: kind for kind in listed}


@cache
def mapping_bases() -> MappingBases:
    """Return where mappings come from."""
    return msgspec.convert(_toml("mapping_bases.toml"), MappingBases)


def _toml(name: str) -> dict[str, Any]:
    text = resources.files("steelyard.catalog").joinpath(f"data/{name}").read_text("utf-8")
    return tomllib.loads(text)
