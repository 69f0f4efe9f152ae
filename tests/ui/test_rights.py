# SPDX-License-Identifier: Apache-2.0
"""Every page and form for every role: those who have the right get in, nobody else does."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient
from starlette.requests import Request
from tests.server import houses, person

from steelyard.bootstrap.house import House
from steelyard.kernel.actor import BUILT_IN_ROLES, Actor
from steelyard.platform.identity.permissions import PERMISSIONS, allowed
from steelyard.ui.app import create_site, pages_of
from steelyard.ui.door import OPEN

NOWHERE = "xx_01k00000000000000000000000"
SAME_SITE = {"accept": "text/html", "sec-fetch-site": "same-origin"}


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    yield from houses("sqlite", tmp_path_factory.mktemp("house"))


def _client(house: House, actor: Actor | None) -> TestClient:
    def authenticate(_: Request) -> Actor | None:
        return actor

    site = create_site(house, authenticate)
    return TestClient(
        site, headers=SAME_SITE, raise_server_exceptions=False, follow_redirects=False
    )


def _path(path: str) -> str:
    return re.sub(r"\{[^}]*\}", NOWHERE, path)


def test_every_page_names_a_right_somebody_holds() -> None:
    pages = pages_of()
    assert pages
    assert not [page for page in pages if page["right"] not in (OPEN, *PERMISSIONS)]


@pytest.mark.parametrize("role", [*BUILT_IN_ROLES, "model-validation"])
def test_pages_open_to_those_who_have_the_right_and_nobody_else(house: House, role: str) -> None:
    somebody = person(f"pages-{role}", role)
    client = _client(house, somebody)
    wrong = []
    for page in pages_of():
        if page["right"] == OPEN:
            continue
        answer = client.request(page["method"], _path(page["path"]))
        refused = answer.status_code == 403 and "right.missing" in answer.text
        if refused == allowed(somebody, page["right"]) or answer.status_code in (401, 500):
            wrong.append((page, answer.status_code))
    assert not wrong


def test_strangers_are_led_to_the_login_and_lose_nothing(house: House) -> None:
    client = _client(house, None)
    for page in pages_of():
        if page["right"] == OPEN:
            continue
        answer = client.request(page["method"], _path(page["path"]), data={"typed": "a long text"})
        if page["method"] == "GET":
            assert answer.status_code == 303, page
            assert answer.headers["location"].startswith("/login?next="), page
        else:
            assert answer.status_code == 401, page
            assert "a long text" not in answer.text
            assert re.search(r'name="kept" value="[^"]{40,}"', answer.text), page


def test_forms_of_other_sites_are_refused(house: House) -> None:
    client = _client(house, person("anna", "requester"))
    headers = {"sec-fetch-site": "cross-site"}
    for page in pages_of():
        if page["method"] == "POST":
            assert client.post(_path(page["path"]), headers=headers).status_code == 403, page
