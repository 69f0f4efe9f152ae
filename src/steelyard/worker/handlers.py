# SPDX-License-Identifier: Apache-2.0
"""Which handler does which kind of job, and which jobs come back at fixed times.

A handler is called with the house and the job's payload, works outside of any transaction as long
as it needs, and returns the change; the worker commits that change together with the completion of
the job. A job that is nothing but a change is written with :func:`change`.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

from sqlalchemy import delete, select

from steelyard.bootstrap.house import House
from steelyard.governance.assessment import evidencing, notices
from steelyard.governance.clocks import service as clocks
from steelyard.governance.clocks.tables import ClockRow
from steelyard.governance.decision import condition_clock, conditions
from steelyard.governance.decision import force as decisions
from steelyard.governance.emergency import service as emergency
from steelyard.governance.exceptions import risk_clock
from steelyard.governance.exceptions import service as exceptions
from steelyard.governance.review import actions
from steelyard.governance.review import keep as reviews
from steelyard.governance.use_cases import service as use_cases
from steelyard.platform.jobs.port import Handler
from steelyard.platform.jobs.schedules import Schedule, forget_slots
from steelyard.platform.jobs.tables import JobEffectRow, JobRow
from steelyard.platform.log.sequencer import sequence
from steelyard.platform.log.tables import EventRow
from steelyard.platform.replies.tables import ReplyRow
from steelyard.platform.work import Work
from steelyard.worker import flow, identity, intake, notify, rejudge, upstream

REPLIES_KEPT = dt.timedelta(hours=48)
"""How long a call repeated with its key is answered and not done again."""
_JOBS_KEPT = dt.timedelta(days=7)
_EFFECTS_KEPT = dt.timedelta(days=90)


def change(do: Callable[[Work, dict[str, Any]], object]) -> Handler[House]:
    """Return the handler of a job that is done in one transaction."""

    def handler(_house: House, payload: dict[str, Any]) -> Callable[[Work], object]:
        return lambda work: do(work, payload)

    return handler


def expire_use_cases(work: Work, _payload: dict[str, Any]) -> None:
    """Mark use cases whose last day is over; come back at once while there are more."""
    if use_cases.expire_due(work) >= 500:
        work.enqueue("use-cases.expire", key="use-cases.expire")


def clock_due(work: Work, payload: dict[str, Any]) -> None:
    """Tell the room whose clock rang, where it changes something because of that."""
    ring = RINGS.get(payload["kind"])
    if ring is not None and payload["rung"] <= 1:
        ring(work, payload["subject"])


def clock_remind(work: Work, payload: dict[str, Any]) -> None:
    """Have the room whose clock is running out remind its people."""
    remind = REMINDERS.get(payload["kind"])
    if remind is not None:
        remind(work, payload["subject"])


def sweep_decisions(work: Work, _payload: dict[str, Any]) -> None:
    """End decisions whose last day is over, and mark conditions that are late."""
    if max(decisions.expire_due(work), conditions.overdue_due(work)) >= 500:
        work.enqueue("decisions.sweep", key="decisions.sweep")


def forget_replies(work: Work, _payload: dict[str, Any]) -> None:
    """Delete replies that nobody will ask for again."""
    work.session.execute(delete(ReplyRow).where(ReplyRow.at < work.now - REPLIES_KEPT))


def forget_jobs(work: Work, _payload: dict[str, Any]) -> None:
    """Delete jobs that are long done; dead ones stay until somebody looks at them."""
    session = work.session
    session.execute(
        delete(JobRow).where(JobRow.state == "done", JobRow.due < work.now - _JOBS_KEPT)
    )
    session.execute(delete(JobEffectRow).where(JobEffectRow.at < work.now - _EFFECTS_KEPT))
    forget_slots(work)


def sequence_ledger(house: House) -> None:
    """Put the events committed meanwhile into the ledger's tree and sign it."""
    with house.reading() as session:  # so that an idle server asks for no writer's lock
        if session.scalar(select(EventRow.seq).where(EventRow.position.is_(None)).limit(1)) is None:
            return
    sequence(house.database, house.keys, house.clock())


RINGS: dict[str, Callable[[Work, str], object]] = {
    "action": actions.overdue,
    condition_clock.CONDITION: conditions.overdue,
    "emergency": emergency.end,
    "emergency-asked": emergency.lapse,
    "emergency-review": emergency.missed,
    "exception": exceptions.expire,
    risk_clock.RISK_REVIEW: risk_clock.overdue,
}
"""Kind of clock → what becomes of its subject when the time is over."""
REMINDERS: dict[str, Callable[[Work, str], object]] = {
    "action": actions.remind,
    condition_clock.CONDITION: condition_clock.remind,
    "emergency-review": emergency.remind,
    evidencing.EXPIRY: notices.expiring_evidence,
    "exception": exceptions.remind,
    "exception-review": exceptions.remind,
    "review": reviews.remind,
    risk_clock.RISK_REVIEW: risk_clock.remind,
}
"""Kind of clock → who is reminded when the time is nearly over."""

HANDLERS: dict[str, Handler[House]] = {
    "clock.due": change(clock_due),
    "clock.remind": change(clock_remind),
    "decisions.sweep": change(sweep_decisions),
    "identity.sweep": change(identity.sweep),
    "jobs.forget": change(forget_jobs),
    "login.reset-mail": identity.send_reset,
    "mail.send": notify.send_mail,
    "messages.forget": change(notify.forget_messages),
    "replies.forget": change(forget_replies),
    "use-cases.expire": change(expire_use_cases),
    "webhook.deliver": notify.deliver_webhook,
    **flow.HANDLERS,
    **rejudge.HANDLERS,
    **intake.HANDLERS,
    **upstream.HANDLERS,
    **{kind: change(do) for kind, do in intake.CHANGES.items()},
}
"""Kind of job → its handler, in alphabetical order; then those of a room's own module."""

SCHEDULES: tuple[Schedule, ...] = (
    Schedule(name="decisions-sweep", cron="*/10 * * * *", kind="decisions.sweep"),
    Schedule(name="identity-sweep", cron="*/5 * * * *", kind="identity.sweep"),
    Schedule(name="jobs-forget", cron="40 3 * * *", kind="jobs.forget"),
    Schedule(name="messages-forget", cron="50 3 * * *", kind="messages.forget"),
    Schedule(name="replies-forget", cron="20 * * * *", kind="replies.forget"),
    Schedule(name="use-cases-expire", cron="5 0 * * *", kind="use-cases.expire"),
    *intake.SCHEDULES,
    *upstream.SCHEDULES,
)


def ring_clocks(house: House) -> int:
    """Do what is due of the clocks of reviews and duties."""
    with house.reading() as session:  # so that an idle server asks for no writer's lock
        due = select(ClockRow.wake_at).where(ClockRow.wake_at <= house.clock()).limit(1)
        if session.scalar(due) is None:
            return 0
    rung = 0
    for _ in range(20):  # short transactions, so that nobody waits long for one
        found = house.transact(clocks.tick)
        rung += found
        if found < clocks.BATCH:
            break
    return rung


TICKS: tuple[Callable[[House], object], ...] = (
    ring_clocks,
    sequence_ledger,
    notify.pump_webhooks,
)
"""What every worker does about once a second; several hosts may do it at the same time."""
