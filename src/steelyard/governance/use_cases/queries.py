# SPDX-License-Identifier: Apache-2.0
"""Reads of the register. Nobody learns that a use case of another unit exists."""

from __future__ import annotations

from typing import Any, cast

import msgspec
from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from steelyard.governance.use_cases.register import State, UseCaseView
from steelyard.governance.use_cases.tables import UseCaseRow
from steelyard.kernel.actor import Actor
from steelyard.kernel.errors import MissingError
from steelyard.kernel.use_case import UseCase
from steelyard.platform.identity.visibility import within_reach


def get(session: Session, actor: Actor, use_case_id: str) -> UseCaseView:
    """Return one use case.

    Raises:
        MissingError: there is none, or the actor may not see it.
    """
    return view(row_of(session, actor, use_case_id))


def find(
    session: Session,
    actor: Actor,
    *,
    limit: int,
    after: tuple[Any, ...] | None = None,
    state: str | None = None,
    unit: str | None = None,
    name: str | None = None,
) -> list[UseCaseView]:
    """Return up to ``limit`` use cases in the order of their ids, newest first."""
    query = within_reach(select(UseCaseRow), actor, UseCaseRow.unit, UseCaseRow.id)
    query = query.order_by(UseCaseRow.id.desc()).limit(limit)
    if after is not None:
        query = query.where(UseCaseRow.id < after[0])
    for column, value in ((UseCaseRow.state, state), (UseCaseRow.unit, unit)):
        if value is not None:
            query = query.where(column == value)
    if name is not None:
        query = query.where(UseCaseRow.name.startswith(name, autoescape=True))
    return [view(row) for row in session.scalars(query)]


def row_of(session: Session, actor: Actor, use_case_id: str, *, lock: bool = False) -> UseCaseRow:
    """Return the row of one use case, locked until the transaction ends if it will be changed.

    Raises:
        MissingError: there is none, or the actor may not see it.
    """
    query: Select[UseCaseRow] = within_reach(
        select(UseCaseRow).where(UseCaseRow.id == use_case_id),
        actor,
        UseCaseRow.unit,
        UseCaseRow.id,
    )
    row = session.scalar(query.with_for_update() if lock else query)
    if row is None:
        raise MissingError(
            f"There is no use case {use_case_id!r}.",
            next_step="List the use cases you can see to find its id.",
            code="use-case.missing",
        )
    return row


def view(row: UseCaseRow) -> UseCaseView:
    """Return what is shown of a row."""
    return UseCaseView(
        id=row.id,
        name=row.name,
        unit=row.unit,
        state=cast("State", row.state),
        owner=row.owner,
        created_at=row.created_at,
        updated_at=row.updated_at,
        version=row.version,
        facts=msgspec.convert(row.facts, UseCase),
    )
