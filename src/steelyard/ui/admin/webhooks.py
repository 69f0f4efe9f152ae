# SPDX-License-Identifier: Apache-2.0
"""Webhooks: what they want to hear of, their secrets, and the log of what was sent."""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Session
from starlette.responses import Response

from steelyard.api.listing import Asked
from steelyard.kernel.errors import FieldErrors
from steelyard.platform.notify import webhooks
from steelyard.platform.notify.webhooks import DeliveryView, WebhookView
from steelyard.platform.work import Work
from steelyard.ui.door import Form, Looking, Pages, Sent, Viewer
from steelyard.ui.reveal import reveal
from steelyard.ui.tables import Column, Filter, export, listed
from steelyard.ui.texts import mark

pages = Pages()
COLUMNS = (
    Column("url", mark("Address"), "name", "/admin/webhooks/{id}"),
    Column("events", mark("Hears of"), "tags"),
    Column("state", mark("State"), "chip:person"),
    Column("failing_since", mark("Fails since"), "when"),
    Column("description", mark("Note")),
    Column("created_at", mark("Made"), "when", shown=False),
)
LOG = (
    Column("at", mark("When"), "when"),
    Column("type", mark("Event"), "name", "/admin/webhooks/{webhook}/deliveries/{id}"),
    Column("state", mark("State"), "chip:delivery"),
    Column("attempts", mark("Tries"), "number"),
    Column("status", mark("Answer"), "number"),
    Column("seconds", mark("Seconds"), "number"),
    Column("last_error", mark("What went wrong")),
)
STATES = Filter(
    "state", mark("State"),
    (("waiting", mark("waiting")), ("delivered", mark("delivered")), ("failed", mark("failed"))),
)  # fmt: skip
_HERE = "/admin/webhooks/{webhook_id}"


@pages.page("/admin/webhooks", right="webhook.read")
def show(viewer: Viewer, asked: Asked) -> Response:
    """List the webhooks."""
    table = listed(viewer, asked, COLUMNS, (), webhooks.find, key=lambda row: (row.id,))
    return export(viewer, table) or viewer.show("admin/webhooks.html", table=table)


@pages.page("/admin/webhooks/new", right="webhook.manage")
def new(viewer: Viewer) -> Response:
    """Show the form for a new webhook."""
    return _form(viewer, Form(events="request.*\nreview.*\ndecision.*"))


def _form(viewer: Looking, form: Form) -> Response:
    return viewer.show("admin/webhook_new.html", form=form)


def _words(viewer: Looking, form: Form) -> list[str]:
    """Return the types of events in a field, one a line or with commas.

    Raises:
        FieldErrors: there is none, or too many.
    """
    found = form["events"].replace(",", " ").split()
    if not 0 < len(found) <= 100:
        raise FieldErrors([("events", viewer.say("Name 1 to 100 types of events, or * for all."))])
    return found


def _url(viewer: Looking, form: Form) -> str:
    if len(form["url"]) > 2000 or len(form["description"]) > 200:
        raise FieldErrors([("url", viewer.say("This is too long."))])
    return form["url"]


@pages.form("/admin/webhooks/new", right="webhook.manage")
def create(viewer: Viewer, form: Sent) -> Response:
    """Add a webhook and show its secret, this once."""

    def act(work: Work) -> WebhookView:
        return webhooks.create(
            work, viewer.actor, url=_url(viewer, form), events=_words(viewer, form),
            description=form["description"], private=viewer.house.settings.webhook_private,
        )  # fmt: skip

    return reveal(
        viewer, form, act, then="/admin/webhooks", again=lambda: _form(viewer, form),
        show=lambda made: _secret(viewer, made),
    )  # fmt: skip


def _secret(viewer: Looking, made: WebhookView) -> Response:
    return viewer.show(
        "admin/secret.html",
        heading=viewer.say("The secret of the webhook"),
        lead=viewer.say(
            "The receiver checks with it that a message is ours (Standard Webhooks). It is shown "
            "this once."
        ),
        secrets=[(viewer.say("Secret"), made.secret)],
        back=f"/admin/webhooks/{made.id}",
    )


@pages.page(_HERE, right="webhook.read")
def one(viewer: Viewer, webhook_id: str, asked: Asked) -> Response:
    """Show one webhook and the log of its deliveries."""
    return _page(viewer, webhook_id, asked, None)


