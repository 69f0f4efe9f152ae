# SPDX-License-Identifier: Apache-2.0
"""The questions of the self-assessment: areas, levels in plain words, what profiles need."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib import resources

import msgspec
from msgspec import Struct


class MaturityArea(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One area of governing models."""

    id: str
    title: str
    about: str


class MaturityQuestion(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One question. ``levels`` says what each of the levels 0 to 3 looks like."""

    id: str
    area: str
    ask: str
    levels: tuple[str, str, str, str]
    needs: dict[str, int]
    """The least level each profile can be carried with."""
    do: str
    """The first thing to do about it."""
    controls: tuple[str, ...]


class MaturityCatalog(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All questions, and where they come from."""

    source: str
    as_of: str
    confidence: str
    note: str
    areas: tuple[MaturityArea, ...]
    questions: tuple[MaturityQuestion, ...]


@cache
def maturity_catalog() -> MaturityCatalog:
    """Return the questions in the order they are asked."""
    data = resources.files("steelyard.catalog").joinpath("data/maturity.toml").read_text("utf-8")
    return msgspec.convert(tomllib.loads(data), MaturityCatalog)
