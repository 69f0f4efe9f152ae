# SPDX-License-Identifier: Apache-2.0
"""Deliveries to a real receiver: signed, tried again, given up, sent again."""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import hmac
import json
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update
from tests.platform.identity.staff import clock_of, made
from tests.platform.notify.receiver import Receiver, receiving
from tests.platform.notify.working import do_jobs, with_queue
from tests.server import NOON, person

from steelyard.bootstrap.house import House
from steelyard.kernel.actor import SYSTEM
from steelyard.kernel.errors import ConflictError, FieldErrors
from steelyard.kernel.event import Event
from steelyard.platform.jobs.tables import JobRow
from steelyard.platform.log.tables import EventRow
from steelyard.platform.notify import webhooks
from steelyard.platform.notify.deliveries import wanted
from steelyard.platform.notify.post import new_signing_secret, post, sign
from steelyard.platform.notify.service import tell
from steelyard.platform.notify.tables import NoticeRow
from steelyard.platform.notify.webhooks import DeliveryView, WebhookView
from steelyard.worker.handlers import HANDLERS
from steelyard.worker.notify import pump_webhooks

OLGA = person("olga", "platform-operator")


@pytest.fixture
def receiver(house: House) -> Iterator[Receiver]:
    with_queue(house)
    house.settings.webhook_private = True
    house.settings.webhook_timeout_seconds = 5
    with receiving() as receiver:
        yield receiver


def add(house: House, url: str, *events: str) -> WebhookView:
    return house.transact(
        lambda work: webhooks.create(
            work, OLGA, url=url, events=events, description="", private=True
        )
    )


def log(house: House, webhook: str) -> list[DeliveryView]:
    with house.reading() as session:
        return webhooks.log(session, webhook, limit=50)


def done(house: House, number: int) -> None:
    event = Event(
        type="test.done", subject=f"x_{number}", details={"n": number}, body={"name": "Anna"}
    )
    house.transact(lambda work: work.record(SYSTEM, event))


def sequence_all(house: House) -> None:
    """Give every event its place, as the sequencer does."""

    def act(work: Any) -> None:
        for number, seq in enumerate(
            work.session.scalars(select(EventRow.seq).order_by(EventRow.seq))
        ):
            work.session.execute(
                update(EventRow)
                .where(EventRow.seq == seq, EventRow.position.is_(None))
                .values(position=number)
            )

    house.transact(act)


