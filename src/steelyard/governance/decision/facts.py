# SPDX-License-Identifier: Apache-2.0
"""A decision on the server: what it rests on, the states it goes through, and what is shown of it.

``in force`` becomes ``superseded`` by the next decision about the same adoption, ``expired`` on its
day, ``suspended`` and back, or ``revoked`` for good.
"""

from __future__ import annotations

import datetime as dt
from typing import Literal

import msgspec
from msgspec import Struct, field

from steelyard.kernel.assessment import Assessment, Outcome
from steelyard.kernel.errors import ConflictError

State = Literal["in force", "superseded", "expired", "suspended", "revoked"]
MOVES: dict[State, frozenset[State]] = {
    "in force": frozenset({"superseded", "expired", "suspended", "revoked"}),
    "suspended": frozenset({"in force", "superseded", "expired", "revoked"}),
    "expired": frozenset({"superseded", "revoked"}),
    "revoked": frozenset({"superseded"}),
    "superseded": frozenset(),
}
"""State → states that may follow."""
ConditionState = Literal["open", "reported", "fulfilled", "overdue", "waived"]
UNMET: frozenset[ConditionState] = frozenset({"open", "reported", "overdue"})
PASSING = (Outcome.APPROVED, Outcome.APPROVED_WITH_CONDITIONS)


class Term(Struct, frozen=True, kw_only=True):
    """A condition as it is laid down."""

    text: str
    rule: str = ""
    owner: str = ""
    """Id of the account that has to fulfil it; empty: whoever owns the use case."""
    due: dt.datetime | None = None


class SignedOff(Struct, frozen=True, kw_only=True):
    """A sign-off the decision rests on; the person by pseudonym."""

    role: str
    actor: str
    answer: Literal["yes", "no", "abstain"]
    at: dt.datetime
    committee: str = ""


class Ruling(Struct, frozen=True, kw_only=True):
    """Everything a decision is made of."""

    request: str
    assessment: str
    """Id of the assessment."""
    judged: Assessment
    """The assessment itself."""
    documents: dict[str, str]
    """Its documents, name → digest in the blobs; ``manifest.json`` among them."""
    charter: bytes
    """Canonical JSON of the charter that judged."""
    revision: str
    use_case: str
    outcome: Outcome
    decided_by: str
    """``standing-approval`` or ``sign-offs``."""
    terms: tuple[Term, ...] = ()
    """Conditions beside those of the assessment."""
    sign_offs: tuple[SignedOff, ...] = ()
    valid_until: dt.date | None = None
    """The last day; by default what the assessment says. Never after the use case ends."""


class ConditionView(Struct, frozen=True, kw_only=True):
    """A binding term of a decision."""

    id: str
    decision: str
    rule: str
    text: str
    owner: str
    due: dt.datetime | None
    state: ConditionState
    evidence: str
    """Digest of what proves it."""
    fulfilled_by: str
    fulfilled_at: dt.datetime | None
    confirmed_by: str
    confirmed_at: dt.datetime | None
    waived_by: str
    """Id of the exception."""
    version: int


class DecisionView(Struct, frozen=True, kw_only=True):
    """One decision."""

    id: str
    request: str
    assessment: str
    revision: str
    purl: str
    manifest_sha256: str
    use_case: str
    environment: str
    unit: str
    outcome: str
    reasons: list[str]
    """Rules, as the signed statement names them."""
    tier: str
    track: str
    charter_sha256: str
    decided_by: str
    decided_at: dt.datetime
    valid_until: dt.date | None
    state: State
    why: str
    """Why it was suspended, revoked or reinstated last."""
    supersedes: str
    superseded_by: str
    documents: dict[str, str]
    conditions: list[ConditionView] = field(default_factory=list)
    position: int | None
    """Of its entry in the ledger; empty until it is in the tree."""
    version: int


class Admission(Struct, frozen=True, kw_only=True):
    """Whether a revision may be served now, and why."""

    allowed: bool
    code: str
    reason: str
    decision: str = ""
    until: dt.date | None = None
    next_step: str = ""


def check_move(stored: str, then: State) -> None:
    """Refuse a change of state that cannot be; ``stored`` is the state as the row has it.

    Raises:
        ConflictError: with what can be done instead.
        ValidationError: no decision has such a state.
    """
    now = msgspec.convert(stored, State)
    if then not in MOVES[now]:
        could = ", ".join(sorted(MOVES[now])) or "nothing any more"
        raise ConflictError(
            f"The decision is {now}; it cannot become {then}.",
            next_step=f"It can become: {could}.",
            code="decision.state",
        )
