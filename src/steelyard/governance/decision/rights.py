# SPDX-License-Identifier: Apache-2.0
"""Who may stop a decision or let it run again, by the charter it was taken under.

Rows of the charter that speak of the place must all be met, each with its quorum. An action that no
row speaks of is open to whoever may use the door.
"""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct

from steelyard.charter.rights import holder_of, matches
from steelyard.charter.schema import Charter, DecisionRight
from steelyard.kernel.errors import ForbiddenError


class Voice(Struct, frozen=True):
    """Somebody who wants the action done, with the roles they hold."""

    person: str
    roles: frozenset[str]


def rows_for(
    charter: Charter, action: str, environment: str, tier: str, track: str
) -> list[DecisionRight]:
    """Return the rows that speak of an action at a place."""
    return [
        right
        for right in charter.decision_rights
        if right.action == action and matches(right, environment, tier, track)
    ]


def governs(charter: Charter, action: str) -> bool:
    """Tell whether any row is about this action; then it can be done nowhere else."""
    return any(right.action == action for right in charter.decision_rights)


def seats_of(charter: Charter, right: DecisionRight) -> frozenset[str]:
    """Return the roles that fill a row: its own, or those of its committee."""
    if right.role is not None:
        return frozenset({right.role})
    committee = charter.committees.get(right.committee or "")
    return frozenset(committee.members if committee is not None else ())


def needed(charter: Charter, right: DecisionRight) -> int:
    """Return how many people a row asks for."""
    committee = charter.committees.get(right.committee or "")
    return committee.quorum if right.role is None and committee is not None else right.quorum


def check_voice(
    charter: Charter, rows: list[DecisionRight], action: str, roles: frozenset[str]
) -> None:
    """Refuse somebody who holds none of the roles asked for.

    Raises:
        ForbiddenError: with the roles that would.
    """
    if not rows and not governs(charter, action):
        return
    if any(seats_of(charter, right) & roles for right in rows):
        return
    holders = ", ".join(sorted({holder_of(right) for right in rows})) or "nobody"
    raise ForbiddenError(
        f"The charter does not give your roles the right to {action} here.",
        next_step=f"It is held by: {holders}.",
        code="decision.right",
    )


def waiting(charter: Charter, rows: list[DecisionRight], voices: Iterable[Voice]) -> list[str]:
    """Return who must still agree, in words; nobody, once every row has its quorum."""
    heard = list(voices)
    found = []
    for right in rows:
        seats = seats_of(charter, right)
        people = {voice.person for voice in heard if voice.roles & seats}
        missing = needed(charter, right) - len(people)
        if missing > 0:
            found.append(f"{missing} of {holder_of(right)}")
    return found
