# SPDX-License-Identifier: Apache-2.0
"""The engine procrastinate: keys, retries and dead jobs as in the embedded one."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from tests.server import open_database

from steelyard.bootstrap import utc_now
from steelyard.kernel.errors import InputError
from steelyard.platform.database.engine import Database, sqlite_url
from steelyard.platform.jobs.port import TRIES, Job, Leased, LeaseLost
from steelyard.platform.jobs.procrastinate_engine import ProcrastinateQueue
from steelyard.platform.jobs.tables import JobRow


@pytest.fixture
def queue(tmp_path: Path) -> Iterator[ProcrastinateQueue]:
    database = open_database("postgresql", tmp_path)
    queue = ProcrastinateQueue(database, utc_now)
    queue.install()
    queue.install()
    yield queue
    database.close()


def put(queue: ProcrastinateQueue, **more: Any) -> None:
    job = Job(kind="a", payload={"x": 1}, run_at=more.pop("at", utc_now()), **more)
    queue.database.transact(lambda session: queue.put(session, job))


def waiting(queue: ProcrastinateQueue) -> list[Leased]:
    with queue.database.reading() as session:
        rows = session.scalars(
            text("SELECT args FROM procrastinate_jobs WHERE status = 'todo' ORDER BY id")
        ).all()
    return [
        Leased(
            id=row["job"], kind=row["kind"], payload=row["payload"], trace=row["trace"],
            attempt=row["attempt"], token=row["attempt"],
        )
        for row in rows
    ]  # fmt: skip


def fail(queue: ProcrastinateQueue, leased: Leased) -> bool:
    return queue.database.transact(lambda s: queue.fail(s, leased, "It broke.", utc_now()))


def test_it_needs_postgresql(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="PostgreSQL"):
        ProcrastinateQueue(Database(sqlite_url(tmp_path)), utc_now)


def test_of_jobs_with_one_key_one_waits_and_is_brought_forward(queue: ProcrastinateQueue) -> None:
    later = utc_now() + dt.timedelta(hours=1)
    put(queue, key="k", at=later)
    put(queue, at=later)
    put(queue, key="k")
    assert len(waiting(queue)) == 2
    with queue.database.reading() as session:
        depth = queue.depth(session, utc_now())
    assert (depth.due, depth.later, depth.dead) == (1, 1, 0)


def test_threads_that_put_one_key_together_leave_one(queue: ProcrastinateQueue) -> None:
    crew = [threading.Thread(target=put, args=(queue,), kwargs={"key": "k"}) for _ in range(6)]
    for each in crew:
        each.start()
    for each in crew:
        each.join()
    assert len(waiting(queue)) == 1


def test_an_effect_happens_once_and_a_late_failure_is_not_tried_again(
    queue: ProcrastinateQueue,
) -> None:
    put(queue)
    (leased,) = waiting(queue)
    queue.database.transact(lambda s: queue.finish(s, leased, utc_now()))
    with pytest.raises(LeaseLost):
        queue.database.transact(lambda s: queue.finish(s, leased, utc_now()))
    with pytest.raises(LeaseLost):
        fail(queue, leased)


def test_a_failing_job_comes_again_under_its_own_id_and_ends_dead(
    queue: ProcrastinateQueue,
) -> None:
    put(queue)
    (leased,) = waiting(queue)
    assert not fail(queue, leased)
    again = waiting(queue)[-1]
    assert (again.id, again.attempt) == (leased.id, 2)
    last = Leased(**{name: getattr(again, name) for name in ("id", "kind", "payload", "trace")},
                  attempt=TRIES, token=TRIES)  # fmt: skip
    assert fail(queue, last)
    with queue.database.reading() as session:
        row = session.get_one(JobRow, leased.id)
        assert (row.state, row.last_error, row.attempts) == ("dead", "It broke.", TRIES)
        assert queue.depth(session, utc_now()).dead == 1
