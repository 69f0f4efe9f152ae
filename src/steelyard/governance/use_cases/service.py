# SPDX-License-Identifier: Apache-2.0
"""Verbs of the register: register, enrich, retire."""

from __future__ import annotations

import datetime as dt
from typing import Any

import msgspec
from sqlalchemy import select
from sqlalchemy.orm import Session

from steelyard.governance.use_cases import queries
from steelyard.governance.use_cases.register import UseCaseView, check, complete
from steelyard.governance.use_cases.tables import UseCaseRow
from steelyard.kernel.actor import SYSTEM, Actor
from steelyard.kernel.errors import ConflictError, FieldErrors
from steelyard.kernel.event import Event
from steelyard.kernel.use_case import UseCase
from steelyard.ledger.canonical import sha256_of
from steelyard.platform.identity.visibility import reaches
from steelyard.platform.versions import check_version
from steelyard.platform.work import Work

ENDED = "use-case.ended"
"""Job ``{"use_case": id}`` for the rooms that asked or decided something for a retired one."""


def register(work: Work, actor: Actor, given: dict[str, Any]) -> UseCaseView:
    """Register a use case from the answers ``given``; see :mod:`register` for what is needed.

    Raises:
        FieldErrors: an answer is missing or wrong.
        ConflictError: the unit has a use case of that name.
    """
    unit = given.get("unit") or (min(actor.units) if len(actor.units) == 1 else "")
    facts = complete(given, owner=actor.mail, unit=unit, today=work.today)
    _check_reach(actor, facts)
    _check_future(facts, work.today)
    _check_free(work.session, facts)
    row = UseCaseRow(
        id=work.id("uc"),
        name=facts.name,
        unit=facts.unit or "",
        state="active",
        owner=facts.owner,
        facts=msgspec.to_builtins(facts),
        facts_sha256=sha256_of(msgspec.to_builtins(facts)),
        expires=facts.expires,
        created_by=actor.id,
        created_at=work.now,
        updated_at=work.now,
        version=1,
    )
    work.session.add(row)
    work.record(actor, _event("use-case.registered", row))
    return queries.view(row)


def enrich(
    work: Work, actor: Actor, use_case_id: str, changes: dict[str, Any], expected: int | None
) -> UseCaseView:
    """Change facts of a use case; a value of None takes an optional fact away.

    Raises:
        MissingError, StaleError, FieldErrors, ConflictError
    """
    row = queries.row_of(work.session, actor, use_case_id, lock=True)
    check_version(row.version, expected, queries.view(row))
    if row.state == "retired":
        raise ConflictError(
            f"The use case {row.name!r} is retired.",
            next_step="Register a new one if the purpose came back.",
            code="use-case.retired",
        )
    merged = {**row.facts, **changes}
    facts = check({name: value for name, value in merged.items() if value is not None})
    _check_reach(actor, facts)
    _check_future(facts, work.today)
    if (facts.unit or "", facts.name) != (row.unit, row.name):
        _check_free(work.session, facts)
    before = row.facts
    row.facts = msgspec.to_builtins(facts)
    row.facts_sha256 = sha256_of(row.facts)
    row.name, row.unit, row.owner = facts.name, facts.unit or "", facts.owner
    row.expires, row.state = facts.expires, "active"
    row.updated_at, row.version = work.now, row.version + 1
    changed = sorted(name for name in row.facts if row.facts[name] != before.get(name))
    work.record(actor, _event("use-case.changed", row, changed=changed))
    return queries.view(row)


def retire(work: Work, actor: Actor, use_case_id: str, expected: int | None) -> UseCaseView:
    """End a use case: no request can be made for it any more.

    Raises:
        MissingError, StaleError, ConflictError
    """
    row = queries.row_of(work.session, actor, use_case_id, lock=True)
    check_version(row.version, expected, queries.view(row))
    if row.state == "retired":
        raise ConflictError(f"The use case {row.name!r} is retired already.", code="state.conflict")
    row.state, row.updated_at, row.version = "retired", work.now, row.version + 1
    work.record(actor, _event("use-case.retired", row))
    work.enqueue(ENDED, {"use_case": row.id}, key=f"{ENDED}:{row.id}")
    return queries.view(row)


def expire_due(work: Work) -> int:
    """Mark every use case whose last day is over; return how many there were."""
    due = work.session.scalars(
        select(UseCaseRow)
        .where(UseCaseRow.state == "active", UseCaseRow.expires < work.today)
        .with_for_update(skip_locked=True)
        .limit(500)
    ).all()
    for row in due:
        row.state, row.updated_at, row.version = "expired", work.now, row.version + 1
        work.record(SYSTEM, _event("use-case.expired", row))
    return len(due)


def _event(kind: str, row: UseCaseRow, **details: Any) -> Event:
    return Event(
        type=kind,
        subject=row.id,
        details={
            "facts_sha256": row.facts_sha256,
            "state": row.state,
            "version": row.version,
            **details,
        },
        body={"facts": row.facts},
    )


def _check_reach(actor: Actor, facts: UseCase) -> None:
    if not reaches(actor, facts.unit or ""):
        raise FieldErrors(
            [("unit", f"You do not belong to the unit {facts.unit!r}.")],
            next_step=f"Your units are: {', '.join(sorted(actor.units)) or 'none'}.",
        )


def _check_future(facts: UseCase, today: dt.date) -> None:
    if facts.expires < today:
        raise FieldErrors([("expires", f"{facts.expires} is over; choose a later day.")])


def _check_free(session: Session, facts: UseCase) -> None:
    taken = session.scalar(
        select(UseCaseRow.id).where(
            UseCaseRow.unit == (facts.unit or ""), UseCaseRow.name == facts.name
        )
    )
    if taken is not None:
        raise ConflictError(
            f"The unit has a use case {facts.name!r} already.",
            next_step="Choose another name, or change that one.",
            code="use-case.taken",
        )
