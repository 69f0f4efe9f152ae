# SPDX-License-Identifier: Apache-2.0
"""Appends to the ledger beside bare one-row commits of the same database, in one run.

* *bare*: one row with as many bytes as a leaf is inserted by a compiled statement into a table
  with a key and nothing else, and committed: the same driver, engine, pool and settings of the
  connection, without session, house or event. On SQLite it stands in the same queue of writers.
* *append*: what a command does to record its event, a transaction of its own each time.
* *while sequenced*: the same while a sequencer puts the events into the tree.
* *driver*: the bare insert by the driver alone, without SQLAlchemy; to know what that costs.

Sixteen clients at once. On SQLite they are threads of one process, because one server owns such a
database; on PostgreSQL each is a process, as where many hosts write. Kinds take turns in short
rounds and the medians are shown: on a shared machine the disk is fast or slow for all of them
alike. Also: the time of an inclusion proof.
"""

from __future__ import annotations

import argparse
import multiprocessing
import statistics
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.synchronize import Barrier
from pathlib import Path
from typing import Any

from sqlalchemy import BigInteger, Column, LargeBinary, MetaData, Table, create_engine, text

from steelyard.bootstrap import utc_now
from steelyard.bootstrap.house import House, prepare
from steelyard.kernel.actor import Actor
from steelyard.kernel.event import Event
from steelyard.ledger.signing import Signer
from steelyard.platform.database.engine import Database, sqlite_url
from steelyard.platform.jobs.embedded import EmbeddedQueue
from steelyard.platform.log.keyring import HeldKeys
from steelyard.platform.log.reader import proof
from steelyard.platform.log.sequencer import sequence
from steelyard.platform.work import Work

ACTOR = Actor(id="usr_01k00000000000000000000000", alias="act_01k00000000000000000000000")
EVENT = Event(
    type="request.submitted",
    subject="req_01k00000000000000000000000",
    about="uc_01k00000000000000000000000",
    details={"state": "submitted", "version": 3, "round": 1, "facts_sha256": "0" * 64},
    body={"justification": "We want to find passages in our handbook."},
)
LEAF = b"x" * 480
PATIENCE = 120.0
"""Seconds to wait for clients; one that failed must not keep the others for ever."""


@dataclass(frozen=True)
class Rates:
    """Commits a second, and the ratio to bare ones."""

    bare: float
    append: float
    sequenced: float
    driver: float

    @property
    def ratio(self) -> float:
        """Appends against bare commits."""
        return self.append / self.bare


def open_house(url: str, pool: int = 2) -> House:
    """Return a house on a database whose tables are there."""
    database = Database(url, pool=pool)
    return House(
        database=database,
        jobs=EmbeddedQueue(database, utc_now),
        keys=HeldKeys(Signer.from_seed(b"b" * 32)),
    )


def _driver(url: str, _threads: int) -> Callable[[], Callable[[], None]]:
    if url.startswith("sqlite"):
        import sqlite3

        def light() -> Callable[[], None]:
            lite = sqlite3.connect(url.removeprefix("sqlite:///"), timeout=60, isolation_level=None)
            for pragma in ("journal_mode=WAL", "synchronous=FULL"):
                lite.execute(f"PRAGMA {pragma}")

            def insert() -> None:
                lite.execute("BEGIN IMMEDIATE")
                lite.execute("INSERT INTO bare (leaf) VALUES (?)", (LEAF,))
                lite.execute("COMMIT")

            return insert

        return light
    import psycopg

    def heavy() -> Callable[[], None]:
        connection = psycopg.connect(url.replace("+psycopg", ""))

        def insert() -> None:
            connection.execute("INSERT INTO bare (leaf) VALUES (%s)", (LEAF,))
            connection.commit()

        return insert

    return heavy


def _bare(url: str, threads: int) -> Callable[[], Callable[[], None]]:
    database = Database(url, pool=threads)
    begin = {"begin": "IMMEDIATE"} if database.sqlite else {}
    engine = database.engine.execution_options(**begin)
    table = Table("bare", MetaData(), Column("id", BigInteger, primary_key=True),
                  Column("leaf", LargeBinary))  # fmt: skip
    statement = table.insert().inline()

    def insert() -> None:
        with database.turn(), engine.connect() as connection:
            connection.execute(statement, {"leaf": LEAF})
            connection.commit()

    return lambda: insert


def _append(url: str, threads: int) -> Callable[[], Callable[[], None]]:
    house = open_house(url, threads)

    def act(work: Work) -> None:
        work.record(ACTOR, EVENT)

    return lambda: lambda: house.transact(act)


KINDS: dict[str, Callable[[str, int], Callable[[], Callable[[], None]]]] = {
    "driver": _driver,
    "bare": _bare,
    "append": _append,
}


