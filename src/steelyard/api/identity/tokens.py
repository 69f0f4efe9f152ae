# SPDX-License-Identifier: Apache-2.0
"""Routes of API tokens and robot accounts."""

from __future__ import annotations

import datetime as dt
from typing import Annotated

from fastapi import Query
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field
from sqlalchemy.orm import Session
from starlette.responses import Response

from steelyard.api.door import Called, Caller, Router
from steelyard.api.listing import Asked, PageOf, page
from steelyard.kernel.actor import Actor, Scope
from steelyard.kernel.errors import ForbiddenError
from steelyard.platform.identity import robots, tokens
from steelyard.platform.identity.credential_tables import RobotRow, TokenRow
from steelyard.platform.identity.permissions import allowed, demand
from steelyard.platform.identity.robots import RobotView
from steelyard.platform.identity.tokens import Issued, TokenView
from steelyard.platform.work import Work

router = Router(tags=["Tokens and robots"])
Names = Annotated[list[Annotated[str, Field(min_length=1, max_length=100)]], Field(max_length=200)]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class NewToken(_Body):
    """A token to issue; an empty list is no limit of that kind."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [{"name": "nightly gate", "actions": ["use-case.read"],
                          "environments": ["staging"]}]
        },
    )  # fmt: skip
    name: Annotated[str, Field(min_length=1, max_length=100)]
    actions: Names = []
    environments: Names = []
    use_cases: Names = []
    expires_at: AwareDatetime | None = None


class Rotation(_Body):
    """How long the old token works beside the new one."""

    overlap_hours: Annotated[int, Field(ge=0, le=336)] = 24


class NewRobot(_Body):
    """A robot account to make."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [{"name": "deploy", "purpose": "Asks the gate before a roll-out",
                          "owner": "usr_01k…", "roles": ["requester"]}]
        },
    )  # fmt: skip
    name: Annotated[str, Field(min_length=1, max_length=100)]
    purpose: Annotated[str, Field(min_length=1, max_length=500)]
    owner: Annotated[str, Field(max_length=40)]
    roles: Names = []
    units: Names = []


class RobotChange(_Body):
    """What to change."""

    purpose: Annotated[str, Field(min_length=1, max_length=500)] | None = None
    owner: Annotated[str, Field(max_length=40)] | None = None
    roles: Names | None = None
    units: Names | None = None


@router.door("GET", "/tokens", right="token.own", returns=PageOf[TokenView])
def find(
    caller: Caller,
    asked: Asked,
    owner: Annotated[str | None, Query(max_length=40, description="Whose, if not yours.")] = None,
) -> Response:
    """List your tokens, those of a robot you answer for, or anybody's if your role has to."""
    whose = owner or caller.actor.id

    def ask(session: Session) -> object:
        if not _answers_for(session, caller.actor, whose):
            demand(caller.actor, "token.read")
        return page(
            asked,
            tokens.find(
                session, caller.house.clock(), limit=asked.limit + 1, after=asked.after, owner=whose
            ),
            lambda row: (row.id,),
        )

    return caller.read(ask)


@router.door("POST", "/tokens", right="token.own", returns=Issued, status=201)
def issue(body: NewToken, caller: Caller) -> Response:
    """Issue a token to yourself; its secret is in this reply and nowhere else."""
    if caller.actor.kind != "person":
        raise ForbiddenError(
            "Only people issue tokens.",
            next_step="A robot may rotate the token it has.",
            code="token.robot",
        )
    return caller.act_once(lambda work: _issue(work, caller, caller.actor.id, body), 201)


@router.door("POST", "/tokens/{token_id}/rotate", right="token.own", returns=Issued, status=201)
def rotate(token_id: str, body: Rotation, caller: Caller) -> Response:
    """Issue the successor of a token; the old one works on for some hours."""

    def act(work: Work) -> Issued:
        _check_reach(work.session, caller.actor, token_id)
        overlap = dt.timedelta(hours=body.overlap_hours)
        return tokens.rotate(work, caller.actor, token_id, overlap=overlap)

    return caller.act_once(act, 201)


