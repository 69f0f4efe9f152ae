# SPDX-License-Identifier: Apache-2.0
"""A charter ready to judge, and what the register tells of the charters an organization adopted."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Literal

from msgspec import Struct

from steelyard.kernel.assessment import CharterIdentity

if TYPE_CHECKING:
    from steelyard.charter.schema import Charter, Committee, DecisionRight

ProposalState = Literal["open", "adopted", "rejected", "withdrawn"]


class Policy(Struct, frozen=True):
    """A charter ready to judge, its identity, and its canonical JSON."""

    charter: Charter
    identity: CharterIdentity
    canonical: bytes


class CharterView(Struct, frozen=True, kw_only=True):
    """One adopted charter."""

    sha256: str
    name: str
    version_name: str
    """What the charter calls its own version."""
    unit: str
    """Business unit it is for; empty: everybody without one of their own."""
    effective: dt.date
    until: dt.date | None
    owner: str
    adopted_at: dt.datetime
    previous: str
    in_force: bool


class VoteView(Struct, frozen=True, kw_only=True):
    """What one person said about a proposal."""

    person: str
    role: str
    answer: Literal["yes", "no"]
    reason: str
    at: dt.datetime


class ProposalView(Struct, frozen=True, kw_only=True):
    """A charter that somebody wants to be adopted."""

    id: str
    sha256: str
    name: str
    version_name: str
    unit: str
    state: ProposalState
    proposed_by: str
    proposed_at: dt.datetime
    why: str
    warnings: list[str]
    votes: list[VoteView]
    waiting_for: list[str]
    """Who must still say yes, in words."""
    version: int


def policy_from(canonical: bytes, identity: CharterIdentity) -> Policy:
    """Return the policy in the canonical JSON of a resolved charter."""
    return Policy(_parsed(canonical), identity, canonical)


@lru_cache(maxsize=64)
def _parsed(canonical: bytes) -> Charter:
    from steelyard.charter.resolve import from_resolved

    return from_resolved(canonical)


def waiting_for(
    charter: Charter | None, votes: Iterable[VoteView], proposer: str
) -> tuple[list[str], bool]:
    """Return who must still agree to a change of ``charter``, and whether somebody refused.

    Each person counts once for each right; whoever proposed it counts for none. Where no charter
    is in force yet, or it gives nobody the right, one executive sponsor agrees.
    """
    cast = [vote for vote in votes if vote.person != proposer]
    refused = any(vote.answer == "no" for vote in cast)
    yes = [vote for vote in cast if vote.answer == "yes"]
    rights = [
        right
        for right in (charter.decision_rights if charter else ())
        if right.action == "change-charter"
    ]
    if not rights:
        agreed = any(vote.role == "executive-sponsor" for vote in yes)
        return ([] if agreed else ["one executive sponsor"]), refused
    assert charter is not None
    missing = [_missing(right, charter.committees, yes) for right in rights]
    return [words for words in missing if words], refused


def voters_of(charter: Charter | None) -> tuple[str, ...]:
    """Return the roles whose holders may change ``charter``."""
    rights = [
        right
        for right in (charter.decision_rights if charter else ())
        if right.action == "change-charter"
    ]
    if charter is None or not rights:
        return ("executive-sponsor",)
    found: dict[str, None] = {}
    for right in rights:
        members = charter.committees[right.committee].members if right.committee else ()
        found.update(dict.fromkeys([right.role] if right.role else members))
    return tuple(found)


def _missing(right: DecisionRight, committees: Mapping[str, Committee], yes: list[VoteView]) -> str:
    if right.role is not None:
        lacking = right.quorum - len({vote.person for vote in yes if vote.role == right.role})
        return f"{lacking} more of {right.role}" if lacking > 0 else ""
    committee = committees[right.committee or ""]
    lacking = committee.quorum - len(
        {vote.person for vote in yes if vote.role in committee.members}
    )
    return f"{lacking} more of the {committee.title}" if lacking > 0 else ""
