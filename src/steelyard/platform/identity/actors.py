# SPDX-License-Identifier: Apache-2.0
"""Who acts: builds the actor of a proved identity from what it holds at this moment.

Nothing is remembered between calls: a role taken away, an account disabled or an opening that ended
counts with the next call.
"""

from __future__ import annotations

import datetime as dt

from sqlalchemy import select
from sqlalchemy.orm import Session

from steelyard.kernel.actor import ASSESSOR, AUDITOR, OPERATOR, REQUESTER, Actor, Scope
from steelyard.platform.identity.credential_tables import RobotRow
from steelyard.platform.identity.people import reach
from steelyard.platform.identity.tables import OpeningRow, PersonRow

ROBOT_ROLES = frozenset({REQUESTER, OPERATOR, AUDITOR})
"""What a robot may be. None of them decides, and none manages people."""
UNLIMITED = Scope()
NOTHING = "nothing"
"""In a scope: a use case that does not exist, so that an empty list is not taken for no limit."""


def person_actor(
    session: Session, row: PersonRow, now: dt.datetime, scope: Scope = UNLIMITED, token: str = ""
) -> Actor | None:
    """Return a person as an actor; None if the account is not active."""
    if row.state != "active" or row.alias is None:
        return None
    roles, units = reach(session, row.id, now)
    if ASSESSOR in roles:
        roles = {ASSESSOR}
        opened = _opened(session, row.id, now)
        units = set(opened.values()) - {""}
        scope = narrow(scope, Scope(use_cases=tuple(sorted(opened)) or (NOTHING,)))
    return Actor(
        id=row.id,
        alias=row.alias,
        name=row.name,
        mail=row.mail or "",
        roles=frozenset(roles),
        units=frozenset(units),
        scope=scope,
        token=token,
    )


def robot_actor(session: Session, row: RobotRow, scope: Scope, token: str) -> Actor | None:
    """Return a robot as an actor; None if it or the person who answers for it is not active."""
    owner = session.get(PersonRow, row.owner)
    if row.state != "active" or owner is None or owner.state != "active":
        return None
    return Actor(
        id=row.id,
        alias=row.id,
        kind="robot",
        name=row.name,
        roles=frozenset(row.roles) & ROBOT_ROLES,
        units=frozenset(row.units),
        scope=scope,
        token=token,
    )


def narrow(outer: Scope, inner: Scope) -> Scope:
    """Return what both scopes reach."""
    return Scope(
        actions=_meet(outer.actions, inner.actions),
        environments=_meet(outer.environments, inner.environments),
        use_cases=_meet(outer.use_cases, inner.use_cases),
    )


def is_within(inner: Scope, outer: Scope) -> bool:
    """Tell whether ``inner`` reaches no further than ``outer``."""
    return all(
        not limit or (wanted and set(wanted) <= set(limit))
        for wanted, limit in (
            (inner.actions, outer.actions),
            (inner.environments, outer.environments),
            (inner.use_cases, outer.use_cases),
        )
    )


def _meet(left: tuple[str, ...], right: tuple[str, ...]) -> tuple[str, ...]:
    """Return what both lists allow; an empty list has no limit."""
    if not left or not right:
        return left or right
    return tuple(sorted(set(left) & set(right))) or (NOTHING,)


def _opened(session: Session, person_id: str, now: dt.datetime) -> dict[str, str]:
    query = select(OpeningRow.use_case, OpeningRow.unit).where(
        OpeningRow.person == person_id, OpeningRow.until > now
    )
    return {row.use_case: row.unit for row in session.execute(query)}
