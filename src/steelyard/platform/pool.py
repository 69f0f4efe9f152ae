# SPDX-License-Identifier: Apache-2.0
"""Shares the files of one run among sandbox processes and follows each to its end.

Whoever is free gets the next batch, largest files first, so one slow file holds nobody up. Another
process is begun only while the work left would take longer than a process costs. A process that
dies loses the one file it was at; what else it had not answered goes to a fresh one. Whatever is
left at the end without an answer is not examined, and the caller says so.
"""

from __future__ import annotations

import os
import selectors
import signal
import time
from collections import deque
from collections.abc import Callable, Sequence

from msgspec import structs

from steelyard.kernel.errors import UndecidedError
from steelyard.kernel.finding import FileReport
from steelyard.kernel.inspection import FilePapers, InspectionRequest, Ready, Refusal, TreeFile
from steelyard.kernel.limits import MIB
from steelyard.platform.answers import Lie, Reader, cleaned
from steelyard.platform.children import Child

Progress = Callable[[str, int], None]
"""Called with a path and the bytes of it newly done; over a run they add up to its size."""

_TICK = 0.1
"""Seconds between two looks at who makes progress."""
_CPU_SHARE = 0.25
"""Part of its CPU seconds, as wall time, after which a process is replaced before it reaches them;
it may be hashing on two threads while it examines on a third."""
_BATCH_FILES = 128
_BATCH_BYTES = 4 * MIB
_WORTH = 0.7
"""Seconds of work that must be left for one more process, which costs about 0.1 seconds of CPU."""
_FILE_COST, _BYTE_COST = 0.0002, 1e-9
"""Seconds that a file and one of its bytes cost, before anything is measured."""
_MEASURED = 0.1
"""Work by that measure after which the pace of the run is known."""
_SLOW = 0.4
"""Seconds after which a batch that is not done yet tells a pace too."""
_SIZE_RATE = 32 * MIB
"""Bytes of a file for which it gets one more second."""
_SIGNALS: dict[int, str] = {
    signal.SIGKILL: "was killed, most likely for want of memory",
    signal.SIGXCPU: "used up its CPU time",
}