def _client(kind: str, url: str, threads: int, seconds: float, ready: Barrier, out: Any) -> None:
    """Commit from ``threads`` threads of this process until the time is over."""
    make = KINDS[kind](url, threads)
    counts: list[int] = []

    def run() -> None:
        act = make()
        act()
        ready.wait()
        count, end = 0, time.perf_counter() + seconds
        while time.perf_counter() < end:
            act()
            count += 1
        counts.append(count)

    running = [threading.Thread(target=run) for _ in range(threads)]
    for thread in running:
        thread.start()
    for thread in running:
        thread.join()
    out.put(sum(counts))


def _sequencer(url: str, stop: Any, ready: Barrier) -> None:
    house = open_house(url)
    ready.wait()
    while not stop.is_set():
        sequence(house.database, house.keys, utc_now())
        stop.wait(1.0)


def rate(kind: str, url: str, clients: int, seconds: float, *, sequenced: bool = False) -> float:
    """Return commits a second of ``clients`` clients."""
    threads = clients if url.startswith("sqlite") else 1
    context = multiprocessing.get_context("fork")  # nothing is open yet that would be shared
    ready = context.Barrier(clients + 1 + sequenced, timeout=PATIENCE)
    out, stop = context.Queue(), context.Event()
    workers = [
        context.Process(target=_client, args=(kind, url, threads, seconds, ready, out))
        for _ in range(clients // threads)
    ]
    if sequenced:
        workers.append(context.Process(target=_sequencer, args=(url, stop, ready)))
    for worker in workers:
        worker.start()
    ready.wait()
    total = sum(out.get(timeout=PATIENCE) for _ in range(clients // threads))
    stop.set()
    for worker in workers:
        worker.join()
    return float(total) / seconds


def setup(url: str) -> None:
    """Make the tables."""
    database = Database(url, pool=1)
    prepare(database)
    key = "INTEGER PRIMARY KEY" if database.sqlite else "BIGSERIAL PRIMARY KEY"
    blob = "BLOB" if database.sqlite else "BYTEA"
    with database.engine.begin() as connection:
        connection.execute(text(f"CREATE TABLE bare (id {key}, leaf {blob} NOT NULL)"))
    database.close()


def measure(url: str, clients: int = 16, seconds: float = 3.0, rounds: int = 3) -> Rates:
    """Return the medians of ``rounds`` rounds, kinds taking turns."""
    bare, append, sequenced, driver = [], [], [], []
    for _ in range(rounds):
        bare.append(rate("bare", url, clients, seconds))
        append.append(rate("append", url, clients, seconds))
        sequenced.append(rate("append", url, clients, seconds, sequenced=True))
        driver.append(rate("driver", url, clients, seconds))
    return Rates(*map(statistics.median, (bare, append, sequenced, driver)))


def proof_ms(url: str, samples: int = 200) -> float:
    """Return the 95th percentile of the milliseconds of a proof, entries spread over the tree."""
    house = open_house(url)
    head = sequence(house.database, house.keys, utc_now())
    assert head is not None
    taken = []
    for nth in range(samples):
        position = head.size * nth // samples
        with house.reading() as session:
            began = time.perf_counter()
            proof(session, position)
            taken.append((time.perf_counter() - began) * 1000)
    house.database.close()
    return statistics.quantiles(taken, n=20)[-1]


def fresh_postgres(admin: str, name: str = "steelyard_bench_append") -> str:
    """Return the URL of an empty database on the server at ``admin``."""
    engine = create_engine(admin, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)'))
        connection.execute(text(f'CREATE DATABASE "{name}"'))
    engine.dispose()
    return f"{admin.rpartition('/')[0]}/{name}"


def main() -> None:
    """Measure SQLite, and PostgreSQL where its address is given."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--postgres", help="postgresql+psycopg://user@host/postgres")
    parser.add_argument("--clients", type=int, default=16)
    parser.add_argument("--seconds", type=float, default=3.0)
    parser.add_argument("--rounds", type=int, default=3)
    told = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        urls = {"SQLite": sqlite_url(Path(directory))}
        if told.postgres:
            urls["PostgreSQL"] = fresh_postgres(told.postgres)
        for name, url in urls.items():
            setup(url)
            found = measure(url, told.clients, told.seconds, told.rounds)
            print(
                f"{name}: bare {found.bare:.0f}/s, append {found.append:.0f}/s "
                f"({found.ratio:.2f}x), while sequenced {found.sequenced:.0f}/s, "
                f"driver alone {found.driver:.0f}/s, "
                f"proof p95 {proof_ms(url):.1f} ms"
            )


if __name__ == "__main__":
    main()
