# SPDX-License-Identifier: Apache-2.0
"""The EU AI Act as a questionnaire: questions, dates, roles, classes and obligations, as data.

An answer leaves *marks*. Formulas over marks (``a & (b | c.*)``, never "not") say which question
comes next, which class and role follow, and what is owed. Reading the formulas and working with
them is for :mod:`steelyard.charter.regulation`; here they are text.
"""

from __future__ import annotations

import datetime
import tomllib
from functools import cache
from importlib import resources
from typing import Literal

import msgspec
from msgspec import Struct

NOT_SURE = "not-sure"
"""The answer every question takes besides its own."""
FILES = ("law.toml", "questions.toml", "obligations.toml")

Stage = Literal["scope", "prohibited", "roles", "high-risk", "transparency", "gpai"]
Kind = Literal["yes-no", "one", "many"]
Confidence = Literal["text", "secondary", "unverified"]


class Option(Struct, frozen=True, forbid_unknown_fields=True):
    """One answer to a question. ``alone`` ones exclude every other, such as "none of these"."""

    id: str
    text: str
    marks: tuple[str, ...] = ()
    alone: bool = False


class Question(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One question. It is asked when ``when`` holds; an empty formula always does."""

    id: str
    stage: Stage
    text: str
    help: str
    options: tuple[Option, ...]
    refs: tuple[str, ...]
    source: str
    confidence: Confidence
    kind: Kind = "yes-no"
    when: str = ""
    clause: str = ""
    mild: str = ""
    """The option that stands for "not sure" where the mildest result is asked for; else none."""


class LegalDate(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One date of the law. ``before`` is what held before ``amended_by`` moved it."""

    id: str
    date: datetime.date
    what: str
    source: str
    confidence: Confidence
    before: datetime.date | None = None
    amended_by: str = ""


class Dated(Struct, frozen=True, forbid_unknown_fields=True):
    """A date that applies when a formula holds."""

    when: str
    date: str


class Timing(Struct, frozen=True, forbid_unknown_fields=True):
    """When something starts: the earliest of the dates whose formula holds."""

    id: str
    dates: tuple[Dated, ...]


class Derived(Struct, frozen=True, forbid_unknown_fields=True):
    """A mark that follows from other marks."""

    mark: str
    when: str


class Class(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One class of system, or one role, or one standing as provider of a model."""

    id: str
    title: str
    when: str
    what: str = ""
    refs: tuple[str, ...] = ()
    timings: tuple[str, ...] = ()
    """Timings of the obligations that come with it."""


class Obligation(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Something a role owes. ``clause`` is the paragraph, ``refs`` are ids of the catalog."""

    id: str
    what: str
    who: tuple[str, ...]
    clause: str
    refs: tuple[str, ...]
    when: str
    timing: str
    source: str
    confidence: Confidence
    amended_by: str = ""


class EuAiAct(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The whole of it. Lists of classes, roles and standings are worst first."""

    version: str
    law: str
    as_of: datetime.date
    disclaimer: str
    sources: dict[str, str]
    dates: tuple[LegalDate, ...]
    timings: tuple[Timing, ...]
    derived: tuple[Derived, ...]
    classes: tuple[Class, ...]
    gpai: tuple[Class, ...]
    roles: tuple[Class, ...]
    questions: tuple[Question, ...]
    obligations: tuple[Obligation, ...]


@cache
def eu_ai_act() -> EuAiAct:
    """Return the questionnaire as shipped."""
    folder = resources.files("steelyard.catalog").joinpath("data/eu_ai_act")
    merged: dict[str, object] = {}
    for name in FILES:
        merged |= tomllib.loads(folder.joinpath(name).read_text("utf-8"))
    return msgspec.convert(merged, EuAiAct)
