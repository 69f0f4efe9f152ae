# SPDX-License-Identifier: Apache-2.0
"""One sandbox process: how it is started, given files, listened to and ended.

Nothing here blocks: both pipes are written and read as far as they go, by whoever watches them. The
process gets none of our environment and a session of its own, so that it can be ended as a whole.
"""

from __future__ import annotations

import contextlib
import fcntl
import mmap
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence

import msgspec

from steelyard.kernel.errors import UndecidedError
from steelyard.kernel.inspection import (
    PAGE_BYTES,
    PAGE_HASHED,
    PAGE_NUMBER,
    InspectionRequest,
    Ready,
    TreeFile,
)

_FLAGS = ("-E", "-P")
_SEALS = fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_SEAL
_READ = 1024 * 1024
_LAST_SECONDS = 1.0
"""Seconds a process that closed its output may take to end by itself."""


def start_process(
    module: str | Sequence[str],
    *words: str,
    errors: int = subprocess.DEVNULL,
    pass_fds: Sequence[int] = (),
) -> subprocess.Popen[bytes]:
    """Start ``python -m MODULE`` without this one's environment, in a session of its own.

    ``module`` may also be the words for Python in full.

    Raises:
        UndecidedError: it cannot be started.
    """
    # What the dynamic loader needs to find this very Python; nothing else crosses.
    keep = ("LD_LIBRARY_PATH",)
    environment = {name: os.environ[name] for name in keep if name in os.environ}
    command = [*_FLAGS, "-m", module] if isinstance(module, str) else list(module)
    try:
        return subprocess.Popen(
            [sys.executable, *command, *words],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            env=environment | {"LC_ALL": "C.UTF-8"},
            cwd="/",
            start_new_session=True,
            pass_fds=tuple(pass_fds),
        )
    except OSError as error:
        raise UndecidedError(
            f"The examination process cannot be started: {error.strerror}.",
            next_step="Check that this Python can start itself.",
            code="sandbox.start",
        ) from error


class Child:
    """A sandbox process, what it was given, and what of that it has not answered yet."""

    def __init__(self, command: str | Sequence[str], request: InspectionRequest) -> None:
        descriptor = os.memfd_create("steelyard", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
        try:
            os.ftruncate(descriptor, PAGE_BYTES)
            # Whoever shrinks memory another process reads ends that process.
            fcntl.fcntl(descriptor, fcntl.F_ADD_SEALS, _SEALS)
            self._map = mmap.mmap(descriptor, PAGE_BYTES)
            self.process = start_process(command, str(descriptor), pass_fds=[descriptor])
        finally:
            os.close(descriptor)
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.input, self.output = self.process.stdin.fileno(), self.process.stdout.fileno()
        os.set_blocking(self.input, False)
        os.set_blocking(self.output, False)
        self.begun = self.alive = self.given_at = time.monotonic()
        self.busy = False
        """A batch was given and its end not announced."""
        self.ready: Ready | None = None
        self.open: dict[str, TreeFile] = {}
        """Files given and not answered, in the order they were given."""
        self.told = 0
        """Bytes of its single large file that were already told as progress."""
        self.ended_for = ""
        """Why we ended it, if we did."""
        self._given: list[TreeFile] = []
        self._page = memoryview(self._map).cast("Q")
        self._seen: tuple[int, int] = (0, 0)
        self._inbox: list[bytes] = []
        self._outbox = bytearray(msgspec.json.encode(request) + b"\n")

    def give(self, files: Sequence[TreeFile]) -> None:
        """Hand over a batch."""
        self._given += files
        self.open = {file.path: file for file in files}
        self.told = 0
        self.alive = self.given_at = time.monotonic()
        self.busy = True
        self._outbox += msgspec.json.encode(files)
        self._outbox += b"\n"

    def send(self) -> bool:
        """Write what the pipe takes; return whether something is left to write."""
        while self._outbox:
            try:
                sent = os.write(self.input, self._outbox)
            except BlockingIOError:
                return True
            except BrokenPipeError:
                # Why it died shows in its exit code, when its output ends.
                self._outbox.clear()
                return False
            del self._outbox[:sent]
        return False

    def receive(self) -> tuple[list[bytes], int, bool]:
        """Return the lines that are complete, the bytes read, and whether the output ended."""
        try:
            data = os.read(self.output, _READ)
        except BlockingIOError:
            return [], 0, False
        if not data:
            return [], 0, True
        head, newline, tail = data.rpartition(b"\n")
        if not newline:
            self._inbox.append(data)
            return [], len(data), False
        lines = b"".join([*self._inbox, head]).split(b"\n")
        self._inbox = [tail]
        return lines, len(data), False

    def hashed(self) -> int:
        """Return how many bytes of the file in work it says it has hashed."""
        return self._page[PAGE_HASHED]

    def in_work(self) -> TreeFile | None:
        """Return the file it says it examines, or else the first one it has not answered."""
        number = self._page[PAGE_NUMBER]
        if 1 <= number <= len(self._given):
            file = self._given[number - 1]
            if file.path in self.open:
                return file
        return next(iter(self.open.values()), None)

    def moved(self, now: float) -> bool:
        """Tell whether it went on to another file or hashed more since the last call."""
        seen = (self._page[PAGE_NUMBER], self._page[PAGE_HASHED])
        if seen == self._seen:
            return False
        self._seen, self.alive = seen, now
        return True

    def kill(self, why: str = "") -> None:
        """End it and everything it may have started."""
        self.ended_for = self.ended_for or why
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, signal.SIGKILL)

    def end(self) -> int:
        """Wait for its end, close everything shared with it, and return its exit code."""
        try:
            code = self.process.wait(_LAST_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill("it closed its output and went on")
            code = self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout):
            assert pipe is not None
            with contextlib.suppress(OSError):
                pipe.close()
        self._page.release()
        self._page = memoryview(bytes(PAGE_BYTES)).cast("Q")
        self._map.close()
        return code
