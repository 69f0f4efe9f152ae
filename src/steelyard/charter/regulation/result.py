# SPDX-License-Identifier: Apache-2.0
"""What a classification says: ``steelyard.classification/v1``."""

from __future__ import annotations

import datetime
from typing import Final, Literal

from msgspec import Struct, field

CLASSIFICATION_SCHEMA: Final = "steelyard.classification/v1"

EuClass = Literal[
    "out-of-scope",
    "minimal",
    "transparency",
    "documented-not-high-risk",
    "high-risk",
    "prohibited",
]
CLASSES: tuple[EuClass, ...] = (
    "out-of-scope",
    "minimal",
    "transparency",
    "documented-not-high-risk",
    "high-risk",
    "prohibited",
)
"""Mildest first."""
Gpai = Literal["no", "gpai-open", "gpai", "systemic"]
GPAI: tuple[Gpai, ...] = ("no", "gpai-open", "gpai", "systemic")
"""Mildest first."""
Given = Literal["answered", "prefilled", "not-sure", "unanswered"]


class Citation(Struct, frozen=True):
    """An article or annex by its id in the catalog, with its title."""

    ref: str
    title: str


class FoundRole(Struct, frozen=True, kw_only=True):
    """A role the answers give. ``open`` ones rest on an answer that is not sure."""

    id: str
    title: str
    citations: tuple[Citation, ...]
    open: bool = False


class DueObligation(Struct, frozen=True, kw_only=True):
    """Something owed, and from when."""

    id: str
    what: str
    who: tuple[str, ...]
    """Ids of roles."""
    clause: str
    citations: tuple[Citation, ...]
    applies_from: datetime.date
    before_omnibus: datetime.date | None
    """What the date was before Regulation (EU) 2026/1744; None for what it added."""
    in_force: bool
    """On the day the classification is for."""
    days_left: int
    """Days until it applies; 0 when it does."""
    open: bool
    """It rests on an answer that is not sure, or is missing."""
    amended_by: str
    source: str
    confidence: str
    date_source: str
    date_confidence: str
    as_of: datetime.date


class Answered(Struct, frozen=True, kw_only=True):
    """One question that was asked, and what the answer did."""

    question: str
    text: str
    answer: tuple[str, ...]
    """Ids of the options; ``not-sure`` alone where nobody knew."""
    answer_text: str
    given: Given
    decided: bool
    """Another answer alone would have given another class, role or standing."""
    clause: str
    citations: tuple[Citation, ...]
    why: str = ""
    """Where a prefilled answer comes from."""


class Change(Struct, frozen=True, kw_only=True):
    """What would become of the class if one answer were another."""

    question: str
    text: str
    answer: str
    answer_text: str
    eu_class: EuClass
    """The class that would follow; the worst one possible where ``certain`` is false."""
    gpai: Gpai
    direction: Literal["stricter", "milder"]
    certain: bool
    """No further question would have to be asked."""


class Milestone(Struct, frozen=True, kw_only=True):
    """A date of the law."""

    id: str
    date: datetime.date
    before: datetime.date | None
    what: str
    amended_by: str
    source: str
    confidence: str
    passed: bool


class Classification(Struct, frozen=True, kw_only=True):
    """The whole answer."""

    schema: Literal["steelyard.classification/v1"] = CLASSIFICATION_SCHEMA
    questionnaire: str
    """Version of the questionnaire."""
    law: str
    as_of: datetime.date
    """The law was last looked at on this day."""
    on: datetime.date
    """The day that "in force" is meant for."""
    eu_class: EuClass = field(name="class")
    class_title: str
    class_what: str
    class_citations: tuple[Citation, ...]
    class_at_least: EuClass
    """The class if every open question had its mildest answer."""
    applies_from: datetime.date | None
    """When the first obligation of the class applies; None where there is none."""
    gpai: Gpai
    gpai_title: str
    roles: tuple[FoundRole, ...]
    obligations: tuple[DueObligation, ...]
    """By date."""
    open_questions: tuple[str, ...]
    """Questions answered "not sure" or not at all; each counted as its strictest answer."""
    trace: tuple[Answered, ...]
    would_change: tuple[Change, ...]
    unused: tuple[str, ...]
    """Questions that were answered but, given the others, need not be asked."""
    dates: tuple[Milestone, ...]
    disclaimer: str
