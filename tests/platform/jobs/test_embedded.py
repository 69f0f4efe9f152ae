# SPDX-License-Identifier: Apache-2.0
"""The embedded queue: one effect per job, whatever happens to workers."""

from __future__ import annotations

import datetime as dt
import threading
from itertools import pairwise
from typing import Any

import pytest
from sqlalchemy import select
from tests.server import NOON, Clock

from steelyard.bootstrap.house import House
from steelyard.platform.jobs.embedded import LEASE, EmbeddedQueue
from steelyard.platform.jobs.port import TRIES, Job, Leased, LeaseLost, wait_before
from steelyard.platform.jobs.schedules import Schedule, fire
from steelyard.platform.jobs.tables import JobRow


@pytest.fixture
def queue(house: House) -> EmbeddedQueue:
    queue = EmbeddedQueue(house.database, house.clock)
    house.jobs = queue
    return queue


def clock(house: House) -> Clock:
    assert isinstance(house.clock, Clock)
    return house.clock


def put(house: House, kind: str, **more: Any) -> None:
    payload = more.pop("payload", {})
    job = Job(kind=kind, payload=payload, run_at=more.pop("at", house.clock()), **more)
    house.transact(lambda work: house.jobs.put(work.session, job))


def claim(queue: EmbeddedQueue) -> Leased:
    leased = queue.claim(queue.clock())
    assert leased is not None
    return leased


def finish(house: House, queue: EmbeddedQueue, leased: Leased) -> None:
    house.transact(lambda work: queue.finish(work.session, leased, work.now))


def fail(house: House, queue: EmbeddedQueue, leased: Leased, said: str) -> bool:
    return house.transact(lambda work: queue.fail(work.session, leased, said, work.now))


def state(house: House, leased: Leased) -> JobRow:
    with house.reading() as session:
        row = session.get(JobRow, leased.id)
        assert row is not None
        session.expunge(row)
    return row


def test_a_job_is_put_with_its_transaction_or_not(house: House, queue: EmbeddedQueue) -> None:
    def fails(work: Any) -> None:
        work.enqueue("a")
        raise RuntimeError

    with pytest.raises(RuntimeError):
        house.transact(fails)
    assert queue.claim(NOON) is None
    put(house, "a", payload={"id": "x"}, trace="t1")
    leased = claim(queue)
    assert (leased.kind, leased.payload, leased.trace, leased.attempt) == (
        "a",
        {"id": "x"},
        "t1",
        1,
    )
    assert queue.claim(NOON) is None
    finish(house, queue, leased)
    assert state(house, leased).state == "done"


def test_order_is_by_priority_then_by_time(house: House, queue: EmbeddedQueue) -> None:
    put(house, "second", at=NOON - dt.timedelta(minutes=2))
    put(house, "third", at=NOON - dt.timedelta(minutes=1))
    put(house, "first", priority=5)
    put(house, "later", at=NOON + dt.timedelta(hours=1), priority=9)
    assert [claim(queue).kind for _ in range(3)] == ["first", "second", "third"]
    assert queue.claim(NOON) is None
    clock(house).forward(seconds=3600)
    assert queue.claim(house.clock()) is not None


def test_of_jobs_with_one_key_one_waits_and_the_sooner_time_holds(
    house: House, queue: EmbeddedQueue
) -> None:
    put(house, "a", key="k", at=NOON + dt.timedelta(hours=1))
    put(house, "a", key="k")
    put(house, "a", key="k", at=NOON + dt.timedelta(hours=2))
    leased = claim(queue)
    assert queue.claim(NOON + dt.timedelta(hours=5)) is not None, "its own lease ran out by then"
    put(house, "a", key="k")
    assert claim(queue).id != leased.id, "a job that runs does not stand for one that comes later"


def test_a_silent_worker_loses_its_job_and_cannot_finish_it(
    house: House, queue: EmbeddedQueue
) -> None:
    put(house, "a")
    zombie = claim(queue)
    clock(house).forward(seconds=LEASE.total_seconds() - 1)
    assert queue.claim(house.clock()) is None
    assert queue.heartbeat(zombie, house.clock())
    clock(house).forward(seconds=LEASE.total_seconds() - 1)
    assert queue.claim(house.clock()) is None
    clock(house).forward(seconds=2)
    heir = claim(queue)
    assert (heir.id, heir.attempt) == (zombie.id, 2)
    assert not queue.heartbeat(zombie, house.clock())
    for act in (
        lambda: finish(house, queue, zombie),
        lambda: house.transact(lambda work: queue.fail(work.session, zombie, "no", work.now)),
    ):
        with pytest.raises(LeaseLost):
            act()
    finish(house, queue, heir)
    with pytest.raises(LeaseLost):
        finish(house, queue, heir)


