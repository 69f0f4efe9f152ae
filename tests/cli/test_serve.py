# SPDX-License-Identifier: Apache-2.0
"""``steelyard serve`` and ``steelyard worker`` as processes."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import select
from tests.processes import Started, steelyard

from steelyard.bootstrap.house import open_house
from steelyard.platform.jobs.tables import JobRow
from steelyard.platform.settings import Settings


@contextmanager
def started(*words: str, directory: Path) -> Iterator[subprocess.Popen[str]]:
    environ = {**os.environ, "STEELYARD_LOG_FORMAT": "json"}
    with (directory / "log").open("w") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "steelyard", *words],
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            env=environ,
            cwd=directory,
        )
        try:
            yield process
        finally:
            process.kill()
            process.communicate()


def asked(url: str) -> str:
    with urllib.request.urlopen(url, timeout=20) as reply:
        return str(reply.read().decode())


def test_a_server_starts_from_nothing_works_and_stops(tmp_path: Path) -> None:
    with started("serve", "--port", "0", directory=tmp_path) as server:
        assert server.stdout is not None
        url = server.stdout.readline().removeprefix("Steelyard is ready at ").strip()
        assert re.fullmatch(r"http://127\.0\.0\.1:\d+", url)
        assert "no account yet" in server.stdout.readline()
        assert server.stdout.readline().strip().startswith(f"{url}/first#")
        assert json.loads(asked(f"{url}/healthz")) == {"status": "alive"}
        assert json.loads(asked(f"{url}/readyz"))["ready"]
        end = time.monotonic() + 20
        while 'steelyard_jobs_total{kind="replies.forget",outcome="done"} 1.0' not in asked(
            f"{url}/metrics"
        ):
            assert time.monotonic() < end, "its worker does the jobs of schedules"
            time.sleep(0.2)
        server.terminate()
        assert server.wait(20) == 0
        assert server.stdout.read() == ""
    lines = [json.loads(line) for line in (tmp_path / "log").read_text().splitlines()]
    assert any(line["event"] == "job.done" for line in lines)
    assert "first#" not in json.dumps(lines)


def test_a_port_that_is_taken_is_said_so(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        with started("serve", "--port", port, directory=tmp_path) as server:
            assert server.wait(30) == 2
    assert f"listen on 127.0.0.1 port {port}" in (tmp_path / "log").read_text()
    assert not (tmp_path / "steelyard-data").exists()


def test_a_worker_does_the_jobs_of_a_house_and_stops(tmp_path: Path) -> None:
    house = open_house(Settings.model_construct(data=tmp_path / "data"))
    house.transact(lambda work: work.enqueue("replies.forget"))
    worker = Started(steelyard, "worker", "--data", str(tmp_path / "data"), directory=tmp_path)
    try:
        end = time.monotonic() + 30
        states = ["waiting"]
        while "waiting" in states or "running" in states:
            assert time.monotonic() < end
            time.sleep(0.1)
            with house.reading() as session:
                states = list(session.scalars(select(JobRow.state)))
        worker.signal(signal.SIGTERM)
        assert worker.wait(20) == 0
    finally:
        worker.kill()
    assert set(states) == {"done"}
    house.close()
