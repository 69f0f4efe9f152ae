# SPDX-License-Identifier: Apache-2.0
"""Remembers when a token or a session was last used, without making the call wait.

At most once a minute for each, by a thread of its own; if the database is busy or away, the next
minute tries again.
"""

from __future__ import annotations

import datetime as dt
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from threading import Lock

from sqlalchemy import or_, update
from sqlalchemy.exc import SQLAlchemyError

from steelyard.kernel.errors import SteelyardError
from steelyard.platform.database.engine import Database
from steelyard.platform.identity.credential_tables import SessionRow, TokenRow

EVERY = dt.timedelta(minutes=1)
_MOST = 20_000


class LastUsed:
    """Notes uses of tokens (``tok_…``) and sessions (``ses_…``)."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._noted: dict[str, dt.datetime] = {}
        self._lock = Lock()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="last-used")

    def note(self, credential: str, now: dt.datetime) -> None:
        """Note a use; returns at once."""
        with self._lock:
            noted = self._noted.get(credential)
            if noted is not None and noted <= now < noted + EVERY:
                return
            if len(self._noted) >= _MOST:
                self._noted.clear()
            self._noted[credential] = now
        with suppress(RuntimeError):  # the process is ending
            self._thread.submit(self._write, credential, now)

    def settle(self) -> None:
        """Wait until what was noted is written."""
        self._thread.submit(lambda: None).result()

    def close(self) -> None:
        """Write what was noted and stop."""
        self._thread.shutdown()

    def _write(self, credential: str, now: dt.datetime) -> None:
        table = TokenRow if credential.startswith("tok_") else SessionRow
        with suppress(SteelyardError, SQLAlchemyError), self._database.writing() as session:
            session.execute(
                update(table)
                .where(table.id == credential)
                .where(or_(table.used_at.is_(None), table.used_at <= now - EVERY))
                .values(used_at=now)
            )
