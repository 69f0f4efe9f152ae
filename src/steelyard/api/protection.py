# SPDX-License-Identifier: Apache-2.0
"""Protects browsers: no writing call from another site, strict headers, nothing personal in caches.

A call with an ``Authorization`` header cannot be made by another site without our consent, which we
give nobody. Every other writing call is judged by ``Sec-Fetch-Site``, which every current browser
sends, else by ``Origin``. With a session cookie and neither of the two it is refused.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from fastapi import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from steelyard.api import problems
from steelyard.api.cookies import BOUND, PLAIN, is_secure
from steelyard.kernel.errors import ForbiddenError

_SAFE = ("GET", "HEAD", "OPTIONS")
_CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "font-src 'self'; connect-src 'self'; manifest-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)
HEADERS: dict[bytes, bytes] = {
    b"content-security-policy": _CSP.encode(),
    b"cross-origin-opener-policy": b"same-origin",
    b"cross-origin-resource-policy": b"same-origin",
    b"permissions-policy": b"camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    b"referrer-policy": b"same-origin",
    b"x-content-type-options": b"nosniff",
    b"x-frame-options": b"DENY",
}
"""Sent with every reply that does not say otherwise."""
_TLS_ONLY = (b"strict-transport-security", b"max-age=63072000")
_NO_STORE = (b"cache-control", b"no-store")


class Protection:
    """The middleware; stands inside the one that gives calls their trace id."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one call."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request = Request(scope)
        secure = is_secure(request)

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = _with_headers(
                    list(message.get("headers", ())), scope["path"], secure
                )
            await send(message)

        if crosses(request):
            refused = problems.respond(
                ForbiddenError(
                    "This call comes from another site.",
                    next_step="Use the pages of this server, or an API token.",
                    code="request.cross-site",
                ),
                request,
            )
            await refused(scope, receive, guarded)
            return
        await self._app(scope, receive, guarded)


def crosses(request: Request) -> bool:
    """Tell whether a call may have been made by a page of another site."""
    if request.method in _SAFE or "authorization" in request.headers:
        return False
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        return site not in ("same-origin", "none")
    origin = request.headers.get("origin")
    if origin is not None:
        return origin not in _own_origins(request)
    return PLAIN in request.cookies or BOUND in request.cookies


def _own_origins(request: Request) -> set[str]:
    own = {f"{request.url.scheme}://{request.headers.get('host', '')}"}
    public = urlsplit(request.app.state.house.settings.public_url)
    if public.netloc:
        own.add(f"{public.scheme}://{public.netloc}")
    return own


def _with_headers(
    headers: list[tuple[bytes, bytes]], path: str, secure: bool
) -> list[tuple[bytes, bytes]]:
    have = {name.lower() for name, _ in headers}
    more = list(HEADERS.items())
    if path.startswith(("/api/", "/scim/")):
        more.append(_NO_STORE)
    if secure:
        more.append(_TLS_ONLY)
    return headers + [each for each in more if each[0] not in have]
