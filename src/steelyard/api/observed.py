# SPDX-License-Identifier: Apache-2.0
"""Counts, times and logs every call, and answers what is a bug of ours with a problem.

The log has the route, not the address that was asked: addresses may hold what somebody typed. The
ids in the address of a route are logged, under their names.
"""

from __future__ import annotations

import re
import time
from typing import Any

import structlog
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from steelyard.api import problems
from steelyard.kernel.errors import SteelyardError
from steelyard.platform.telemetry.metrics import Metrics

_ID = re.compile(r"\A[a-z]{2,4}_[0-9a-z]{26}\Z|\A[0-9a-f]{64}\Z")
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_log = structlog.get_logger("steelyard.calls")


class Observed:
    """The outermost layer of the application."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app, self._metrics = app, metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one call."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began, status = time.perf_counter(), 0

        async def noted(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        structlog.contextvars.clear_contextvars()
        try:
            await self._app(scope, receive, noted)
        except Exception:
            _log.exception("call.bug", **_about(scope))
            if status:
                raise  # half of a reply is out; the connection is closed
            status = 500
            await problems.respond(_bug(scope), Request(scope))(scope, receive, send)
        finally:
            self._note(scope, status, time.perf_counter() - began)

    def _note(self, scope: Scope, status: int, seconds: float) -> None:
        about = _about(scope)
        method = scope["method"] if scope["method"] in _METHODS else "other"
        self._metrics.requests.labels(method, about["route"], str(status)).observe(seconds)
        level = _log.debug if about["route"] in ("/healthz", "/readyz", "/metrics") else _log.info
        level("call", method=method, status=status, seconds=round(seconds, 4), **about)


def _about(scope: Scope) -> dict[str, Any]:
    """Return what may be logged of a call: its route, its trace, ids and the caller's pseudonym."""
    ids = {
        name: value
        for name, value in scope.get("path_params", {}).items()
        if isinstance(value, str) and _ID.match(value)
    }
    return {
        "route": getattr(scope.get("route"), "path", "none"),
        "trace": scope.get("trace", ""),
        "actor": scope.get("actor", ""),
        **ids,
    }


def _bug(scope: Scope) -> SteelyardError:
    return SteelyardError(
        "The server failed at this; nothing was changed.",
        next_step=f"Report it with the id {scope.get('trace', '')}; the log has the rest.",
        code="server.bug",
    )
