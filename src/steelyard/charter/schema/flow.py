# SPDX-License-Identifier: Apache-2.0
"""How a decision comes about and how long it holds: tracks, phases, gates, exceptions, clocks."""

from __future__ import annotations

import datetime
from typing import Annotated, Literal

from msgspec import Meta, Struct, field

from steelyard.charter.schema.words import (
    Consequence,
    Count,
    Duration,
    Expression,
    Name,
    Percent,
    Role,
    Severity,
    Words,
)
from steelyard.kernel.assessment import Tier


class ReviewPlan(Struct, frozen=True, kw_only=True):
    """When the charter itself is reviewed: by the calendar, and when something happens."""

    every: Duration
    also_on: Words = ()
    by: Name | None = None
    """The role or committee that reviews it."""
    last: datetime.date | None = None


class Step(Struct, frozen=True, kw_only=True):
    """One step of a track; the next one starts when it is done."""

    name: Name
    sign_offs: tuple[Role, ...] = ()
    committee: Name | None = None
    quorum: Count | None = None
    """How many of ``sign_offs`` are enough; by default all."""
    within: Duration | None = None
    when: Expression | None = None
    """The step is left out when this is plainly false."""


class TrackRule(Struct, frozen=True, kw_only=True):
    """Who decides for which tiers, by when, and how long an approval lasts.

    Sign-offs are either one list (``sign_offs``) or come in ``steps``.
    """

    tiers: tuple[Tier, ...] = field(name="for", default=())
    decided_by: Literal["standing-approval", "sign-offs"] | None = None
    sign_offs: tuple[Role, ...] = ()
    quorum: Annotated[int, Meta(ge=1, le=20)] | None = None
    within: Duration | None = None
    escalate: tuple[Role, ...] = ()
    valid: Duration | None = None
    steps: tuple[Step, ...] = ()
    escalate_after: Duration | None = None
    """How long each rung of ``escalate`` has before the next one is asked."""
    remind: Duration | None = None
    """How long before the deadline people are reminded."""


class StandingApproval(Struct, frozen=True, kw_only=True):
    """What passes without a person. Where any is given, nothing else does."""

    id: Name
    why: str
    when: Expression
    valid: Duration | None = None
    conditions: Words = ()
    """Binding terms of every approval given under it."""


class Phase(Struct, frozen=True, kw_only=True):
    """One phase of a release: where it runs, for how many, for how long, after what."""

    name: Name
    environments: Words
    after: tuple[Name, ...] = ()
    """Phases that must be complete before."""
    users: Annotated[int, Meta(ge=1)] | None = None
    """Most people a month."""
    share: Percent | None = None
    """Most of the traffic, in percent."""
    longest: Duration | None = None
    conditions: Words = ()
    otherwise: Consequence = "review(model-owner)"
    """What happens when an earlier phase is not known to be complete."""
    why: str = ""


class Gate(Struct, frozen=True, kw_only=True):
    """What must be done before a stage of the lifecycle is left."""

    asks: Words = ()
    """Questions somebody answers, in plain words."""
    controls: Words = ()
    """Controls that must be satisfied, beside those of the stage that tier and facts call for."""
    evidence: Words = ()
    """Types of evidence that must be there."""
    opened_by: tuple[Role, ...] = ()
    tiers: tuple[Tier, ...] = ()
    """Tiers the gate is for; empty: all."""


class ExceptionTerms(Struct, frozen=True, kw_only=True):
    """How long an exception may last, who grants it, how often it may be renewed."""

    longest: Duration
    granted_by: Role
    renewals: Annotated[int, Meta(ge=0, le=10)] = 0
    longest_for: dict[Tier, Duration] = {}
    never_for: Words = ()
    """Rules nobody may grant an exception to."""
    committee: Name | None = None
    """Grants it where the tier is high or critical."""
    needs: Words = ()
    """What a request for one must bring, such as ``compensating-control``."""


class Remediation(Struct, frozen=True, kw_only=True):
    """How quickly a finding must be gone, by severity, and when a sponsor stands behind it."""

    within: dict[Severity, Duration]
    sponsor: tuple[Severity, ...] = ()
    """Severities whose corrective action has an executive sponsor."""
    escalate: tuple[Role, ...] = ()
