# SPDX-License-Identifier: Apache-2.0
"""Errors of the house as RFC 9457 problems: status by whose fault it is, code, next step."""

from __future__ import annotations

from typing import Any

import msgspec
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from steelyard.kernel.errors import (
    BusyError,
    ConflictError,
    DocumentErrors,
    FieldErrors,
    ForbiddenError,
    InputError,
    IntegrityError,
    MissingError,
    PositionedError,
    StaleError,
    SteelyardError,
    UnauthenticatedError,
    UnavailableError,
    UndecidedError,
)

PROBLEM = "application/problem+json"
STATUSES: tuple[tuple[type[SteelyardError], int], ...] = (
    (MissingError, 404),
    (InputError, 422),
    (UnauthenticatedError, 401),
    (ForbiddenError, 403),
    (StaleError, 412),
    (ConflictError, 409),
    (BusyError, 429),
    (UnavailableError, 503),
    (UndecidedError, 503),
    (IntegrityError, 500),
)
_BY_CODE = {
    "body.size": 413,
    "precondition.needed": 428,
    "route.missing": 404,
    "route.method": 405,
}
_TITLES = {
    401: "Log in first",
    403: "Not allowed",
    404: "Not found",
    405: "Not possible here",
    409: "Not in the right state",
    412: "Changed meanwhile",
    413: "Too large",
    422: "Cannot be used",
    428: "If-Match is needed",
    429: "Too often",
    500: "Does not verify",
    503: "Not now",
}


def status_of(error: SteelyardError) -> int:
    """Return the HTTP status of an error."""
    if error.code in _BY_CODE:
        return _BY_CODE[error.code]
    return next((status for kind, status in STATUSES if isinstance(error, kind)), 500)


def _title(error: SteelyardError, status: int) -> str:
    if status == 500 and not isinstance(error, IntegrityError):
        return "The server failed"
    return _TITLES.get(status, "Error")


def problem_of(error: SteelyardError, instance: str) -> dict[str, Any]:
    """Return the problem document of an error."""
    status = status_of(error)
    problem: dict[str, Any] = {
        "type": f"/api/v1/errors/{error.code}",
        "title": _title(error, status),
        "status": status,
        "detail": error.message,
        "code": error.code,
        "next_step": error.next_step,
        "instance": instance,
    }
    if isinstance(error, FieldErrors):
        problem["errors"] = [
            {"field": field, "detail": said, "pointer": "/" + field.replace(".", "/")}
            for field, said in error.faults
        ]
    elif isinstance(error, DocumentErrors):
        problem["errors"] = [_placed(each) for each in error.errors]
    elif isinstance(error, PositionedError):
        problem["errors"] = [_placed(error)]
    elif isinstance(error, StaleError) and error.current is not None:
        problem["current"] = msgspec.to_builtins(error.current)
    return problem


def _placed(error: PositionedError) -> dict[str, Any]:
    return {
        "file": error.file,
        "line": error.line,
        "column": error.column,
        "detail": error.message,
        "next_step": error.next_step,
    }


def respond(error: SteelyardError, request: Request) -> Response:
    """Return the reply for an error."""
    problem = problem_of(error, str(request.scope.get("trace", "")))
    headers = {}
    if isinstance(error, BusyError | UnavailableError):
        headers["Retry-After"] = str(error.retry_after)
    if problem["status"] == 401:
        headers["WWW-Authenticate"] = 'Bearer realm="steelyard"'
    return Response(
        msgspec.json.encode(problem), problem["status"], headers=headers, media_type=PROBLEM
    )


def install(app: FastAPI) -> None:
    """Have every error of the house, of FastAPI and of Starlette answered as a problem."""

    def house_error(request: Request, error: Exception) -> Response:
        assert isinstance(error, SteelyardError)
        return respond(error, request)

    def validation_error(request: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)
        return respond(FieldErrors(faults(error)), request)

    def http_error(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        return respond(plain(error), request)

    app.add_exception_handler(SteelyardError, house_error)
    app.add_exception_handler(RequestValidationError, validation_error)
    app.add_exception_handler(HTTPException, http_error)


def faults(error: RequestValidationError) -> list[tuple[str, str]]:
    """Return what is wrong with a call, by field, in sentences."""
    found = []
    for each in error.errors():
        if each["type"] == "json_invalid":
            found.append(("body", f"It is not JSON from character {each['loc'][-1]} on."))
            continue
        place = [str(part) for part in each["loc"] if part != "body"]
        found.append((".".join(place) or "body", f"{each['msg']}."))
    return found


def plain(error: HTTPException) -> SteelyardError:
    """Return what Starlette refused, in the words of the house."""
    if error.status_code == 404:
        return MissingError(
            "There is nothing at this address.",
            next_step="See /api/v1/openapi.json for the addresses there are.",
            code="route.missing",
        )
    if error.status_code == 405:
        return InputError(
            "This address does not answer that method.",
            next_step="See /api/v1/openapi.json for the methods there are.",
            code="route.method",
        )
    if error.status_code == 413:
        return InputError(
            error.detail,
            next_step="Send less, or upload the file as evidence.",
            code="body.size",
        )
    return InputError(f"{error.detail}.", code="http.refused")
