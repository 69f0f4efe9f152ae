# SPDX-License-Identifier: Apache-2.0
"""Ends the use of a revision on a date, after those who use it were told."""

from __future__ import annotations

import datetime as dt
from typing import Any

from steelyard.governance.inventory import queries
from steelyard.governance.inventory.facts import RevisionView, check_move
from steelyard.governance.inventory.service import mark_revision
from steelyard.kernel.actor import SYSTEM, Actor
from steelyard.kernel.errors import FieldErrors
from steelyard.kernel.event import Event
from steelyard.platform.versions import check_version
from steelyard.platform.work import Work

NOTICE = "revision.retirement-notice"
"""Job ``{"revision": id, "phase": "announced" | "done"}``: tell who uses it."""
RETIRE = "revision.retire"
"""Job ``{"revision": id}``: the date has come."""


def retire(
    work: Work,
    actor: Actor,
    revision_id: str,
    effective: dt.date,
    *,
    expected: int | None = None,
    replacement: str = "",
    notice: str = "",
) -> RevisionView:
    """Announce that a revision ends on a date; its users are told now and again on that day.

    A later call moves the date. ``notice`` is what they are told; ``replacement`` a revision.

    Raises:
        MissingError, StaleError
        ConflictError: it cannot be retired from its state.
        FieldErrors: the date is over, or the replacement is the revision itself or not usable.
    """
    row = queries.revision_row(work.session, actor, revision_id, lock=True)
    check_version(row.version, expected, queries.revision_view(row))
    check_move(queries.revision_view(row).state, "retired", row.id)
    if effective < work.today:
        raise FieldErrors([("effective", f"{effective} is over; choose today or a later day.")])
    if replacement:
        other = queries.revision_row(work.session, actor, replacement)
        if other.id == row.id or other.state in ("revoked", "rejected", "retired", "tombstoned"):
            raise FieldErrors([("replacement", f"The revision {other.id} cannot take its place.")])
    when = dt.datetime.combine(effective, dt.time(), dt.UTC)
    row.retires_at, row.replacement, row.notice = when, replacement, notice.strip()
    row.updated_at, row.version = work.now, row.version + 1
    work.record(
        actor,
        Event(
            type="revision.retirement-announced",
            subject=row.id,
            about=row.model,
            details={
                "effective": effective.isoformat(),
                "replacement": replacement,
                "version": row.version,
            },
            body={"notice": row.notice} if row.notice else {},
        ),
    )
    work.enqueue(
        NOTICE, {"revision": row.id, "phase": "announced"}, key=f"{NOTICE}:announced:{row.id}"
    )
    at = max(when, work.now)
    work.enqueue(RETIRE, {"revision": row.id}, at=at, key=f"{RETIRE}:{row.id}:{effective}")
    return queries.revision_view(row)


def take_effect(work: Work, payload: dict[str, Any]) -> None:
    """Retire a revision whose date has come; a job of a date that was moved does nothing."""
    row = queries.revision_row(work.session, SYSTEM, payload["revision"], lock=True)
    if row.retires_at is None or row.retires_at > work.now or row.state == "retired":
        return
    mark_revision(work, SYSTEM, row.id, "retired", replacement=row.replacement)
    work.enqueue(NOTICE, {"revision": row.id, "phase": "done"}, key=f"{NOTICE}:done:{row.id}")
