# SPDX-License-Identifier: Apache-2.0
"""A server that is killed again and again while people work with it, and the reckoning after.

Processes are real, and so is ``kill -9``. Clients repeat calls that were not answered, with their
keys. In the end: what was acknowledged is there, nothing is there by half, no job took effect
twice, and the ledger verifies.
"""

from __future__ import annotations

import http.client
import itertools
import json
import random
import signal
import threading
import time
import uuid
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from pydantic import SecretStr
from sqlalchemy import func, select
from tests.platform.notify.receiver import Receiver
from tests.processes import Started, steelyard

from steelyard.bootstrap.house import House, open_house
from steelyard.governance.use_cases.tables import UseCaseRow
from steelyard.kernel.actor import SYSTEM, Scope
from steelyard.platform.identity import accounts, tokens
from steelyard.platform.jobs.tables import JobRow
from steelyard.platform.log.tables import EventRow
from steelyard.platform.log.verification import verify_database
from steelyard.platform.notify import webhooks
from steelyard.platform.notify.deliveries import JOB
from steelyard.platform.notify.tables import DeliveryRow
from steelyard.platform.settings import Settings

LEASE = 3
ANSWERS = {
    "purpose": "Find passages", "data_class": "internal", "personal_data": "none",
    "people_affected": "staff", "autonomy": "assistive", "exposure": "internal",
}  # fmt: skip


