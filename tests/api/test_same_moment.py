# SPDX-License-Identifier: Apache-2.0
"""Calls that come at the same moment: of those that cannot all be done, one is."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from sqlalchemy import func, select
from tests.api.test_use_cases import ANNA, FIVE
from tests.server import Doors

from steelyard.bootstrap.house import House
from steelyard.governance.use_cases.tables import UseCaseRow
from steelyard.platform.log.tables import EventRow

CALLS = 6


def together(calls: Sequence[Callable[[], Any]]) -> list[Any]:
    """Make all calls at once, each in a thread, and return what they returned."""
    gate = threading.Barrier(len(calls))
    answers: list[Any] = [None] * len(calls)

    def run(number: int) -> None:
        gate.wait(30)
        answers[number] = calls[number]()

    crew = [threading.Thread(target=run, args=(number,)) for number in range(len(calls))]
    for each in crew:
        each.start()
    for each in crew:
        each.join()
    return answers


def test_a_key_used_at_the_same_moment_counts_once(house: House, doors: Doors) -> None:
    anna = [doors.as_(ANNA) for _ in range(CALLS)]
    for turn in range(4):
        key = {"idempotency-key": f"same-moment-{turn}"}
        body = {**FIVE, "name": f"case-{turn}"}
        answers = together(
            [partial(who.post, "/api/v1/use-cases", json=body, headers=key) for who in anna]
        )
        assert [each.status_code for each in answers] == [201] * CALLS, answers[0].text
        assert len({each.text for each in answers}) == 1
        replays = [each.headers.get("idempotent-replay") for each in answers]
        assert replays.count(None) == 1
    with house.reading() as session:
        assert session.scalar(select(func.count()).select_from(UseCaseRow)) == 4
        told = select(func.count()).where(EventRow.type == "use-case.registered")
        assert session.scalar(told) == 4


def test_a_key_used_for_two_things_at_the_same_moment_does_one(house: House, doors: Doors) -> None:
    anna = [doors.as_(ANNA) for _ in range(CALLS)]
    key = {"idempotency-key": "one-key-two-things"}
    answers = together(
        [
            partial(
                who.post, "/api/v1/use-cases", json={**FIVE, "name": f"case-{number}"}, headers=key
            )
            for number, who in enumerate(anna)
        ]
    )
    assert sorted(each.status_code for each in answers) == [201] + [409] * (CALLS - 1)
    refused = {each.json()["code"] for each in answers if each.status_code == 409}
    assert refused == {"idempotency.reused"}
    with house.reading() as session:
        assert session.scalar(select(func.count()).select_from(UseCaseRow)) == 1


def test_one_version_is_changed_once(doors: Doors) -> None:
    anna = [doors.as_(ANNA) for _ in range(CALLS)]
    made = anna[0].post("/api/v1/use-cases", json=FIVE)
    path, tag = f"/api/v1/use-cases/{made.json()['id']}", {"if-match": made.headers["etag"]}
    answers = together(
        [
            partial(who.patch, path, json={"purpose": f"Purpose {number}"}, headers=tag)
            for number, who in enumerate(anna)
        ]
    )
    assert sorted(each.status_code for each in answers) == [200] + [412] * (CALLS - 1)
    (done,) = (each for each in answers if each.status_code == 200)
    for each in answers:
        if each.status_code == 412:
            assert each.json()["current"]["facts"]["purpose"] == done.json()["facts"]["purpose"]
