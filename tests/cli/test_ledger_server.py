# SPDX-License-Identifier: Apache-2.0
"""``steelyard ledger`` against a server: its data directory, its database, its address."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import uvicorn
from click.testing import CliRunner, Result
from tests.platform.log.build import ANNA, grown, keys, record
from tests.platform.log.test_verification import tamper
from tests.server import Doors, person, postgres_url

from steelyard.bootstrap.house import House
from steelyard.cli.ledger import command
from steelyard.platform.log.rotation import rotate
from steelyard.platform.log.sequencer import sequence


def run(*words: object, **environ: str) -> Result:
    return CliRunner().invoke(
        command, [str(word) for word in words], env=environ, standalone_mode=False
    )


def source_of(house: House, directory: Path) -> str:
    if house.database.sqlite:
        return str(directory)
    url = postgres_url()
    assert url is not None
    return url


def test_a_database_is_verified_and_exported(house: House, tmp_path: Path) -> None:
    grown(house, 300, keys())
    source = source_of(house, tmp_path)
    done = run("verify", source, "--format", "json")
    assert done.return_value == 0, done.output
    assert json.loads(done.output)["checkpoint"]["size"] == 300
    out = tmp_path / "out"
    assert "300 entries" in run("export", source, out, "--bodies").output
    assert run("verify", out).return_value == 0
    assert run("verify", source, "--checkpoint", out / "checkpoint").return_value == 0
    tamper(house, "UPDATE event SET actor = 'act_eve' WHERE seq = 8")
    found = run("verify", source)
    assert found.return_value == 1
    assert "event 8" in found.output


def test_a_source_must_be_one(tmp_path: Path) -> None:
    for words in (("export", tmp_path, tmp_path / "x"), ("verify", "ftp://example.org/x")):
        done = run(*words)
        assert done.exception is not None
        assert type(done.exception).__name__ == "InputError"


@contextmanager
def serving(doors: Doors) -> Iterator[str]:
    """Serve a house on a port of its own."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        server = uvicorn.Server(
            uvicorn.Config(doors.app, log_config=None, lifespan="off", ws="none")
        )
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            for _ in range(500):
                if server.started:
                    break
                time.sleep(0.02)
            yield f"http://127.0.0.1:{port}"
        finally:
            server.should_exit = True
            thread.join(20)


def test_a_running_server_is_verified(doors: Doors) -> None:
    held = keys()
    grown(doors.house, 257, held)
    doors.house.transact(lambda work: rotate(work, ANNA, held))
    otto = person("otto", "auditor", unit="")
    doors.as_(otto)
    with serving(doors) as url:
        done = run("verify", url, "--format", "json", STEELYARD_TOKEN=otto.id)
        assert done.return_value == 0, done.output
        (line,) = [
            one for one in done.output.splitlines() if one.startswith("{") and '"checkpoint"' in one
        ]
        told = json.loads(line)  # the server logs into the same stream
        assert (told["checkpoint"]["size"], len(told["keys"])) == (258, 2)
        refused = run("verify", url, STEELYARD_TOKEN="nobody")
        assert type(refused.exception).__name__ == "InputError"
        closed = run("verify", url)
        assert type(closed.exception).__name__ == "InputError"
        doors.house.settings.ledger_public = True
        assert run("verify", url).return_value == 0
        record(doors.house, 1)
        sequence(doors.house.database, held, doors.house.clock())
        tamper(doors.house, "UPDATE event SET leaf = '{}' WHERE seq = 8")
        assert run("verify", url, STEELYARD_TOKEN=otto.id).return_value == 1


@pytest.mark.parametrize("path", ["/healthz-of-somebody", ""])
def test_who_does_not_answer_is_named(path: str) -> None:
    done = run("verify", f"http://127.0.0.1:9{path}", STEELYARD_TOKEN="x")
    assert type(done.exception).__name__ == "UnavailableError"
