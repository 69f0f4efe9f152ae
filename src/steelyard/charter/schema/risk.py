# SPDX-License-Identifier: Apache-2.0
"""How a charter works out risk: dimensions, tiers, and how much risk is tolerated where."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Struct

from steelyard.charter.schema.words import Consequence, Expression, Words
from steelyard.kernel.assessment import Tier

Points = Annotated[int, Meta(ge=0, le=100)]
Taxonomy = Literal["model", "data", "privacy", "impact", "exposure", "supplier", "context"]


class Dimension(Struct, frozen=True, kw_only=True):
    """One contribution to the risk score.

    Either ``of`` names a fact and ``points`` gives points for its values (``other`` for the rest),
    or ``when`` is a condition that ``adds`` points. An unknown fact counts as its worst value.
    """

    of: str | None = None
    points: dict[str, Points] = {}
    other: Points | None = None
    when: Expression | None = None
    adds: Points | None = None
    why: str = ""
    about: Taxonomy | None = None
    """Where it stands in the taxonomy."""
    scale: dict[str, str] = {}
    """What each value means, in a sentence."""


class TierRule(Struct, frozen=True, kw_only=True):
    """A tier and when it applies; the first that matches wins, worst first."""

    tier: Tier
    when: Expression | None = None
    why: str = ""


class Tolerance(Struct, frozen=True, kw_only=True):
    """The worst tier that is accepted in some environments, or for some use cases."""

    accepts: Tier
    environments: Words = ()
    when: Expression | None = None
    otherwise: Consequence = "reject"
    why: str = ""


class RiskSection(Struct, frozen=True, kw_only=True):
    """How risk is worked out, and how much of it is tolerated."""

    dimensions: dict[str, Dimension] = {}
    tiers: tuple[TierRule, ...] = ()
    tolerance: tuple[Tolerance, ...] = ()
