# SPDX-License-Identifier: Apache-2.0
"""Decision rights as a table: where a row speaks, and which places the rows tell apart.

Rows that match the same place must all be met, each with its role or committee and its quorum. An
action that some row is about can be done nowhere else; an action no row is about is left open.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

from steelyard.charter.schema import TIERS, DecisionRight
from steelyard.kernel.assessment import Track

TRACKS: tuple[Track, ...] = ("fast", "standard", "deep")
ANYWHERE = "any other environment"
"""Stands for every environment no right names."""


def cells(right: DecisionRight, rows: list[DecisionRight]) -> Iterator[tuple[str, str, str]]:
    """Yield every (environment, tier, track) a right speaks of, as far as ``rows`` tell apart."""
    environments = right.environments or tuple(
        dict.fromkeys([*(e for row in rows for e in row.environments), ANYWHERE])
    )
    yield from product(environments, right.tiers or TIERS, right.tracks or TRACKS)


def matches(right: DecisionRight, environment: str, tier: str, track: str) -> bool:
    """Tell whether a right speaks of this place."""
    return (
        (not right.environments or environment in right.environments)
        and (not right.tiers or tier in right.tiers)
        and (not right.tracks or track in right.tracks)
    )


def holder_of(right: DecisionRight) -> str:
    """Return the role or committee that holds a right."""
    return right.role or right.committee or ""
