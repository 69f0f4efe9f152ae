# SPDX-License-Identifier: Apache-2.0
"""What the worker does with one job, and at each tick."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from tests.server import Clock, person

import steelyard
from steelyard.bootstrap.house import House
from steelyard.governance.use_cases import service as use_cases
from steelyard.governance.use_cases.tables import UseCaseRow
from steelyard.kernel.actor import SYSTEM
from steelyard.kernel.errors import UnavailableError
from steelyard.kernel.event import Event
from steelyard.platform.jobs.embedded import EmbeddedQueue
from steelyard.platform.jobs.port import Handler
from steelyard.platform.jobs.schedules import Schedule
from steelyard.platform.jobs.tables import JobRow
from steelyard.platform.log.tables import EventRow
from steelyard.platform.replies.tables import ReplyRow
from steelyard.platform.work import Work
from steelyard.worker.handlers import HANDLERS, SCHEDULES
from steelyard.worker.loop import Worker


@pytest.fixture
def queue(house: House) -> EmbeddedQueue:
    house.jobs = house.engine = EmbeddedQueue(house.database, house.clock)
    return house.engine


def run_all(house: House, queue: EmbeddedQueue, handlers: dict[str, Handler[House]]) -> None:
    worker = Worker(house, handlers=handlers, schedules=(), ticks=())
    while (leased := queue.claim(house.clock())) is not None:
        worker.do(leased)


def only_job(house: House) -> tuple[str, str]:
    with house.reading() as session:
        return tuple(session.execute(select(JobRow.state, JobRow.last_error)).one())  # type: ignore[return-value]


def test_an_effect_that_fails_leaves_nothing_and_the_job_comes_again(
    house: House, queue: EmbeddedQueue
) -> None:
    def half(house: House, payload: dict[str, Any]) -> Callable[[Work], object]:
        def effect(work: Work) -> None:
            work.record(SYSTEM, Event(type="test.done", subject="x"))
            raise UnavailableError("The mail server is silent.", next_step="Wait.")

        return effect

    house.transact(lambda work: work.enqueue("half"))
    run_all(house, queue, {"half": half})
    assert only_job(house) == ("waiting", "The mail server is silent. Wait.")
    with house.reading() as session:
        assert session.scalars(select(EventRow)).all() == []


def test_a_bug_and_an_unknown_kind_are_kept_as_sentences(
    house: House, queue: EmbeddedQueue
) -> None:
    def bug(house: House, payload: dict[str, Any]) -> Callable[[Work], object]:
        raise ZeroDivisionError("of course")

    house.transact(lambda work: work.enqueue("bug"))
    run_all(house, queue, {"bug": bug})
    assert only_job(house) == ("waiting", "ZeroDivisionError: of course")
    clock = house.clock
    assert isinstance(clock, Clock)
    clock.forward(minutes=5)
    run_all(house, queue, {})
    assert only_job(house)[1] == "Nothing here does jobs of the kind 'bug'."


def test_a_tick_that_fails_ends_nothing(house: House, queue: EmbeddedQueue) -> None:
    seen: list[House] = []

    def fails(house: House) -> None:
        raise ZeroDivisionError

    worker = Worker(house, schedules=(), ticks=(fails, seen.append))
    worker.tick()
    worker.tick()
    assert seen == [house, house]


def test_schedules_name_handlers_and_all_housekeeping_runs(
    house: House, queue: EmbeddedQueue
) -> None:
    assert {each.kind for each in SCHEDULES} <= HANDLERS.keys()
    anna = person("anna", "requester")
    given = {
        "name": "pilot", "purpose": "Find things", "data_class": "internal",
        "personal_data": "none", "people_affected": "staff", "autonomy": "assistive",
        "exposure": "internal", "expires": "2026-11-30",
    }  # fmt: skip
    house.transact(lambda work: use_cases.register(work, anna, given))
    old = ReplyRow(
        actor="a", key="k", fingerprint="", status=200, headers={}, body=b"", at=house.clock()
    )
    house.transact(lambda work: work.session.add(old))
    clock = house.clock
    assert isinstance(clock, Clock)
    clock.forward(days=10)
    worker = Worker(house, ticks=())
    worker.tick()
    worker.tick()
    with house.reading() as session:
        assert len(session.scalars(select(JobRow.id)).all()) == len(SCHEDULES)
    run_all(house, queue, HANDLERS)
    clock.forward(days=8)
    Worker(house, schedules=(Schedule(name="f", cron="* * * * *", kind="jobs.forget"),)).tick()
    run_all(house, queue, HANDLERS)
    with house.reading() as session:
        assert session.scalars(select(UseCaseRow.state)).all() == ["expired"]
        assert session.scalars(select(ReplyRow.key)).all() == []
        assert session.scalars(select(JobRow.kind)).all() == ["jobs.forget"]


def test_a_schedule_is_looked_at_in_the_database_once_per_slot(
    house: House, queue: EmbeddedQueue
) -> None:
    hourly = Schedule(name="h", cron="0 * * * *", kind="x")
    worker = Worker(house, schedules=(hourly,), ticks=())
    worker.tick()
    assert worker._fired == {"h": house.clock().replace(minute=0) - dt.timedelta(0)}


def test_every_kind_of_job_that_is_put_has_a_handler() -> None:
    source = Path(steelyard.__file__).parent
    put = {
        kind
        for path in source.rglob("*.py")
        for kind in re.findall(r"enqueue\(\s*\"([^\"]+)\"", path.read_text(encoding="utf-8"))
    }
    assert len(put) > 5
    assert not put - HANDLERS.keys()
