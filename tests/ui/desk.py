# SPDX-License-Identifier: Apache-2.0
"""Browsers without a browser: clients of the site that are logged in and send forms."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from fastapi.testclient import TestClient
from httpx2 import Response
from pwdlib.hashers.argon2 import Argon2Hasher
from tests.platform.identity.staff import made, session_of

from steelyard.api.authentication import authenticate_with
from steelyard.api.cookies import PLAIN
from steelyard.api.identity import login
from steelyard.bootstrap.house import House
from steelyard.platform.identity import passwords
from steelyard.platform.identity.people import Person
from steelyard.ui.app import create_site

SCRIPT = "<script>alert('x')</script>"
"""A name somebody may choose; it must come out as text everywhere."""


_FORM = re.compile(r'<form[^>]*method="post"[^>]*action="([^"]*)"[^>]*>(.*?)</form>', re.S)


class Window(TestClient):
    """Somebody's window on the site."""

    person: Person

    def see(self, path: str, status: int = 200) -> str:
        """Return the text of a page."""
        answer = self.get(path)
        assert answer.status_code == status, (path, answer.status_code, answer.text[:2000])
        return answer.text

    def fill(self, path: str, /, page: str = "", **fields: Any) -> Response:
        """Send a form, with the key and version that stand in it on ``page``."""
        shown = self.get(page or path).text
        forms = re.findall(
            r'<form[^>]*method="post"[^>]*action="([^"]*)"[^>]*>(.*?)</form>', shown, re.S
        )
        held = next((body for action, body in forms if action == path), "")
        assert held, f"there is no form to {path} on {page or path}"
        hidden = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', held))
        return self.post(path, data={**hidden, **fields})


class Site:
    """The site of one house, and windows on it."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.app = create_site(house, authenticate_with(house))

    def window(self, person: Person | None = None, language: str = "en") -> Window:
        """Return a window; of a stranger without a person."""
        window = Window(
            self.app,
            headers={
                "accept": "text/html", "sec-fetch-site": "same-origin",
                "accept-language": language,
            },
            raise_server_exceptions=False,
            follow_redirects=False,
        )  # fmt: skip
        if person is not None:
            window.person = person
            window.cookies.set(PLAIN, session_of(self.house, person)[0])
        return window

    def of(self, name: str, *roles: str, unit: str = "", language: str = "en") -> Window:
        """Return a window of somebody new."""
        person = made(
            self.house, f"{name}@example.org", *roles, name=name.title(), unit=unit
        )  # fmt: skip
        return self.window(person, language)


@pytest.fixture
def site(house: House, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    """The site, with real hashes that take little."""
    pool = passwords.HashPool(Argon2Hasher(time_cost=1, memory_cost=1024, parallelism=1))
    monkeypatch.setattr(passwords, "pool", lambda: pool)
    login._limiter.cache_clear()
    yield Site(house)
    pool.close()
