# SPDX-License-Identifier: Apache-2.0
"""Verbs and reads of suppliers: register, change, test the exit, and what triggers a look."""

from __future__ import annotations

import datetime as dt
from typing import Any, cast

import msgspec
from sqlalchemy import or_, select, update
from sqlalchemy.orm import Session

from steelyard.governance.inventory.suppliers import (
    CONTRACT_DAYS,
    EXIT_DAYS,
    ExitPlan,
    SupplierKind,
    SupplierState,
    SupplierView,
    Support,
    Terms,
    Trigger,
    less_support,
    read_exit_plan,
    read_terms,
)
from steelyard.governance.inventory.tables import ModelRow, SupplierRow
from steelyard.kernel.actor import SYSTEM, Actor
from steelyard.kernel.errors import ConflictError, FieldErrors, MissingError
from steelyard.kernel.event import Event
from steelyard.ledger.canonical import sha256_of
from steelyard.platform.versions import check_version
from steelyard.platform.work import Work

TRIGGER = "supplier.trigger"
"""Event, and job ``{"supplier": id, "trigger": word, …}``, that a supplier must be looked at."""


def register_supplier(
    work: Work,
    actor: Actor,
    *,
    name: str,
    kind: SupplierKind = "publisher",
    support: Support = "none",
    terms: dict[str, Any] | None = None,
    exit_plan: dict[str, Any] | None = None,
) -> SupplierView:
    """Register a supplier; models it published are attached to it.

    Raises:
        FieldErrors: a field is wrong.
        ConflictError: there is one of that name.
    """
    if not name.strip():
        raise FieldErrors([("name", "A supplier has a name.")])
    key = name.strip().casefold()
    if work.session.scalar(select(SupplierRow.id).where(SupplierRow.key == key)) is not None:
        raise ConflictError(
            f"There is a supplier {name.strip()!r} already.",
            next_step="Change that one.",
            code="supplier.taken",
        )
    promised = read_terms(terms or {})
    plan = read_exit_plan(exit_plan, None) if exit_plan else None
    row = SupplierRow(
        id=work.id("sup"),
        name=name.strip(),
        key=key,
        kind=kind,
        support=support,
        terms=msgspec.to_builtins(promised),
        contract_ends=promised.contract_ends,
        exit_plan=msgspec.to_builtins(plan) if plan else {},
        exit_test_due=plan.test_due if plan else None,
        warned={},
        state="active",
        created_by=actor.id,
        created_at=work.now,
        updated_at=work.now,
        version=1,
    )
    work.session.add(row)
    work.session.execute(
        update(ModelRow)
        .where(ModelRow.supplier == "", ModelRow.key.startswith(f"{key}/", autoescape=True))
        .values(supplier=row.id)
    )
    work.record(actor, _event("supplier.registered", row))
    return supplier_view(row)


def change_supplier(
    work: Work,
    actor: Actor,
    supplier_id: str,
    expected: int | None,
    *,
    kind: SupplierKind | None = None,
    support: Support | None = None,
    state: SupplierState | None = None,
    terms: dict[str, Any] | None = None,
    exit_plan: dict[str, Any] | None = None,
) -> SupplierView:
    """Change a supplier. Less support than before makes everybody who relies on it look.

    Raises:
        MissingError, StaleError, FieldErrors
    """
    row = supplier_row(work.session, supplier_id, lock=True)
    check_version(row.version, expected, supplier_view(row))
    before = cast("Support", row.support)
    row.kind, row.support, row.state = kind or row.kind, support or row.support, state or row.state
    if terms is not None:
        promised = read_terms({**row.terms, **terms})
        row.terms, row.contract_ends = msgspec.to_builtins(promised), promised.contract_ends
    if exit_plan is not None:
        plan = read_exit_plan(exit_plan, _plan(row))
        row.exit_plan, row.exit_test_due = msgspec.to_builtins(plan), plan.test_due
    row.updated_at, row.version = work.now, row.version + 1
    work.record(actor, _event("supplier.changed", row))
    ended = state == "ended"
    if ended or less_support(before, cast("Support", row.support)):
        after = "ended" if ended else row.support
        pull_trigger(work, actor, row.id, "support", before=before, after=after)
    return supplier_view(row)


def record_exit_test(
    work: Work,
    actor: Actor,
    supplier_id: str,
    expected: int | None,
    *,
    evidence: str,
    tested_on: dt.date,
    next_due: dt.date | None = None,
) -> SupplierView:
    """Record that the exit plan was tested; the room of evidence has looked at the proof.

    Raises:
        MissingError, StaleError
        ConflictError: there is no plan to test.
        FieldErrors: the next test is not in the future, or the proof is older than the last one.
    """
    row = supplier_row(work.session, supplier_id, lock=True)
    check_version(row.version, expected, supplier_view(row))
    plan = _plan(row)
    if plan is None:
        raise ConflictError(
            f"The supplier {row.name!r} has no exit plan.",
            next_step="Write one first: a substitute, an owner and the plan itself.",
            code="supplier.no-exit-plan",
        )
    if next_due is not None and next_due <= work.today:
        raise FieldErrors([("next_due", "The next test must be after today.")])
    if plan.tested_on is not None and tested_on < plan.tested_on:
        raise FieldErrors([("evidence", f"The plan was tested later, on {plan.tested_on}.")])
    plan = msgspec.structs.replace(
        plan, tested_on=tested_on, tested_sha256=plan.sha256, test_due=next_due
    )
    row.exit_plan, row.exit_test_due = msgspec.to_builtins(plan), next_due
    row.updated_at, row.version = work.now, row.version + 1
    work.record(actor, _event("supplier.exit-tested", row, evidence=evidence))
    return supplier_view(row)


