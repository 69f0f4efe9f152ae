# SPDX-License-Identifier: Apache-2.0
"""Jobs of identity: grants that ended, links by mail to a real SMTP server."""

from __future__ import annotations

import datetime as dt
import re
import socket
from collections.abc import Iterator

import pytest
from aiosmtpd.controller import Controller
from pydantic import SecretStr
from tests.platform.identity.staff import clock_of, events, made
from tests.server import NOON, KeptJobs

from steelyard.bootstrap.house import House
from steelyard.kernel.actor import SYSTEM
from steelyard.platform.identity import accounts, links, login
from steelyard.platform.identity.people import reach
from steelyard.platform.settings import Settings
from steelyard.platform.work import Work
from steelyard.worker.handlers import HANDLERS


class Box:
    """Takes mail."""

    def __init__(self) -> None:
        self.taken: list[str] = []

    async def handle_DATA(self, server: object, session: object, envelope: object) -> str:  # noqa: N802
        self.taken.append(getattr(envelope, "content").decode())  # noqa: B009
        return "250 OK"


@pytest.fixture
def box() -> Iterator[tuple[Box, int]]:
    kept = Box()
    with socket.create_server(("127.0.0.1", 0)) as door:
        port = int(door.getsockname()[1])
    controller = Controller(kept, hostname="127.0.0.1", port=port)
    controller.start()
    try:
        yield kept, port
    finally:
        controller.stop()


def done(house: House, kind: str, payload: dict[str, str]) -> None:
    house.transact(HANDLERS[kind](house, payload))


def test_grants_that_ended_are_taken_away(house: House) -> None:
    anna = made(house, "anna@example.org", "requester")
    until = NOON + dt.timedelta(hours=1)
    house.transact(lambda work: accounts.grant(work, SYSTEM, anna.id, "legal", until=until))
    done(house, "identity.sweep", {})
    clock_of(house).forward(hours=2)
    done(house, "identity.sweep", {})
    with house.reading() as session:
        assert reach(session, anna.id, house.clock())[0] == {"requester"}
    assert events(house)[-1].type == "role.revoked"


def test_a_forgotten_password_is_answered_by_mail(house: House, box: tuple[Box, int]) -> None:
    taken, port = box
    house.settings = Settings.model_construct(
        mail_url=SecretStr(f"smtp+plain://127.0.0.1:{port}"),
        mail_from="steelyard@example.org",
        public_url="https://steelyard.example.org",
    )
    anna = made(house, "anna@example.org", "requester")

    def first(work: Work) -> None:
        secret = links.issue(work, SYSTEM, anna.id, links.RESET).partition("#")[2]
        login.choose_password(work, secret, "three quiet red boats", "hash")

    house.transact(first)
    for mail in ("ANNA@example.org", "nobody@example.org"):
        house.transact(lambda work, mail=mail: login.ask_reset(work, mail))  # type: ignore[misc]
    assert isinstance(house.jobs, KeptJobs)
    (job,) = house.jobs.jobs
    assert "anna" not in str(job.payload)
    done(house, job.kind, job.payload)
    (message,) = taken.taken
    plain = message.replace("=\r\n", "").replace("=3D", "=")
    found = re.search(r"https://steelyard\.example\.org/reset#(stl_[\w-]{43})", plain)
    assert found is not None, plain

    def again(work: Work) -> None:
        login.choose_password(work, found[1], "four loud blue trains", "other")

    house.transact(again)
    assert found[1].encode() not in b"".join(row.leaf for row in events(house))
