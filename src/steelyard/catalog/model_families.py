# SPDX-License-Identifier: Apache-2.0
"""Families of models as data: which configuration a base model implies, and which license it has.

Small on purpose: a name that is not listed says nothing, and nothing is concluded from it.
"""

from __future__ import annotations

from fnmatch import fnmatchcase
from functools import cache
from importlib import resources
from typing import Literal

import msgspec
from msgspec import Struct

Confidence = Literal["text", "secondary", "unverified"]


class Family(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Models of one architecture: the ``model_type`` their configurations have, and the sizes of
    their vocabularies."""

    id: str
    names: tuple[str, ...]
    types: tuple[str, ...]
    vocabularies: tuple[int, ...]
    source: str
    confidence: Confidence


class KnownLicense(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The license a maker puts on models of these names; ``license`` is a catalog key."""

    names: tuple[str, ...]
    license: str
    source: str
    confidence: Confidence


class Families(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The whole table."""

    as_of: str
    transformers: str
    families: tuple[Family, ...]
    licenses: tuple[KnownLicense, ...]


@cache
def families() -> Families:
    """Return the table."""
    data = resources.files("steelyard.catalog").joinpath("data", "model_families.toml").read_bytes()
    return msgspec.toml.decode(data, type=Families)


def family_of_name(name: str) -> Family | None:
    """Return the family of a repository name, in any case; None where it is not beyond doubt."""
    wanted = name.casefold()
    for family in families().families:
        if any(fnmatchcase(wanted, pattern) for pattern in family.names):
            return family
    return None


def family_of_type(model_type: str) -> Family | None:
    """Return the family a ``model_type`` belongs to."""
    wanted = model_type.strip().lower()
    return next((family for family in families().families if wanted in family.types), None)


def license_of_name(name: str) -> KnownLicense | None:
    """Return the license a maker puts on the models of this name, where it is written down."""
    wanted = name.casefold()
    for known in families().licenses:
        if any(fnmatchcase(wanted, pattern) for pattern in known.names):
            return known
    return None
