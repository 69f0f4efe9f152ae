# SPDX-License-Identifier: Apache-2.0
"""Numbers that every process of the server shares: read from the database when they are asked."""

from __future__ import annotations

import datetime as dt
import threading
import time

from prometheus_client import CollectorRegistry, Gauge, generate_latest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from steelyard.bootstrap.house import House
from steelyard.governance.clocks.tables import ClockRow
from steelyard.governance.intake.tables import RequestRow
from steelyard.governance.inventory.upstream import watch_of
from steelyard.platform.log.events import ledger_size
from steelyard.platform.log.tables import EventRow
from steelyard.platform.notify.tables import DeliveryRow

_KEPT = 5.0
"""Seconds for which they are not read again: whoever asks often must not load the database."""
_lock = threading.Lock()


def read_gauges(house: House) -> bytes:
    """Return them in the format of Prometheus.

    Raises:
        UnavailableError: the database cannot be read now.
    """
    with _lock:
        kept = house.gauges
        if kept is None or time.monotonic() - kept[0] > _KEPT:
            registry = CollectorRegistry()
            with house.reading() as session:
                _queue(house, session, registry)
                _ledger(house, session, registry)
                _work(house, session, registry)
                _webhooks(house, session, registry)
                _upstream(house, session, registry)
            kept = (time.monotonic(), generate_latest(registry))
            house.gauges = kept
        return kept[1]


def _queue(house: House, session: Session, registry: CollectorRegistry) -> None:
    if house.engine is None:
        return
    depth = house.engine.depth(session, house.clock())
    waiting = Gauge(
        "steelyard_queue_jobs", "Jobs by state: due, later, dead.", ("state",), registry=registry
    )
    waiting.labels("due").set(depth.due)
    waiting.labels("later").set(depth.later)
    waiting.labels("dead").set(depth.dead)
    Gauge(
        "steelyard_queue_oldest_seconds", "How long the oldest due job waits.", registry=registry
    ).set(depth.oldest_seconds)
    kinds = Gauge(
        "steelyard_queue_due_jobs", "Jobs that could run now, by kind.", ("kind",),
        registry=registry,
    )  # fmt: skip
    for kind, count in house.engine.due_by_kind(session, house.clock()).items():
        kinds.labels(kind).set(count)


def _ledger(house: House, session: Session, registry: CollectorRegistry) -> None:
    count, oldest = session.execute(
        select(func.count(), func.min(EventRow.at)).where(EventRow.position.is_(None))
    ).one()
    lag = _age(oldest, house.clock())
    Gauge("steelyard_ledger_entries", "Entries of the ledger's tree.", registry=registry).set(
        ledger_size(session)
    )
    Gauge("steelyard_ledger_waiting", "Events not yet in the tree.", registry=registry).set(count)
    Gauge("steelyard_ledger_lag_seconds", "Age of the oldest of them.", registry=registry).set(lag)


def _age(since: dt.datetime | None, now: dt.datetime) -> float:
    return 0.0 if since is None else (now - since).total_seconds()


def _work(house: House, session: Session, registry: CollectorRegistry) -> None:
    requests = Gauge(
        "steelyard_requests", "Requests that are not decided, by state.", ("state",),
        registry=registry,
    )  # fmt: skip
    undecided = ("submitted", "changes requested")
    for state, count in session.execute(
        select(RequestRow.state, func.count())
        .where(RequestRow.state.in_(undecided))
        .group_by(RequestRow.state)
    ):
        requests.labels(state).set(count)
    clocks = Gauge(
        "steelyard_clocks_open", "Clocks that have not ended, by what they wait for and state.",
        ("kind", "state"), registry=registry,
    )  # fmt: skip
    overdue, oldest = 0, None
    for kind, state, count, due in session.execute(
        select(ClockRow.kind, ClockRow.state, func.count(), func.min(ClockRow.due))
        .where(ClockRow.ended_at.is_(None))
        .group_by(ClockRow.kind, ClockRow.state)
    ):
        clocks.labels(kind, state).set(count)
        if state == "overdue":
            overdue, oldest = overdue + count, min(due, oldest or due)
    Gauge("steelyard_clocks_overdue", "Clocks whose time is over.", registry=registry).set(overdue)
    Gauge(
        "steelyard_clocks_overdue_oldest_seconds",
        "For how long the time of the most overdue clock is over.",
        registry=registry,
    ).set(_age(oldest, house.clock()))


def _webhooks(house: House, session: Session, registry: CollectorRegistry) -> None:
    deliveries = Gauge(
        "steelyard_webhook_deliveries",
        "Messages to webhooks that are not delivered: waiting, or failed for good.",
        ("state",),
        registry=registry,
    )
    ages = {}
    for state in ("waiting", "failed"):
        count, ages[state] = session.execute(
            select(func.count(), func.min(DeliveryRow.at)).where(DeliveryRow.state == state)
        ).one()
        deliveries.labels(state).set(count)
    Gauge(
        "steelyard_webhook_oldest_seconds",
        "Age of the oldest message to a webhook that is still to be delivered.",
        registry=registry,
    ).set(_age(ages["waiting"], house.clock()))


def _upstream(house: House, session: Session, registry: CollectorRegistry) -> None:
    watch = watch_of(session)
    models = Gauge(
        "steelyard_upstream_models",
        "Models in use that came from a hub: watched, of these unseen (no answer yet), failing "
        "(the last try failed) and absent (gone, disabled or refused).",
        ("state",),
        registry=registry,
    )
    for state in ("watched", "unseen", "failing", "absent"):
        models.labels(state).set(getattr(watch, state))
    Gauge(
        "steelyard_upstream_oldest_check_seconds",
        "How long ago the hub last answered about the model it was silent about for longest.",
        registry=registry,
    ).set(_age(watch.oldest, house.clock()))
