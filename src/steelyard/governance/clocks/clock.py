# SPDX-License-Identifier: Apache-2.0
"""What a clock shows, and what it does at a moment: a pure state machine.

``running ⇄ paused``, ``running → overdue ⇄ paused``; each of them ends as ``met`` or ``stopped``.
"""

from __future__ import annotations

import datetime as dt
from typing import Literal

from msgspec import Struct

from steelyard.governance.clocks.business import Calendar, Length, after

State = Literal["running", "paused", "met", "overdue", "stopped"]


class ClockView(Struct, frozen=True, kw_only=True):
    """One deadline as it is shown."""

    id: str
    subject: str
    """What must be done."""
    about: str
    """The larger thing it belongs to, such as the request of a review."""
    kind: str
    unit: str
    state: State
    within: str
    started: dt.datetime
    due: dt.datetime
    calendar: str
    """Jurisdictions and time zone, such as ``DE-BY+US@Europe/Berlin``."""
    version: int
    remind_at: dt.datetime | None = None
    paused_at: dt.datetime | None = None
    remaining: str = ""
    """What is left of the time while it is paused."""
    ladder: tuple[str, ...] = ()
    """Roles that are asked one after the other once the time is over."""
    rung: int = 0
    """How many of them were asked."""
    rung_at: dt.datetime | None = None
    """When the next one is."""
    ended_at: dt.datetime | None = None
    met_late: bool = False


class OverdueCount(Struct, frozen=True, kw_only=True):
    """How many clocks of a unit are overdue, and since when the oldest is."""

    unit: str
    overdue: int
    oldest_due: dt.datetime


class Climb(Struct, frozen=True):
    """Rungs that are due: up to which, and when the one after them is."""

    rung: int
    next_at: dt.datetime | None


def climb(
    rung: int,
    rung_at: dt.datetime | None,
    now: dt.datetime,
    *,
    rungs: int,
    length: Length,
    calendar: Calendar,
) -> Climb:
    """Return how far up the ladder a clock is at ``now``.

    Each rung's time is counted from when the rung before was due, not from when somebody noticed:
    after a week without a server every rung is where it would have been.
    """
    while rung_at is not None and rung_at <= now and rung < rungs:
        rung += 1
        rung_at = after(rung_at, length, calendar)
    return Climb(rung, rung_at if rung < rungs else None)
