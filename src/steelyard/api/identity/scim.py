# SPDX-License-Identifier: Apache-2.0
"""The door of a directory that provisions people (``/scim/v2``), and its configuration."""

from __future__ import annotations

from functools import cache

import msgspec
from fastapi import APIRouter, Request
from scim2_models import (
    AuthenticationScheme,
    Bulk,
    ChangePassword,
    ETag,
    Filter,
    Group,
    Patch,
    SCIMException,
    ScimProvider,
    ServiceProviderConfig,
    Sort,
    UnauthorizedException,
    User,
)
from scim2_server.handler import ScimHandler
from scim2_server.requests import ScimRequest
from scim2_server.responses import ScimResponse
from scim2_server.service import ScimService
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from steelyard.api.door import Caller, Router
from steelyard.api.identity.oidc import MappingBody
from steelyard.api.identity.roles import known_roles
from steelyard.bootstrap.house import House
from steelyard.kernel.errors import ConflictError, FieldErrors
from steelyard.platform.identity import scim, scim_directory
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
    asked = ScimRequest(
        method=request.method,
        base_url=public + PREFIX,
        path="/" + path,
        query=dict(request.query_params),
        headers=list(request.headers.items()),
        body=await request.body(),
    )
    trace = str(request.scope.get("trace", ""))
    answer = await run_in_threadpool(_serve, house, asked, trace)
    content = b"" if answer.body is None else msgspec.json.encode(answer.body)
    return Response(content, int(answer.status), headers=answer.headers)


def _serve(house: House, asked: ScimRequest, trace: str) -> ScimResponse:
    scheme, _, secret = (asked.header("authorization") or "").partition(" ")
    service = _service()
    try:
        with house.reading() as session:
            found = scim_directory.check(session, secret.strip())
        if found is None or scheme.lower() != "bearer":
            raise UnauthorizedException
        wanted, author = found

        def act(work: Work) -> ScimResponse:
            known = known_roles(work)
            storage = scim.Provisioned(work, wanted, author, known)
            return ScimHandler(service, storage).handle(asked)

        return house.transact(act, trace=trace)
    except (ConflictError, FieldErrors) as error:
        return service.error_response(scim.as_scim(error))
    except SCIMException as error:
        return service.error_response(error)


@cache
def _service() -> ScimService:
    config = ServiceProviderConfig(
        patch=Patch(supported=True),
        bulk=Bulk(supported=False, max_operations=0, max_payload_size=0),
        filter=Filter(supported=True, max_results=200),
        change_password=ChangePassword(supported=False),
        sort=Sort(supported=False),
        etag=ETag(supported=True),
        authentication_schemes=[
            AuthenticationScheme(
                type=AuthenticationScheme.Type.oauthbearertoken,
                name="Bearer token",
                description="Issued by an administrator at /api/v1/identity/scim/token.",
            )
        ],
    )
    return ScimService(ScimProvider(models=[User, Group], config=config))
