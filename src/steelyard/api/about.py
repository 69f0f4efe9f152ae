# SPDX-License-Identifier: Apache-2.0
"""What this server is, and the document of its doors."""

from __future__ import annotations

from fastapi import Request
from msgspec import Struct
from starlette.responses import JSONResponse, Response

from steelyard import __version__
from steelyard.api.door import OPEN, Caller, Router

router = Router(tags=["About"])


class Whoami(Struct, frozen=True, kw_only=True):
    """Who the caller is, as this server sees it."""

    id: str
    kind: str
    name: str
    mail: str
    roles: list[str]
    units: list[str]


@router.door("GET", "/openapi.json", right=OPEN)
def document(request: Request) -> Response:
    """Return the OpenAPI 3.1 document of this API."""
    return JSONResponse(request.app.openapi())


@router.door("GET", "/version", right=OPEN, returns=dict[str, str])
def version() -> Response:
    """Return the version of the server."""
    return JSONResponse({"version": __version__})


@router.door("GET", "/me", right="about.read", returns=Whoami)
def me(caller: Caller) -> Response:
    """Return who the caller is."""
    actor = caller.actor
    return caller.read(
        lambda _: Whoami(
            id=actor.id,
            kind=actor.kind,
            name=actor.name,
            mail=actor.mail,
            roles=sorted(actor.roles),
            units=sorted(actor.units),
        )
    )
