# SPDX-License-Identifier: Apache-2.0
"""Errors as pages: the sentence, what to do next, and the way back. The API keeps its problems."""

from __future__ import annotations

from urllib.parse import quote

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from steelyard.api import problems
from steelyard.kernel.actor import Actor
from steelyard.kernel.errors import (
    BusyError,
    FieldErrors,
    MissingError,
    SteelyardError,
    UnavailableError,
)
from steelyard.ui import stash
from steelyard.ui.door import LoginNeeded, Looking
from steelyard.ui.login.organization import login_path
from steelyard.ui.look import look_of

_PROGRAMS = ("/api/", "/scim/", "/hf/", "/k8s/", "/healthz", "/readyz", "/metrics")
"""Beginnings of addresses that programs call; they get documents."""

_BROWSED = "/api/v1/login/oidc"
"""Beginning of addresses of the API that people's browsers are led to."""


def install(app: FastAPI) -> None:
    """Show errors of pages as pages."""

    def told(request: Request, error: Exception) -> Response:
        assert isinstance(error, SteelyardError)
        if not _is_page(request):
            return problems.respond(error, request)
        return error_page(request, error)

    def missing(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        if not _is_page(request) or error.status_code not in (404, 405):
            return problems.respond(problems.plain(error), request)
        return error_page(
            request,
            MissingError(
                "There is no page at this address.",
                next_step="Use the menu, or search for what you need.",
                code="page.missing",
            ),
        )

    def misread(request: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)
        faults = problems.faults(error)
        if not _is_page(request):
            return problems.respond(FieldErrors(faults), request)
        return error_page(
            request, FieldErrors(faults, next_step="Go back, or open the page from the menu.")
        )

    def login_first(_: Request, error: Exception) -> Response:
        assert isinstance(error, LoginNeeded)
        return login_page(error)

    app.add_exception_handler(SteelyardError, told)
    app.add_exception_handler(RequestValidationError, misread)
    app.add_exception_handler(HTTPException, missing)
    app.add_exception_handler(LoginNeeded, login_first)


def _is_page(request: Request) -> bool:
    route = request.scope.get("route")
    if route is not None and (getattr(route, "openapi_extra", None) or {}).get("x-page"):
        return True
    wanted = request.headers.get("accept", "")
    if request.url.path.startswith(_BROWSED) and "text/html" in wanted:
        return True
    return not request.url.path.startswith(_PROGRAMS) and "text/html" in wanted


def viewer_of(request: Request) -> Looking:
    """Return who looks, for a page that is shown in place of the one that was asked for."""
    actor: Actor | None = request.app.state.authenticate(request)
    return Looking(request, request.app.state.house, actor, look_of(request))


def error_page(request: Request, error: SteelyardError) -> Response:
    """Return the page of an error."""
    status = problems.status_of(error)
    try:
        viewer = viewer_of(request)
    except SteelyardError:  # the database is not there: who looks cannot be known
        viewer = Looking(request, request.app.state.house, None, look_of(request))
    response = viewer.show(
        "design/error.html", status, problem=problems.problem_of(error, viewer.trace)
    )
    if isinstance(error, BusyError | UnavailableError):
        response.headers["retry-after"] = str(error.retry_after)
    return response


def login_page(error: LoginNeeded) -> Response:
    """Lead to the login and back; what a form held goes along, sealed."""
    request = error.request
    here = request.url.path
    if error.form is None:
        query = f"?{request.url.query}" if request.url.query else ""
        return RedirectResponse(f"/login?next={quote(here + query, safe='')}", 303)
    viewer = Looking(request, request.app.state.house, None, look_of(request))
    kept = stash.seal(request, here, error.form.pairs())
    return viewer.show(
        "login/login.html", 401, form=None, next=here, kept=kept, ended=True,
        organization=login_path(viewer, here),
    )  # fmt: skip
