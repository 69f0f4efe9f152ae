# SPDX-License-Identifier: Apache-2.0
"""A server with people in it, for stories: a real port, real tokens, a clock that can be moved.

Jobs are done when a story says so (:meth:`Town.work_off`), so that nothing happens behind its back;
everything else is what ``steelyard serve`` runs.
"""

from __future__ import annotations

import datetime as dt
import socket
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import uvicorn
from fastapi import FastAPI
from tests.server import Clock, open_database

from steelyard.api.authentication import authenticate_with
from steelyard.bootstrap.founding import found_charter
from steelyard.bootstrap.house import House
from steelyard.kernel.actor import SYSTEM
from steelyard.platform.client import Client, Profile
from steelyard.platform.identity import accounts, tokens, training, units
from steelyard.platform.jobs.embedded import EmbeddedQueue
from steelyard.platform.settings import Settings
from steelyard.platform.telemetry.logs import configure
from steelyard.platform.vault import Vault, put_vault
from steelyard.platform.work import Work
from steelyard.ui.app import create_site
from steelyard.worker.loop import Worker

COURSES = (
    "secure-coding", "model-file-attacks", "open-model-licenses", "data-protection",
    "risk-assessment",
)  # fmt: skip


class Town:
    """A house, its address, and the people who live there."""

    def __init__(self, house: House, clock: Clock, url: str, app: FastAPI) -> None:
        self.house, self.clock, self.url, self.app = house, clock, url, app
        self.worker = Worker(house, schedules=())
        self.ids: dict[str, str] = {}
        self.tokens: dict[str, str] = {}

    def settle(self, name: str, *roles: str, unit: str = "") -> Client:
        """Give somebody an account, roles, training and a token; return what calls as them."""

        def move_in(work: Work) -> tuple[str, str]:
            made = accounts.create(
                work, SYSTEM, f"{name}@example.org", name=name.title(), state="active"
            )
            for role in roles:
                accounts.grant(work, SYSTEM, made.id, role, known=frozenset(roles))
            if unit:
                if unit not in {row.name for row in units.find(work.session, limit=100)}:
                    units.create(work, SYSTEM, unit)
                accounts.join(work, SYSTEM, made.id, unit)
            for course in COURSES:
                training.add(work, SYSTEM, made.id, course, work.today)
            return made.id, tokens.issue(work, SYSTEM, made.id, "story").token

        self.ids[name], self.tokens[name] = self.house.transact(move_in)
        return Client(Profile(url=self.url, token=self.tokens[name]))

    def work_off(self, most: int = 200) -> None:
        """Let time-keeping and jobs happen until nothing is due."""
        queue = self.house.engine
        assert isinstance(queue, EmbeddedQueue)
        for _ in range(most):
            self.worker.tick()
            leased = queue.claim(self.clock(), "story")
            if leased is None:
                return
            self.worker.do(leased)
        raise AssertionError("the jobs do not come to an end")

    def environment(self, name: str) -> dict[str, str]:
        """Return what makes the command line call as somebody."""
        return {"STEELYARD_URL": self.url, "STEELYARD_TOKEN": self.tokens[name]}


@contextmanager
def open_town(kind: str, directory: Path, charter: str) -> Iterator[Town]:
    """Yield a town on an empty database of that kind."""
    configure("json", "error", sys.__stderr__)
    database = open_database(kind, directory)
    clock = Clock(dt.datetime.now(dt.UTC).replace(microsecond=0))
    queue = EmbeddedQueue(database, clock)
    put_vault(database.info, Vault.fresh())
    house = House(database=database, jobs=queue, engine=queue, clock=clock)
    house.settings = Settings.model_construct(data=directory / "data", local_models=True)
    (directory / "data").mkdir()
    found_charter(house, charter)
    app = create_site(house, authenticate_with(house))
    with _serving(house, app) as url:
        yield Town(house, clock, url, app)
    house.close()


@contextmanager
def _serving(house: House, app: FastAPI) -> Iterator[str]:
    door = socket.create_server(("127.0.0.1", 0))
    url = f"http://127.0.0.1:{door.getsockname()[1]}"
    house.settings.public_url = url
    config: Any = uvicorn.Config(app, log_config=None, access_log=False)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [door]}, daemon=True)
    thread.start()
    deadline = time.monotonic() + 30
    while not server.started and time.monotonic() < deadline:
        time.sleep(0.02)
    try:
        yield url
    finally:
        server.should_exit = True
        thread.join(20)
        door.close()
