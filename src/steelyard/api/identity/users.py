# SPDX-License-Identifier: Apache-2.0
"""Routes of people: accounts, their roles, units, links and what is open to assessors."""

from __future__ import annotations

import datetime
from typing import Annotated, Literal

from fastapi import Query
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field
from starlette.responses import Response

from steelyard.api.door import Caller, Router
from steelyard.api.identity.roles import known_roles, roles_of
from steelyard.api.identity.views import (
    Invited,
    Link,
    Roles,
    UserRow,
    UserView,
    user_view,
)
from steelyard.api.listing import Asked, PageOf, page
from steelyard.governance.use_cases import queries as use_cases
from steelyard.kernel.event import Event
from steelyard.platform.identity import (
    accounts,
    erasure,
    links,
    openings,
    people,
    second_factor,
    sessions,
    tokens,
)
from steelyard.platform.identity.openings import OpeningView
from steelyard.platform.work import Work

router = Router(tags=["People"])
Role = Annotated[str, Field(min_length=1, max_length=60)]
Unit = Annotated[str, Field(min_length=1, max_length=100)]
Name = Annotated[str, Field(max_length=200)]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class NewUser(_Body):
    """A person to invite."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [{"mail": "anna@example.org", "name": "Anna Berg", "roles": ["requester"]}]
        },
    )
    mail: Annotated[str, Field(min_length=3, max_length=320)]
    name: Name = ""
    roles: Annotated[list[Role], Field(max_length=50)] = []
    units: Annotated[list[Unit], Field(max_length=50)] = []


class UserChange(_Body):
    """What to change."""

    mail: Annotated[str, Field(min_length=3, max_length=320)] | None = None
    name: Name | None = None


class Reason(_Body):
    """Why."""

    reason: Annotated[str, Field(max_length=1000)] = ""


class Until(_Body):
    """When it ends by itself; never if nothing is said."""

    until: AwareDatetime | None = None


class Purpose(_Body):
    """What a link is for."""

    purpose: Literal["invite", "reset"] = "reset"


class Opening(_Body):
    """A use case to open to an assessor."""

    use_case: Annotated[str, Field(max_length=40)]
    until: AwareDatetime


class Openings(PageOf[OpeningView], frozen=True):
    """What is open to an assessor."""


@router.door("GET", "/users", right="user.read", returns=PageOf[UserRow])
def find(
    caller: Caller,
    asked: Asked,
    q: Annotated[
        str, Query(max_length=100, description="How a word of the name or the address begins.")
    ] = "",
    role: Annotated[str | None, Query(max_length=60)] = None,
    unit: Annotated[str | None, Query(max_length=100)] = None,
    state: Annotated[str | None, Query(max_length=20)] = None,
) -> Response:
    """List people."""
    return caller.read(
        lambda session: page(
            asked,
            [
                UserRow(
                    id=each.id, mail=each.mail, name=each.name, state=each.state,
                    roles=sorted(each.roles), units=sorted(each.units),
                )
                for each in people.search(
                    session, q, limit=asked.limit + 1, after=asked.after,
                    role=role, unit=unit, state=state,
                )
            ],
            lambda row: (row.id,),
        )
    )  # fmt: skip


@router.door("POST", "/users", right="user.manage", returns=Invited, status=201)
def create(body: NewUser, caller: Caller) -> Response:
    """Make an account; the reply holds the link with which its person chooses a password."""

    def act(work: Work) -> Invited:
        found = accounts.create(work, caller.actor, body.mail, name=body.name)
        for role in body.roles:
            accounts.grant(work, caller.actor, found.id, role, known=known_roles(work))
        for unit in body.units:
            accounts.join(work, caller.actor, found.id, unit)
        link = links.issue(work, caller.actor, found.id, links.INVITE)
        return Invited(user=user_view(work.session, found.id), link=link)

    return caller.act_once(act, 201)


@router.door("GET", "/users/{user_id}", right="user.read", returns=UserView)
def get(user_id: str, caller: Caller) -> Response:
    """Return one person."""
    return caller.read(lambda session: user_view(session, user_id))


@router.door("PATCH", "/users/{user_id}", right="user.manage", returns=UserView)
def change(user_id: str, body: UserChange, caller: Caller) -> Response:
    """Change address or name; needs ``If-Match``."""

    def act(work: Work) -> UserView:
        accounts.change(
            work, caller.actor, user_id, caller.expected, mail=body.mail, name=body.name
        )
        return user_view(work.session, user_id)

    return caller.act(act)


@router.door("POST", "/users/{user_id}/disable", right="user.manage", returns=UserView)
def disable(user_id: str, body: Reason, caller: Caller) -> Response:
    """Disable an account: sessions and tokens stop at once."""

    def act(work: Work) -> UserView:
        erasure.disable(work, caller.actor, user_id, reason=body.reason)
        return user_view(work.session, user_id)

    return caller.act(act)


@router.door("POST", "/users/{user_id}/enable", right="user.manage", returns=UserView)
def enable(user_id: str, body: Reason, caller: Caller) -> Response:
    """Make a disabled account active again; what was revoked stays revoked."""

    def act(work: Work) -> UserView:
        accounts.set_state(work, caller.actor, user_id, "active", reason=body.reason)
        return user_view(work.session, user_id)

    return caller.act(act)


@router.door("POST", "/users/{user_id}/erase", right="user.manage", status=204)
def erase(user_id: str, caller: Caller) -> Response:
    """Erase a person: name, address, credentials and whom the ledger's pseudonym stood for."""
    return caller.act(lambda work: erasure.erase(work, caller.actor, user_id), 204)


