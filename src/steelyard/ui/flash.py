# SPDX-License-Identifier: Apache-2.0
"""A sentence shown once on the next page: what was just done. Kept in a cookie with our mark."""

from __future__ import annotations

import base64
import binascii
import hmac
from hashlib import sha256
from typing import NamedTuple

import msgspec
from fastapi import Request
from starlette.responses import Response

from steelyard.api.cookies import is_secure

COOKIE = "steelyard-said"
_SECONDS, _MOST, _MARK = 60, 1500, 16


class Said(NamedTuple):
    """A sentence and its tone: good, notice, pending or bad."""

    text: str
    tone: str


def put(request: Request, response: Response, text: str, tone: str) -> None:
    """Have the next page show ``text``."""
    data = msgspec.json.encode([text[:_MOST], tone])
    value = base64.urlsafe_b64encode(_mark(request, data) + data).decode()
    response.set_cookie(
        COOKIE, value, max_age=_SECONDS, path="/", httponly=True, samesite="lax",
        secure=is_secure(request),
    )  # fmt: skip


def take(request: Request) -> Said | None:
    """Return what the page before left to be said; nothing that does not bear our mark."""
    stated = request.cookies.get(COOKIE, "")
    try:
        sealed = base64.urlsafe_b64decode(stated)
        mark, data = sealed[:_MARK], sealed[_MARK:]
        if not stated or not hmac.compare_digest(mark, _mark(request, data)):
            return None
        text, tone = msgspec.json.decode(data, type=tuple[str, str])
    except (binascii.Error, ValueError, msgspec.DecodeError):
        return None
    return Said(text, tone)


def _mark(request: Request, data: bytes) -> bytes:
    return hmac.digest(key_of(request, b"steelyard/said/v1"), data, "sha256")[:_MARK]


def key_of(request: Request, purpose: bytes) -> bytes:
    """Return a secret of this house for one purpose, the same in each of its processes."""
    kept: dict[bytes, bytes] = request.app.state.__dict__.setdefault("page_keys", {})
    if purpose not in kept:
        kept[purpose] = sha256(request.app.state.house.keys.first().sign(purpose)).digest()
    return kept[purpose]
