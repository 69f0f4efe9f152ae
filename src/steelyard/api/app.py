# SPDX-License-Identifier: Apache-2.0
"""Puts the routes together into one application."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable
from typing import Any

from fastapi import FastAPI, Request
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from steelyard import __version__
from steelyard.api import (
    about,
    actions,
    assessments,
    charters,
    clocks,
    decisions,
    emergencies,
    evidence,
    exceptions,
    health,
    jobs,
    ledger,
    models,
    notifications,
    openapi,
    problems,
    requests,
    reviews,
    revisions,
    risks,
    suppliers,
    uploads,
    use_cases,
    webhooks,
)
from steelyard.api.door import Router
from steelyard.api.identity import login, oidc, scim, tokens, units, users
from steelyard.api.observed import Observed
from steelyard.api.protection import Protection
from steelyard.bootstrap.house import House
from steelyard.kernel.actor import Actor

ROUTERS: tuple[Router, ...] = (
    about.router,
    actions.router,
    assessments.router,
    charters.router,
    clocks.router,
    decisions.router,
    emergencies.router,
    evidence.router,
    exceptions.router,
    jobs.router,
    ledger.router,
    login.router,
    models.router,
    notifications.router,
    oidc.router,
    requests.router,
    reviews.delegations,
    reviews.router,
    revisions.router,
    risks.router,
    scim.router,
    suppliers.router,
    tokens.router,
    units.router,
    uploads.router,
    use_cases.router,
    users.router,
    webhooks.router,
)
ROOT_ROUTERS: tuple[Router, ...] = (health.router, notifications.links)
"""Those that are not below ``/api/v1``."""
BODY_MOST = 4 * 1024 * 1024
"""Bytes of a request's body; larger files go through uploads, which stream."""
STREAMED = frozenset({"/api/v1/uploads", "/requests/new"})
"""Addresses whose bodies are files; they have a bound of their own."""
_TRACE = re.compile(r"\A[A-Za-z0-9._-]{8,64}\Z")


def create_app(house: House, authenticate: Callable[[Request], Actor | None]) -> FastAPI:
    """Return the application; ``authenticate`` says who makes a call, or None."""
    app = FastAPI(title="Steelyard", version=__version__, openapi_url=None, docs_url=None,
                  redoc_url=None)  # fmt: skip
    app.state.house = house
    app.state.authenticate = authenticate
    problems.install(app)
    for router in ROUTERS:
        app.include_router(router, prefix="/api/v1")
    for router in ROOT_ROUTERS:
        app.include_router(router)
    app.include_router(scim.protocol)
    app.openapi = lambda: openapi.describe(app)  # type: ignore[method-assign]
    app.add_middleware(Protection)
    app.add_middleware(_Envelope)
    app.add_middleware(Observed, metrics=house.metrics)
    return app


class _Envelope:
    """Gives every call a trace id, and refuses bodies that are too large, however they are sent."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one call."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = dict(scope["headers"])
        stated = headers.get(b"x-request-id", b"").decode("latin-1")
        scope["trace"] = stated if _TRACE.match(stated) else secrets.token_hex(8)
        streamed = scope["path"] in STREAMED
        declared = headers.get(b"content-length", b"0")
        if not streamed and declared.isdigit() and int(declared) > BODY_MOST:
            await self._refuse(scope, receive, send)
            return
        seen = 0

        async def counted() -> Message:
            nonlocal seen
            message = await receive()
            seen += len(message.get("body", b""))
            if seen > BODY_MOST and not streamed:
                raise _too_large()  # as the kind that passes through FastAPI's reading of bodies
            return message

        async def marked(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [
                    *message.get("headers", ()),
                    (b"x-request-id", scope["trace"].encode()),
                ]
            await send(message)

        await self._app(scope, counted, marked)

    async def _refuse(self, scope: Scope, receive: Receive, send: Send) -> None:
        response: Response = problems.respond(problems.plain(_too_large()), Request(scope))
        await response(scope, receive, send)


def _too_large() -> HTTPException:
    return HTTPException(413, f"The body is too large: at most {BODY_MOST // 2**20} MiB are read.")


def routes_of(app: FastAPI) -> list[dict[str, Any]]:
    """Return method, path and right of every route, as the OpenAPI document lists them."""
    return [
        {"method": method.upper(), "path": path, "right": operation.get("x-right")}
        for path, operations in app.openapi()["paths"].items()
        for method, operation in operations.items()
    ]