def test_failing_waits_longer_each_time_and_ends_dead_with_the_last_error(
    house: House, queue: EmbeddedQueue
) -> None:
    put(house, "a", key="k")
    waits = []
    for attempt in range(1, TRIES + 1):
        leased = claim(queue)
        assert leased.attempt == attempt
        fail(house, queue, leased, f"It broke ({attempt}).")
        row = state(house, leased)
        waits.append((row.due - house.clock()).total_seconds())
        if attempt < TRIES:
            assert row.state == "waiting"
            clock(house).now = row.due
    assert row.state == "dead"
    assert row.last_error == f"It broke ({TRIES})."
    assert all(later > 0.9 * sooner for sooner, later in pairwise(waits[:-1]))
    clock(house).forward(days=9)
    assert queue.claim(house.clock()) is None
    with house.reading() as session:
        assert queue.depth(session, house.clock()).dead == 1


def test_a_job_that_kills_every_worker_dies(house: House, queue: EmbeddedQueue) -> None:
    put(house, "a")
    for _ in range(TRIES):
        leased = claim(queue)
        clock(house).forward(seconds=LEASE.total_seconds() + 1)
    assert queue.claim(house.clock()) is None
    assert state(house, leased).state == "dead"
    assert "died" in state(house, leased).last_error


def test_a_failed_job_gives_way_to_the_same_job_that_waits(
    house: House, queue: EmbeddedQueue
) -> None:
    put(house, "a", key="k")
    leased = claim(queue)
    put(house, "a", key="k")
    house.transact(lambda work: queue.fail(work.session, leased, "no", work.now))
    assert state(house, leased).state == "done"
    assert claim(queue).id != leased.id


def test_waits_are_bounded() -> None:
    assert all(wait_before(n) <= dt.timedelta(hours=1) for n in range(1, 60))


def test_threads_that_claim_together_get_each_job_once(house: House, queue: EmbeddedQueue) -> None:
    for number in range(40):
        put(house, "a", payload={"n": number})
    got: list[int] = []

    def work() -> None:
        while (leased := queue.claim(NOON)) is not None:
            got.append(leased.payload["n"])
            finish(house, queue, leased)

    crew = [threading.Thread(target=work) for _ in range(4)]
    for each in crew:
        each.start()
    for each in crew:
        each.join()
    assert sorted(got) == list(range(40))


def test_putting_with_a_key_waits_for_a_worker_that_takes_the_job(
    house: House, queue: EmbeddedQueue
) -> None:
    """A job for what is not committed yet must not be the one that is just being taken."""
    put(house, "a", key="k")
    with house.database.writing() as session:
        queue.put(session, Job(kind="a", payload={}, run_at=NOON, key="k"))
        if not house.database.sqlite:  # there, nobody else could write at all
            assert queue.claim(NOON) is None
    assert queue.claim(NOON) is not None


def test_a_schedule_fires_once_per_slot_for_all_hosts(house: House, queue: EmbeddedQueue) -> None:
    daily = Schedule(name="d", cron="5 0 * * *", kind="x")
    assert daily.slot(NOON) == dt.datetime(2026, 11, 25, 0, 5, tzinfo=dt.UTC)
    assert daily.slot(daily.slot(NOON)) == daily.slot(NOON)
    fired = [house.transact(lambda work: fire(work, daily)) for _ in range(3)]
    assert fired == [True, False, False]
    finish(house, queue, claim(queue))
    clock(house).forward(days=3)
    assert house.transact(lambda work: fire(work, daily))
    with house.reading() as session:
        states = session.scalars(select(JobRow.state).order_by(JobRow.id)).all()
    assert states == ["done", "waiting"], "what was missed is made up for once"


def test_depth_says_how_far_behind_the_workers_are(house: House, queue: EmbeddedQueue) -> None:
    put(house, "a", at=NOON - dt.timedelta(seconds=90))
    put(house, "a")
    put(house, "a", at=NOON + dt.timedelta(seconds=90))
    with house.reading() as session:
        depth = queue.depth(session, NOON)
    assert (depth.due, depth.later, depth.dead, depth.oldest_seconds) == (2, 1, 0, 90.0)
