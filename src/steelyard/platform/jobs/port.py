# SPDX-License-Identifier: Apache-2.0
"""What the house needs of a job queue, whichever engine does it."""

from __future__ import annotations

import datetime as dt
from typing import Any, Protocol

from msgspec import Struct
from sqlalchemy.orm import Session


class Job(Struct, frozen=True, kw_only=True):
    """Work to do later: a kind that names its handler, and small facts (ids, not documents)."""

    kind: str
    payload: dict[str, Any]
    run_at: dt.datetime
    key: str = ""
    """Of jobs with one key that still wait, one is kept."""
    trace: str = ""


class JobQueue(Protocol):
    """Takes jobs inside the caller's transaction."""

    def put(self, session: Session, job: Job) -> None:
        """Add ``job``; it can run once the session's transaction is committed."""
        ...
