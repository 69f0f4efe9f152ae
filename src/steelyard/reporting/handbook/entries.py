# SPDX-License-Identifier: Apache-2.0
"""The data of the handbook: plain values, ready to be shown or printed as JSON."""

from __future__ import annotations

from typing import Any

from msgspec import Struct

HANDBOOK_SCHEMA = "steelyard.handbook/v1"


class Law(Struct, frozen=True, kw_only=True):
    """A law or standard something rests on. ``basis`` says where the mapping comes from."""

    id: str
    title: str = ""
    framework: str = ""
    basis: str = ""


class Condition(Struct, frozen=True, kw_only=True):
    """A condition: in words, and as the charter has it. Words that repeat it are left out."""

    words: str
    text: str
    translated: bool


class RuleEntry(Struct, frozen=True, kw_only=True):
    """One rule for readers."""

    id: str
    title: str
    anchor: str
    topic: str
    why: str
    applies: Condition | None
    requires: Condition
    effect: str
    consequence: str
    reviewers: tuple[str, ...]
    condition: str
    remedy: str
    laws: tuple[Law, ...]


class TaskEntry(Struct, frozen=True, kw_only=True):
    """Work that meets a control, and what shows that it is done."""

    title: str
    acceptance: str
    evidence: str = ""
    """The kind of proof a person attaches."""
    shown_by: Condition | None = None
    """What a machine checks it by."""


class ControlEntry(Struct, frozen=True, kw_only=True):
    """One control for readers."""

    id: str
    anchor: str
    title: str
    objective: str
    why: str
    when: Condition
    shown_by: Condition | None
    """Facts that show it satisfied; None when a person attaches evidence."""
    stage: str
    tasks: tuple[TaskEntry, ...]
    evidence_types: tuple[str, ...]
    laws: tuple[Law, ...]


class RoleEntry(Struct, frozen=True, kw_only=True):
    """One role and everything this charter gives it to do."""

    id: str
    anchor: str
    title: str
    does: str
    held_by: tuple[str, ...] | None
    deputies: tuple[str, ...]
    training: tuple[str, ...]
    independent: bool
    declared: bool
    duties: tuple[str, ...]


class Point(Struct, frozen=True, kw_only=True):
    """The points of one value of a dimension; ``length`` is its bar in hundredths."""

    value: str
    points: int
    length: float
    meaning: str = ""


class DimensionEntry(Struct, frozen=True, kw_only=True):
    """One contribution to the risk score."""

    name: str
    title: str
    why: str
    about: str
    when: Condition | None
    points: tuple[Point, ...]
    most: int


class TierEntry(Struct, frozen=True, kw_only=True):
    """A tier: when it is reached, and the track that follows."""

    tier: str
    reasons: tuple[str, ...]
    track: str


class StepEntry(Struct, frozen=True, kw_only=True):
    """One step of a track."""

    name: str
    who: str
    within: str
    when: str


class TrackEntry(Struct, frozen=True, kw_only=True):
    """How one track decides."""

    name: str
    anchor: str
    tiers: tuple[str, ...]
    standing: bool
    sign_offs: tuple[str, ...]
    further: tuple[str, ...]
    """Roles and committees that only a step of it asks."""
    who: str
    quorum: int | None
    within: str
    valid: str
    escalate: tuple[str, ...]
    escalate_after: str
    remind: str
    steps: tuple[StepEntry, ...]


class Chapter(Struct, frozen=True, kw_only=True):
    """A chapter: its place on the page and its title."""

    id: str
    title: str
    stated: bool = True
    """Whether the charter says anything about it."""


class Handbook(Struct, frozen=True, kw_only=True):
    """Everything a handbook shows."""

    file: str
    charter: dict[str, Any]
    chapters: tuple[Chapter, ...]
    rules: tuple[RuleEntry, ...]
    controls: tuple[ControlEntry, ...]
    roles: tuple[RoleEntry, ...]
    dimensions: tuple[DimensionEntry, ...]
    tiers: tuple[TierEntry, ...]
    tracks: tuple[TrackEntry, ...]
    schema: str = HANDBOOK_SCHEMA
