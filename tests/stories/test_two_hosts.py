# SPDX-License-Identifier: Apache-2.0
"""Two servers and two workers on one PostgreSQL: they share the load and survive a host's death."""

from __future__ import annotations

import signal
import threading
import time
from pathlib import Path

from tests.platform.notify.receiver import receiving
from tests.processes import Started
from tests.server import open_database
from tests.stories.siege import Siege


class TwoHosts(Siege):
    """A siege of two hosts, each with a server and a worker of its own."""

    def begin(self) -> tuple[list[Started], list[str]]:
        """Start both hosts; return their processes and their addresses."""
        first, one = self._start()
        second, other = self._start()
        return [*first, *second], [one, other]

    def outlive(self) -> None:
        """Work with both, kill one host in the middle, and go on with the other."""
        processes, urls = self.begin()
        threads: list[threading.Thread] = []
        try:
            for url in urls:
                threads += self._besiege(url)
            self._until(12)
            for process in processes[:2]:
                process.signal(signal.SIGKILL)
            before = self._acknowledged()
            self._until(8)
            assert self._acknowledged() > before, "the other host does not go on"
        finally:
            self._over.set()
            for thread in threads:
                thread.join()
            for process in processes:
                process.kill()

    def _until(self, more: int) -> None:
        """Wait until so many more calls are acknowledged."""
        wanted, patience = self._acknowledged() + more, time.monotonic() + 60
        while self._acknowledged() < wanted and time.monotonic() < patience:
            time.sleep(0.02)


def test_one_of_two_hosts_may_die(tmp_path: Path) -> None:
    database = open_database("postgresql", tmp_path)
    url = database.engine.url.render_as_string(hide_password=False)
    database.close()
    with receiving() as receiver:
        siege = TwoHosts(tmp_path, receiver, url, separate=True)
        siege.prepare()
        siege.outlive()
        siege.settle()
        assert siege.reckon() == []
    assert len(siege.use_cases) + len(siege.deliveries) >= 12
