# SPDX-License-Identifier: Apache-2.0
"""Answers one call of a directory by the library of the protocol (SCIM 2.0).

That library takes a second to load and few servers are provisioned, so this module is loaded at
the first call.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache

import msgspec
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
from starlette.responses import Response

from steelyard.api.identity.roles import known_roles
from steelyard.bootstrap.house import House
from steelyard.kernel.errors import ConflictError, FieldErrors
from steelyard.platform.identity import scim, scim_directory
from steelyard.platform.work import Work


def answer(
    house: House,
    *,
    method: str,
    base_url: str,
    path: str,
    query: dict[str, str],
    headers: Iterable[tuple[str, str]],
    body: bytes,
    trace: str,
) -> Response:
    """Return the reply to one call of the directory; what it changes is committed."""
    asked = ScimRequest(
        method=method, base_url=base_url, path=path, query=query, headers=list(headers), body=body
    )
    answered = _serve(house, asked, trace)
    content = b"" if answered.body is None else msgspec.json.encode(answered.body)
    return Response(content, int(answered.status), headers=answered.headers)


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
