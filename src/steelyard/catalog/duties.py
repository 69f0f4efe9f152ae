# SPDX-License-Identifier: Apache-2.0
"""Notification duties as data: who must tell whom by when, and where that is known from.

Not legal advice. A duty without ``deadline`` has an ``urgency`` in words; it counts as urgent.
"""

from __future__ import annotations

import tomllib
from functools import cache
from importlib import resources
from typing import Literal

import msgspec
from msgspec import Struct

Unit = Literal["hours", "days", "calendar days", "business days", "days after year end", "month"]


class Duty(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One duty to notify: its clock, its recipient, and how well the row was checked."""

    id: str
    title: str
    regime: str
    where: str
    """ISO country or region code, or ``EU``."""
    applies_to: str
    clock_starts: str
    stage: str
    recipient: str
    source: str
    as_of: str
    confidence: Literal["text", "secondary", "unverified"]
    article: str = ""
    sector: str = ""
    """The only sector it is for; empty: any."""
    deadline: int | None = None
    unit: Unit | Literal[""] = ""
    urgency: str = ""
    references: tuple[str, ...] = ()
    note: str = ""

    @property
    def due(self) -> str:
        """The deadline in words."""
        return self.urgency or f"{self.deadline} {self.unit}"


@cache
def duties() -> dict[str, Duty]:
    """Return all duties by id."""
    text = resources.files("steelyard.catalog").joinpath("data/duties.toml").read_text("utf-8")
    listed = msgspec.convert(tomllib.loads(text)["duties"], list[Duty])
    return {duty.id: duty for duty in listed}
