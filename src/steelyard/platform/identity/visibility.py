# SPDX-License-Identifier: Apache-2.0
"""Which rows somebody sees: those of their own units, or of all if their role has to."""

from __future__ import annotations

from typing import Any, TypeVar

from sqlalchemy import Select
from sqlalchemy.orm import InstrumentedAttribute

from steelyard.kernel.actor import Actor
from steelyard.platform.identity.permissions import sees_all

S = TypeVar("S", bound=Select[*tuple[Any, ...]])


def within_reach(query: S, actor: Actor, unit: InstrumentedAttribute[str]) -> S:
    """Return ``query`` limited to the rows whose ``unit`` the actor may see.

    Rows of no unit (an empty name) are everybody's.
    """
    if sees_all(actor):
        return query
    return query.where(unit.in_([*sorted(actor.units), ""]))


def reaches(actor: Actor, unit: str) -> bool:
    """Tell whether the actor may see rows of ``unit``."""
    return sees_all(actor) or unit == "" or unit in actor.units
