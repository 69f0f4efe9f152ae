# SPDX-License-Identifier: Apache-2.0
"""Laws and standards as data: the ids a charter's rules and controls may cite.

A reference is ``FRAMEWORK:ITEM``, such as ``OWASP-LLM-2025:LLM03`` or ``GDPR:Art-35``. Titles only;
each framework says where its list came from, when, under which terms and how well it was checked.
"""

from __future__ import annotations

import difflib
from functools import cache
from importlib import resources

import msgspec
from msgspec import Struct


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


class _Entry(Struct, frozen=True, array_like=True):
    item: str
    title: str
    source: int
    confidence: str = ""


class _Framework(Struct, frozen=True):
    prefix: str
    framework: str
    version: str
    confidence: str
    license: str
    attribution: str
    sources: tuple[str, ...]
    items: tuple[_Entry, ...]


class _Catalog(Struct, frozen=True):
    as_of: str
    frameworks: tuple[_Framework, ...]


@cache
def _catalog() -> dict[str, FrameworkItem]:
    data = resources.files("steelyard.catalog").joinpath("data/frameworks.json").read_bytes()
    catalog = msgspec.json.decode(data, type=_Catalog)
    return {
        item.id: item
        for framework in catalog.frameworks
        for item in _items(framework, catalog.as_of)
    }


def _items(framework: _Framework, as_of: str) -> list[FrameworkItem]:
    return [
        FrameworkItem(
            id=f"{framework.prefix}:{entry.item}",
            title=entry.title,
            framework=framework.framework,
            version=framework.version,
            source=framework.sources[entry.source],
            as_of=as_of,
            confidence=entry.confidence or framework.confidence,
            license=framework.license,
            attribution=framework.attribution,
        )
        for entry in framework.items
    ]


def all_items() -> tuple[FrameworkItem, ...]:
    """Return every entry of every framework."""
    return tuple(_catalog().values())


def find(reference: str) -> FrameworkItem | None:
    """Return the entry a reference names, or None."""
    return _catalog().get(reference)


def nearest_reference(reference: str) -> str:
    """Return the reference most like ``reference``, or an empty text."""
    known = _catalog()
    prefix, _, _ = reference.partition(":")
    same = [key for key in known if key.startswith(f"{prefix}:")]
    found = difflib.get_close_matches(reference, same or list(known), n=5, cutoff=0.5)
    return max(found, key=lambda other: _shared_start(reference, other), default="")


def _shared_start(one: str, other: str) -> int:
    """Count the characters both begin with: ids are read from the left."""
    pairs = zip(one, other, strict=False)
    return next((at for at, (a, b) in enumerate(pairs) if a != b), min(len(one), len(other)))
