# SPDX-License-Identifier: Apache-2.0
"""Real processes of the command line that start quickly, to be killed, stopped and woken.

Importing the server takes seconds of CPU. One helper process does it once; every process a test
asks for is a fork of that one, with its own memory, files and signals.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import time
from collections.abc import Callable, Mapping
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

_forks = multiprocessing.get_context("forkserver")
_forks.set_forkserver_preload(
    [
        "rfc8785",
        "securesystemslib.signer",
        "sqlite3",
        "steelyard.api.app",
        "steelyard.api.authentication",
        "steelyard.charter.check",
        "steelyard.charter.conflicts",
        "steelyard.charter.load",
        "steelyard.cli.serve",
        "steelyard.platform.telemetry.logs",
        "steelyard.worker.loop",
        "uvicorn",
        "yaml",
    ]
)


class Started:
    """One process, and what it writes."""

    def __init__(
        self,
        target: Callable[..., None],
        *words: Any,
        directory: Path,
        environ: Mapping[str, str] | None = None,
    ) -> None:
        self.out = directory / f"out-{time.monotonic_ns()}"
        self.log = directory / "log"
        self.out.touch()
        self._process: BaseProcess = _forks.Process(
            target=_run, args=(target, words, dict(environ or {}), str(self.out), str(self.log))
        )
        self._process.start()

    @property
    def pid(self) -> int:
        assert self._process.pid is not None
        return self._process.pid

    def line(self, seconds: float = 60) -> str:
        """Return the first line it writes, once it is there."""
        end = time.monotonic() + seconds
        while "\n" not in (text := self.out.read_text()):
            if time.monotonic() > end or not self._process.is_alive():
                raise AssertionError(f"{text}\n{self.log.read_text()[-3000:]}")
            time.sleep(0.02)
        return text.partition("\n")[0]

    def signal(self, number: signal.Signals) -> None:
        os.kill(self.pid, number)

    def wait(self, seconds: float = 30) -> int | None:
        """Return its exit code once it has ended; None if it does not."""
        self._process.join(seconds)
        return self._process.exitcode

    def kill(self) -> None:
        """Kill it, if it is there, and take its remains away."""
        self._process.kill()
        self._process.join()


def steelyard(*words: str) -> None:
    """Be ``steelyard WORDS``; for :class:`Started`."""
    from steelyard.cli import main

    sys.argv = ["steelyard", *words]
    main()


def _run(
    target: Callable[..., None], words: tuple[Any, ...], environ: dict[str, str], out: str, log: str
) -> None:
    os.environ.update(environ)
    for number, path in ((1, out), (2, log)):
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        os.dup2(descriptor, number)
        os.close(descriptor)
    sys.stdout = os.fdopen(1, "w", buffering=1, closefd=False)
    sys.stderr = os.fdopen(2, "w", buffering=1, closefd=False)
    target(*words)
