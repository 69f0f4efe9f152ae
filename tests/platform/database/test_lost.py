# SPDX-License-Identifier: Apache-2.0
"""A database that is full, and one whose connections are ended: a sentence, and then it goes on."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
from sqlalchemy import event, func, select, text
from tests.api.test_use_cases import ANNA, FIVE
from tests.server import Doors

from steelyard.bootstrap.house import House
from steelyard.governance.use_cases.tables import UseCaseRow
from steelyard.platform.log.sequencer import sequence
from steelyard.platform.log.tables import EventRow
from steelyard.platform.log.verification import verify_database

ENDED = text(
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
    " WHERE datname = current_database() AND pid <> pg_backend_pid()"
)


def counts(house: House) -> tuple[int, int]:
    """Return how many use cases there are, and how many events tell of them."""
    with house.reading() as session:
        rows = session.scalar(select(func.count()).select_from(UseCaseRow)) or 0
        told = select(func.count()).where(EventRow.type == "use-case.registered")
        return rows, session.scalar(told) or 0


@pytest.fixture
def full(house: House) -> Iterator[list[bool]]:
    """Whether the disk is full: SQLite is held to the pages it has."""
    if not house.database.sqlite:
        pytest.skip("a disk of its own is needed to fill PostgreSQL's")
    state = [False]

    def hold(connection: object, *_more: object) -> None:
        most = 1 if state[0] else 2**31
        connection.execute(f"PRAGMA max_page_count={most}")  # type: ignore[attr-defined]

    event.listen(house.database.engine, "checkout", hold)
    yield state
    event.remove(house.database.engine, "checkout", hold)


def test_a_full_disk_is_said_so_and_leaves_nothing_by_half(
    house: House, doors: Doors, full: list[bool]
) -> None:
    anna = doors.as_(ANNA)
    assert anna.post("/api/v1/use-cases", json={**FIVE, "name": "before"}).status_code == 201
    full[0] = True
    done, answer = 0, None
    for number in range(500):  # free pages inside of the file are used up first
        answer = anna.post("/api/v1/use-cases", json={**FIVE, "name": f"full-{number}"})
        if answer.status_code != 201:
            break
        done += 1
    assert answer is not None
    assert (answer.status_code, answer.json()["code"]) == (503, "database.full")
    assert "Free space" in answer.json()["next_step"]
    assert answer.headers["retry-after"]
    assert counts(house) == (1 + done, 1 + done)
    assert anna.get("/api/v1/use-cases").status_code == 200, "reading goes on"
    full[0] = False
    again = anna.post("/api/v1/use-cases", json={**FIVE, "name": f"full-{done}"})
    assert again.status_code == 201, again.text
    assert counts(house) == (2 + done, 2 + done)
    sequence(house.database, house.keys, house.clock())
    assert verify_database(house.database).ok


def test_connections_that_are_ended_cost_a_retry_and_nothing_else(
    house: House, doors: Doors
) -> None:
    if house.database.sqlite:
        pytest.skip("SQLite has no connections to lose")
    anna = doors.as_(ANNA)
    over, said = threading.Event(), []

    def work(number: int) -> None:
        turn = 0
        while not over.is_set():
            name = f"case-{number}-{turn}"
            key = {"idempotency-key": f"key-{name}"}
            answer = anna.post("/api/v1/use-cases", json={**FIVE, "name": name}, headers=key)
            said.append((name, answer.status_code, answer.json().get("code", "")))
            turn += answer.status_code == 201

    crew = [threading.Thread(target=work, args=(number,)) for number in range(3)]
    for each in crew:
        each.start()
    for _ in range(12):
        over.wait(0.15)
        try:
            house.database.transact(lambda session: session.execute(ENDED).all())
        except Exception as error:
            assert getattr(error, "code", "") == "database.unavailable", error
    over.set()
    for each in crew:
        each.join()
    odd = {(status, code) for _, status, code in said} - {
        (201, ""), (503, "database.unavailable"),
    }  # fmt: skip
    assert not odd
    assert any(status == 503 for _, status, _ in said), "no connection was ended in use"
    done = {name for name, status, _ in said if status == 201}
    with house.reading() as session:
        kept = list(session.scalars(select(UseCaseRow.name)))
    assert done <= set(kept), "acknowledged and lost"
    assert len(kept) == len(set(kept))
    assert counts(house)[0] == counts(house)[1]
    sequence(house.database, house.keys, house.clock())
    assert verify_database(house.database).ok
