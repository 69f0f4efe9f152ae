# SPDX-License-Identifier: Apache-2.0
"""What the API shows of people, and how it finds it."""

from __future__ import annotations

import datetime as dt

from msgspec import Struct
from sqlalchemy import select
from sqlalchemy.orm import Session

from steelyard.platform.identity.credential_tables import PasswordRow
from steelyard.platform.identity.people import missing
from steelyard.platform.identity.tables import GrantRow, MembershipRow, PersonRow


class Held(Struct, frozen=True, kw_only=True):
    """A role somebody holds."""

    role: str
    source: str
    granted_by: str
    granted_at: dt.datetime
    until: dt.datetime | None


class UserView(Struct, frozen=True, kw_only=True):
    """A person with an account."""

    id: str
    alias: str
    """The pseudonym that stands in the ledger."""
    mail: str
    name: str
    state: str
    source: str
    roles: list[Held]
    units: list[str]
    second_factor: bool
    created_at: dt.datetime
    updated_at: dt.datetime
    version: int


class UserRow(Struct, frozen=True, kw_only=True):
    """A person in a list."""

    id: str
    mail: str
    name: str
    state: str
    roles: list[str]
    units: list[str]


class Invited(Struct, frozen=True, kw_only=True):
    """A new account and the link to send to its person; the link is shown this once."""

    user: UserView
    link: str


class Link(Struct, frozen=True, kw_only=True):
    """A one-time link, shown this once."""

    link: str


class RoleView(Struct, frozen=True, kw_only=True):
    """A role that people can hold."""

    name: str
    description: str
    built_in: bool


class Roles(Struct, frozen=True, kw_only=True):
    """All roles."""

    items: list[RoleView]


def user_view(session: Session, person_id: str) -> UserView:
    """Return all that is shown of one person.

    Raises:
        MissingError: there is no such person, or they were erased.
    """
    row = session.get(PersonRow, person_id)
    if row is None or row.state == "erased":
        raise missing(person_id)
    grants = session.scalars(
        select(GrantRow).where(GrantRow.person == person_id).order_by(GrantRow.role)
    )
    units = session.scalars(
        select(MembershipRow.unit)
        .where(MembershipRow.person == person_id)
        .order_by(MembershipRow.unit)
    )
    password = session.get(PasswordRow, person_id)
    return UserView(
        id=row.id,
        alias=row.alias or "",
        mail=row.mail or "",
        name=row.name,
        state=row.state,
        source=row.source,
        roles=[
            Held(
                role=each.role, source=each.source, granted_by=each.granted_by,
                granted_at=each.granted_at, until=each.until,
            )
            for each in grants
        ],
        units=list(units),
        second_factor=password is not None and password.totp_since is not None,
        created_at=row.created_at,
        updated_at=row.updated_at,
        version=row.version,
    )  # fmt: skip
