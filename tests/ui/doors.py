# SPDX-License-Identifier: Apache-2.0
"""Pages without a browser: clients of one site, each logged in as somebody, on SQLite."""

from __future__ import annotations

import re
from html import unescape
from typing import Any

from fastapi.testclient import TestClient
from httpx2 import Response
from starlette.requests import Request

from steelyard.bootstrap.house import House
from steelyard.kernel.actor import Actor
from steelyard.ui.app import create_site


class PageDoors:
    """A site whose visitors are who they say they are."""

    def __init__(self, house: House) -> None:
        self.house = house
        self._people: dict[str, Actor] = {}
        self.site = create_site(house, self._authenticate)

    def _authenticate(self, request: Request) -> Actor | None:
        return self._people.get(request.headers.get("x-visitor", ""))

    def as_(self, actor: Actor, **headers: str) -> TestClient:
        """Return a browser without scripts in which ``actor`` is logged in."""
        self._people[actor.id] = actor
        return TestClient(
            self.site,
            headers={
                "accept": "text/html", "sec-fetch-site": "same-origin", "x-visitor": actor.id,
                **headers,
            },
            follow_redirects=False,
        )  # fmt: skip


def send(client: TestClient, page: str, action: str, **fields: Any) -> Response:
    """Fill the form of ``page`` that is sent to ``action`` with what it hides, and ``fields``."""
    html = client.get(page).text
    form = re.search(rf'<form[^>]*action="{re.escape(action)}"[^>]*>(.*?)</form>', html, re.DOTALL)
    assert form is not None, f"{page} has no form for {action}"
    hidden = {
        name: unescape(value)
        for name, value in re.findall(
            r'<input type="hidden" name="([^"]+)" value="([^"]*)"', form[1]
        )
    }
    return client.post(action, data={**hidden, **fields})
