# SPDX-License-Identifier: Apache-2.0
"""Writers of one process come one after the other, in the order they came."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest
from sqlalchemy import text

from steelyard.kernel.errors import UnavailableError
from steelyard.platform.database import turns
from steelyard.platform.database.engine import Database, sqlite_url
from steelyard.platform.database.turns import Turns


def test_the_order_is_that_of_arrival() -> None:
    queue, came = Turns(), []

    def write(number: int) -> None:
        with queue.turn():
            came.append(number)

    threads = [threading.Thread(target=write, args=(number,)) for number in range(8)]
    with queue.turn():
        for count, thread in enumerate(threads, 1):
            thread.start()
            while len(queue._waiting) < count:
                time.sleep(0.001)
        assert came == []
    for thread in threads:
        thread.join(10)
    assert came == list(range(8))


def test_one_writes_at_a_time_also_after_errors() -> None:
    queue, inside, most = Turns(), 0, 0

    def write() -> None:
        nonlocal inside, most
        for _ in range(200):
            try:
                with queue.turn():
                    inside += 1
                    most = max(most, inside)
                    time.sleep(0)
                    inside -= 1
                    raise KeyError
            except KeyError:
                pass

    threads = [threading.Thread(target=write) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert most == 1
    with queue.turn():
        pass


def test_who_waits_too_long_is_told_and_the_next_one_goes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turns, "WAIT_MS", 20)
    queue, errors = Turns(), []

    def write() -> None:
        try:
            with queue.turn():
                pass
        except UnavailableError as error:
            errors.append(error.code)

    with queue.turn():
        thread = threading.Thread(target=write)
        thread.start()
        thread.join(10)
    assert errors == ["database.unavailable"]
    write()
    assert len(errors) == 1


def test_a_thread_does_not_wait_for_itself() -> None:
    queue = Turns()
    with queue.turn(), queue.turn():
        pass
    with queue.turn():
        pass


def test_writers_of_sqlite_do_not_meet(tmp_path: Path) -> None:
    database = Database(sqlite_url(tmp_path))
    with database.writing() as session:
        session.execute(text("CREATE TABLE thing (id INTEGER PRIMARY KEY)"))

    def write() -> None:
        for _ in range(5):
            with database.writing() as session:
                session.execute(text("PRAGMA busy_timeout=0"))  # so that two who met would fail
                session.execute(text("INSERT INTO thing DEFAULT VALUES"))

    threads = [threading.Thread(target=write) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    with database.reading() as session:
        assert session.scalar(text("SELECT count(*) FROM thing")) == 40
    database.close()
