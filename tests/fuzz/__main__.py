# SPDX-License-Identifier: Apache-2.0
"""Throws changed files at every reader and examiner: ``python -m tests.fuzz --seconds 120``.

Three things must never happen: an exception that no examiner expects (it would lower coverage, but
it is a bug), an input that takes longer than ten seconds, and a process that needs more than half a
gigabyte. Whatever does is written to ``--found`` and ends the run with exit code 1.

Each worker announces the input it begins with, so that a hang or a killed process names its cause.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import sys
import time
from multiprocessing.connection import wait
from pathlib import Path

from tests.fuzz.mutate import mutated
from tests.fuzz.seeds import kept, seeds
from tests.fuzz.worker import INPUT_SECONDS, KEPT_FIRST, work

_DEATHS_MOST = 50
"""Processes that may die before the run is given up."""


class Worker:
    """One process, and which input it is at since when."""

    def __init__(self, first: int, step: int) -> None:
        self.at, self.name, self.since, self.count = first, "", time.monotonic(), 0
        self.step = step
        self.pipe, theirs = multiprocessing.Pipe(duplex=False)
        self.process = multiprocessing.get_context("spawn").Process(
            target=work, args=(theirs, first, step), daemon=True
        )
        self.process.start()
        theirs.close()

    def end(self) -> None:
        """Kill the process."""
        self.process.kill()
        self.process.join()
        self.pipe.close()


class Run:
    """All workers, what they found, and until when."""

    def __init__(self, options: argparse.Namespace) -> None:
        self.options = options
        self.found: list[str] = []
        self.count = self.deaths = 0
        self.seen: set[str] = set()
        self.workers = [
            Worker(options.start + index, options.jobs) for index in range(options.jobs)
        ]
        if kept():
            self.workers.append(Worker(KEPT_FIRST, 1))

    def go(self) -> None:
        """Follow the workers until time or inputs are used up."""
        deadline = time.monotonic() + self.options.seconds
        while self.workers and time.monotonic() < deadline and self.count < self.options.inputs:
            ready = wait([worker.pipe for worker in self.workers], timeout=0.5)
            for worker in list(self.workers):
                if worker.pipe in ready:
                    self._read(worker)
                elif time.monotonic() - worker.since > 2 * INPUT_SECONDS:
                    self._report("hung", worker.at, f"{worker.name}: no answer")
                    self._replace(worker)
        for worker in self.workers:
            worker.end()

    def _read(self, worker: Worker) -> None:
        try:
            while worker.pipe.poll():
                kind, number, text = worker.pipe.recv()
                worker.at, worker.since = number, time.monotonic()
                if kind == "begin":
                    worker.name = text
                    self.count += 1
                else:
                    self._report(kind, number, text)
        except EOFError:
            worker.process.join()
            if worker.at >= 0 or worker.process.exitcode != 0:
                self._report("died", worker.at, f"exit code {worker.process.exitcode}")
                self._replace(worker)
            else:
                worker.end()
                self.workers.remove(worker)

    def _replace(self, worker: Worker) -> None:
        worker.end()
        self.workers.remove(worker)
        self.deaths += 1
        if worker.at >= 0 and self.deaths < _DEATHS_MOST:
            self.workers.append(Worker(worker.at + worker.step, worker.step))

    def _report(self, kind: str, number: int, text: str) -> None:
        mark = f"{kind} {text.strip().splitlines()[-1] if text.strip() else ''}"
        place = [line for line in text.splitlines() if line.lstrip().startswith("File ")][-1:]
        key = mark + "".join(place) if place else mark
        if key in self.seen:
            return
        self.seen.add(key)
        name, data = kept()[number - KEPT_FIRST] if number < 0 else mutated(number, seeds())
        self.options.found.mkdir(parents=True, exist_ok=True)
        path = self.options.found / f"{number}-{name.replace('/', '_')}"
        path.write_bytes(data)
        self.found.append(f"{kind}: input {number} ({name}, {len(data)} bytes)\n{text}")
        print(self.found[-1], flush=True)


def main() -> None:
    """Fuzz for a while and say what broke."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seconds", type=float, default=120.0)
    parser.add_argument("--inputs", type=int, default=10**9, help="stop after so many")
    parser.add_argument("--start", type=int, default=int(time.time()) * 100_000)
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--found", type=Path, default=Path(".cache") / "fuzz")
    run = Run(parser.parse_args())
    started = time.monotonic()
    run.go()
    seconds = time.monotonic() - started
    print(
        f"steelyard: {run.count} inputs in {seconds:.0f} s from number {run.options.start}, "
        f"{len(run.found)} broke something"
    )
    sys.exit(1 if run.found else 0)


if __name__ == "__main__":
    main()
