# SPDX-License-Identifier: Apache-2.0
"""Routes of webhooks and of the log of their deliveries."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import Query
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from steelyard.api.door import Caller, Router
from steelyard.api.listing import Asked, PageOf, page
from steelyard.platform.notify import webhooks
from steelyard.platform.notify.webhooks import DeliveryView, WebhookView

router = Router(prefix="/webhooks", tags=["Webhooks"])
Url = Annotated[str, Field(min_length=8, max_length=2000)]
Events = Annotated[
    list[Annotated[str, Field(min_length=1, max_length=80)]],
    Field(min_length=1, max_length=100, description="Types of events; `request.*` and `*` work."),
]
Description = Annotated[str, Field(max_length=200)]


class NewWebhook(BaseModel):
    """An address, and what it wants to hear of."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {"url": "https://hooks.example.org/steelyard", "events": ["request.*"]},
            ]
        },
    )

    url: Url
    events: Events
    description: Description = ""


class ChangedWebhook(BaseModel):
    """What is to be changed of a webhook."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"state": "disabled"}]}
    )

    url: Url | None = None
    events: Events | None = None
    description: Description | None = None
    state: Literal["active", "disabled"] | None = None


@router.door("POST", "", right="webhook.manage", returns=WebhookView, status=201)
def create(body: NewWebhook, caller: Caller) -> Response:
    """Add a webhook; the reply shows its secret this once."""
    private = caller.house.settings.webhook_private
    return caller.act(
        lambda work: webhooks.create(
            work, caller.actor, url=body.url, events=body.events, description=body.description,
            private=private,
        ),
        201,
    )  # fmt: skip


@router.door("GET", "", right="webhook.read", returns=PageOf[WebhookView])
def find(caller: Caller, asked: Asked) -> Response:
    """List webhooks, newest first."""
    return caller.read(
        lambda session: page(
            asked,
            webhooks.find(session, limit=asked.limit + 1, after=asked.after),
            lambda row: (row.id,),
        )
    )


@router.door("GET", "/{webhook_id}", right="webhook.read", returns=WebhookView)
def get(webhook_id: str, caller: Caller) -> Response:
    """Return one webhook, without its secret."""
    return caller.read(lambda session: webhooks.get(session, webhook_id))


@router.door("PATCH", "/{webhook_id}", right="webhook.manage", returns=WebhookView)
def change(webhook_id: str, body: ChangedWebhook, caller: Caller) -> Response:
    """Change a webhook; needs ``If-Match``."""
    changes: dict[str, Any] = body.model_dump(exclude_none=True)
    private = caller.house.settings.webhook_private
    return caller.act(
        lambda work: webhooks.change(
            work, caller.actor, webhook_id, changes, caller.expected, private=private
        )
    )


@router.door("DELETE", "/{webhook_id}", right="webhook.manage", status=204)
def remove(webhook_id: str, caller: Caller) -> Response:
    """Delete a webhook and the log of its deliveries; needs ``If-Match``."""
    return caller.act(
        lambda work: webhooks.remove(work, caller.actor, webhook_id, caller.expected), 204
    )


@router.door("POST", "/{webhook_id}/rotate", right="webhook.manage", returns=WebhookView)
def rotate(webhook_id: str, caller: Caller) -> Response:
    """Make a new secret, shown this once; the old one signs for a day more. Needs ``If-Match``."""
    return caller.act(lambda work: webhooks.rotate(work, caller.actor, webhook_id, caller.expected))


@router.door("POST", "/{webhook_id}/test", right="webhook.manage", returns=DeliveryView, status=202)
def attempt(webhook_id: str, caller: Caller) -> Response:
    """Send a message that says nothing, to see whether it arrives."""
    return caller.act(lambda work: webhooks.attempt(work, webhook_id), 202)


@router.door("GET", "/{webhook_id}/deliveries", right="webhook.read", returns=PageOf[DeliveryView])
def log(
    webhook_id: str,
    caller: Caller,
    asked: Asked,
    state: Annotated[Literal["waiting", "delivered", "failed"] | None, Query()] = None,
) -> Response:
    """List what was sent to a webhook, newest first, with requests and replies."""
    return caller.read(
        lambda session: page(
            asked,
            webhooks.log(
                session, webhook_id, limit=asked.limit + 1, after=asked.after, state=state
            ),
            lambda row: (row.id,),
        )
    )


@router.door(
    "POST",
    "/{webhook_id}/deliveries/{delivery_id}/redeliver",
    right="webhook.manage",
    returns=DeliveryView,
    status=202,
)
def redeliver(webhook_id: str, delivery_id: str, caller: Caller) -> Response:
    """Send a message again, under its own id."""
    return caller.act(lambda work: webhooks.redeliver(work, webhook_id, delivery_id), 202)
