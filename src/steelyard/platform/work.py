# SPDX-License-Identifier: Apache-2.0
"""One unit of work: a transaction, the time, and what is committed together with it.

Every verb of a room takes a :class:`Work` and the :class:`~steelyard.kernel.actor.Actor` it acts
for. What it changes, the event that tells so, and the jobs that follow are one transaction: all of
them are there after a crash, or none.
"""

from __future__ import annotations

import datetime as dt
import secrets
from typing import Any

from sqlalchemy import insert
from sqlalchemy.orm import Session

from steelyard.kernel.actor import Actor
from steelyard.kernel.event import Event
from steelyard.ledger.event import event_leaf
from steelyard.platform.ids import new_id
from steelyard.platform.jobs.port import Job, JobQueue
from steelyard.platform.log.tables import EventRow

_ADD_EVENT = insert(EventRow.__table__)  # type: ignore[arg-type]


class Work:
    """A session in a writing transaction and all that must happen with it."""

    def __init__(
        self, session: Session, now: dt.datetime, jobs: JobQueue, *, trace: str = ""
    ) -> None:
        self.session = session
        self.now = now
        self.trace = trace
        """Id of the call or job this is done for; stands in the log."""
        self._jobs = jobs

    @property
    def today(self) -> dt.date:
        """The date in UTC."""
        return self.now.date()

    def id(self, prefix: str) -> str:
        """Return a new id."""
        return new_id(prefix, self.now)

    def record(self, actor: Actor, event: Event) -> int:
        """Add ``event`` to the ledger, in this transaction; return its number among all events.

        Every command does this, so it goes past the unit of work of the mapper, which would cost
        twice as much as all the rest.

        Raises:
            InputError: it does not fit into a leaf.
        """
        salt = secrets.token_hex(16) if event.body else ""
        values = {
            "leaf": event_leaf(event, actor=actor.alias, time=self.now, salt=salt),
            "at": self.now,
            "type": event.type,
            "subject": event.subject,
            "about": event.about,
            "actor": actor.alias,
            "body": event.body or None,
            "salt": salt,
        }
        done = self.session.connection().execute(_ADD_EVENT, values)
        key = done.inserted_primary_key
        assert key is not None
        return int(key[0])

    def enqueue(
        self,
        kind: str,
        payload: dict[str, Any] | None = None,
        *,
        at: dt.datetime | None = None,
        key: str = "",
        priority: int = 0,
    ) -> None:
        """Have a job done after this transaction is committed, not before ``at``.

        Of jobs with the same ``key`` that still wait, only one is kept.
        """
        self._jobs.put(
            self.session,
            Job(
                kind=kind,
                payload=payload or {},
                run_at=at or self.now,
                key=key,
                trace=self.trace,
                priority=priority,
            ),
        )
