# SPDX-License-Identifier: Apache-2.0
"""Asks hubs what became of the models in use. Each answer is kept in a transaction of its own."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from functools import partial
from typing import Any

from steelyard.bootstrap.house import House
from steelyard.governance.inventory import upstream
from steelyard.governance.inventory.upstream import BATCH, WATCH, Due
from steelyard.kernel.actor import SYSTEM
from steelyard.kernel.errors import SteelyardError, UnavailableError
from steelyard.platform.jobs.port import Handler
from steelyard.platform.jobs.schedules import Schedule
from steelyard.platform.upstream import Waited, look
from steelyard.platform.work import Work

_ASKED_ONLY = dt.timedelta(days=1)
"""Where nobody is asked by themselves, how long what was asked for counts as fresh."""


def watch(house: House, payload: dict[str, Any]) -> Callable[[Work], object]:
    """Ask about the models that are due, or about the one that is named."""
    minutes = house.settings.upstream_check_minutes
    every = dt.timedelta(minutes=minutes) if minutes else _ASKED_ONLY
    with house.reading() as session:
        if "model" in payload:
            found = [upstream.one(session, SYSTEM, payload["model"])]
        else:
            found = upstream.due(session, house.clock()) if minutes else []
    busy = _ask(house, found, every)

    def act(work: Work) -> None:
        if len(found) >= BATCH and not busy:
            work.enqueue(WATCH, key=WATCH)

    return act


def _ask(house: House, found: list[Due], every: dt.timedelta) -> bool:
    """Ask about each; stop, and say so, when the hub wants to be left alone."""
    for number, each in enumerate(found):
        try:
            _ask_one(house, each, every)
        except Waited as waited:
            postpone = partial(upstream.postpone, found=found[number:], seconds=waited.seconds)
            house.transact(postpone)
            return True
    return False


def _ask_one(house: House, each: Due, every: dt.timedelta) -> None:
    try:
        sight = look(each.repository, each.etag)
        house.transact(lambda work: upstream.saw(work, each.model, sight, every))
    except UnavailableError:
        raise  # of our own database: the job comes again
    except SteelyardError as error:
        house.transact(partial(upstream.failed, model_id=each.model, error=error, every=every))


HANDLERS: dict[str, Handler[House]] = {WATCH: watch}
SCHEDULES: tuple[Schedule, ...] = (Schedule(name="upstream-watch", cron="*/5 * * * *", kind=WATCH),)
