# SPDX-License-Identifier: Apache-2.0
"""The words of licensing: what a text matched, what was declared, what conflicts, what is owed."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

from msgspec import Struct, field

LicenseCategory = Literal[
    "permissive",
    "content",
    "weak-copyleft",
    "strong-copyleft",
    "use-restricted",
    "source-available",
    "community",
    "non-commercial",
    "research-only",
]
"""Kinds of license, least restrictive first. Copyleft binds what is passed on, use restrictions and
vendors' own terms bind every use, and the last two rule out business."""


class LicenseVerdict(StrEnum):
    """How a text relates to the nearest known license."""

    EXACT = "exact"
    SAME_WORDING = "same_wording"
    VARIANT_OF = "variant_of"
    PLUS_ADDITIONAL_TERMS = "plus_additional_terms"
    SEVERAL = "several"
    UNKNOWN = "unknown"
    NONE = "none"


class ChangedSpan(Struct, frozen=True):
    """A place where a text departs from the reference; offsets are characters in the text."""

    kind: str
    start: int
    end: int
    text: str
    severity: str


class LicenseMatch(Struct, frozen=True, kw_only=True):
    """A license found in a text. ``key`` as in the license catalog, ``coverage`` from 0 to 1."""

    key: str
    spdx: str
    coverage: float
    changed: tuple[ChangedSpan, ...] = ()


class AdditionalTerms(Struct, frozen=True):
    """Text that belongs to no known license; offsets are characters in the text."""

    start: int
    end: int
    text: str


class LicenseFile(Struct, frozen=True, kw_only=True):
    """A license-bearing file and what was found in it; best match first."""

    path: str
    verdict: LicenseVerdict
    matches: tuple[LicenseMatch, ...] = ()
    additional_terms: tuple[AdditionalTerms, ...] = ()
    excerpt: str = ""
    """Its first words, at most 200 characters, as conflicts quote them."""


class DeclaredLicense(Struct, frozen=True, kw_only=True):
    """A license somebody declared, and where: a card, package metadata, a source header.

    ``raw`` is the text as written; ``key`` and ``spdx`` are empty when it is not known.
    """

    source: Literal["card", "package", "config", "header", "user"]
    path: str
    raw: str
    key: str = ""
    spdx: str = ""


class Quotation(Struct, frozen=True):
    """Words of a document."""

    path: str
    text: str


class LicenseConflict(Struct, frozen=True, kw_only=True):
    """Two or more sources that name different licenses for the same thing."""

    kind: str
    message: str
    sources: tuple[str, ...]
    """Each as ``path: license``."""
    quotes: tuple[Quotation, ...] = ()
    """The words of each source, in the same order."""


class Obligation(Struct, frozen=True, kw_only=True):
    """A duty, prohibition or cap that comes with a license, from the catalog."""

    license: str
    kind: str
    """``attribution · naming · share-alike · use-policy · outputs · geography · commercial ·
    redistribution · patent · revocability``"""
    text: str
    source: str


class LicenseSummary(Struct, frozen=True, kw_only=True):
    """All that is known about the license of a revision. Part of the assessment contract.

    ``declared`` is the license the model card (else the package) names, as written. ``category``
    is the catalog's category of the most restrictive license found, ``unknown`` if any part is
    unknown. An unknown license gives no permission.
    """

    declared: str | None = None
    declarations: tuple[DeclaredLicense, ...] = ()
    detected: tuple[LicenseMatch, ...] = ()
    files: tuple[LicenseFile, ...] = ()
    expression: str | None = None
    category: str = "unknown"
    commercial_use: str = "unknown"
    """``yes · no · conditional · unknown``"""
    obligations: tuple[Obligation, ...] = ()
    conflicts: tuple[LicenseConflict, ...] = field(default=())
