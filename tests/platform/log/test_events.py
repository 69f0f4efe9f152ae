# SPDX-License-Identifier: Apache-2.0
"""Events are found by what they say, in the tree or waiting; and by time without an index on it."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import event
from tests.platform.log.build import ANNA, keys, record
from tests.server import NOON

from steelyard.bootstrap.house import House
from steelyard.platform.log import entries
from steelyard.platform.log.events import first_since, ledger_size, matching
from steelyard.platform.log.sequencer import sequence
from steelyard.platform.log.tables import EventRow


def seen(house: House, **wanted: object) -> list[str]:
    with house.reading() as session:
        return [one.subject for one in entries.find(session, ANNA, limit=3, **wanted)]  # type: ignore[arg-type]


def test_events_in_the_tree_and_those_that_wait_are_one_list(house: House) -> None:
    record(house, 1, 2, 3)
    sequence(house.database, keys(), NOON)
    record(house, 4, 5)
    for wanted in ({}, {"type": "thing.changed"}, {"about": "req_1"}, {"by": "act_anna"}):
        assert seen(house, **wanted) == ["thi_5", "thi_4", "thi_3"]
    assert seen(house, subject="thi_2") == ["thi_2"]
    assert seen(house, subject="thi_5") == ["thi_5"]
    with house.reading() as session:
        rows = matching(session, about="req_1", limit=4)
        assert [row.subject for row in rows] == ["thi_1", "thi_2", "thi_3", "thi_4"]
        assert ledger_size(session) == 3
        later = matching(session, EventRow.seq > rows[-1].seq, about="req_1", limit=4)
        assert [row.subject for row in later] == ["thi_5"]


def test_the_first_event_since_a_time_is_found_between_gaps(house: House) -> None:
    times = [0, 0, 1, 5, 5, 5, 9, 20]
    with house.database.writing() as session:
        for number, seconds in enumerate(times):
            session.add(
                EventRow(
                    seq=1 + number**3, leaf=b"{}", at=NOON + dt.timedelta(seconds=seconds),
                    type="thing.changed", subject="", about="", actor="", body=None, salt="",
                )
            )  # fmt: skip
    with house.reading() as session:
        for second in range(-1, 22):
            expected = next((1 + n**3 for n, at in enumerate(times) if at >= second), None)
            assert first_since(session, NOON + dt.timedelta(seconds=second)) == expected


def test_without_events_there_is_no_first(house: House) -> None:
    with house.reading() as session:
        assert first_since(session, NOON) is None
        assert ledger_size(session) == 0


def test_sqlite_reads_by_the_small_indexes(house: House) -> None:
    if not house.database.sqlite:
        return
    asked: list[str] = []

    def keep(_connection: object, _cursor: object, sql: str, *_more: object) -> None:
        asked.append(sql)

    event.listen(house.database.engine, "before_cursor_execute", keep)
    with house.reading() as session:
        matching(session, EventRow.type == "x", limit=5, newest=True)
        matching(session, EventRow.actor == "x", EventRow.seq < 5, limit=5, newest=True)
        matching(session, about="x", limit=5)
        ledger_size(session)
        entries_asked = [sql for sql in asked if sql.startswith("SELECT")]
    event.remove(house.database.engine, "before_cursor_execute", keep)
    found = []
    with house.reading() as session:
        for sql in entries_asked:
            marks = (None,) * sql.count("?")
            plan = session.connection().exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}", marks)
            found.append(" ".join(row[-1] for row in plan))
    for place, index in enumerate(
        ("type", "waiting", "actor", "waiting", "about", "waiting", "position")
    ):
        assert index in found[place], found[place]