@router.door("POST", "/users/{user_id}/log-out", right="user.manage", status=204)
def log_out(user_id: str, caller: Caller) -> Response:
    """End every session and token of a person at once."""

    def act(work: Work) -> None:
        row = accounts.row_of(work.session, user_id)
        details = {
            "sessions": sessions.end_all(work, user_id),
            "tokens": tokens.revoke_all(work, user_id),
        }
        work.record(
            caller.actor,
            Event(type="user.logged-out", subject=row.alias or "", details=details),
        )

    return caller.act(act, 204)


@router.door("POST", "/users/{user_id}/link", right="user.manage", returns=Link, status=201)
def link(user_id: str, body: Purpose, caller: Caller) -> Response:
    """Return a new one-time link for a person to choose a password with."""
    return caller.act_once(
        lambda work: Link(link=links.issue(work, caller.actor, user_id, body.purpose)), 201
    )


@router.door("POST", "/users/{user_id}/second-factor/remove", right="user.manage", status=204)
def remove_factor(user_id: str, caller: Caller) -> Response:
    """Switch off the second factor of somebody who lost it."""
    return caller.act(
        lambda work: second_factor.remove(work, caller.actor, user_id, code=None), 204
    )


@router.door("PUT", "/users/{user_id}/roles/{role}", right="role.grant", returns=UserView)
def grant(user_id: str, role: str, body: Until, caller: Caller) -> Response:
    """Give a role, for good or until a time; nobody gives one to themselves."""

    def act(work: Work) -> UserView:
        accounts.grant(
            work,
            caller.actor,
            user_id,
            role,
            known=known_roles(work),
            until=body.until,
        )
        return user_view(work.session, user_id)

    return caller.act(act)


@router.door("DELETE", "/users/{user_id}/roles/{role}", right="role.grant", returns=UserView)
def revoke(user_id: str, role: str, caller: Caller) -> Response:
    """Take a role away; the last administrator keeps it."""

    def act(work: Work) -> UserView:
        accounts.revoke(work, caller.actor, user_id, role)
        return user_view(work.session, user_id)

    return caller.act(act)


@router.door("PUT", "/users/{user_id}/units/{unit}", right="unit.manage", returns=UserView)
def join(user_id: str, unit: str, caller: Caller) -> Response:
    """Make a person a member of a unit."""

    def act(work: Work) -> UserView:
        accounts.join(work, caller.actor, user_id, unit)
        return user_view(work.session, user_id)

    return caller.act(act)


@router.door("DELETE", "/users/{user_id}/units/{unit}", right="unit.manage", returns=UserView)
def leave(user_id: str, unit: str, caller: Caller) -> Response:
    """End a membership."""

    def act(work: Work) -> UserView:
        accounts.leave(work, caller.actor, user_id, unit)
        return user_view(work.session, user_id)

    return caller.act(act)


@router.door("GET", "/users/{user_id}/openings", right="user.read", returns=Openings)
def list_openings(user_id: str, caller: Caller) -> Response:
    """List what is open to an external assessor."""
    return caller.read(lambda session: Openings(items=openings.find(session, user_id), next=None))


@router.door("POST", "/users/{user_id}/openings", right="user.manage", returns=OpeningView)
def open_to(user_id: str, body: Opening, caller: Caller) -> Response:
    """Open a use case to an external assessor until a date."""

    def act(work: Work) -> OpeningView:
        found = use_cases.get(work.session, caller.actor, body.use_case)
        until = body.until.astimezone(datetime.UTC)
        return openings.open_to(work, caller.actor, user_id, found.id, found.unit, until)

    return caller.act(act)


@router.door("DELETE", "/users/{user_id}/openings/{use_case_id}", right="user.manage", status=204)
def close(user_id: str, use_case_id: str, caller: Caller) -> Response:
    """End what was opened."""
    return caller.act(lambda work: openings.close(work, caller.actor, user_id, use_case_id), 204)


@router.door("GET", "/roles", right="role.read", returns=Roles)
def roles(caller: Caller) -> Response:
    """List the roles that people can hold: those of every house, and those of the charter."""

    return caller.read(lambda session: Roles(items=roles_of(session, caller.house.clock().date())))
