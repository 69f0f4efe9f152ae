# SPDX-License-Identifier: Apache-2.0
"""Erasing what was said beside the ledger, while what happened stays provable.

Body and salt go; the leaf with their digest stays, so the tree verifies as before, and nobody can
find out by guessing what the body was. That something was erased, and why, is an event itself.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from msgspec import Struct
from sqlalchemy import null, select, update

from steelyard.kernel.actor import Actor
from steelyard.kernel.errors import ConflictError, InputError, MissingError
from steelyard.kernel.event import Event
from steelyard.platform.log.tables import EventRow
from steelyard.platform.work import Work

RETENTION = dt.timedelta(days=3653)
"""How long bodies are kept unless the house is configured otherwise: ten years."""
MOST = 500
"""Bodies of one call."""


class Erased(Struct, frozen=True, kw_only=True):
    """What was erased; ``none`` had no body any more."""

    erased: list[int]
    none: list[int]


def erase_body(
    work: Work,
    actor: Actor,
    seqs: Sequence[int],
    why: str,
    *,
    on_request: bool,
    retention: dt.timedelta = RETENTION,
) -> Erased:
    """Erase the bodies of the events ``seqs``.

    ``on_request`` says that a person asked for the erasure of their own data; otherwise the
    retention period must be over.

    Raises:
        MissingError: there is no such event.
        ConflictError: an event must be kept longer.
        InputError: none or too many are named, or no reason.
    """
    wanted = sorted(set(seqs))
    if not wanted or len(wanted) > MOST or not why.strip():
        raise InputError(
            f"Name 1 to {MOST} events and a reason.", code="ledger.erase", next_step=""
        )
    rows = {
        row.seq: row
        for row in work.session.scalars(
            select(EventRow).where(EventRow.seq.in_(wanted)).with_for_update()
        )
    }
    for seq in wanted:
        if seq not in rows:
            raise MissingError(f"There is no event {seq}.", code="ledger.event-missing")
        if not on_request and rows[seq].at > work.now - retention:
            until = (rows[seq].at + retention).date()
            raise ConflictError(
                f"The event {seq} must be kept until {until}.",
                next_step="Only personal data whose owner asks for it may be erased earlier.",
                code="ledger.retained",
            )
    erased = [seq for seq in wanted if rows[seq].body]
    if erased:
        work.session.execute(
            update(EventRow).where(EventRow.seq.in_(erased)).values(body=null(), salt="")
        )
    details = {
        "seqs": erased,
        "positions": [rows[seq].position for seq in erased],
        "on_request": on_request,
    }
    work.record(
        actor,
        Event(
            type="ledger.body-erased", subject="ledger", details=details, body={"why": why.strip()}
        ),
    )
    return Erased(erased=erased, none=[seq for seq in wanted if seq not in erased])
