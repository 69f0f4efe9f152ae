# SPDX-License-Identifier: Apache-2.0
"""Workers that are killed, stopped and woken: every job takes effect once."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import select
from tests.processes import Started
from tests.server import open_database
from tests.worker.crew import open_crew, work

from steelyard.bootstrap import utc_now
from steelyard.bootstrap.house import House
from steelyard.platform.jobs.port import Job
from steelyard.platform.log.tables import EventRow

ENGINES = [("sqlite", "embedded"), ("postgresql", "embedded"), ("postgresql", "procrastinate")]
SILENCE = 1.2
"""Seconds after which a worker is taken for dead."""


class Crew:
    """Worker processes of one house."""

    def __init__(self, kind: str, engine: str, directory: Path) -> None:
        database = open_database(kind, directory)
        self._url = database.engine.url.render_as_string(hide_password=False)
        database.close()
        self._engine = engine
        self.house: House = open_crew(self._url, engine, SILENCE)
        self._directory = directory
        self.hands: list[Started] = []

    def hire(self, threads: int = 1) -> tuple[Started, Path]:
        notes = self._directory / f"notes-{len(self.hands)}"
        notes.touch()
        hand = Started(
            work, self._url, self._engine, notes, SILENCE, threads, directory=self._directory
        )
        self.hands.append(hand)
        return hand, notes

    def put(self, number: int, seconds: float) -> None:
        job = Job(kind="slow", payload={"n": number, "seconds": seconds}, run_at=utc_now())
        self.house.transact(lambda work: self.house.jobs.put(work.session, job))

    def effects(self) -> list[str]:
        with self.house.reading() as session:
            return list(session.scalars(select(EventRow.subject).order_by(EventRow.subject)))

    def close(self) -> None:
        for hand in self.hands:
            hand.kill()
        self.house.close()


@pytest.fixture(params=ENGINES, ids=lambda param: "-".join(param))
def crew(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Crew]:
    kind, engine = request.param
    crew = Crew(kind, engine, tmp_path)
    yield crew
    crew.close()


def until(seen: Callable[[], bool], seconds: float = 30) -> None:
    end = time.monotonic() + seconds
    while not seen():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.05)


def test_jobs_of_killed_and_sleeping_workers_take_effect_once(crew: Crew) -> None:
    killed, killed_notes = crew.hire()
    crew.put(1, 30)
    until(lambda: "1 " in killed_notes.read_text())
    zombie, zombie_notes = crew.hire()
    crew.put(2, 0.5)
    until(lambda: "2 " in zombie_notes.read_text())
    zombie.signal(signal.SIGSTOP)
    killed.kill()
    _, heir_notes = crew.hire(threads=2)
    crew.put(3, 0)
    until(lambda: "2 " in heir_notes.read_text() and "1 " in heir_notes.read_text())
    until(lambda: crew.effects() == ["job_2", "job_3"])
    zombie.signal(signal.SIGCONT)
    crew.put(4, 0)
    until(lambda: "job_4" in crew.effects())
    zombie.signal(signal.SIGTERM)
    assert zombie.wait(20) == 0, "it lost its job and lives on"
    assert crew.effects() == ["job_2", "job_3", "job_4"]


def test_a_worker_told_to_stop_finishes_what_it_has(crew: Crew) -> None:
    hand, notes = crew.hire()
    crew.put(1, 1.0)
    until(lambda: "1 " in notes.read_text())
    crew.put(2, 0)
    hand.signal(signal.SIGTERM)
    assert hand.wait(20) == 0
    assert crew.effects() == ["job_1"]
    assert "2 " not in notes.read_text()


def test_two_workers_share_the_load(crew: Crew) -> None:
    notes = [crew.hire()[1], crew.hire()[1]]
    until(lambda: all("ready" in each.read_text() for each in notes))
    for number in range(20):
        crew.put(number, 0.1)
    until(lambda: len(crew.effects()) == 20)
    assert len(set(crew.effects())) == 20
    assert all(each.read_text().count("\n") > 2 for each in notes)
