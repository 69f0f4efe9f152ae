# SPDX-License-Identifier: Apache-2.0
"""Shares work among processes of our own and gives the results in order.

Processes, because the rule engine holds the interpreter's lock: two threads take longer than one.
Only a few pieces of work are under way at any time, however many there are.
"""

from __future__ import annotations

import signal
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context
from typing import Any, TypeVar

from steelyard.kernel.errors import UndecidedError

T = TypeVar("T")
R = TypeVar("R")
_AHEAD = 2
"""Pieces of work handed out for each process."""


def share(
    work: Callable[[T], R],
    pieces: Iterable[T],
    *,
    jobs: int,
    prepare: Callable[..., None],
    given: tuple[Any, ...] = (),
) -> Iterator[R]:
    """Yield ``work(piece)`` for each piece, in order, from ``jobs`` processes (or this one).

    Each process first calls ``prepare(*given)``.

    Raises:
        UndecidedError: a process died.
    """
    if jobs <= 1:
        prepare(*given)
        yield from map(work, pieces)
        return
    executor = ProcessPoolExecutor(
        jobs, mp_context=get_context("spawn"), initializer=_begin, initargs=(prepare, given)
    )
    waiting: deque[Future[R]] = deque()
    try:
        for piece in pieces:
            waiting.append(executor.submit(work, piece))
            if len(waiting) > jobs * _AHEAD:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    except BrokenProcessPool as error:
        raise UndecidedError(
            "A process that shared the work died, most likely for want of memory.",
            next_step="Run again with fewer --jobs.",
            code="workers.died",
        ) from error
    finally:
        executor.shutdown(wait=True, cancel_futures=True)


def _begin(prepare: Callable[..., None], given: tuple[Any, ...]) -> None:
    # Ctrl-C reaches the whole group; the one who shares the work ends it.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    prepare(*given)
