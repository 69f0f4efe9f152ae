# SPDX-License-Identifier: Apache-2.0
"""Jobs that come back at fixed times, put once however many hosts look at the clock."""

from __future__ import annotations

import datetime as dt
from typing import Any

from croniter import croniter
from msgspec import Struct
from sqlalchemy import delete
from sqlalchemy.dialects import postgresql, sqlite

from steelyard.platform.jobs.tables import JobSlotRow
from steelyard.platform.work import Work

_KEPT = dt.timedelta(days=400)
"""A slot is forgotten when no schedule could fire for it again: a year has passed."""


class Schedule(Struct, frozen=True, kw_only=True):
    """A kind of job and when it is due, in the notation of cron and in UTC."""

    name: str
    cron: str
    kind: str
    payload: dict[str, Any] = {}

    def slot(self, now: dt.datetime) -> dt.datetime:
        """Return the last moment not after ``now`` at which it was due."""
        last = croniter(self.cron, now + dt.timedelta(microseconds=1)).get_prev(dt.datetime)
        assert isinstance(last, dt.datetime)
        return last


def fire(work: Work, schedule: Schedule) -> bool:
    """Put the job of the schedule's last slot, unless somebody has; tell whether we did.

    Slots missed while nothing ran are made up for by one job, not by all of them.
    """
    slot = schedule.slot(work.now)
    on_sqlite = work.session.get_bind().dialect.name == "sqlite"
    insert: Any = sqlite.insert if on_sqlite else postgresql.insert
    added = work.session.scalar(
        insert(JobSlotRow)
        .values(schedule=schedule.name, slot=slot)
        .on_conflict_do_nothing()
        .returning(JobSlotRow.schedule)
    )
    if added is None:
        return False
    work.enqueue(schedule.kind, dict(schedule.payload), key=f"schedule:{schedule.name}")
    return True


def forget_slots(work: Work) -> None:
    """Delete slots that are long over."""
    work.session.execute(delete(JobSlotRow).where(JobSlotRow.slot < work.now - _KEPT))
