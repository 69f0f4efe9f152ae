# SPDX-License-Identifier: Apache-2.0
"""A house whose jobs are done when a test says so."""

from __future__ import annotations

from steelyard.bootstrap.house import House
from steelyard.platform.jobs.embedded import EmbeddedQueue
from steelyard.worker.handlers import HANDLERS
from steelyard.worker.loop import Worker


def with_queue(house: House) -> House:
    house.jobs = house.engine = EmbeddedQueue(house.database, house.clock)
    return house


def do_jobs(house: House) -> None:
    """Do all jobs that are due."""
    assert isinstance(house.engine, EmbeddedQueue)
    worker = Worker(house, handlers=HANDLERS, schedules=(), ticks=())
    while (leased := house.engine.claim(house.clock())) is not None:
        worker.do(leased)
