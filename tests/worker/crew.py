# SPDX-License-Identifier: Apache-2.0
"""A worker process for tests: its jobs say that they began, take a while, and count to one.

A job writes a line into a file when it begins, sleeps as long as its payload says, and adds an
event.
"""

from __future__ import annotations

import datetime as dt
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from steelyard.bootstrap import utc_now
from steelyard.bootstrap.house import House
from steelyard.kernel.actor import SYSTEM
from steelyard.kernel.event import Event
from steelyard.platform.database.engine import Database
from steelyard.platform.jobs.embedded import EmbeddedQueue
from steelyard.platform.jobs.port import Engine
from steelyard.platform.vault import Vault, put_vault
from steelyard.platform.work import Work
from steelyard.worker.loop import Worker


def slow(notes: Path) -> Callable[[House, dict[str, Any]], Callable[[Work], object]]:
    def handler(house: House, payload: dict[str, Any]) -> Callable[[Work], object]:
        with notes.open("a") as file:
            file.write(f"{payload['n']} {os.getpid()}\n")
        time.sleep(payload["seconds"])
        return lambda work: work.record(
            SYSTEM, Event(type="test.counted", subject=f"job_{payload['n']}")
        )

    return handler


def open_crew(url: str, engine: str, silence: float) -> House:
    database = Database(url, pool=4)
    queue: Engine
    if engine == "procrastinate":
        from steelyard.platform.jobs.procrastinate_engine import ProcrastinateQueue

        queue = ProcrastinateQueue(database, utc_now, silent=silence)
        queue.install()
    else:
        queue = EmbeddedQueue(database, utc_now, lease=dt.timedelta(seconds=silence))
    put_vault(database.info, Vault.fresh())
    return House(database=database, jobs=queue, engine=queue)


def work(url: str, engine: str, notes: Path, silence: float, threads: int) -> None:
    """Work until SIGTERM comes; for :class:`tests.processes.Started`."""
    worker = Worker(
        open_crew(url, engine, silence),
        threads=threads,
        handlers={"slow": slow(notes)},
        schedules=(),
        ticks=(),
    )
    signal.signal(signal.SIGTERM, lambda *_: worker.stop())
    with notes.open("a") as file:
        file.write("ready\n")
    worker.run()
