# SPDX-License-Identifier: Apache-2.0
"""Verbs and reads of webhooks. A secret is shown once, when it is made."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from typing import Any, Literal, cast

from msgspec import Struct
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from steelyard.kernel.actor import Actor
from steelyard.kernel.errors import ConflictError, FieldErrors, MissingError
from steelyard.kernel.event import Event
from steelyard.platform.jobs.port import OUTSIDE
from steelyard.platform.log.events import ledger_size
from steelyard.platform.notify import deliveries
from steelyard.platform.notify.guard import check_url
from steelyard.platform.notify.post import new_signing_secret
from steelyard.platform.notify.tables import DeliveryRow, WebhookRow
from steelyard.platform.sealed_rows import webhook_place
from steelyard.platform.vault import vault_of
from steelyard.platform.versions import check_version
from steelyard.platform.work import Work

MOST = 50
"""Webhooks of one server: every event is matched against all of them."""
OVERLAP = dt.timedelta(hours=24)
"""How long the old secret signs, too, after a new one was made."""
State = Literal["active", "disabled"]
_FILTER = re.compile(r"\A(?:\*|[a-z][a-z.-]{0,78}\*?)\Z")


class WebhookView(Struct, frozen=True, kw_only=True):
    """A webhook as it is shown; ``secret`` is filled in once, when it is made."""

    id: str
    url: str
    description: str
    events: list[str]
    state: State
    failing_since: dt.datetime | None
    created_at: dt.datetime
    updated_at: dt.datetime
    version: int
    secret: str = ""


class DeliveryView(Struct, frozen=True, kw_only=True):
    """One message and how its last try went."""

    id: str
    webhook: str
    type: str
    state: Literal["waiting", "delivered", "failed"]
    attempts: int
    at: dt.datetime
    tried_at: dt.datetime | None
    next_at: dt.datetime | None
    status: int | None
    seconds: float | None
    last_error: str
    payload: dict[str, Any]
    request_head: str
    response_head: str


def create(
    work: Work, actor: Actor, *, url: str, events: Sequence[str], description: str, private: bool
) -> WebhookView:
    """Add a webhook; from now on it hears of what it wants.

    Raises:
        FieldErrors: the address or a filter cannot be used.
        ConflictError: there are too many.
    """
    check_url(url, private=private)
    filters = _filters(events)
    if len(work.session.scalars(select(WebhookRow.id).limit(MOST)).all()) >= MOST:
        raise ConflictError(
            f"There are {MOST} webhooks already.",
            next_step="Delete one, or have one receiver pass messages on.",
            code="webhook.many",
        )
    secret, webhook_id = new_signing_secret(), work.id("whk")
    row = WebhookRow(
        id=webhook_id,
        url=url,
        description=description,
        events=filters,
        state="active",
        secret=vault_of(work.session).seal(secret, webhook_place(webhook_id)),
        old_secret="",
        old_until=None,
        seen=ledger_size(work.session),
        failing_since=None,
        created_at=work.now,
        updated_at=work.now,
        version=1,
    )
    work.session.add(row)
    work.record(actor, _event("webhook.created", row))
    return view(row, secret=secret)


def change(
    work: Work, actor: Actor, webhook: str, changes: dict[str, Any], expected: int, *, private: bool
) -> WebhookView:
    """Change address, filters, description or state of a webhook.

    One that is enabled again hears of what happens from then on.

    Raises:
        MissingError, StaleError, FieldErrors
    """
    row = row_of(work.session, webhook, lock=True)
    check_version(row.version, expected, view(row))
    if "url" in changes:
        check_url(changes["url"], private=private)
        row.url = changes["url"]
    if "events" in changes:
        row.events = _filters(changes["events"])
    if "description" in changes:
        row.description = changes["description"]
    if changes.get("state", row.state) != row.state:
        row.state, row.failing_since = changes["state"], None
        if row.state == "active":
            row.seen = ledger_size(work.session)
    row.updated_at, row.version = work.now, row.version + 1
    work.record(actor, _event("webhook.changed", row))
    return view(row)


def rotate(work: Work, actor: Actor, webhook: str, expected: int) -> WebhookView:
    """Make a new secret; for a day, deliveries are signed with the old one, too.

    Raises:
        MissingError, StaleError
    """
    row = row_of(work.session, webhook, lock=True)
    check_version(row.version, expected, view(row))
    row.old_secret, row.old_until = row.secret, work.now + OVERLAP
    secret = new_signing_secret()
    row.secret = vault_of(work.session).seal(secret, webhook_place(row.id))
    row.updated_at, row.version = work.now, row.version + 1
    work.record(actor, _event("webhook.rotated", row))
    return view(row, secret=secret)


def remove(work: Work, actor: Actor, webhook: str, expected: int) -> None:
    """Delete a webhook and its deliveries.

    Raises:
        MissingError, StaleError
    """
    row = row_of(work.session, webhook, lock=True)
    check_version(row.version, expected, view(row))
    work.record(actor, _event("webhook.deleted", row))
    work.session.execute(delete(DeliveryRow).where(DeliveryRow.webhook == row.id))
    work.session.delete(row)


def attempt(work: Work, webhook: str) -> DeliveryView:
    """Send a message that says nothing, to see whether it arrives.

    Raises:
        MissingError, ConflictError
    """
    row = row_of(work.session, webhook)
    _check_active(row)
    made = deliveries.deliver(work, row.id, "webhook.test", row.id, {"about": ""}, at=work.now)
    return delivery_view(made)


def redeliver(work: Work, webhook: str, delivery: str) -> DeliveryView:
    """Send a message again, under the same id.

    Raises:
        MissingError, ConflictError
    """
    row = row_of(work.session, webhook)
    found = _delivery(work.session, row.id, delivery, lock=True)
    _check_active(row)
    if found.state == "waiting":
        raise ConflictError(
            "This message is still on its way.",
            next_step=f"Its next try is at {found.next_at}.",
            code="webhook.waiting",
        )
    found.state, found.next_at, found.at = "waiting", work.now, work.now
    work.enqueue(deliveries.JOB, {"delivery": found.id}, priority=OUTSIDE)
    return delivery_view(found)


def find(
    session: Session, *, limit: int, after: tuple[Any, ...] | None = None
) -> list[WebhookView]:  # fmt: skip
    """Return up to ``limit`` webhooks, newest first."""
    query = select(WebhookRow).order_by(WebhookRow.id.desc()).limit(limit)
    if after is not None:
        query = query.where(WebhookRow.id < after[0])
    return [view(row) for row in session.scalars(query)]


def get(session: Session, webhook: str) -> WebhookView:
    """Return one webhook.

    Raises:
        MissingError: there is none.
    """
    return view(row_of(session, webhook))


def log(
    session: Session,
    webhook: str,
    *,
    limit: int,
    after: tuple[Any, ...] | None = None,
    state: str | None = None,
) -> list[DeliveryView]:
    """Return up to ``limit`` deliveries of a webhook, newest first.

    Raises:
        MissingError: there is no such webhook.
    """
    query = select(DeliveryRow).where(DeliveryRow.webhook == row_of(session, webhook).id)
    if state is not None:
        query = query.where(DeliveryRow.state == state)
    if after is not None:
        query = query.where(DeliveryRow.id < after[0])
    rows = session.scalars(query.order_by(DeliveryRow.id.desc()).limit(limit))
    return [delivery_view(row) for row in rows]


def get_delivery(session: Session, webhook: str, delivery: str) -> DeliveryView:
    """Return one delivery of a webhook.

    Raises:
        MissingError: there is no such webhook, or it has no such delivery.
    """
    row = row_of(session, webhook)
    return delivery_view(_delivery(session, row.id, delivery, lock=False))


def row_of(session: Session, webhook: str, *, lock: bool = False) -> WebhookRow:
    """Return the row of a webhook.

    Raises:
        MissingError: there is none.
    """
    query = select(WebhookRow).where(WebhookRow.id == webhook)
    row = session.scalar(query.with_for_update() if lock else query)
    if row is None:
        raise MissingError(
            f"There is no webhook {webhook!r}.",
            next_step="List the webhooks to find its id.",
            code="webhook.missing",
        )
    return row


def view(row: WebhookRow, *, secret: str = "") -> WebhookView:
    """Return what is shown of a row."""
    return WebhookView(
        id=row.id,
        url=row.url,
        description=row.description,
        events=list(row.events),
        state=cast("State", row.state),
        failing_since=row.failing_since,
        created_at=row.created_at,
        updated_at=row.updated_at,
        version=row.version,
        secret=secret,
    )


def delivery_view(row: DeliveryRow) -> DeliveryView:
    """Return what is shown of a delivery."""
    return DeliveryView(
        id=row.id,
        webhook=row.webhook,
        type=row.type,
        state=row.state,  # type: ignore[arg-type] # one of the three
        attempts=row.attempts,
        at=row.at,
        tried_at=row.tried_at,
        next_at=row.next_at,
        status=row.status,
        seconds=row.seconds,
        last_error=row.last_error,
        payload=row.payload,
        request_head=row.request_head,
        response_head=row.response_head,
    )


def _delivery(session: Session, webhook: str, delivery: str, *, lock: bool) -> DeliveryRow:
    row = session.get(DeliveryRow, delivery, with_for_update=True if lock else None)
    if row is None or row.webhook != webhook:
        raise MissingError(
            f"There is no delivery {delivery!r} of this webhook.",
            next_step="List its deliveries.",
            code="webhook.delivery",
        )
    return row


def _check_active(row: WebhookRow) -> None:
    if row.state != "active":
        raise ConflictError(
            "This webhook is disabled.",
            next_step="Enable it first: PATCH it with the state `active`.",
            code="webhook.disabled",
        )


def _filters(events: Sequence[str]) -> list[str]:
    for each in events:
        if not _FILTER.match(each):
            raise FieldErrors(
                [("events", f"{each[:80]!r} is not the type of an event.")],
                next_step="Write types such as request.submitted, or request.*, or * for all.",
            )
    return sorted(set(events))


def _event(kind: str, row: WebhookRow) -> Event:
    return Event(
        type=kind,
        subject=row.id,
        details={"events": list(row.events), "state": row.state, "version": row.version},
        body={"url": row.url, "description": row.description},
    )