def pull_trigger(
    work: Work, actor: Actor, supplier_id: str, trigger: Trigger, **details: Any
) -> None:
    """Tell that a supplier must be looked at: an event, and the job that tells people."""
    row = supplier_row(work.session, supplier_id)
    work.record(
        actor,
        Event(type=TRIGGER, subject=row.id, details={"trigger": trigger, **details}),
    )
    payload = {"supplier": row.id, "trigger": trigger, **details}
    work.enqueue(TRIGGER, payload, key=f"{TRIGGER}:{row.id}:{sha256_of(payload)[:16]}")


def triggers_due(work: Work) -> int:
    """Pull the trigger of contracts about to end and exit tests about to be due, once for each
    date; return how many."""
    contract, exit_test = (
        work.today + dt.timedelta(days=days) for days in (CONTRACT_DAYS, EXIT_DAYS)
    )
    rows = work.session.scalars(
        select(SupplierRow)
        .where(
            SupplierRow.state == "active",
            or_(SupplierRow.contract_ends <= contract, SupplierRow.exit_test_due <= exit_test),
        )
        .order_by(SupplierRow.id)
        .with_for_update(skip_locked=True)
    ).all()
    pulled = 0
    for row in rows:
        due: list[tuple[Trigger, dt.date | None, dt.date]] = [
            ("contract-ending", row.contract_ends, contract),
            ("exit-test-due", row.exit_test_due, exit_test),
        ]
        for trigger, date, last in due:
            if date is None or date > last or row.warned.get(trigger) == date.isoformat():
                continue
            row.warned = {**row.warned, trigger: date.isoformat()}
            pull_trigger(work, SYSTEM, row.id, trigger, date=date.isoformat())
            pulled += 1
    return pulled


def get_supplier(session: Session, supplier_id: str) -> SupplierView:
    """Return one supplier.

    Raises:
        MissingError: there is none.
    """
    return supplier_view(supplier_row(session, supplier_id))


def find_suppliers(
    session: Session,
    *,
    limit: int,
    after: tuple[Any, ...] | None = None,
    name: str | None = None,
    support: str | None = None,
    due_before: dt.date | None = None,
) -> list[SupplierView]:
    """Return up to ``limit`` suppliers, newest first; ``due_before`` asks for contracts that end
    and exit tests that are due before a date."""
    query = select(SupplierRow).order_by(SupplierRow.id.desc()).limit(limit)
    if after is not None:
        query = query.where(SupplierRow.id < after[0])
    if name is not None:
        query = query.where(SupplierRow.key.startswith(name.casefold(), autoescape=True))
    if support is not None:
        query = query.where(SupplierRow.support == support)
    if due_before is not None:
        query = query.where(
            or_(SupplierRow.contract_ends < due_before, SupplierRow.exit_test_due < due_before)
        )
    return [supplier_view(row) for row in session.scalars(query)]


def supplier_row(session: Session, supplier_id: str, *, lock: bool = False) -> SupplierRow:
    """Return the row of one supplier, locked if it will be changed.

    Raises:
        MissingError: there is none.
    """
    query = select(SupplierRow).where(SupplierRow.id == supplier_id)
    row = session.scalar(query.with_for_update() if lock else query)
    if row is None:
        raise MissingError(
            f"There is no supplier {supplier_id!r}.",
            next_step="List the suppliers to find its id.",
            code="supplier.missing",
        )
    return row


def supplier_view(row: SupplierRow) -> SupplierView:
    """Return what is shown of a row."""
    return SupplierView(
        id=row.id,
        name=row.name,
        kind=cast("SupplierKind", row.kind),
        support=cast("Support", row.support),
        state=cast("SupplierState", row.state),
        terms=msgspec.convert(row.terms, Terms),
        exit_plan=_plan(row),
        created_at=row.created_at,
        updated_at=row.updated_at,
        version=row.version,
    )


def _plan(row: SupplierRow) -> ExitPlan | None:
    return msgspec.convert(row.exit_plan, ExitPlan) if row.exit_plan else None


def _event(kind: str, row: SupplierRow, **details: Any) -> Event:
    plan = _plan(row)
    return Event(
        type=kind,
        subject=row.id,
        details={
            "kind": row.kind,
            "support": row.support,
            "state": row.state,
            "contract_ends": row.contract_ends.isoformat() if row.contract_ends else "",
            "exit_plan_sha256": plan.sha256 if plan else "",
            "exit_test_due": plan.test_due.isoformat() if plan and plan.test_due else "",
            "version": row.version,
            **details,
        },
        body={"name": row.name, "terms": row.terms, "exit_plan": row.exit_plan},
    )