@router.door("DELETE", "/tokens/{token_id}", right="token.own", returns=TokenView)
def revoke(token_id: str, caller: Caller) -> Response:
    """End a token at once."""

    def act(work: Work) -> TokenView:
        _check_reach(work.session, caller.actor, token_id)
        return tokens.revoke(work, caller.actor, token_id)

    return caller.act(act)


@router.door("GET", "/robots", right="robot.read", returns=PageOf[RobotView])
def list_robots(caller: Caller, asked: Asked) -> Response:
    """List the robot accounts."""
    return caller.read(
        lambda session: page(
            asked,
            robots.find(session, limit=asked.limit + 1, after=asked.after),
            lambda row: (row.id,),
        )
    )


@router.door("POST", "/robots", right="robot.manage", returns=RobotView, status=201)
def create_robot(body: NewRobot, caller: Caller) -> Response:
    """Make a robot account."""
    return caller.act(
        lambda work: robots.create(
            work, caller.actor, body.name, body.purpose, body.owner,
            roles=body.roles, units=body.units,
        ),
        201,
    )  # fmt: skip


@router.door("GET", "/robots/{robot_id}", right="robot.read", returns=RobotView)
def get_robot(robot_id: str, caller: Caller) -> Response:
    """Return one robot account."""
    return caller.read(lambda session: robots.get(session, robot_id))


@router.door("PATCH", "/robots/{robot_id}", right="robot.manage", returns=RobotView)
def change_robot(robot_id: str, body: RobotChange, caller: Caller) -> Response:
    """Change a robot account; needs ``If-Match``."""
    return caller.act(
        lambda work: robots.change(
            work, caller.actor, robot_id, caller.expected, purpose=body.purpose,
            owner=body.owner, roles=body.roles, units=body.units,
        )
    )  # fmt: skip


@router.door("POST", "/robots/{robot_id}/disable", right="robot.manage", returns=RobotView)
def disable_robot(robot_id: str, caller: Caller) -> Response:
    """End a robot account and its tokens, at once and for good."""
    return caller.act(lambda work: robots.disable(work, caller.actor, robot_id))


@router.door("POST", "/robots/{robot_id}/tokens", right="token.own", returns=Issued, status=201)
def issue_to_robot(robot_id: str, body: NewToken, caller: Caller) -> Response:
    """Issue a token to a robot: as an administrator, or as the person who answers for it."""

    def act(work: Work) -> Issued:
        if caller.actor.kind != "person" or not _answers_for(work.session, caller.actor, robot_id):
            demand(caller.actor, "robot.manage")
        robots.get(work.session, robot_id)
        return _issue(work, caller, robot_id, body)

    return caller.act_once(act, 201)


def _issue(work: Work, caller: Called, owner: str, body: NewToken) -> Issued:
    scope = Scope(
        actions=tuple(dict.fromkeys(body.actions)),
        environments=tuple(dict.fromkeys(body.environments)),
        use_cases=tuple(dict.fromkeys(body.use_cases)),
    )
    if body.expires_at is None:
        expires_at = work.now + dt.timedelta(days=caller.house.settings.token_days)
    else:
        expires_at = body.expires_at.astimezone(dt.UTC)
    return tokens.issue(work, caller.actor, owner, body.name, scope, expires_at)


def _answers_for(session: Session, actor: Actor, owner: str) -> bool:
    if owner == actor.id:
        return True
    robot = session.get(RobotRow, owner)
    return robot is not None and robot.owner == actor.id


def _check_reach(session: Session, actor: Actor, token_id: str) -> None:
    """Refuse to touch a token of somebody else, as if it did not exist."""
    row = session.get(TokenRow, token_id)
    if row is not None and _answers_for(session, actor, row.owner):
        return
    if row is None or not allowed(actor, "token.manage"):
        raise tokens.missing(token_id)
