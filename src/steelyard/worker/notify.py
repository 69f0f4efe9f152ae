# SPDX-License-Identifier: Apache-2.0
"""Jobs that speak to the outside: one mail, one message to a webhook. No transaction is open."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

from sqlalchemy import delete

from steelyard.bootstrap.house import House
from steelyard.platform.identity.people import person
from steelyard.platform.notify import deliveries, mail
from steelyard.platform.notify.post import Sent, post
from steelyard.platform.notify.tables import DeliveryRow, NoticeRow, WebhookRow
from steelyard.platform.sealed_rows import webhook_place
from steelyard.platform.vault import vault_of
from steelyard.platform.work import Work

KEPT = dt.timedelta(days=30)
"""How long deliveries stay in the log of a webhook."""
NOTICES_KEPT = dt.timedelta(days=365)


def send_mail(house: House, payload: dict[str, Any]) -> Callable[[Work], object]:
    """Send the mail of one notice, to where its person has their mail now."""
    server = mail.read_server(house.settings)
    with house.reading() as session:
        notice = session.get(NoticeRow, payload["notice"])
        to = person(session, notice.person) if notice is not None else None
        message = (
            mail.compose(house.settings, notice, name=to.name, mail=to.mail)
            if server is not None and notice is not None and to is not None and to.mail
            else None
        )
    if server is None or message is None:
        state = "none"
    else:
        state = "sent" if mail.send(server, message) else "refused"

    def effect(work: Work) -> None:
        row = work.session.get(NoticeRow, payload["notice"], with_for_update=True)
        if row is not None:
            row.mail = state

    return effect


def _nothing(_work: Work) -> None:
    """Change nothing."""


def deliver_webhook(house: House, payload: dict[str, Any]) -> Callable[[Work], object]:
    """Try to bring one message to its webhook."""
    settings = house.settings
    with house.reading() as session:
        row = session.get(DeliveryRow, payload["delivery"])
        webhook = session.get(WebhookRow, row.webhook) if row is not None else None
        if row is None or webhook is None or row.state != "waiting":
            return _nothing
        url, active, message, body = webhook.url, webhook.state == "active", row.id, row.payload
        vault, place = vault_of(session), webhook_place(webhook.id)
        signing = [vault.open(webhook.secret, place)]
        if webhook.old_until is not None and webhook.old_until > house.clock():
            signing.append(vault.open(webhook.old_secret, place))
    if active:
        sent = post(
            url,
            message,
            body,
            signing,
            now=house.clock(),
            timeout=settings.webhook_timeout_seconds,
            private=settings.webhook_private,
        )
    else:
        sent = Sent(ok=False, status=None, seconds=0.0, request_head="", response_head="",
                    error="The webhook is disabled.")  # fmt: skip
    give_up = dt.timedelta(hours=settings.webhook_give_up_hours)
    return lambda work: deliveries.note(work, message, sent, give_up)


def forget_messages(work: Work, _payload: dict[str, Any]) -> None:
    """Delete old deliveries and notices."""
    session = work.session
    session.execute(
        delete(DeliveryRow).where(DeliveryRow.state != "waiting", DeliveryRow.at < work.now - KEPT)
    )
    session.execute(delete(NoticeRow).where(NoticeRow.at < work.now - NOTICES_KEPT))


def pump_webhooks(house: House) -> int:
    """Make deliveries of what is new in the ledger."""
    with house.reading() as session:  # so that an idle server asks for no writer's lock
        if not deliveries.behind(session):
            return 0
    return house.transact(deliveries.pump)
