# SPDX-License-Identifier: Apache-2.0
"""A request: its states, what is happening inside ``submitted``, and who may move it."""

from __future__ import annotations

import datetime as dt
from typing import Literal, get_args

from msgspec import Struct

from steelyard.kernel.errors import ConflictError

State = Literal[
    "draft", "submitted", "changes requested", "approved", "rejected", "withdrawn", "expired"
]
STATES: tuple[State, ...] = get_args(State)
Stage = Literal["", "assessing", "assessment failed", "in review"]
"""What is happening while a request is submitted; empty in every other state."""
STAGES: tuple[Stage, ...] = get_args(Stage)

MOVES: dict[State, frozenset[State]] = {
    "draft": frozenset({"submitted", "withdrawn", "expired"}),
    "submitted": frozenset(
        {"changes requested", "approved", "rejected", "withdrawn", "expired"}
    ),
    "changes requested": frozenset({"submitted", "rejected", "withdrawn", "expired"}),
    "approved": frozenset(),
    "rejected": frozenset(),
    "withdrawn": frozenset(),
    "expired": frozenset(),
}  # fmt: skip
"""State → states that may follow."""
OPEN: frozenset[State] = frozenset(state for state, after in MOVES.items() if after)
DRAFT_DAYS, CHANGES_DAYS = 90, 30
"""How long a draft, or a request sent back, waits for its requester."""


class RequestView(Struct, frozen=True, kw_only=True):
    """A request as it is shown."""

    id: str
    reference: str
    """What was asked for, as it was written."""
    model: str
    revision: str
    """Empty until the reference was resolved."""
    use_case: str
    environment: str
    unit: str
    requested_by: str
    state: State
    stage: Stage
    justification: str
    tier: str
    track: str
    assessment: str
    """The latest assessment."""
    round: int
    """How many times it was submitted."""
    submitted_at: dt.datetime | None
    closed_at: dt.datetime | None
    expires_at: dt.datetime
    created_at: dt.datetime
    updated_at: dt.datetime
    version: int


def check_move(now: State, then: State, request: str) -> None:
    """Refuse a change of state that a request does not have.

    Raises:
        ConflictError: with the states that may follow.
    """
    if then not in MOVES[now]:
        possible = ", ".join(sorted(MOVES[now])) or "nothing: make a new request"
        raise ConflictError(
            f"The request {request} is {now}; it cannot become {then}.",
            next_step=f"After {now} comes {possible}.",
            code="request.state",
        )


def check_stage(state: State, stage: Stage) -> None:
    """Refuse a stage outside ``submitted``, and a submitted request that is nowhere.

    Raises:
        ConflictError: they do not go together.
    """
    if (state == "submitted") != bool(stage):
        raise ConflictError(
            f"A request that is {state} cannot be in the stage {stage!r}.",
            next_step="Stages are of submitted requests, and of all of those.",
            code="request.stage",
        )


def ends(state: State, now: dt.datetime, use_case_ends: dt.date) -> dt.datetime:
    """Return when a request in ``state`` expires: never after its use case."""
    last = dt.datetime.combine(use_case_ends + dt.timedelta(days=1), dt.time(), dt.UTC)
    days = {"draft": DRAFT_DAYS, "changes requested": CHANGES_DAYS}.get(state)
    return last if days is None else min(last, now + dt.timedelta(days=days))
