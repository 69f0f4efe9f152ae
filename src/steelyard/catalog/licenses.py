# SPDX-License-Identifier: Apache-2.0
"""Licenses as data: what each one permits, asks and forbids, and the many ways to name it.

A license has one ``key`` here and many names elsewhere: SPDX ids (current and deprecated), Hub
tags, package classifiers, prose. :func:`candidates` returns every license a name may mean, most
restrictive first; :func:`resolve` returns that first one, so an ambiguous name never counts as the
milder license. A name that is not understood resolves to nothing, and nothing gives no permission.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from importlib import resources
from typing import Literal, get_args

import msgspec
from msgspec import Struct

from steelyard.kernel.license import LicenseCategory

Category = Literal[LicenseCategory, "unknown"]
CATEGORY_ORDER: tuple[Category, ...] = get_args(Category)
"""Least restrictive first. What is unknown permits nothing, so it outranks them all."""

Answer = Literal["yes", "conditional", "unknown", "no"]


class CommercialUse(Struct, frozen=True):
    """Whether business use is permitted, and in what words the table says so."""

    answer: Answer
    text: str = ""


class Clause(Struct, frozen=True):
    """One term of a license. ``duty`` is false for a statement that binds nobody."""

    kind: str
    text: str
    duty: bool = True


class License(Struct, frozen=True, kw_only=True):
    """One license and what is known about it. Empty means the source says nothing."""

    key: str
    spdx: str
    name: str
    category: Category
    commercial_use: CommercialUse
    hub_tags: tuple[str, ...] = ()
    category_raw: str = ""
    clauses: tuple[Clause, ...] = ()
    osi_approved: bool | None = None
    patent: str = ""
    revocability: str = ""
    source: str = ""
    as_of: str = ""
    confidence: Literal["text", "secondary", "unverified"] = "unverified"


class _Document(Struct, frozen=True):
    schema: str
    as_of: str
    licenses: tuple[License, ...]


class _Names(Struct, frozen=True):
    aliases: dict[str, str]
    families: dict[str, tuple[str, ...]]


_CC_NAME = re.compile(
    r"creative commons (.{2,80}?) ?(\d\.\d)(?: international| unported| generic)?(?: public)?"
)
_CC_ELEMENTS = (
    ("BY", r"\battribution\b"),
    ("NC", r"\bnon ?commercial\b"),
    ("ND", r"\bno ?deriv(?:ative)?(?:s| works)?\b"),
    ("SA", r"\bshare ?alike\b"),
)
"""Elements of Creative Commons licenses in the order of their SPDX ids."""


@cache
def licenses() -> tuple[License, ...]:
    """Return every license of the catalog in the order of its table."""
    return msgspec.json.decode(_data("licenses.json"), type=_Document).licenses


@cache
def _by_key() -> dict[str, License]:
    return {entry.key: entry for entry in licenses()}


@cache
def _by_spdx() -> dict[str, License]:
    return {entry.spdx.lower(): entry for entry in licenses()}


@cache
def _by_tag() -> dict[str, tuple[License, ...]]:
    found: dict[str, tuple[License, ...]] = {}
    for entry in licenses():
        for tag in entry.hub_tags:
            found[tag] = (*found.get(tag, ()), entry)
    return found


@cache
def _names() -> _Names:
    return msgspec.json.decode(_data("license_names.json"), type=_Names)


def by_key(key: str) -> License | None:
    """Return the license with exactly this catalog key."""
    return _by_key().get(key)


def by_spdx(identifier: str) -> License | None:
    """Return the license with this SPDX id, in any case.

    Deprecated ids without a suffix mean ``-only``; ``+`` and ``-or-later`` share the facts of
    ``-only`` and keep their own id.
    """
    wanted = identifier.strip().lower()
    exact = _by_spdx().get(wanted)
    if exact is not None:
        return exact
    later = wanted.endswith(("+", "-or-later"))
    stem = wanted.removesuffix("+").removesuffix("-or-later").removesuffix("-only")
    only = _by_spdx().get(f"{stem}-only")
    if only is None:
        return None
    if later:
        return msgspec.structs.replace(only, spdx=only.spdx.replace("-only", "-or-later"))
    return only


def by_hub_tag(tag: str) -> tuple[License, ...]:
    """Return the licenses a Hub tag stands for; several when the tag does not say which version."""
    return _by_tag().get(tag.strip().lower(), ())


def candidates(text: str) -> tuple[License, ...]:
    """Return every license ``text`` may name, most restrictive first; none if not understood."""
    text = text.strip()
    if not text or len(text) > 200:
        return ()
    lowered = text.lower()
    tagged = by_hub_tag(lowered)
    if tagged:
        return most_restrictive_first(tagged)
    direct = by_spdx(lowered) or by_key(lowered) or by_key(text)
    if direct is not None:
        return (direct,)
    names = _names()
    name = plain_name(text)
    family = names.families.get(name)
    if family is not None:
        found = [by_spdx(member) or by_key(member) for member in family]
        return most_restrictive_first(entry for entry in found if entry is not None)
    alias = names.aliases.get(name) or _creative_commons(name)
    target = by_spdx(alias or name.replace(" ", "-"))
    if target is not None:
        return (target,)
    same = [entry for entry in licenses() if plain_name(entry.name) == name]
    return most_restrictive_first(same)


def _creative_commons(name: str) -> str:
    """Return the SPDX id of a Creative Commons license spelled out in words, else nothing.

    ``creative commons attribution share alike 3.0`` is ``CC-BY-SA-3.0``. Every word must be one of
    the elements, so that a name with anything else in it is not taken for a milder license.
    """
    found = _CC_NAME.fullmatch(name)
    if found is None:
        return ""
    rest = found.group(1).replace("-", " ")
    elements = []
    for element, spelled in _CC_ELEMENTS:
        rest, count = re.subn(spelled, " ", rest)
        if count:
            elements.append(element)
    if rest.strip() or not elements or elements[0] != "BY":
        return ""
    return f"CC-{'-'.join(elements)}-{found.group(2)}"


def resolve(text: str, license_name: str = "") -> License | None:
    """Return the license ``text`` names, the most restrictive one if it may mean several.

    ``other`` (the Hub's tag for "see the name") resolves by ``license_name``.
    """
    if text.strip().lower() == "other":
        text = license_name
    found = candidates(text)
    return found[0] if found else None


def restrictiveness(category: str) -> int:
    """Return the rank of a category in :data:`CATEGORY_ORDER`; an unheard-of one is unknown."""
    for rank, known in enumerate(CATEGORY_ORDER):
        if known == category:
            return rank
    return len(CATEGORY_ORDER) - 1


def most_restrictive_first(found: Iterable[License]) -> tuple[License, ...]:
    """Return ``found`` by category, most restrictive first; later catalog entries win a tie."""
    ranked = list(enumerate(found))
    ranked.sort(key=lambda pair: (restrictiveness(pair[1].category), pair[0]), reverse=True)
    return tuple(entry for _, entry in ranked)


def nearest_names(text: str, count: int = 3) -> tuple[str, ...]:
    """Return the known tags and SPDX ids spelled most like ``text``, for a helpful sentence."""
    import difflib

    known = {*_by_tag(), *(entry.spdx for entry in licenses() if entry.spdx)}
    lowered = {name.lower(): name for name in sorted(known)}
    close = difflib.get_close_matches(text.strip().lower()[:100], lowered, n=count, cutoff=0.6)
    return tuple(lowered[name] for name in close)


def plain_name(text: str) -> str:
    """Return a license name without case, punctuation and filler words.

    ``License :: OSI Approved :: MIT License`` becomes ``mit``; ``Apache License, Version 2.0``
    becomes ``apache 2.0``; ``GPLv3+`` keeps its plus as ``or later``.
    """
    _, classifier, last = text.rpartition("::")
    text = last.lower()
    if classifier:
        # Classifiers repeat themselves in parentheses; elsewhere what stands there may matter.
        text = re.sub(r"\([^)]*\)", " ", text)
    text = re.sub(r"\bv(?:ersion)?[ .]*(?=\d)|(?<=[a-z])v(?=\d)", " ", text)
    text = re.sub(r"(?<=\d)\+|\bor (?:any )?(?:later|newer)\b(?: version)?", " or later", text)
    text = re.sub(r"[^a-z0-9.+]+", " ", text)
    fillers = {"the", "license", "licence", "version", "software", "agreement", "a", "under"}
    words = [word for word in text.split() if word not in fillers]
    return " ".join(words)


def _data(name: str) -> bytes:
    return resources.files("steelyard.catalog").joinpath("data", name).read_bytes()