@dataclass
class Siege:
    """One house under siege, and what its clients know."""

    directory: Path
    receiver: Receiver
    database_url: str = ""
    jobs: str = "embedded"
    """The engine of jobs."""
    separate: bool = False
    """Whether jobs are done by a process of their own."""
    clients: int = 3
    use_cases: dict[str, str] = field(default_factory=dict)
    """Name → id, as acknowledged."""
    deliveries: set[str] = field(default_factory=set)
    unsure: list[tuple[str, str, bytes]] = field(default_factory=list)
    """Calls without an answer: key, path, body."""
    repeated: int = 0
    looks: int = 0
    """How often everything was looked at between a kill and the next."""
    wrong: list[str] = field(default_factory=list)
    token: str = ""
    hook: str = ""
    _rounds: int = 0
    _over: threading.Event = field(default_factory=threading.Event)

    def settings(self) -> Settings:
        return Settings.model_construct(
            data=self.directory / "data",
            database_url=SecretStr(self.database_url),
            jobs=self.jobs,
        )

    def open(self) -> House:
        return open_house(self.settings())

    def prepare(self) -> None:
        """Make the account, the token and the webhook the clients use."""
        house = self.open()

        def act(work: Any) -> None:
            made = accounts.create(work, SYSTEM, "siege@example.org", name="S", state="active")
            for role in ("requester", "platform-operator"):
                made = accounts.grant(work, SYSTEM, made.id, role)
            self.token = tokens.issue(work, SYSTEM, made.id, "siege", Scope()).token
            hook = webhooks.create(
                work, SYSTEM, url=self.receiver.url, events=["x.y"], description="", private=True
            )
            self.hook = hook.id

        house.transact(act)
        house.close()

    def round(self, seconds: float) -> None:
        """Start everything, work for about that long, and kill it in the middle.

        What the kill before left behind is looked at meanwhile.
        """
        look = threading.Thread(
            target=self._look, args=(dict(self.use_cases), set(self.deliveries), self._rounds)
        )
        look.start()
        self._rounds += 1
        processes, url = self._start()
        try:
            crew = self._besiege(url)
            had, patience = self._acknowledged(), time.monotonic() + 30
            while self._acknowledged() < had + 4 and time.monotonic() < patience:
                time.sleep(0.02)  # a busy machine needs longer to be at work at all
            time.sleep(random.uniform(0.1, 1.0) * seconds)
        finally:
            for process in random.sample(processes, len(processes)):
                process.signal(signal.SIGKILL)
            self._over.set()
            for process in processes:
                process.kill()
            look.join()
        for each in crew:
            each.join()

    def settle(self, seconds: float = 60) -> None:
        """Start once more, repeat what was not answered, and wait until nothing is left to do."""
        processes, url = self._start()
        house = self.open()
        try:
            line = _Line(url, self.token)
            self._repeat(line)
            line.close()
            end = time.monotonic() + seconds
            while self._left(house):
                if time.monotonic() > end:
                    self.wrong.append(f"after {seconds:g} s there is left: {self._left(house)}")
                    break
                time.sleep(0.2)
        finally:
            for process in processes:
                process.signal(signal.SIGTERM)
            for process in processes:
                if (code := process.wait()) != 0:
                    self.wrong.append(f"a process ended with {code}")
                process.kill()
            house.close()

    def reckon(self) -> list[str]:
        """Return everything that is not as it should be once all is done."""
        house = self.open()
        wrong = self.wrong + self._broken(house, self.use_cases, self.deliveries)
        with house.reading() as session:
            sent = {row.id: row for row in session.scalars(select(DeliveryRow))}
            dead = session.scalar(
                select(func.count()).where(JobRow.state == "dead", JobRow.kind == JOB)
            )
        wrong += [
            f"{row.id} took effect {row.attempts} times ({row.state})"
            for row in sent.values()
            if (row.attempts, row.state) != (1, "delivered")
        ]
        got = {headers["webhook-id"] for headers, _ in self.receiver.got}
        wrong += [f"never arrived: {each}" for each in sent if each not in got]
        if dead:
            wrong.append(f"{dead} dead jobs")
        house.close()
        return wrong

    def _look(self, use_cases: dict[str, str], deliveries: set[str], rounds: int) -> None:
        if rounds == 0:
            return
        house = self.open()
        try:
            found = self._broken(house, use_cases, deliveries)
        except Exception as error:
            found = [f"nobody could look: {error!r}"]
        self.wrong += [f"after kill {rounds}: {each}" for each in found]
        self.looks += 1
        house.close()

    def _broken(
        self, house: House, use_cases: dict[str, str], deliveries: set[str]
    ) -> list[str]:  # fmt: skip
        """Return what is lost, there by half or done twice: wrong at any moment."""
        with house.reading() as session:
            found_rows = session.execute(select(UseCaseRow.name, UseCaseRow.id)).all()
            told = session.scalars(
                select(EventRow.subject).where(EventRow.type == "use-case.registered")
            ).all()
            tries = session.execute(select(DeliveryRow.id, DeliveryRow.attempts)).all()
        rows, sent = (
            {row.name: row.id for row in found_rows},
            {row.id: row.attempts for row in tries},
        )
        wrong = [f"lost: {name}" for name, id_ in use_cases.items() if rows.get(name) != id_]
        if len(rows) != len(found_rows):
            wrong.append(f"twice: {len(found_rows)} use cases with {len(rows)} names")
        if sorted(told) != sorted(rows.values()):
            wrong.append(f"by half: {len(rows)} use cases, {len(told)} events that tell of them")
        wrong += [f"lost: {each}" for each in deliveries if each not in sent]
        wrong += [f"twice: {each}" for each, attempts in sent.items() if attempts > 1]
        found = verify_database(house.database)
        wrong += [f"ledger: {each.file}: {each.message}" for each in found.problems]
        return wrong

    def _start(self) -> tuple[list[Started], str]:
        self._over = threading.Event()
        environ = {
            "STEELYARD_DATABASE_URL": self.database_url,
            "STEELYARD_JOBS": self.jobs,
            "STEELYARD_JOB_LEASE_SECONDS": str(LEASE),
            "STEELYARD_WEBHOOK_PRIVATE": "true",
            "STEELYARD_WEBHOOK_TIMEOUT_SECONDS": "60",
            "STEELYARD_LOG_LEVEL": "warning",
        }
        data = str(self.directory / "data")
        worker = "--no-worker" if self.separate else "--worker"
        words = [["serve", "--port", "0", "--data", data, worker]]
        words += [["worker", "--data", data]] if self.separate else []
        processes = [
            Started(steelyard, *each, directory=self.directory, environ=environ) for each in words
        ]
        return processes, processes[0].line().rpartition(" ")[2].strip()

    def _besiege(self, url: str) -> list[threading.Thread]:
        crew = [
            threading.Thread(target=self._work, args=(_Line(url, self.token), number))
            for number in range(self.clients)
        ]
        for each in crew:
            each.start()
        return crew

    def _work(self, line: _Line, number: int) -> None:
        if number == 0:
            self._repeat(line)
        for turn in itertools.count(number):
            if self._over.is_set():
                break
            key = str(uuid.uuid4())
            if turn % 3 == 0:
                self._call(line, key, f"/api/v1/webhooks/{self.hook}/test", b"")
            else:
                body = json.dumps({**ANSWERS, "name": key}).encode()
                self._call(line, key, "/api/v1/use-cases", body)
        line.close()

    def _repeat(self, line: _Line) -> None:
        again, self.unsure = self.unsure, []
        for key, path, body in again:
            self.repeated += 1
            self._call(line, key, path, body)

    def _call(self, line: _Line, key: str, path: str, body: bytes) -> None:
        try:
            status, answer = line.post(path, key, body)
        except (OSError, http.client.HTTPException):
            self.unsure.append((key, path, body))
            time.sleep(0.05)
            return
        if status not in (201, 202):
            self.wrong.append(f"{path} answered {status}: {answer}")
        elif status == 201:
            self.use_cases[answer["name"]] = answer["id"]
        else:
            self.deliveries.add(answer["id"])

    def _acknowledged(self) -> int:
        return len(self.use_cases) + len(self.deliveries)

    def _left(self, house: House) -> dict[str, int]:
        with house.reading() as session:
            jobs = session.scalar(  # whichever engine has them
                select(func.count()).where(DeliveryRow.state == "waiting")
            )
            events = session.scalar(select(func.count()).where(EventRow.position.is_(None)))
        left = {"jobs": jobs or 0, "events": events or 0, "unsure": len(self.unsure)}
        return {name: count for name, count in left.items() if count}


class _Line:
    """A client's connection, opened again when it broke."""

    def __init__(self, url: str, token: str) -> None:
        self._place = urlsplit(url).netloc
        self._token = token
        self._line: http.client.HTTPConnection | None = None

    def post(self, path: str, key: str, body: bytes) -> tuple[int, Any]:
        if self._line is None:
            self._line = http.client.HTTPConnection(self._place, timeout=60)
        headers = {
            "authorization": f"Bearer {self._token}",
            "content-type": "application/json",
            "idempotency-key": key,
        }
        try:
            self._line.request("POST", path, body, headers)
            reply = self._line.getresponse()
            return reply.status, json.loads(reply.read())
        except (OSError, http.client.HTTPException):
            self.close()
            raise

    def close(self) -> None:
        """End the connection, if there is one."""
        if self._line is not None:
            self._line.close()
            self._line = None