def signed_by(secret: str, headers: dict[str, str], body: bytes) -> bool:
    """Verify as the specification of Standard Webhooks says."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    text = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    good = "v1," + base64.b64encode(hmac.new(key, text, hashlib.sha256).digest()).decode()
    return good in headers["webhook-signature"].split(" ")


def test_a_notice_reaches_who_wants_it_signed_and_without_names(
    house: House, receiver: Receiver
) -> None:
    anna = made(house, "anna@example.org", "legal", name="Anna Example")
    hook = add(house, receiver.url, "notice.*")
    add(house, receiver.url, "request.*")
    house.transact(
        lambda work: tell(
            work, kind="clock.due", subject="req_1", about="req_1", roles=["legal"],
            facts={"rung": 2}, words={"kind": "Anna's review"},
        )
    )  # fmt: skip
    assert receiver.got == [], "nothing is sent inside a transaction"
    do_jobs(house)
    ((headers, body),) = receiver.got
    assert signed_by(hook.secret, headers, body)
    assert headers["content-type"].startswith("application/cloudevents+json")
    event = json.loads(body)
    assert event["specversion"] == "1.0"
    assert event["type"] == "steelyard.notice.clock.due"
    assert event["id"] == headers["webhook-id"]
    assert event["subject"] == "req_1"
    assert event["data"]["facts"] == {"rung": 2}
    for hidden in ("Anna", "anna@", anna.id):
        assert hidden not in body.decode()
    (row,) = log(house, hook.id)
    assert (row.state, row.status, row.attempts) == ("delivered", 200, 1)
    assert "webhook-signature" in row.request_head
    assert row.response_head.startswith("200 OK")
    assert row.response_head.endswith("thanks")
    assert hook.secret not in row.request_head


def test_entries_of_the_ledger_are_delivered_in_order_and_once(
    house: House, receiver: Receiver
) -> None:
    house.transact(lambda work: work.record(SYSTEM, Event(type="test.early", subject="x_0")))
    sequence_all(house)
    hook = add(house, receiver.url, "test.*")
    for number in range(3):
        done(house, number)
    assert pump_webhooks(house) == 0, "they have no place in the ledger yet"
    sequence_all(house)
    assert pump_webhooks(house) == 4
    assert pump_webhooks(house) == 0
    do_jobs(house)
    events = [json.loads(body) for _, body in receiver.got]
    assert [event["data"]["details"] for event in events] == [{"n": 0}, {"n": 1}, {"n": 2}]
    assert events[0]["data"]["entry"] == 2
    assert "Anna" not in json.dumps(events)
    assert len(log(house, hook.id)) == 3


def test_a_failing_receiver_is_tried_again_disabled_and_its_operators_told(
    house: House, receiver: Receiver
) -> None:
    house.settings.webhook_give_up_hours = 12
    made(house, "olga@example.org", "platform-operator")
    hook = add(house, receiver.url, "webhook.*")
    receiver.status, receiver.body = 500, b"no"
    first = house.transact(lambda work: webhooks.attempt(work, hook.id))
    waits = []
    for _ in range(200):
        do_jobs(house)
        with house.reading() as session:
            hook = webhooks.get(session, hook.id)
        (row,) = [each for each in log(house, hook.id) if each.id == first.id]
        if hook.state == "disabled":
            break
        assert row.next_at is not None
        waits.append((row.next_at - house.clock()).total_seconds())
        clock_of(house).now = row.next_at
    assert hook.state == "disabled"
    assert row.state == "failed"
    assert row.last_error == "It answered 500."
    assert waits[0] <= 10
    assert 1800 <= max(waits) <= 3600
    assert len({headers["webhook-id"] for headers, _ in receiver.got}) == 1
    with house.reading() as session:
        kinds = session.scalars(select(NoticeRow.kind)).all()
        types = session.scalars(select(EventRow.type)).all()
    assert "webhook.disabled" in kinds
    assert "webhook.disabled" in types
    with pytest.raises(ConflictError, match="disabled"):
        house.transact(lambda work: webhooks.redeliver(work, hook.id, first.id))
    receiver.status = 204
    house.transact(
        lambda work: webhooks.change(
            work, OLGA, hook.id, {"state": "active"}, hook.version, private=True
        )
    )
    house.transact(lambda work: webhooks.redeliver(work, hook.id, first.id))
    with pytest.raises(ConflictError, match="still on its way"):
        house.transact(lambda work: webhooks.redeliver(work, hook.id, first.id))
    do_jobs(house)
    (row,) = [each for each in log(house, hook.id) if each.id == first.id]
    assert row.state == "delivered"


def test_while_a_secret_is_replaced_both_sign(house: House, receiver: Receiver) -> None:
    hook = add(house, receiver.url, "x.y")
    fresh = house.transact(lambda work: webhooks.rotate(work, OLGA, hook.id, hook.version))
    assert fresh.secret != hook.secret
    house.transact(lambda work: webhooks.attempt(work, hook.id))
    do_jobs(house)
    clock_of(house).forward(hours=25)
    house.transact(lambda work: webhooks.attempt(work, hook.id))
    do_jobs(house)
    (during, body), (after, later) = receiver.got
    assert signed_by(hook.secret, during, body)
    assert signed_by(fresh.secret, during, body)
    assert signed_by(fresh.secret, after, later)
    assert not signed_by(hook.secret, after, later)


def test_redirects_are_not_followed(house: House, receiver: Receiver) -> None:
    with receiving() as inside:
        receiver.status, receiver.headers = 307, {"Location": inside.url}
        hook = add(house, receiver.url, "x.y")
        house.transact(lambda work: webhooks.attempt(work, hook.id))
        do_jobs(house)
        assert inside.got == []
    (row,) = log(house, hook.id)
    assert row.last_error == "It answered with a redirect, which is not followed."


def test_a_private_address_is_refused_at_delivery_too(house: House, receiver: Receiver) -> None:
    hook = add(house, receiver.url.replace("127.0.0.1", "localhost"), "x.y")
    house.settings.webhook_private = False
    house.transact(lambda work: webhooks.attempt(work, hook.id))
    do_jobs(house)
    assert receiver.got == []
    (row,) = log(house, hook.id)
    assert "private network" in row.last_error


def test_size_and_time_of_a_reply_are_bounded() -> None:
    with receiving() as receiver:
        receiver.body = b"x" * 5_000_000
        sent = post(receiver.url, "m", {}, [], now=NOON, timeout=5, private=True)
        assert sent.ok
        assert len(sent.response_head) <= 2000
        receiver.drip = 0.1
        began = time.monotonic()
        sent = post(receiver.url, "m", {}, [], now=NOON, timeout=0.5, private=True)
        assert time.monotonic() - began < 3
    sent = post(receiver.url, "m", {}, [], now=NOON, timeout=0.5, private=True)
    assert not sent.ok
    assert "connection failed" in sent.error


def test_deleting_a_webhook_ends_its_deliveries(house: House, receiver: Receiver) -> None:
    hook = add(house, receiver.url, "x.y")
    house.transact(lambda work: webhooks.attempt(work, hook.id))
    house.transact(lambda work: webhooks.remove(work, OLGA, hook.id, hook.version))
    do_jobs(house)
    assert receiver.got == []
    with house.reading() as session:
        assert session.scalars(select(JobRow.state)).all() == ["done"]


def test_old_messages_are_forgotten(house: House, receiver: Receiver) -> None:
    hook = add(house, receiver.url, "x.y")
    house.transact(lambda work: webhooks.attempt(work, hook.id))
    do_jobs(house)
    clock_of(house).now += dt.timedelta(days=31)
    house.transact(HANDLERS["messages.forget"](house, {}))
    assert log(house, hook.id) == []


@pytest.mark.parametrize(
    ("filters", "kind", "answer"),
    [
        (["*"], "request.submitted", True),
        (["request.*"], "request.submitted", True),
        (["request.*"], "requests.submitted", False),
        (["request.submitted"], "request.submitted", True),
        (["request.submitted"], "request.submitted-again", False),
        ([], "x.y", False),
    ],
)
def test_filters(filters: list[str], kind: str, answer: bool) -> None:
    assert wanted(filters, kind) is answer


@pytest.mark.parametrize("bad", ["", "Request.*", "*.x", "a b", "x" * 90, "re*quest"])
def test_filters_that_mean_nothing_are_refused(house: House, bad: str) -> None:
    with pytest.raises(FieldErrors, match="not the type"):
        add(house, "https://hooks.example.org/", bad)


def test_there_may_not_be_too_many(house: House) -> None:
    for _ in range(webhooks.MOST):
        add(house, "https://hooks.example.org/", "*")
    with pytest.raises(ConflictError, match="already"):
        add(house, "https://hooks.example.org/", "*")


def test_the_check_in_the_documentation_works() -> None:
    page = Path(__file__).resolve().parents[3] / "docs" / "how-to" / "receive-webhooks.md"
    (code,) = re.findall(r"```python\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)
    known: dict[str, Any] = {}
    exec(code, known)
    secret, stamp, body = new_signing_secret(), int(time.time()), b'{"x": 1}'
    headers = {
        "webhook-id": "dlv_1",
        "webhook-timestamp": str(stamp),
        "webhook-signature": "v1,other " + sign(secret, "dlv_1", stamp, body),
    }
    assert known["genuine"](secret, headers, body)
    assert not known["genuine"](secret, headers, body + b" ")
    assert not known["genuine"](new_signing_secret(), headers, body)
    assert not known["genuine"](secret, {**headers, "webhook-timestamp": str(stamp - 900)}, body)