def usable_cpus() -> int:
    """Return how many processors this process may use, by its affinity and its control group."""
    count = len(os.sched_getaffinity(0))
    try:
        with open("/sys/fs/cgroup/cpu.max", encoding="ascii") as file:  # noqa: PTH123
            quota, period = file.read().split()
        return max(1, min(count, -(-int(quota) // int(period))))
    except (OSError, ValueError, ZeroDivisionError):
        return count


class Pool:
    """One run over the files of a tree. :meth:`go` does it; the results are in its fields."""

    def __init__(
        self,
        request: InspectionRequest,
        files: Sequence[TreeFile],
        *,
        jobs: int,
        progress: Progress | None,
        command: str | Sequence[str],
    ) -> None:
        self.reports: dict[str, FileReport] = {}
        self.papers: dict[str, FilePapers] = {}
        self.lost: dict[str, str] = {}
        """Files that ended the process that examined them, and how."""
        self.ready: list[Ready] = []
        self.refusal: Refusal | None = None
        self.failure = ""
        """Why the run ended before its end, if it did."""
        self._request, self._limits = request, request.limits
        self._queue = deque(sorted(files, key=lambda file: (-file.size, file.path)))
        self._queued_cost = sum(map(_cost, files))
        self._jobs = jobs
        self._progress = progress
        self._command = command
        self._reader = Reader(scanned="scan" in request.tasks)
        self._bytes_left = self._limits.reply_bytes
        self._children: list[Child] = []
        self._selector = selectors.DefaultSelector()
        self._begun = time.monotonic()
        self._worked_since = 0.0
        self._done_cost = 0.0
        self._deaths = 0
        self._stopped = False
        self._start()

    def stop(self) -> None:
        """End the run from another thread."""
        self._stopped = True
        for child in list(self._children):
            child.kill()

    def go(self) -> None:
        """Work until every file is answered or lost, or the run has failed."""
        try:
            while (self._queue or any(child.open for child in self._children)) and not (
                self.failure or self.refusal or self._stopped
            ):
                self._turn()
        except UndecidedError as error:  # a process more could not be started
            self.failure = error.message.rstrip(".")
        except Exception as error:  # the fail-closed boundary of this thread
            self.failure = f"the examination failed: {type(error).__name__}: {error}"
        finally:
            if self._stopped:
                self.failure = self.failure or "the examination was ended before its end"
            for child in list(self._children):
                child.kill()
                self._bury(child)
            self._selector.close()

    def _turn(self) -> None:
        """Wait for a moment, listen to everybody who speaks, and look after the rest."""
        for key, events in self._selector.select(_TICK):
            child: Child = key.data
            if child not in self._children:
                continue
            if key.fd == child.input:
                if not child.send():
                    self._selector.unregister(child.input)
            elif events and not self._listen(child):
                self._lose(child)
        now = time.monotonic()
        if now - self._begun > self._limits.wall_seconds:
            self.failure = f"the examination took longer than {self._limits.wall_seconds:g} seconds"
            return
        for child in self._children:
            self._look_after(child, now)
        if not self.failure:
            self._grow(now)

    # Processes

    def _start(self) -> None:
        child = Child(self._command, self._request)
        self._children.append(child)
        self._selector.register(child.output, selectors.EVENT_READ, child)
        self._feed(child)

    def _grow(self, now: float) -> None:
        """Begin processes while the work that nobody has yet is worth it."""
        while self._queue and len(self._children) < self._jobs:
            active = len(self._children)
            if active and self._queued_cost * self._pace(now) / active < _WORTH:
                return
            self._start()

    def _pace(self, now: float) -> float:
        """Return how many times slower than assumed the work goes; at least 1."""
        paces = [1.0]
        if self._done_cost > _MEASURED:
            paces.append((now - self._worked_since) * len(self._children) / self._done_cost)
        paces += [
            (now - child.given_at) / sum(map(_cost, child.open.values()))
            for child in self._children
            if child.open and child.ready is not None and now - child.given_at > _SLOW
        ]
        return max(paces)

    def _feed(self, child: Child) -> None:
        """Give a free process the next batch, if there is one."""
        if self._queue:
            child.give(self._batch())
        if child.send() and child.input not in self._selector.get_map():
            self._selector.register(child.input, selectors.EVENT_WRITE, child)

    def _batch(self) -> list[TreeFile]:
        """Take the next files: a large one alone, small ones together, fewer towards the end."""
        share = len(self._queue) // (2 * min(self._jobs, len(self._children) + 1))
        most = _BATCH_FILES if self._jobs == 1 else max(1, min(_BATCH_FILES, share))
        batch: list[TreeFile] = []
        size = 0
        while self._queue and len(batch) < most:
            file = self._queue[0]
            if batch and size + file.size > _BATCH_BYTES:
                break
            size += file.size
            batch.append(self._queue.popleft())
            self._queued_cost -= _cost(file)
        return batch

    def _give_back(self, files: Sequence[TreeFile]) -> None:
        self._queue.extendleft(reversed(files))
        self._queued_cost += sum(map(_cost, files))

    # Answers

    def _listen(self, child: Child) -> bool:
        """Take what a process says; return False when it has ended."""
        lines, count, ended = child.receive()
        self._bytes_left -= count
        if self._bytes_left < 0:
            self.failure = "the examination answered with too much"
            return True
        try:
            for line in lines:
                self._take(child, line)
        except Lie as lie:
            self.failure = str(lie)
        return not ended

    def _take(self, child: Child, line: bytes) -> None:
        reply, clean = self._reader.reply(line)
        if reply.file is not None and child.ready is not None:
            report = self._reader.report(reply.file, child.open, clean=clean)
            self.reports[report.path] = report
            if reply.papers is not None:
                self.papers[report.path] = self._reader.papers(
                    reply.papers, reply.file.path, clean=clean
                )
            self._finish(child, child.open.pop(report.path))
        elif reply.done and child.busy:
            if child.open:
                raise Lie("the examination did not answer about this file")
            child.busy = False
            self._next(child)
        elif reply.ready is not None and child.ready is None:
            child.ready = _checked(reply.ready)
            child.alive = child.given_at = time.monotonic()
            self._worked_since = self._worked_since or child.alive
            self.ready.append(child.ready)
        elif reply.refused is not None:
            self.refusal = cleaned(reply.refused, Refusal)
        else:
            raise Lie("the examination answered with something unreadable")

    def _next(self, child: Child) -> None:
        """Give a process that is free more work, or send it away if it is near its CPU limit."""
        if time.monotonic() - child.begun < self._limits.cpu_seconds * _CPU_SHARE:
            self._feed(child)
            return
        child.kill()
        self._bury(child)
        if self._queue:
            self._start()

    def _finish(self, child: Child, file: TreeFile) -> None:
        self._done_cost += _cost(file)
        child.alive = time.monotonic()
        if self._progress is not None and (file.size > child.told or not file.size):
            self._progress(file.path, file.size - child.told)
        child.told = 0

    # Trouble

    def _look_after(self, child: Child, now: float) -> None:
        """Pass on how far a process is; end it if it is stuck."""
        if not child.busy and child.ready is not None:
            return
        if child.moved(now) and self._progress is not None and len(child.open) == 1:
            (file,) = child.open.values()
            done = min(child.hashed(), file.size - 1)
            if done > child.told:
                self._progress(file.path, done - child.told)
                child.told = done
        file_in_work = child.in_work()
        size = file_in_work.size if file_in_work is not None else 0
        patience = self._limits.file_seconds + size / _SIZE_RATE
        if now - child.alive > patience and not child.ended_for:
            child.kill(f"took longer than {patience:.0f} seconds without progress")

    def _lose(self, child: Child) -> None:
        """Find out what a dead process was at, and give the rest of its work to a fresh one."""
        file = child.in_work()
        how = self._bury(child)
        if self._stopped:
            return
        if child.ready is None or file is None:
            self.failure = self.failure or f"the examination ended early: its process {how}"
            return
        self.lost[file.path] = f"the process that examined it {how}"
        del child.open[file.path]
        self._finish(child, file)
        self._give_back(list(child.open.values()))
        self._deaths += 1
        if self._deaths >= self._limits.restarts:
            self.failure = f"{self._deaths} files ended the process that examined them"
        elif not self._stopped:
            self._employ()

    def _employ(self) -> None:
        """Give work that came back to whoever is free, or to a fresh process."""
        for child in self._children:
            if child.ready is not None and not child.busy:
                self._feed(child)
        if self._queue and len(self._children) < self._jobs:
            self._start()

    def _bury(self, child: Child) -> str:
        """Forget a process and return how it ended."""
        self._children.remove(child)
        self._selector.unregister(child.output)
        if child.input in self._selector.get_map():
            self._selector.unregister(child.input)
        code = child.end()
        if child.ended_for:
            return child.ended_for
        if code >= 0:
            return f"ended with exit code {code}"
        return _SIGNALS.get(-code, f"was ended by signal {-code}")


def _checked(ready: Ready) -> Ready:
    """Return what a process says at first, with clean strings and the texts of plug-ins only."""
    clean = cleaned(ready, Ready)
    texts = {rule.id: rule for rule in clean.rules if rule.id.startswith("x-")}
    return structs.replace(clean, rules=tuple(texts[key] for key in sorted(texts)))


def _cost(file: TreeFile) -> float:
    return _FILE_COST + file.size * _BYTE_COST


def weakest(ready: Sequence[Ready]) -> tuple[str, ...]:
    """Return the walls that stood in every process; one refused in any of them is named with no."""
    names = list(dict.fromkeys(wall.removeprefix("no ") for one in ready for wall in one.isolation))
    return tuple(
        name if all(name in one.isolation for one in ready) else f"no {name}" for name in names
    )


def merged(papers: Sequence[FilePapers]) -> FilePapers:
    """Return the papers of all files as one, in the order given."""
    return FilePapers(
        **{
            field: tuple(item for paper in papers for item in getattr(paper, field))
            for field in (entry.name for entry in structs.fields(FilePapers))
        }
    )