def _page(viewer: Looking, webhook_id: str, asked: Asked, form: Form | None) -> Response:
    hook = viewer.find(lambda session: webhooks.get(session, webhook_id))

    def find(session: Session, **how: Any) -> list[DeliveryView]:
        return webhooks.log(session, webhook_id, **how)

    table = listed(viewer, asked, LOG, (STATES,), find, key=lambda row: (row.id,))
    shown = form or Form(
        url=hook.url, events="\n".join(hook.events), description=hook.description
    )  # fmt: skip
    return export(viewer, table) or viewer.show(
        "admin/webhook.html", hook=hook, table=table, form=shown
    )


@pages.form(_HERE, right="webhook.manage")
def change(viewer: Viewer, webhook_id: str, asked: Asked, form: Sent) -> Response:
    """Change address, events or note."""

    def act(work: Work) -> WebhookView:
        changes = {
            "url": _url(viewer, form), "events": _words(viewer, form),
            "description": form["description"],
        }  # fmt: skip
        return webhooks.change(
            work, viewer.actor, webhook_id, changes, form.version,
            private=viewer.house.settings.webhook_private,
        )  # fmt: skip

    return viewer.act(
        form, act, then=f"/admin/webhooks/{webhook_id}", said=viewer.say("The change is saved."),
        again=lambda: _page(viewer, webhook_id, asked, form),
    )  # fmt: skip


@pages.form(_HERE + "/state", right="webhook.manage")
def switch(viewer: Viewer, webhook_id: str, asked: Asked, form: Sent) -> Response:
    """Switch a webhook on or off."""
    state = "disabled" if form["state"] == "disabled" else "active"
    return viewer.act(
        form,
        lambda work: webhooks.change(
            work, viewer.actor, webhook_id, {"state": state}, form.version,
            private=viewer.house.settings.webhook_private,
        ),
        then=f"/admin/webhooks/{webhook_id}",
        said=viewer.say("The change is saved."),
        again=lambda: _page(viewer, webhook_id, asked, None),
    )  # fmt: skip


@pages.form(_HERE + "/rotate", right="webhook.manage")
def rotate(viewer: Viewer, webhook_id: str, asked: Asked, form: Sent) -> Response:
    """Make a new secret and show it, this once; the old one signs for a day more."""
    return reveal(
        viewer, form,
        lambda work: webhooks.rotate(work, viewer.actor, webhook_id, form.version),
        then=f"/admin/webhooks/{webhook_id}",
        again=lambda: _page(viewer, webhook_id, asked, None),
        show=lambda made: _secret(viewer, made),
    )  # fmt: skip


@pages.form(_HERE + "/test", right="webhook.manage")
def attempt(viewer: Viewer, webhook_id: str, asked: Asked, form: Sent) -> Response:
    """Send a message that says nothing, to see whether it arrives."""
    return viewer.act(
        form, lambda work: webhooks.attempt(work, webhook_id),
        then=f"/admin/webhooks/{webhook_id}",
        said=viewer.say("A test message is on its way. Its line in the log says how it went."),
        again=lambda: _page(viewer, webhook_id, asked, None),
    )  # fmt: skip


@pages.form(_HERE + "/remove", right="webhook.manage")
def remove(viewer: Viewer, webhook_id: str, asked: Asked, form: Sent) -> Response:
    """Delete a webhook and the log of its deliveries."""
    return viewer.act(
        form, lambda work: webhooks.remove(work, viewer.actor, webhook_id, form.version),
        then="/admin/webhooks", said=viewer.say("The webhook is deleted."),
        again=lambda: _page(viewer, webhook_id, asked, None),
    )  # fmt: skip


@pages.page(_HERE + "/deliveries/{delivery_id}", right="webhook.read")
def delivery(viewer: Viewer, webhook_id: str, delivery_id: str) -> Response:
    """Show one message: what was sent and what came back."""
    return _delivery(viewer, webhook_id, delivery_id, Form())


def _delivery(viewer: Looking, webhook_id: str, delivery_id: str, form: Form) -> Response:
    found = viewer.find(lambda session: webhooks.get_delivery(session, webhook_id, delivery_id))
    return viewer.show("admin/delivery.html", delivery=found, form=form)


@pages.form(_HERE + "/deliveries/{delivery_id}/redeliver", right="webhook.manage")
def redeliver(viewer: Viewer, webhook_id: str, delivery_id: str, form: Sent) -> Response:
    """Send a message again, under its own id."""
    return viewer.act(
        form, lambda work: webhooks.redeliver(work, webhook_id, delivery_id),
        then=f"/admin/webhooks/{webhook_id}", said=viewer.say("The message is sent again."),
        again=lambda: _delivery(viewer, webhook_id, delivery_id, form),
    )  # fmt: skip
