# SPDX-License-Identifier: Apache-2.0
"""Who a charter speaks of, and who may decide what: roles, committees, rights, RACI."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Struct

from steelyard.charter.schema.words import Action, Count, Duration, Name, Role, Words
from steelyard.kernel.assessment import Tier, Track


class Objective(Struct, frozen=True, kw_only=True):
    """What the charter wants to reach, and how anybody could tell."""

    id: Name
    text: str
    indicator: str = ""
    """What is measured, such as ``time from request to decision, half of them``."""
    target: str = ""


class Scope(Struct, frozen=True, kw_only=True):
    """What the charter is about. What it leaves out needs another charter, not none."""

    covers: Words = ()
    excludes: Words = ()
    units: Words = ()
    """Business units it binds; empty: all."""
    environments: Words = ()
    """Environments that exist here; empty: any. One that is not listed is refused."""
    regions: Words = ()


class Stakeholder(Struct, frozen=True, kw_only=True):
    """Somebody with an interest in how models are adopted."""

    name: str
    interest: str
    role: Role | None = None


class RoleTerms(Struct, frozen=True, kw_only=True):
    """One role: what it is for, who holds it and what they must have learned."""

    title: str
    does: str = ""
    held_by: Words | None = None
    """Mail addresses or group names. Absent: people are assigned in the server. Empty: nobody."""
    deputies: tuple[Role, ...] = ()
    """Roles that may stand in while nobody who holds this one is there."""
    training: Words = ()
    """Courses a holder must have passed before a sign-off counts."""
    independent: bool = False
    """A holder may not belong to the unit that asks."""


Reach = Literal["requester", "model-owner", "same-unit", "financial-interest", "author"]
"""Who must step aside: the requester always does."""


class Committee(Struct, frozen=True, kw_only=True):
    """People who decide together."""

    title: str
    members: tuple[Role, ...]
    """Its seats, each filled by somebody who holds that role."""
    quorum: Count
    """Fewest members who must take part."""
    majority: Literal["simple", "two-thirds", "unanimous"] = "simple"
    independent: Annotated[int, Meta(ge=0, le=20)] = 0
    """Of those who take part, how many must be from outside the unit that asks."""
    chair: Role | None = None
    recuse: tuple[Reach, ...] = ("requester",)
    meets: Duration | None = None
    training: Words = ()


class Delegation(Struct, frozen=True, kw_only=True):
    """How far a right may be handed on."""

    to: tuple[Role, ...]
    longest: Duration


class DecisionRight(Struct, frozen=True, kw_only=True):
    """Who may do one thing. Empty lists mean everywhere; a right that is not given does not exist.

    Either ``role`` holds it, with ``quorum`` people of that role needed, or ``committee`` does.
    """

    action: Action
    role: Role | None = None
    committee: Name | None = None
    environments: Words = ()
    tiers: tuple[Tier, ...] = ()
    tracks: tuple[Track, ...] = ()
    quorum: Count = 1
    recuse: tuple[Reach, ...] = ("requester",)
    delegate: Delegation | None = None
    training: Words = ()
    why: str = ""


class Responsibility(Struct, frozen=True, kw_only=True):
    """One row of the RACI matrix: exactly one role answers for the work."""

    does: str
    accountable: Role
    responsible: tuple[Role, ...]
    consulted: tuple[Role, ...] = ()
    informed: tuple[Role, ...] = ()


class Term(Struct, frozen=True, kw_only=True):
    """A business unit's own word for a word of the governed vocabulary.

    Where a use case says ``word`` in ``field``, it means ``means``; rules see only the latter.
    """

    word: str
    field: str
    means: str
    unit: str = ""
    says: str = ""
