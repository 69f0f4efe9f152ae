# SPDX-License-Identifier: Apache-2.0
"""Health, readiness, numbers and log lines of the server."""

from __future__ import annotations

import datetime as dt
import io
import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from fastapi import APIRouter
from pydantic import SecretStr
from tests.server import Clock, Doors, person

from steelyard.bootstrap.house import House
from steelyard.governance.clocks import service as clocks
from steelyard.kernel.actor import SYSTEM
from steelyard.kernel.event import Event
from steelyard.platform.jobs.embedded import EmbeddedQueue
from steelyard.platform.notify.tables import DeliveryRow
from steelyard.platform.telemetry.logs import configure, strike_secrets
from steelyard.platform.work import Work


def test_a_new_server_is_alive_and_ready(doors: Doors) -> None:
    assert doors.stranger.get("/healthz").json() == {"status": "alive"}
    reply = doors.stranger.get("/readyz")
    assert reply.status_code == 200
    assert reply.json()["ready"] is True
    assert set(reply.json()["parts"]) == {"database", "files", "jobs", "key", "ledger"}


def test_each_part_that_fails_makes_it_not_ready(
    house: House, doors: Doors, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.jobs = house.engine = EmbeddedQueue(house.database, house.clock)
    house.transact(lambda work: work.enqueue("a"))
    house.transact(lambda work: work.record(SYSTEM, Event(type="test.done", subject="x")))
    assert doors.stranger.get("/readyz").status_code == 200
    clock = house.clock
    assert isinstance(clock, Clock)
    clock.forward(minutes=11)
    reply = doors.stranger.get("/readyz")
    assert reply.status_code == 503
    failed = {name for name, works in reply.json()["parts"].items() if not works}
    assert failed == {"jobs", "ledger"}
    assert set(reply.json()) == {"ready", "parts"}, "what is wrong is for the log only"


def test_numbers_name_routes_and_not_what_was_asked(house: House, doors: Doors) -> None:
    house.jobs = house.engine = EmbeddedQueue(house.database, house.clock)
    house.transact(lambda work: work.enqueue("a"))
    anna = doors.as_(person("anna", "requester"))
    anna.get("/api/v1/use-cases/uc_none")
    anna.get("/nowhere/at-all")
    text = doors.stranger.get("/metrics").text
    assert 'steelyard_request_seconds_count{method="GET",route="/use-cases/{use_case_id}"' in text
    assert 'status="404"' in text
    assert "at-all" not in text
    assert "uc_none" not in text
    for line in (
        'steelyard_queue_jobs{state="due"} 1.0',
        "steelyard_ledger_entries 0.0",
        "steelyard_ledger_waiting 0.0",
        "steelyard_clocks_overdue 0.0",
        'steelyard_queue_due_jobs{kind="a"} 1.0',
        'steelyard_webhook_deliveries{state="failed"} 0.0',
        'steelyard_upstream_models{state="watched"} 0.0',
    ):
        assert line in text
    house.transact(lambda work: work.enqueue("a"))
    assert 'steelyard_queue_jobs{state="due"} 1.0' in doors.stranger.get("/metrics").text


def test_numbers_say_who_is_late(house: House, doors: Doors) -> None:
    clock = house.clock
    assert isinstance(clock, Clock)

    def put(work: Work) -> None:
        for number, state in enumerate(("waiting", "waiting", "failed", "delivered")):
            work.session.add(
                DeliveryRow(
                    id=work.id("dlv"), webhook="whk_x", type="test.done", payload={}, state=state,
                    attempts=1, at=work.now + dt.timedelta(minutes=number), tried_at=None,
                    next_at=None, status=None, seconds=None, request_head="", response_head="",
                    last_error="",
                )
            )  # fmt: skip
        for subject, hours in (("a", "1 hour"), ("b", "2 hours"), ("c", "9 hours")):
            clocks.start(work, subject=subject, kind="review", within=hours)

    house.transact(put)
    clock.forward(hours=3)
    house.transact(clocks.tick)
    text = doors.stranger.get("/metrics").text
    for line in (
        'steelyard_webhook_deliveries{state="waiting"} 2.0',
        'steelyard_webhook_deliveries{state="failed"} 1.0',
        "steelyard_webhook_oldest_seconds 10800.0",
        'steelyard_clocks_open{kind="review",state="overdue"} 2.0',
        'steelyard_clocks_open{kind="review",state="running"} 1.0',
        "steelyard_clocks_overdue 2.0",
        "steelyard_clocks_overdue_oldest_seconds 7200.0",
    ):
        assert line in text


def test_numbers_can_be_kept_from_strangers(house: House, doors: Doors) -> None:
    house.settings.metrics_token = SecretStr("s3cret")
    assert doors.stranger.get("/metrics").status_code == 401
    for token, status in (("s3cret", 200), ("wrong", 401), ("s3cr\u00e9t", 401)):
        headers = {b"authorization": f"Bearer {token}".encode()}
        assert doors.stranger.get("/metrics", headers=headers).status_code == status


def test_a_bug_is_a_problem_with_the_trace_and_no_details(house: House, doors: Doors) -> None:
    router = APIRouter()

    @router.get("/bug", openapi_extra={"x-right": "open"})
    def bug() -> None:
        raise ZeroDivisionError("the details")

    doors.app.include_router(router)
    reply = doors.stranger.get("/bug", headers={"x-request-id": "trace-of-mine"})
    assert reply.status_code == 500
    assert reply.json()["code"] == "server.bug"
    assert reply.json()["title"] == "The server failed"
    assert "trace-of-mine" in reply.json()["next_step"]
    assert "details" not in reply.text


@contextmanager
def logged(form: str) -> Iterator[io.StringIO]:
    """Send the log to a text while it lasts."""
    root = logging.getLogger()
    handlers, level, text = root.handlers[:], root.level, io.StringIO()
    configure(form, "info", text)
    try:
        yield text
    finally:
        root.handlers[:] = handlers
        root.setLevel(level)


def test_log_lines_have_trace_and_ids_and_nothing_of_people(doors: Doors) -> None:
    anna = doors.as_(person("anna", "requester"))
    given = {
        "name": "pilot", "purpose": "Find things", "data_class": "internal",
        "personal_data": "none", "people_affected": "staff", "autonomy": "assistive",
        "exposure": "internal",
    }  # fmt: skip
    use_case = anna.post("/api/v1/use-cases", json=given).json()["id"]
    path = f"/api/v1/use-cases/{use_case}?q=anna@example.org"
    with logged("json") as text:
        anna.get(path, headers={"x-request-id": "trace-123"})
        logging.getLogger("somebody").warning("mail to %s failed", "anna@example.org")
    call, mail = (json.loads(line) for line in text.getvalue().splitlines())
    assert call["trace"] == "trace-123"
    assert call["actor"] == "act_anna"
    assert call["use_case_id"] == use_case
    assert call["route"] == "/use-cases/{use_case_id}"
    assert "anna@example.org" not in text.getvalue()
    assert "usr_anna" not in text.getvalue()
    assert mail["event"] == "mail to [struck out] failed"


def test_secrets_are_struck_out_wherever_they_stand() -> None:
    line = {
        "event": "smtp://bob:hunter2@host said Authorization: Bearer abcdef123456",
        "password": "hunter2",
        "inner": {"api_key": "k", "said": "x@y.org"},
        "seconds": 1.5,
    }
    told = json.dumps(strike_secrets(None, "", line))
    for secret in ("hunter2", "abcdef123456", '"k"', "x@y.org"):
        assert secret not in told
    assert "1.5" in told


def test_the_log_can_be_read_by_people() -> None:
    with logged("console") as text:
        logging.getLogger("x").info("hello")
    assert "hello" in text.getvalue()
    assert not text.getvalue().startswith("{")
