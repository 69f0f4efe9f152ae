# SPDX-License-Identifier: Apache-2.0
"""Jobs of inventory, intake and assessment."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from steelyard.bootstrap.house import House
from steelyard.governance.assessment import begin, candidate, evidencing, notices, refresh_all
from steelyard.governance.intake import service as intake
from steelyard.governance.inventory import retirement, supplying, upstream
from steelyard.platform.jobs.port import Handler
from steelyard.platform.jobs.schedules import Schedule
from steelyard.platform.work import Work

Change = Callable[[Work, dict[str, Any]], object]
_BATCH = 500
"""Rows that one sweep changes; when it was full there may be more."""


def _sweep(kind: str, do: Callable[[Work], int]) -> Change:
    """Return the change of a sweep, which comes back at once while there is more to do."""

    def act(work: Work, _payload: dict[str, Any]) -> None:
        if do(work) >= _BATCH:
            work.enqueue(kind, key=kind)

    return act


def sweep_assessments(house: House, payload: dict[str, Any]) -> Callable[[Work], object]:
    """Have assessments made again that no longer rest on what is in force."""
    effect = refresh_all.sweep(house, payload)

    def act(work: Work) -> None:
        if effect(work) >= refresh_all.MOST:
            # Not at once: those that were put now must be done before they count as fresh.
            work.enqueue(refresh_all.SWEEP, at=work.now + refresh_all.AGAIN, key=refresh_all.SWEEP)

    return act


HANDLERS: dict[str, Handler[House]] = {
    refresh_all.SWEEP: sweep_assessments,
    upstream.EXAMINE: candidate.examine,
}
"""Kind of job → its handler. What follows a finished assessment is put together elsewhere."""

CHANGES: dict[str, Change] = {
    begin.FAILED: notices.failed_assessment,
    evidencing.EXPIRED: notices.expired_evidence,
    evidencing.HELD: notices.held_back,
    "evidence.expire": _sweep("evidence.expire", evidencing.expire_due),
    "requests.expire": _sweep("requests.expire", intake.expire_due),
    retirement.RETIRE: retirement.take_effect,
    retirement.NOTICE: notices.retirement,
    supplying.TRIGGER: notices.supplier,
    upstream.NOTICE: notices.upstream,
    "suppliers.watch": _sweep("suppliers.watch", supplying.triggers_due),
}
"""Kind of job → the change it is."""

SCHEDULES: tuple[Schedule, ...] = (
    Schedule(name="assessments-sweep", cron="35 * * * *", kind=refresh_all.SWEEP),
    Schedule(name="evidence-expire", cron="15 0 * * *", kind="evidence.expire"),
    Schedule(name="requests-expire", cron="10 * * * *", kind="requests.expire"),
    Schedule(name="suppliers-watch", cron="30 5 * * *", kind="suppliers.watch"),
)
