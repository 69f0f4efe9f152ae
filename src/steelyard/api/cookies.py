# SPDX-License-Identifier: Apache-2.0
"""The session cookie: opaque, out of reach of scripts, and bound to this host where it can be."""

from __future__ import annotations

from fastapi import Request
from starlette.responses import Response

PLAIN, BOUND = "steelyard", "__Host-steelyard"
"""Names of the cookie: without TLS, and with it (the browser then refuses it from elsewhere)."""


def is_secure(request: Request) -> bool:
    """Tell whether people reach the server by TLS, directly or through a proxy."""
    public: str = request.app.state.house.settings.public_url
    return request.url.scheme == "https" or public.startswith("https://")


def cookie_name(request: Request) -> str:
    """Return the name of the cookie on this connection; the other one is not looked at."""
    return BOUND if is_secure(request) else PLAIN


def session_secret(request: Request) -> str:
    """Return the secret of the session cookie, or nothing."""
    return request.cookies.get(cookie_name(request), "")


def set_session(request: Request, response: Response, secret: str, seconds: int) -> None:
    """Give the browser its session."""
    response.set_cookie(
        cookie_name(request),
        secret,
        max_age=seconds,
        path="/",
        secure=is_secure(request),
        httponly=True,
        samesite="lax",
    )


def drop_session(request: Request, response: Response) -> None:
    """Take the session from the browser."""
    response.delete_cookie(
        cookie_name(request), path="/", secure=is_secure(request), httponly=True, samesite="lax"
    )
