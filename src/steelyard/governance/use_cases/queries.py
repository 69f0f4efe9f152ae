# SPDX-License-Identifier: Apache-2.0
"""Reads of the register. Nobody learns that a use case of another unit exists."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, cast

import msgspec
from sqlalchemy import select
from sqlalchemy.orm import Session

from steelyard.governance.use_cases.register import State, UseCaseView
from steelyard.governance.use_cases.tables import USE_CASES, UseCaseRow
from steelyard.kernel.actor import Actor
from steelyard.kernel.use_case import UseCase


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
    wanted = (
        (UseCaseRow.state, state),
        (UseCaseRow.unit, unit),
    )
    query = USE_CASES.newest(actor, limit=limit, after=after, wanted=wanted)
    if name is not None:
        query = query.where(UseCaseRow.name.startswith(name, autoescape=True))
    return [view(row) for row in session.scalars(query)]


def names_of(session: Session, use_cases: Iterable[str]) -> dict[str, str]:
    """Return the name of each of these use cases; the caller may see them."""
    query = select(UseCaseRow.id, UseCaseRow.name).where(UseCaseRow.id.in_(set(use_cases)))
    return {row.id: row.name for row in session.execute(query)}


def row_of(session: Session, actor: Actor, use_case_id: str, *, lock: bool = False) -> UseCaseRow:
    """Return the row of one use case, locked until the transaction ends if it will be changed.

    Raises:
        MissingError: there is none, or the actor may not see it.
    """
    return USE_CASES.one(session, actor, use_case_id, lock=lock)


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
