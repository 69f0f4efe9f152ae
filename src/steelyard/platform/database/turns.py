# SPDX-License-Identifier: Apache-2.0
"""The queue in which the writers of one process stand before SQLite's own lock."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager

from steelyard.kernel.errors import UnavailableError

WAIT_MS = 30_000
"""How long a writer waits for another on SQLite."""
_GOING = -1
"""In place of a writer's thread while it wakes up."""


class Turns:
    """Lets one thread after the other write, in the order they came.

    A thread that writes already is not kept from asking SQLite again, which tells it that the
    database is locked; waiting for itself it would stand for ever.
    """

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._waiting: deque[threading.Lock] = deque()
        self._writer: int | None = None

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Wait for this thread's turn, as long as SQLite would, and keep it.

        Raises:
            UnavailableError: those before took too long.
        """
        me = threading.get_ident()
        if self._writer == me:
            yield
            return
        self._take(me)
        try:
            yield
        finally:
            with self._guard:
                self._pass_on()

    def _take(self, me: int) -> None:
        with self._guard:
            if self._writer is None:
                self._writer = me
                return
            mine = threading.Lock()
            mine.acquire()
            self._waiting.append(mine)
        if mine.acquire(timeout=WAIT_MS / 1000):
            self._writer = me
            return
        with self._guard:
            if mine in self._waiting:
                self._waiting.remove(mine)
            else:
                self._pass_on()  # it came at the last moment
        raise UnavailableError(
            "The database is busy with other changes; nothing was done.",
            next_step="Try again in a moment.",
            code="database.unavailable",
        )

    def _pass_on(self) -> None:
        """Let the next one go; called with the guard held."""
        if self._waiting:
            self._writer = _GOING
            self._waiting.popleft().release()
        else:
            self._writer = None
