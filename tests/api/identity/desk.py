# SPDX-License-Identifier: Apache-2.0
"""The real door with real authentication, for tests of identity."""

from __future__ import annotations

from fastapi.testclient import TestClient
from tests.platform.identity.staff import token_of

from steelyard.api.app import create_app
from steelyard.api.authentication import authenticate_with
from steelyard.bootstrap.house import House
from steelyard.platform.identity.people import Person

GOOD = "three quiet red boats"


class Desk:
    """Clients of one server: browsers that log in, and callers with a token."""

    def __init__(self, house: House, base: str = "http://testserver") -> None:
        self.house, self._base = house, base
        self.app = create_app(house, authenticate_with(house))

    @property
    def browser(self) -> TestClient:
        """A new browser, on a page of this server."""
        return TestClient(
            self.app,
            base_url=self._base,
            headers={"sec-fetch-site": "same-origin"},
            raise_server_exceptions=False,
        )

    def as_(self, person: Person) -> TestClient:
        """A caller with a token of ``person``."""
        secret = token_of(self.house, person.id).token
        return TestClient(
            self.app,
            base_url=self._base,
            headers={"authorization": f"Bearer {secret}"},
            raise_server_exceptions=False,
        )
