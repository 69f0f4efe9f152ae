# SPDX-License-Identifier: Apache-2.0
"""Laws and standards as data: the ids a charter's rules and controls may cite.

A reference is ``FRAMEWORK:ITEM``, such as ``OWASP-LLM-2025:LLM03`` or ``GDPR:Art-35``. Titles only;
each framework says where its list came from, when, under which terms and how well it was checked.
Ids have a life: what a later edition dropped still resolves here and says what replaced it.
"""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Iterable
from functools import cache
from importlib import resources
from typing import Literal

import msgspec
from msgspec import Struct

Standing = Literal["current", "superseded", "removed"]


class FrameworkItem(Struct, frozen=True, kw_only=True):
    """One entry of a law or standard. ``id`` is the full reference.

    ``confidence`` is ``text`` (checked against the source's own text), ``secondary`` (read in other
    publications) or ``unverified``.
    """

    id: str
    title: str
    framework: str
    version: str
    source: str
    as_of: str
    confidence: str
    license: str
    attribution: str = ""
    kind: str = ""
    """What it is in its framework: control, article, risk, subcategory …"""
    level: str = ""
    """Level of assurance, where the framework gives one."""
    removed_in: str = ""
    """Edition that no longer has it."""
    replaced_by: tuple[str, ...] = ()
    """What says the same in the newest edition known here."""
    former_title: str = ""
    change_basis: str = ""
    """Where it is known from that the entry was dropped, moved or renamed."""

    @property
    def prefix(self) -> str:
        """The framework's short name: the reference before its first colon."""
        return self.id.partition(":")[0]

    @property
    def standing(self) -> Standing:
        """Whether the entry still stands in the newest edition known here."""
        if self.removed_in:
            return "removed"
        return "superseded" if self.replaced_by else "current"


class Framework(Struct, frozen=True, kw_only=True):
    """One law or standard: what the catalog holds of it and where that is from."""

    id: str
    title: str
    version: str
    as_of: str
    confidence: str
    """The weakest confidence of its entries."""
    license: str
    attribution: str
    sources: tuple[str, ...]
    kinds: dict[str, int]
    """How many entries of each kind."""
    items: int


class _Entry(Struct, frozen=True, array_like=True):
    item: str
    title: str
    source: int
    kind: str
    confidence: str = ""
    level: str = ""


class _Framework(Struct, frozen=True):
    prefix: str
    framework: str
    version: str
    confidence: str
    license: str
    attribution: str
    sources: tuple[str, ...]
    items: tuple[_Entry, ...]
    as_of: str = ""
    """Where it differs from the catalog's."""


class _Change(Struct, frozen=True):
    id: str
    basis: str
    removed_in: str = ""
    replaced_by: tuple[str, ...] = ()
    renamed_in: str = ""
    title: str = ""
    former_title: str = ""


class _Catalog(Struct, frozen=True):
    as_of: str
    frameworks: tuple[_Framework, ...]
    changes: tuple[_Change, ...]


@cache
def _catalog() -> dict[str, FrameworkItem]:
    data = resources.files("steelyard.catalog").joinpath("data/frameworks.json").read_bytes()
    catalog = msgspec.json.decode(data, type=_Catalog)
    found = {
        item.id: item
        for framework in catalog.frameworks
        for item in _items(framework, catalog.as_of)
    }
    for change in catalog.changes:
        item = found[change.id]
        found[change.id] = msgspec.structs.replace(
            item,
            title=change.title or item.title,
            removed_in=change.removed_in,
            replaced_by=change.replaced_by,
            former_title=change.former_title,
            change_basis=change.basis,
        )
    return found


def _items(framework: _Framework, as_of: str) -> list[FrameworkItem]:
    return [
        FrameworkItem(
            id=f"{framework.prefix}:{entry.item}",
            title=entry.title,
            framework=framework.framework,
            version=framework.version,
            source=framework.sources[entry.source],
            as_of=framework.as_of or as_of,
            confidence=entry.confidence or framework.confidence,
            license=framework.license,
            attribution=framework.attribution,
            kind=entry.kind,
            level=entry.level,
        )
        for entry in framework.items
    ]


def all_items() -> tuple[FrameworkItem, ...]:
    """Return every entry of every framework."""
    return tuple(_catalog().values())


@cache
def frameworks() -> dict[str, Framework]:
    """Return every framework by its short name, with what the catalog holds of it."""
    members: dict[str, list[FrameworkItem]] = {}
    for item in all_items():
        members.setdefault(item.prefix, []).append(item)
    return {prefix: _summary(prefix, items) for prefix, items in sorted(members.items())}


def _summary(prefix: str, items: list[FrameworkItem]) -> Framework:
    order = ("text", "secondary", "unverified")
    return Framework(
        id=prefix,
        title=items[0].framework,
        version=", ".join(dict.fromkeys(item.version for item in items)),
        as_of=items[0].as_of,
        confidence=max((item.confidence for item in items), key=order.index),
        license=items[0].license,
        attribution=items[0].attribution,
        sources=tuple(dict.fromkeys(item.source for item in items)),
        kinds=dict(Counter(item.kind for item in items if not item.removed_in)),
        items=sum(not item.removed_in for item in items),
    )


def find(reference: str) -> FrameworkItem | None:
    """Return the entry a reference names, or None; one that was dropped since is found too."""
    return _catalog().get(reference)


def current(reference: str) -> tuple[FrameworkItem, ...]:
    """Return what says the same as ``reference`` in the newest edition known here.

    That is the entry itself where it still stands, and nothing where nothing replaced it.
    """
    item = find(reference)
    if item is None:
        return ()
    if item.standing == "current":
        return (item,)
    return tuple(newer for other in item.replaced_by for newer in current(other))


def nearest_reference(reference: str) -> str:
    """Return the reference most like ``reference``, or an empty text."""
    known = _catalog()
    prefix, _, _ = reference.partition(":")
    same = [key for key in known if key.startswith(f"{prefix}:")]
    return nearest_of(reference, same or list(known))


def nearest_of(word: str, known: Iterable[str]) -> str:
    """Return the one of ``known`` most like ``word``, or an empty text."""
    found = difflib.get_close_matches(word, list(known), n=5, cutoff=0.5)
    return max(found, key=lambda other: _shared_start(word, other), default="")


def _shared_start(one: str, other: str) -> int:
    """Count the characters both begin with: ids are read from the left."""
    pairs = zip(one, other, strict=False)
    return next((at for at, (a, b) in enumerate(pairs) if a != b), min(len(one), len(other)))
