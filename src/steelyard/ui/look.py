# SPDX-License-Identifier: Apache-2.0
"""How somebody likes pages shown: language, theme and time zone, in cookies of the browser."""

from __future__ import annotations

from typing import NamedTuple

from fastapi import Request
from starlette.responses import Response

from steelyard.api.cookies import is_secure
from steelyard.ui.texts import LANGUAGES, negotiate

THEMES = ("auto", "light", "dark")
THEME, LANGUAGE, ZONE = "steelyard-theme", "steelyard-language", "steelyard-zone"
"""Names of the cookies."""
_YEAR = 365 * 86400


class Look(NamedTuple):
    """Language, theme and time zone of a page."""

    language: str
    theme: str
    zone: str
    """Name of the reader's time zone, which a script told; empty for UTC."""


def look_of(request: Request) -> Look:
    """Return how the browser that calls wants pages; what it says that is unknown is ignored."""
    language = request.cookies.get(LANGUAGE, "")
    if language not in LANGUAGES:
        language = negotiate(request.headers.get("accept-language", ""))
    theme = request.cookies.get(THEME, "auto")
    zone = request.cookies.get(ZONE, "").replace("%2F", "/")[:64]
    return Look(language, theme if theme in THEMES else "auto", zone)


def remember(request: Request, response: Response, name: str, value: str) -> None:
    """Have the browser keep a choice of language or theme for a year."""
    response.set_cookie(
        name, value, max_age=_YEAR, path="/", secure=is_secure(request), samesite="lax",
        httponly=name == LANGUAGE,
    )  # fmt: skip
