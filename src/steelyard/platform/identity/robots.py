# SPDX-License-Identifier: Apache-2.0
"""Robot accounts: machines with a purpose and a person who answers for them. They never decide."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

from msgspec import Struct
from sqlalchemy import select
from sqlalchemy.orm import Session

from steelyard.kernel.actor import Actor
from steelyard.kernel.errors import ConflictError, FieldErrors, MissingError
from steelyard.kernel.event import Event
from steelyard.platform.identity import tokens
from steelyard.platform.identity.actors import ROBOT_ROLES
from steelyard.platform.identity.credential_tables import RobotRow
from steelyard.platform.identity.tables import PersonRow, UnitRow
from steelyard.platform.identity.unique import flush
from steelyard.platform.versions import check_version
from steelyard.platform.work import Work


class RobotView(Struct, frozen=True, kw_only=True):
    """A robot account."""

    id: str
    name: str
    purpose: str
    owner: str
    roles: list[str]
    units: list[str]
    state: str
    created_at: dt.datetime
    updated_at: dt.datetime
    version: int


def create(
    work: Work,
    actor: Actor,
    name: str,
    purpose: str,
    owner: str,
    *,
    roles: Sequence[str] = (),
    units: Sequence[str] = (),
) -> RobotView:
    """Make a robot account; it acts with tokens only.

    Raises:
        FieldErrors: a field cannot be used.
        ConflictError: there is one of that name.
    """
    _check(work.session, name, purpose, owner, roles, units)
    taken = work.session.scalar(select(RobotRow.id).where(RobotRow.name == name.strip()))
    if taken is not None:
        raise _taken(name)
    row = RobotRow(
        id=work.id("rob"), name=name.strip(), purpose=purpose.strip(), owner=owner,
        roles=sorted(set(roles)), units=sorted(set(units)), state="active",
        created_at=work.now, updated_at=work.now, version=1,
    )  # fmt: skip
    work.session.add(row)
    flush(work.session, _taken(name))
    work.record(actor, _event(work.session, "robot.created", row))
    return view(row)


def change(
    work: Work,
    actor: Actor,
    robot_id: str,
    expected: int | None,
    *,
    purpose: str | None = None,
    owner: str | None = None,
    roles: Sequence[str] | None = None,
    units: Sequence[str] | None = None,
) -> RobotView:
    """Change what is given; the rest stays.

    Raises:
        MissingError, StaleError, FieldErrors
    """
    row = row_of(work.session, robot_id)
    check_version(row.version, expected, view(row))
    row.purpose = row.purpose if purpose is None else purpose.strip()
    row.owner = row.owner if owner is None else owner
    row.roles = row.roles if roles is None else sorted(set(roles))
    row.units = row.units if units is None else sorted(set(units))
    with work.session.no_autoflush:
        _check(work.session, row.name, row.purpose, row.owner, row.roles, row.units)
    row.updated_at, row.version = work.now, row.version + 1
    work.record(actor, _event(work.session, "robot.changed", row))
    return view(row)


def disable(work: Work, actor: Actor, robot_id: str) -> RobotView:
    """End a robot account and all its tokens, at once and for good.

    Raises:
        MissingError: there is none.
    """
    row = row_of(work.session, robot_id)
    if row.state != "disabled":
        row.state, row.updated_at, row.version = "disabled", work.now, row.version + 1
        tokens.revoke_all(work, row.id)
        work.record(actor, _event(work.session, "robot.disabled", row))
    return view(row)


def get(session: Session, robot_id: str) -> RobotView:
    """Return one robot account.

    Raises:
        MissingError: there is none.
    """
    row = session.get(RobotRow, robot_id)
    if row is None:
        raise _missing(robot_id)
    return view(row)


def find(session: Session, *, limit: int, after: tuple[Any, ...] | None = None) -> list[RobotView]:
    """Return up to ``limit`` robot accounts, newest first."""
    query = select(RobotRow).order_by(RobotRow.id.desc()).limit(limit)
    if after is not None:
        query = query.where(RobotRow.id < str(after[0]))
    return [view(row) for row in session.scalars(query)]


def row_of(session: Session, robot_id: str) -> RobotRow:
    """Return the row of a robot, locked until the transaction ends.

    Raises:
        MissingError: there is none.
    """
    row = session.get(RobotRow, robot_id, with_for_update=True)
    if row is None:
        raise _missing(robot_id)
    return row


def view(row: RobotRow) -> RobotView:
    """Return what is shown of a row."""
    return RobotView(
        id=row.id, name=row.name, purpose=row.purpose, owner=row.owner, roles=row.roles,
        units=row.units, state=row.state, created_at=row.created_at, updated_at=row.updated_at,
        version=row.version,
    )  # fmt: skip


def _check(
    session: Session,
    name: str,
    purpose: str,
    owner: str,
    roles: Sequence[str],
    units: Sequence[str],
) -> None:
    faults = []
    if not 0 < len(name.strip()) <= 100 or not name.isprintable():
        faults.append(("name", "1 to 100 printable characters."))
    if not 0 < len(purpose.strip()) <= 500:
        faults.append(("purpose", "Say in up to 500 characters what it is for."))
    person = session.get(PersonRow, owner)
    if person is None or person.state != "active":
        faults.append(("owner", "The owner must be a person with an active account."))
    for role in set(roles) - ROBOT_ROLES:
        allowed = ", ".join(sorted(ROBOT_ROLES))
        faults.append(("roles", f"A robot cannot be {role[:60]!r}; it can be: {allowed}."))
    faults += [
        ("units", f"There is no unit {unit[:60]!r}.")
        for unit in set(units)
        if session.get(UnitRow, unit) is None
    ]
    if faults:
        raise FieldErrors(sorted(faults))


def _event(session: Session, kind: str, row: RobotRow) -> Event:
    owner = session.get(PersonRow, row.owner)
    return Event(
        type=kind,
        subject=row.id,
        about=(owner.alias or "") if owner is not None else "",
        details={"roles": row.roles, "units": row.units, "state": row.state},
        body={"name": row.name, "purpose": row.purpose},
    )


def _missing(robot_id: str) -> MissingError:
    return MissingError(
        f"There is no robot {robot_id[:60]!r}.",
        next_step="List the robots to find its id.",
        code="identity.robot-missing",
    )


def _taken(name: str) -> ConflictError:
    return ConflictError(
        f"There is a robot {name!r} already.",
        next_step="Choose another name, or change that one.",
        code="identity.robot-taken",
    )
