# SPDX-License-Identifier: Apache-2.0
"""Clocks through their verbs and their door, on both databases."""

from __future__ import annotations

import datetime as dt
import threading
from typing import Any

import pytest
from sqlalchemy import select
from tests.server import Clock, Doors, KeptJobs, person

from steelyard.bootstrap.house import House
from steelyard.governance.clocks import queries, service
from steelyard.governance.clocks.clock import ClockView
from steelyard.kernel.actor import SYSTEM
from steelyard.kernel.errors import ConflictError
from steelyard.platform.identity import units
from steelyard.platform.jobs.port import Job
from steelyard.platform.log.tables import EventRow
from steelyard.platform.work import Work

LADDER = ("head-of-engineering", "head-of-risk")


def begin(house: House, subject: str = "rev_1", **more: Any) -> ClockView:
    given = {"kind": "review", "unit": "search", "within": "5 business days", **more}
    return house.transact(lambda work: service.start(work, subject=subject, **given))


def tick(house: House, **span: float) -> int:
    assert isinstance(house.clock, Clock)
    house.clock.forward(**span)
    return house.transact(service.tick)


def jobs(house: House) -> list[Job]:
    assert isinstance(house.jobs, KeptJobs)
    found, house.jobs.jobs = house.jobs.jobs, []
    return found


def events(house: House) -> list[str]:
    with house.reading() as session:
        return list(session.scalars(select(EventRow.type).order_by(EventRow.seq)))


def now(house: House, subject: str = "rev_1") -> ClockView:
    with house.reading() as session:
        return queries.of_subject(session, subject)[-1]


def test_a_clock_reminds_then_climbs_to_the_sponsor(house: House) -> None:
    begin(house, remind="1 business day", ladder=LADDER, rung="2 business days")
    assert tick(house, days=1) == 0
    assert tick(house, days=5) == 1  # Tuesday, a day before the end
    assert [job.kind for job in jobs(house)] == ["clock.remind"]
    assert tick(house, hours=1) == 0
    assert tick(house, days=2) == 1  # Thursday: over since Wednesday
    assert [job.payload["rung"] for job in jobs(house)] == [1]
    assert now(house).state == "overdue"
    assert tick(house, days=4) == 1  # Monday
    assert tick(house, days=2) == 1  # Wednesday
    assert [job.payload["rung"] for job in jobs(house)] == [2, 3]
    assert now(house).ladder[-1] == "executive-sponsor"
    assert tick(house, days=30) == 0
    house.transact(lambda work: service.stop(work, "rev_1"))
    assert (now(house).state, now(house).met_late) == ("met", True)
    assert events(house) == [
        "clock.started", "clock.reminded", "clock.overdue", "clock.escalated", "clock.escalated",
        "clock.escalated", "clock.met",
    ]  # fmt: skip


def test_after_a_week_without_a_server_every_rung_is_asked_once(house: House) -> None:
    begin(house, remind="1 business day", ladder=LADDER, rung="2 business days")
    assert tick(house, days=14) == 1
    assert [(job.kind, job.payload["rung"]) for job in jobs(house)] == [
        ("clock.due", 1), ("clock.due", 2), ("clock.due", 3)
    ]  # fmt: skip
    assert tick(house) == 0
    assert events(house).count("clock.reminded") == 0


def test_waiting_for_the_requester_stops_the_time(house: House) -> None:
    begin(house, remind="1 business day")
    tick(house, days=2)  # Friday: three business days are left
    house.transact(lambda work: service.pause(work, "rev_1"))
    assert (now(house).state, now(house).remaining) == ("paused", "3 business days")
    assert tick(house, days=31) == 0  # Monday, 28 December
    house.transact(lambda work: service.resume(work, "rev_1"))
    assert now(house).due == dt.datetime(2026, 12, 31, 23, 59, 59, tzinfo=dt.UTC)
    assert now(house).remind_at == dt.datetime(2026, 12, 30, 8, 0, tzinfo=dt.UTC)
    house.transact(lambda work: service.stop(work, "rev_1"))
    assert (now(house).state, now(house).met_late) == ("met", False)


def test_an_overdue_clock_does_not_climb_while_it_is_paused(house: House) -> None:
    begin(house, ladder=LADDER, rung="2 business days")
    tick(house, days=8)
    house.transact(lambda work: service.pause(work, "rev_1"))
    assert tick(house, days=60) == 0
    house.transact(lambda work: service.resume(work, "rev_1"))
    assert (now(house).state, now(house).rung) == ("overdue", 1)
    assert tick(house, days=10) == 1
    assert now(house).rung == 3


def test_one_clock_of_a_kind_runs_at_a_time(house: House) -> None:
    begin(house)
    with pytest.raises(ConflictError):
        begin(house)
    house.transact(lambda work: service.stop(work, "rev_1", "review", met=False))
    assert now(house).state == "stopped"
    begin(house)


def test_workers_share_the_clocks(house: House) -> None:
    if house.database.sqlite:
        pytest.skip("one writer at a time")
    for number in range(60):
        begin(house, f"rev_{number}", ladder=LADDER)
    assert isinstance(house.clock, Clock)
    house.clock.forward(days=8)
    seen: list[int] = []

    def work() -> None:
        seen.append(house.transact(service.tick))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(seen) == 60
    assert len(jobs(house)) == 60


def test_the_door_lists_what_is_due(doors: Doors) -> None:
    house = doors.house
    begin(house, "rev_1", within="10 days")
    begin(house, "rev_2", within="3 days")
    begin(house, "rev_3", unit="fraud")
    anna = doors.as_(person("anna", "requester"))
    first = anna.get("/api/v1/clocks?limit=1").json()
    assert [row["subject"] for row in first["items"]] == ["rev_2"]
    then = anna.get(f"/api/v1/clocks?limit=1&cursor={first['next']}").json()
    assert [row["subject"] for row in then["items"]] == ["rev_1"]
    assert then["next"] is None
    soon = anna.get("/api/v1/clocks?due_before=2026-12-01T00:00:00Z&state=running").json()
    assert [row["subject"] for row in soon["items"]] == ["rev_2"]
    assert anna.get("/api/v1/clocks?due_before=2026-12-01T00:00:00").status_code == 422
    assert anna.get("/api/v1/clocks?cursor=WyJ4Il0").status_code == 422
    other = doors.as_(person("otto", "auditor", unit="")).get("/api/v1/clocks?unit=fraud").json()
    hidden = anna.get(f"/api/v1/clocks/{other['items'][0]['id']}")
    assert (hidden.status_code, hidden.json()["code"]) == (404, "clock.missing")
    tick(house, days=5)
    assert [(row["unit"], row["overdue"]) for row in anna.get("/api/v1/clocks/overdue").json()] == [
        ("search", 1)
    ]


def test_a_clock_runs_by_the_calendar_of_its_unit(house: House) -> None:
    def found(work: Work) -> None:
        units.create(work, SYSTEM, "company", calendar="US@America/New_York")
        units.create(work, SYSTEM, "search", parent="company")

    house.transact(found)
    begin(house, within="1 business day")
    assert now(house).due == dt.datetime(2026, 11, 28, 4, 59, 59, tzinfo=dt.UTC)
    assert now(house).calendar == "US@America/New_York"
