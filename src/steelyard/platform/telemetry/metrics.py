# SPDX-License-Identifier: Apache-2.0
"""Numbers this process counts, for Prometheus. What all processes share is read when it is asked.

Every process counts for itself; the names of routes and kinds are few, so no label grows without
bound, and none names a person or a thing.
"""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
_LONG = (0.01, 0.1, 1, 10, 60, 600, 3600)


class Metrics:
    """Counters of one process."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.requests = Histogram(
            "steelyard_request_seconds",
            "Calls answered, by route and status.",
            ("method", "route", "status"),
            buckets=_SECONDS,
            registry=self.registry,
        )
        self.jobs = Counter(
            "steelyard_jobs",
            "Jobs ended, by kind and outcome: done, failed (comes again), dead or lost.",
            ("kind", "outcome"),
            registry=self.registry,
        )
        self.job_seconds = Histogram(
            "steelyard_job_seconds",
            "How long jobs took that were done.",
            ("kind",),
            buckets=_LONG,
            registry=self.registry,
        )
        self.ticks_failed = Counter(
            "steelyard_ticks_failed",
            "What is done every second and failed.",
            ("tick",),
            registry=self.registry,
        )

    def text(self) -> bytes:
        """Return all of them in the format of Prometheus."""
        return generate_latest(self.registry)
