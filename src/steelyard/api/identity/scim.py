# SPDX-License-Identifier: Apache-2.0
"""The door of a directory that provisions people (``/scim/v2``), and its configuration."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from steelyard.api.door import Caller, Router
from steelyard.api.identity.oidc import MappingBody
from steelyard.api.identity.roles import known_roles
from steelyard.bootstrap.house import House
from steelyard.platform.identity import scim_directory
from steelyard.platform.identity.directory_tables import DirectoryRow
from steelyard.platform.identity.scim_directory import ScimToken, ScimView
from steelyard.platform.work import Work

router = Router(tags=["Provisioning"])
protocol = APIRouter(include_in_schema=False)
"""The door of the directory; it has its own token and its own protocol."""
PREFIX = "/scim/v2"


@router.door("GET", "/identity/scim", right="identity.read", returns=ScimView)
def get(caller: Caller) -> Response:
    """Return how a directory provisions people."""
    return caller.read(scim_directory.get)


@router.door("PUT", "/identity/scim", right="identity.configure", returns=ScimView)
def configure(body: MappingBody, caller: Caller) -> Response:
    """Say what the directory's groups mean; needs ``If-Match`` once something is configured."""

    def act(work: Work) -> ScimView:
        exists = work.session.get(DirectoryRow, "scim") is not None
        return scim_directory.configure(
            work, caller.actor, body.mapping(), known_roles(work),
            caller.expected if exists else None,
        )  # fmt: skip

    return caller.act(act)


@router.door(
    "POST", "/identity/scim/token", right="identity.configure", returns=ScimToken, status=201
)
def issue_token(caller: Caller) -> Response:
    """Issue the directory's token; the one before stops at once."""
    return caller.act_once(lambda work: scim_directory.issue_token(work, caller.actor), 201)


@router.door("DELETE", "/identity/scim/token", right="identity.configure", status=204)
def end_token(caller: Caller) -> Response:
    """Take the directory's token away."""
    return caller.act(lambda work: scim_directory.end(work, caller.actor), 204)


@protocol.api_route(PREFIX + "/{path:path}", methods=["GET", "POST", "PUT", "PATCH", "DELETE"])
async def provision(path: str, request: Request) -> Response:
    """Answer one call of the directory."""
    house: House = request.app.state.house
    public = house.settings.public_url.rstrip("/") or str(request.base_url).rstrip("/")
    body = await request.body()

    def act() -> Response:
        from steelyard.api.identity.scim_protocol import answer

        return answer(
            house,
            method=request.method,
            base_url=public + PREFIX,
            path="/" + path,
            query=dict(request.query_params),
            headers=request.headers.items(),
            body=body,
            trace=str(request.scope.get("trace", "")),
        )

    return await run_in_threadpool(act)
