# SPDX-License-Identifier: Apache-2.0
"""What every verb of an exception does to its row: check its state, end it, record, tell people."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from steelyard.charter.schema import Charter
from steelyard.governance.charters import queries as charters
from steelyard.governance.clocks import service as clocks
from steelyard.governance.exceptions import queries
from steelyard.governance.exceptions.queries import ExceptionView
from steelyard.governance.exceptions.tables import ExceptionRow
from steelyard.governance.intake import queries as requests
from steelyard.kernel.actor import SYSTEM, Actor
from steelyard.kernel.errors import ConflictError
from steelyard.kernel.event import Event
from steelyard.platform.notify.service import tell
from steelyard.platform.work import Work

CHANGED = "exception.changed"
"""Job ``{"exception": id}``: one began or ended, and what it bears on must be judged anew."""
EXCEPTION, REVIEW = "exception", "exception-review"
"""Kinds of clocks: until it ends, and until it is granted or not."""


def ended(work: Work, actor: Actor, row: ExceptionRow, state_: str, reason: str) -> ExceptionView:
    """End an exception; one that held has what was decided under it judged anew."""
    held = row.state == "active"
    row.state, row.ended_at, row.ended_by, row.end_reason = state_, work.now, actor.id, reason
    clocks.stop(work, row.id, met=state_ in ("rejected", "expired"))
    if held:
        work.enqueue(CHANGED, {"exception": row.id}, key=f"{CHANGED}:{row.id}")
    inform(work, row, "exception.changed", persons=[row.owner, row.asked_by])
    return changed(work, actor, row, f"exception.{state_}", {"reason": reason})


def inform(
    work: Work,
    row: ExceptionRow,
    kind: str,
    *,
    roles: Sequence[str] = (),
    persons: Sequence[str] = (),
) -> None:
    """Tell people what became of an exception, or that they are waited for."""
    tell(
        work, kind=kind, subject=row.id, about=row.request, roles=roles, people=persons,
        unit=row.unit, facts={"rule": row.rule, "until": row.until.isoformat(),
                              "state": row.state},
    )  # fmt: skip


def changed(
    work: Work,
    actor: Actor,
    row: ExceptionRow,
    kind: str,
    body: dict[str, Any] | None = None,
    **details: Any,
) -> ExceptionView:
    """Count a change of an exception, record it and return what is shown then."""
    row.updated_at, row.version = work.now, row.version + 1
    work.record(actor, event_of(kind, row, body, **details))
    work.session.flush()
    return queries.view(work.session, row)


def event_of(
    kind: str, row: ExceptionRow, body: dict[str, Any] | None = None, **details: Any
) -> Event:
    """Return an event of an exception."""
    return Event(
        type=kind,
        subject=row.id,
        about=row.request,
        details={
            "rule": row.rule,
            "state": row.state,
            "until": row.until.isoformat(),
            "owner": row.owner,
            "round": row.round,
            **details,
        },
        body={name: text for name, text in (body or {}).items() if text},
    )


def check_state(row: ExceptionRow, *states: str) -> None:
    """Refuse what needs an exception in another state.

    Raises:
        ConflictError: which states would do.
    """
    if row.state not in states:
        raise ConflictError(
            f"The exception is {row.state}; this needs one that is {' or '.join(states)}.",
            next_step="Ask for a new one." if row.state in ("rejected", "revoked") else "",
            code="exception.state",
        )


def charter_of(work: Work, row: ExceptionRow) -> tuple[Charter, str]:
    """Return the charter in force where an exception is asked for, and its digest."""
    policy = charters.current(work.session, work.today, row.unit)
    return policy.charter, policy.identity.sha256


def requester(work: Work, row: ExceptionRow) -> str:
    """Return who made the request an exception is for."""
    return requests.row_of(work.session, SYSTEM, row.request).requested_by
