# SPDX-License-Identifier: Apache-2.0
"""Routes of login through a directory (OpenID Connect), and of its configuration."""

from __future__ import annotations

import datetime as dt
from typing import Annotated

from fastapi import Query, Request
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.orm import Session
from starlette.responses import RedirectResponse, Response

from steelyard.api.cookies import is_secure, set_session
from steelyard.api.door import OPEN, Caller, Router
from steelyard.api.identity.login import spare
from steelyard.api.identity.roles import known_roles
from steelyard.bootstrap.house import House
from steelyard.platform.identity import directory, sessions
from steelyard.platform.identity.directory import OidcView
from steelyard.platform.identity.mapping import Mapping
from steelyard.platform.identity.oidc import Directory, Provider, refused
from steelyard.platform.identity.secret import same
from steelyard.platform.identity.sessions import SessionView
from steelyard.platform.work import Work

router = Router(tags=["Login"])
Text = Annotated[str, Field(max_length=300)]
Names = Annotated[list[Annotated[str, Field(max_length=200)]], Field(max_length=100)]
Groups = Annotated[dict[Annotated[str, Field(max_length=200)], Names], Field(max_length=1000)]
_PATH = "/api/v1/login/oidc"


class MappingBody(BaseModel):
    """What groups of a directory mean: roles and units here."""

    model_config = ConfigDict(extra="forbid")
    roles: Groups = {}
    units: Groups = {}
    everybody: Names = []

    def mapping(self) -> Mapping:
        """Return it as the house has it."""
        return Mapping(roles=self.roles, units=self.units, everybody=self.everybody)


class OidcBody(BaseModel):
    """A provider and this server as its client."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "issuer": "https://login.example.org/realms/staff",
                    "client_id": "steelyard",
                    "client_secret": "…",
                    "mapping": {"roles": {"ml-legal": ["legal"]}, "everybody": ["requester"]},
                }
            ]
        },
    )
    issuer: Annotated[str, Field(min_length=8, max_length=500)]
    client_id: Annotated[str, Field(min_length=1, max_length=300)]
    client_secret: Text = ""
    scopes: Text = "openid profile email"
    groups_claim: Annotated[str, Field(min_length=1, max_length=300)] = "groups"
    mapping: MappingBody = MappingBody()


@router.door("GET", "/login/oidc", right=OPEN, status=303)
def begin(request: Request, then: Annotated[str, Query(max_length=500)] = "/") -> Response:
    """Go to the directory to log in there."""
    spare(request)
    house: House = request.app.state.house
    state, row = house.transact(lambda work: directory.begin(work, then))
    url = _directory(request).begin(
        house.clock(), _redirect(request), state, row.nonce, row.verifier
    )
    response = RedirectResponse(url, 303)
    response.set_cookie(
        _cookie(request), state, max_age=int(directory.DANCE.total_seconds()), path="/",
        secure=is_secure(request), httponly=True, samesite="lax",
    )  # fmt: skip
    return response


@router.door("GET", "/login/oidc/callback", right=OPEN, status=303)
def finish(
    request: Request,
    state: Annotated[str, Query(max_length=200)] = "",
    code: Annotated[str, Query(max_length=4000)] = "",
    error: Annotated[str, Query(max_length=200)] = "",
) -> Response:
    """Come back from the directory."""
    spare(request)
    house: House = request.app.state.house
    if not state or not same(state, request.cookies.get(_cookie(request), "")):
        raise refused("This login was not begun in this browser.")
    row = house.transact(lambda work: directory.take(work, state))
    if error or not code:
        raise refused("The directory did not let you in.")
    spoken = _directory(request)
    who = spoken.finish(house.clock(), _redirect(request), code, row.nonce, row.verifier)
    address = request.client.host if request.client else ""
    agent = request.headers.get("user-agent", "")
    life = dt.timedelta(hours=house.settings.session_hours)

    def enter(work: Work) -> tuple[str, SessionView]:
        _, wanted, author = _configured(work.session, house)
        person = directory.enter(
            work,
            spoken.provider,
            who,
            wanted,
            author=author,
            known=known_roles(work),
        )
        return sessions.start(work, person, "oidc", agent=agent, address=address, life=life)

    secret, _ = house.transact(enter, trace=request.scope.get("trace", ""))
    response = RedirectResponse(row.then, 303)
    response.delete_cookie(
        _cookie(request), path="/", secure=is_secure(request), httponly=True, samesite="lax"
    )
    set_session(request, response, secret, house.settings.session_hours * 3600)
    return response


@router.door("GET", "/identity/oidc", right="identity.read", returns=OidcView)
def get(caller: Caller) -> Response:
    """Return how people log in through a directory."""
    return caller.read(directory.get)


@router.door("PUT", "/identity/oidc", right="identity.configure", returns=OidcView)
def configure(body: OidcBody, caller: Caller) -> Response:
    """Say how people log in through a directory; needs ``If-Match`` once there is one."""
    provider = Provider(
        issuer=body.issuer, client_id=body.client_id, client_secret=body.client_secret,
        scopes=body.scopes, groups_claim=body.groups_claim,
    )  # fmt: skip

    def act(work: Work) -> OidcView:
        exists = directory.read(work.session) is not None
        return directory.configure(
            work, caller.actor, provider, body.mapping.mapping(), known_roles(work),
            caller.expected if exists else None,
        )  # fmt: skip

    return caller.act_once(act)


def _directory(request: Request) -> Directory:
    """Return what speaks to the directory as it is configured now."""
    house: House = request.app.state.house
    with house.reading() as session:
        provider, _, _ = _configured(session, house)
    spoken: Directory | None = getattr(request.app.state, "directory", None)
    if spoken is None or spoken.provider != provider:
        spoken = Directory(provider)
        request.app.state.directory = spoken
    return spoken


def _configured(session: Session, house: House) -> tuple[Provider, Mapping, str]:
    """Return provider and mapping: the provider of the settings, else that of the database."""
    settings = house.settings
    kept = directory.read(session)
    if settings.oidc_issuer:
        provider = Provider(
            issuer=settings.oidc_issuer.rstrip("/"),
            client_id=settings.oidc_client_id,
            client_secret=settings.oidc_client_secret.get_secret_value(),
            groups_claim=settings.oidc_groups_claim,
        )
        return (provider, kept[1], kept[2]) if kept else (provider, Mapping(), "")
    if kept is None:
        directory.get(session)  # says what is missing
        raise AssertionError("unreachable")
    return kept


def _redirect(request: Request) -> str:
    house: House = request.app.state.house
    base = house.settings.public_url.rstrip("/") or str(request.base_url).rstrip("/")
    return f"{base}{_PATH}/callback"


def _cookie(request: Request) -> str:
    return "__Host-steelyard-login" if is_secure(request) else "steelyard-login"
