# SPDX-License-Identifier: Apache-2.0
"""What is shown of reviews: who is waited for, who said what and when, and what follows."""

from __future__ import annotations

import datetime as dt
from typing import Literal

from msgspec import Struct

from steelyard.governance.review.plan import PlanStep
from steelyard.governance.review.state import Answer, State

ActionState = Literal["open", "done", "verified", "overdue"]


class ReviewView(Struct, frozen=True, kw_only=True):
    """A review in a list."""

    id: str
    request: str
    assessment: str
    unit: str
    use_case: str
    revision: str
    environment: str
    tier: str
    track: str
    requested_by: str
    state: State
    step: str
    """Name of the step it is at; empty once it is closed."""
    waits_for: tuple[str, ...]
    """Roles whose voice is awaited."""
    round: int
    """How many times people were asked anew."""
    opened_at: dt.datetime
    due: dt.datetime
    closed_at: dt.datetime | None
    version: int


class SignOffView(Struct, frozen=True, kw_only=True):
    """What one person said in one role."""

    id: str
    round: int
    person: str
    role: str
    committee: str
    answer: Answer
    reason: str
    conditions: tuple[str, ...]
    lent_by: str
    at: dt.datetime
    counts: bool
    """It does not if the person stepped aside later, or people were asked anew."""


class RecusalView(Struct, frozen=True, kw_only=True):
    """That somebody stepped aside."""

    person: str
    why: str
    at: dt.datetime


class CommentView(Struct, frozen=True, kw_only=True):
    """A remark, or a change that was asked for."""

    id: str
    round: int
    author: str
    kind: Literal["comment", "change"]
    evidence: str
    """The line of evidence it is about: a finding, a fact, a control."""
    text: str
    mentions: tuple[str, ...]
    at: dt.datetime


class MeetingView(Struct, frozen=True, kw_only=True):
    """A meeting of a committee."""

    id: str
    round: int
    committee: str
    state: Literal["convened", "minuted"]
    at: dt.datetime
    convened_by: str
    minutes: str
    minutes_sha256: str
    attended: tuple[str, ...]
    carried: bool | None
    minuted_by: str
    minuted_at: dt.datetime | None


class ActionView(Struct, frozen=True, kw_only=True):
    """Something to improve."""

    id: str
    review: str
    request: str
    unit: str
    finding: str
    severity: str
    text: str
    owner: str
    sponsor: str
    """The executive who stands behind it; empty where the charter asks for none."""
    state: ActionState
    due: dt.datetime
    proof: str
    done_by: str
    done_at: dt.datetime | None
    verified_by: str
    verified_at: dt.datetime | None
    created_by: str
    created_at: dt.datetime
    version: int


class DelegationView(Struct, frozen=True, kw_only=True):
    """That somebody handed a right on."""

    id: str
    role: str
    by: str
    to: str
    review: str
    reason: str
    made_at: dt.datetime
    until: dt.datetime
    revoked_at: dt.datetime | None
    version: int


class Waiting(Struct, frozen=True, kw_only=True):
    """One seat that waits for you."""

    review: ReviewView
    role: str
    due: dt.datetime


class ReviewDetail(Struct, frozen=True, kw_only=True):
    """A review with everything that was said and done in it."""

    review: ReviewView
    steps: tuple[PlanStep, ...]
    sign_offs: tuple[SignOffView, ...]
    recusals: tuple[RecusalView, ...]
    comments: tuple[CommentView, ...]
    meetings: tuple[MeetingView, ...]
    actions: tuple[ActionView, ...]
    nothing_to_improve: bool
    names: dict[str, str]
    """Id → name of everybody who appears."""
    version: int


class ProposedCondition(Struct, frozen=True, kw_only=True):
    """A condition somebody tied their yes to; it travels to the decision."""

    sign_off: str
    person: str
    role: str
    text: str


class Outcome(Struct, frozen=True, kw_only=True):
    """How a review ended, for the room that decides."""

    review: str
    request: str
    assessment: str
    outcome: Literal["approved", "rejected"]
    closed_at: dt.datetime
    sign_offs: tuple[SignOffView, ...]
    """Those that count."""
    conditions: tuple[ProposedCondition, ...]
    minutes: tuple[str, ...]
    """Digests of the minutes of committees."""
    actions: tuple[str, ...]
