# SPDX-License-Identifier: Apache-2.0
"""What breaking the glass needs, as pure rules: who counts, how many, for how long.

``asked → open → closed``; one that too few people agreed to in a day has ``lapsed``. Once it is
open, its review afterwards is ``due`` and becomes ``done``, or ``missed`` and later ``done``.
"""

from __future__ import annotations

import datetime as dt
from typing import Literal

from msgspec import Struct

from steelyard.charter.rights import matches
from steelyard.charter.schema import Charter, DecisionRight
from steelyard.kernel.actor import ADMINISTRATOR, AUDITOR, Actor
from steelyard.kernel.errors import ForbiddenError

State = Literal["asked", "open", "closed", "lapsed"]
Afterwards = Literal["", "due", "missed", "done"]
LONGEST_HOURS = 72
"""Of any emergency; what needs longer needs a request."""
ASKED_WITHIN = "24 hours"
"""How long an emergency waits for people to agree."""
REVIEW_WITHIN = "5 business days"
"""By when the review afterwards must be done."""
FEWEST = 2
"""People who must agree, whatever a charter says."""


class AgreementView(Struct, frozen=True, kw_only=True):
    """That somebody agreed."""

    person: str
    role: str
    at: dt.datetime


class EmergencyView(Struct, frozen=True, kw_only=True):
    """One emergency as it is shown."""

    id: str
    revision: str
    use_case: str
    environment: str
    unit: str
    reason: str
    hours: int
    state: State
    asked_by: str
    agreed: tuple[AgreementView, ...]
    needed: int
    """How many people must agree."""
    opened_at: dt.datetime | None
    until: dt.datetime | None
    closed_at: dt.datetime | None
    review: Afterwards
    review_due: dt.datetime | None
    reviewed_by: str
    justified: bool | None
    findings: str
    version: int


def rights_of(charter: Charter, environment: str, tier: str) -> list[DecisionRight]:
    """Return the rights to break the glass that speak of this place.

    Raises:
        ForbiddenError: the charter gives nobody that right here.
    """
    found = [
        right
        for right in charter.decision_rights
        if right.action == "break-glass"
        and right.role
        and any(matches(right, environment, tier, track) for track in ("fast", "standard", "deep"))
    ]
    if not found:
        raise ForbiddenError(
            "The charter gives nobody the right to break the glass here.",
            next_step="Make a request; the fast track takes minutes.",
            code="emergency.none",
        )
    return found


def needed(rights: list[DecisionRight]) -> int:
    """Return how many people must agree."""
    return max(FEWEST, *(right.quorum for right in rights))


def check_voice(
    rights: list[DecisionRight], actor: Actor, role: str, *, asked_by: str, unit: str, owner: str
) -> None:
    """Refuse somebody whose agreement would not count.

    Raises:
        ForbiddenError: why.
    """
    if actor.id == asked_by:
        raise ForbiddenError(
            "Whoever asks to break the glass does not count among those who agree.",
            next_step="Two other people must.",
            code="emergency.requester",
        )
    if actor.kind != "person" or {ADMINISTRATOR, AUDITOR} & actor.roles:
        raise ForbiddenError(
            "Robots, administrators and auditors decide nothing, also not in an emergency.",
            next_step="Call somebody who holds the right.",
            code="emergency.apart",
        )
    mine = [right for right in rights if right.role == role and role in actor.roles]
    if not mine:
        roles = ", ".join(sorted({right.role or "" for right in rights}))
        raise ForbiddenError(
            f"You do not hold the right to break the glass as {role}.",
            next_step=f"It is held by: {roles}.",
            code="emergency.right",
        )
    aside = {word for right in mine for word in right.recuse}
    if "same-unit" in aside and unit and unit in actor.units:
        raise ForbiddenError(
            "Here the right lies outside the unit that asks, and you belong to it.",
            next_step="Call somebody from another unit.",
            code="emergency.recused",
        )
    if "model-owner" in aside and owner and actor.mail.casefold() == owner.casefold():
        raise ForbiddenError(
            "Whoever answers for the use does not break the glass for it.",
            next_step="Call somebody else.",
            code="emergency.recused",
        )
