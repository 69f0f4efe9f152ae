# SPDX-License-Identifier: Apache-2.0
"""Threads that take jobs from the embedded queue, and one that keeps their leases alive."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

import structlog

from steelyard.kernel.errors import UnavailableError
from steelyard.platform.jobs.port import Leased

if TYPE_CHECKING:
    from steelyard.platform.jobs.embedded import EmbeddedQueue

PAUSE = 0.2
"""Seconds between looks for jobs."""
_log = structlog.get_logger("steelyard.jobs")


def serve(
    queue: EmbeddedQueue, do: Callable[[Leased], None], stop: threading.Event, threads: int
) -> None:
    """Work until ``stop`` is set; return when the jobs at hand are done."""
    at_hand: dict[int, Leased] = {}
    over = threading.Event()
    crew = [
        threading.Thread(
            target=_work,
            args=(queue, do, stop, at_hand, number),
            name=f"jobs-{number}",
            daemon=True,
        )
        for number in range(threads)
    ]
    pulse = threading.Thread(target=_beat, args=(queue, over, at_hand), name="pulse", daemon=True)
    for each in (pulse, *crew):
        each.start()
    for each in crew:
        each.join()
    over.set()
    pulse.join()


def _work(
    queue: EmbeddedQueue,
    do: Callable[[Leased], None],
    stop: threading.Event,
    at_hand: dict[int, Leased],
    number: int,
) -> None:
    while not stop.is_set():
        try:
            leased = queue.claim(queue.clock())
            if leased is not None:
                at_hand[number] = leased
                do(leased)
                continue
        except UnavailableError as error:
            _log.warning("jobs.unavailable", said=error.message)
            stop.wait(error.retry_after)
        finally:
            at_hand.pop(number, None)
        stop.wait(PAUSE)


def _beat(queue: EmbeddedQueue, over: threading.Event, at_hand: dict[int, Leased]) -> None:
    """Renew the leases of the jobs at hand, three times as often as they need it."""
    lost: set[tuple[str, int]] = set()
    while not over.wait(queue.lease.total_seconds() / 3):
        for leased in list(at_hand.values()):
            if (leased.id, leased.token) in lost:
                continue
            try:
                if not queue.heartbeat(leased, queue.clock()):
                    lost.add((leased.id, leased.token))
                    _log.warning("job.lost", job=leased.id, kind=leased.kind)
            except UnavailableError as error:
                _log.warning("jobs.unavailable", said=error.message)
