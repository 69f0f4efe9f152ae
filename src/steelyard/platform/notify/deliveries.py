# SPDX-License-Identifier: Apache-2.0
"""Messages to webhooks: made in the transaction that causes them, or from entries of the ledger.

Delivery is at least once; ``webhook-id`` is the same at every try, so a receiver can tell. A
payload holds ids, states, dates and numbers; who did it is a pseudonym.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from steelyard.kernel.actor import SYSTEM
from steelyard.kernel.event import Event
from steelyard.ledger.event import parse_event
from steelyard.platform.jobs.port import OUTSIDE, wait_before
from steelyard.platform.log.events import ledger_size
from steelyard.platform.log.tables import EventRow
from steelyard.platform.notify.post import Sent
from steelyard.platform.notify.tables import DeliveryRow, WebhookRow
from steelyard.platform.work import Work

JOB = "webhook.deliver"
SOURCE = "/steelyard"
_BATCH = 500
_LONGER = dt.timedelta(hours=2)
"""A webhook that fails at all is given up before one message that it alone refuses."""


def wanted(filters: Sequence[str], kind: str) -> bool:
    """Tell whether one of ``filters`` names ``kind``, or a beginning of it with ``*``."""
    return any(
        kind == each or (each.endswith("*") and kind.startswith(each[:-1])) for each in filters
    )


def announce(work: Work, kind: str, subject: str, data: dict[str, Any]) -> None:
    """Have every active webhook that wants ``kind`` told of it, after the commit."""
    for webhook in _active(work.session):
        if wanted(webhook.events, kind):
            deliver(work, webhook.id, kind, subject, data, at=work.now)


def deliver(
    work: Work,
    webhook: str,
    kind: str,
    subject: str,
    data: dict[str, Any],
    *,
    at: dt.datetime,
    run_at: dt.datetime | None = None,
) -> DeliveryRow:
    """Have one message brought to one webhook, about something that happened ``at`` a time."""
    row = DeliveryRow(
        id=work.id("dlv"),
        webhook=webhook,
        type=kind,
        payload={},
        state="waiting",
        attempts=0,
        at=work.now,
        tried_at=None,
        next_at=work.now,
        status=None,
        seconds=None,
        request_head="",
        response_head="",
        last_error="",
    )
    row.payload = {
        "specversion": "1.0",
        "id": row.id,
        "source": SOURCE,
        "type": f"steelyard.{kind}",
        "subject": subject,
        "time": at.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        "datacontenttype": "application/json",
        "data": data,
    }
    work.session.add(row)
    work.enqueue(JOB, {"delivery": row.id}, at=run_at, priority=OUTSIDE)
    return row


def behind(session: Session) -> bool:
    """Tell whether the ledger has entries that some webhook was not looked at for."""
    seen = session.scalar(select(func.min(WebhookRow.seen)).where(WebhookRow.state == "active"))
    return seen is not None and ledger_size(session) > seen


def pump(work: Work) -> int:
    """Make deliveries of new entries of the ledger, in its order; return how many were looked at.

    Called every second, by as many workers as there are: each takes webhooks no other one holds.
    """
    looked = 0
    query = select(WebhookRow).where(WebhookRow.state == "active")
    for webhook in work.session.scalars(query.with_for_update(skip_locked=True)).all():
        events = work.session.scalars(
            select(EventRow)
            .where(EventRow.position >= webhook.seen)
            .order_by(EventRow.position)
            .limit(_BATCH)
        ).all()
        for number, event in enumerate(events):
            if wanted(webhook.events, event.type):
                earlier = dt.timedelta(microseconds=len(events) - number)  # keeps their order
                _deliver_entry(work, webhook.id, event, work.now - earlier)
        webhook.seen += len(events)
        looked += len(events)
    return looked


def _deliver_entry(work: Work, webhook: str, event: EventRow, run_at: dt.datetime) -> None:
    entry = parse_event(event.leaf)
    data = {
        "about": entry.about,
        "actor": entry.actor,
        "details": entry.details,
        "entry": event.position,
    }
    deliver(work, webhook, event.type, event.subject, data, at=event.at, run_at=run_at)


def note(work: Work, delivery: str, sent: Sent, give_up: dt.timedelta) -> None:
    """Write down how a try went, and have it tried again, or give up.

    A webhook that has failed for as long as ``give_up`` is disabled, and its operators are told.
    """
    row = work.session.get(DeliveryRow, delivery, with_for_update=True)
    if row is None or row.state != "waiting":
        return
    row.attempts += 1
    row.tried_at, row.status, row.seconds = work.now, sent.status, sent.seconds
    row.request_head, row.response_head = sent.request_head, sent.response_head
    row.last_error, row.next_at = sent.error, None
    webhook = work.session.get(WebhookRow, row.webhook, with_for_update=True)
    if sent.ok or webhook is None:
        row.state = "delivered" if sent.ok else "failed"
        if webhook is not None:
            webhook.failing_since = None
        return
    webhook.failing_since = webhook.failing_since or work.now
    again = work.now + wait_before(row.attempts)
    if webhook.state == "active" and again - webhook.failing_since >= give_up:
        _disable(work, webhook, give_up)
    if webhook.state != "active" or again - row.at > give_up + _LONGER:
        row.state = "failed"
        return
    row.next_at = again
    work.enqueue(JOB, {"delivery": row.id}, at=again, priority=OUTSIDE)


def _disable(work: Work, webhook: WebhookRow, after: dt.timedelta) -> None:
    from steelyard.platform.notify.service import tell  # it announces through this module

    webhook.state, webhook.version = "disabled", webhook.version + 1
    webhook.updated_at = work.now
    hours = int(after.total_seconds() // 3600)
    work.record(
        SYSTEM,
        Event(type="webhook.disabled", subject=webhook.id, details={"failed_hours": hours}),
    )
    tell(
        work,
        kind="webhook.disabled",
        subject=webhook.id,
        roles=("platform-operator",),
        facts={"hours": hours},
    )


def _active(session: Session) -> list[WebhookRow]:
    return list(
        session.scalars(
            select(WebhookRow).where(WebhookRow.state == "active").order_by(WebhookRow.id)
        )
    )
