# SPDX-License-Identifier: Apache-2.0
"""Operators see what was given up, are told of it, and have it done once more."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import select
from tests.platform.identity.staff import clock_of, made
from tests.server import Doors, person

from steelyard.bootstrap.house import House
from steelyard.kernel.errors import UnavailableError
from steelyard.platform.jobs.embedded import EmbeddedQueue
from steelyard.platform.jobs.port import TRIES
from steelyard.platform.notify.tables import NoticeRow
from steelyard.platform.work import Work
from steelyard.worker.loop import Worker


def breaks(house: House, payload: dict[str, Any]) -> Callable[[Work], object]:
    raise UnavailableError("The scale is broken.")


def wear_out(house: House, queue: EmbeddedQueue) -> None:
    worker = Worker(house, handlers={"weigh": breaks, "mail.send": breaks}, schedules=(), ticks=())
    for _ in range(TRIES):
        while (leased := queue.claim(house.clock())) is not None:
            worker.do(leased)
        clock_of(house).forward(hours=2)


def test_a_dead_job_is_told_of_and_can_be_put_again(house: House, doors: Doors) -> None:
    queue = EmbeddedQueue(house.database, house.clock)
    house.jobs = house.engine = queue
    made(house, "olga@example.org", "platform-operator")
    house.transact(lambda work: work.enqueue("weigh", {"x": 1}, key="k"))
    wear_out(house, queue)
    olga = doors.as_(person("olga", "platform-operator"))
    (job,) = olga.get("/api/v1/jobs?state=dead&kind=weigh").json()["items"]
    assert job["last_error"] == "The scale is broken."
    assert job["attempts"] == TRIES
    with house.reading() as session:
        (notice,) = session.scalars(select(NoticeRow)).all()
    assert notice.title == "A background job was given up: weigh"
    assert doors.as_(person("otto", "auditor")).get("/api/v1/jobs").status_code == 200
    assert doors.as_(person("anna", "requester")).get("/api/v1/jobs").status_code == 403
    path = f"/api/v1/jobs/{job['id']}"
    assert olga.get(path).json() == job
    assert olga.post(f"{path}/retry").status_code == 200
    assert olga.post(f"{path}/retry").status_code == 409
    assert olga.post("/api/v1/jobs/job_none/retry").status_code == 404
    (fresh,) = olga.get("/api/v1/jobs?state=waiting&kind=weigh").json()["items"]
    assert fresh["payload"] == {"x": 1}
    wear_out(house, queue)
    with house.reading() as session:
        told = session.scalars(select(NoticeRow.kind)).all()
    assert told == ["job.dead"] * 2, "a mail that cannot be sent is not told of by mail"
