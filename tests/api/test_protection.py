# SPDX-License-Identifier: Apache-2.0
"""Calls from other sites are refused; every reply carries strict headers."""

from __future__ import annotations

import pytest
from fastapi.testclient import TestClient
from tests.platform.identity.staff import made, session_of, token_of

from steelyard.api.app import create_app
from steelyard.api.authentication import authenticate_with
from steelyard.api.cookies import PLAIN
from steelyard.bootstrap.house import House
from steelyard.platform.settings import Settings


@pytest.fixture
def browser(house: House) -> TestClient:
    anna = made(house, "anna@example.org", "requester")
    secret, _ = session_of(house, anna)
    client = TestClient(create_app(house, authenticate_with(house)))
    client.cookies.set(PLAIN, secret)
    return client


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"sec-fetch-site": "same-origin"}, 204),
        ({"sec-fetch-site": "none"}, 204),
        ({"sec-fetch-site": "same-site"}, 403),
        ({"sec-fetch-site": "cross-site"}, 403),
        ({"sec-fetch-site": "cross-site", "origin": "http://testserver"}, 403),
        ({"origin": "http://testserver"}, 204),
        ({"origin": "https://testserver"}, 403),
        ({"origin": "http://testserver.evil.example"}, 403),
        ({"origin": "null"}, 403),
        ({}, 403),
    ],
)
def test_a_cookie_counts_only_from_our_own_pages(
    browser: TestClient, headers: dict[str, str], status: int
) -> None:
    answer = browser.delete("/api/v1/sessions", headers=headers)
    assert answer.status_code == status
    if status == 403:
        assert answer.json()["code"] == "request.cross-site"
        assert answer.headers["x-frame-options"] == "DENY"
        assert answer.json()["instance"] == answer.headers["x-request-id"]
    assert browser.get("/api/v1/me", headers=headers).status_code == 200


def test_a_login_from_another_site_is_refused_even_without_a_cookie(house: House) -> None:
    client = TestClient(create_app(house, authenticate_with(house)))
    asked = {"mail": "anna@example.org", "password": "x"}
    answer = client.post("/api/v1/login", json=asked, headers={"sec-fetch-site": "cross-site"})
    assert answer.status_code == 403


def test_a_token_needs_no_origin(house: House) -> None:
    anna = made(house, "anna@example.org", "requester")
    client = TestClient(create_app(house, authenticate_with(house)))
    headers = {"authorization": f"Bearer {token_of(house, anna.id).token}"}
    assert client.delete("/api/v1/sessions", headers=headers).status_code == 204


def test_the_public_address_is_our_own(house: House) -> None:
    house.settings = Settings.model_construct(public_url="https://steelyard.example.org")
    anna = made(house, "anna@example.org", "requester")
    secret, _ = session_of(house, anna)
    client = TestClient(create_app(house, authenticate_with(house)))
    headers = {
        "origin": "https://steelyard.example.org", "cookie": f"__Host-steelyard={secret}",
    }  # fmt: skip
    answer = client.delete("/api/v1/sessions", headers=headers)
    assert answer.status_code == 204
    assert answer.headers["strict-transport-security"].startswith("max-age=")


def test_every_reply_is_strict_and_kept_out_of_caches(browser: TestClient) -> None:
    for path in ("/api/v1/me", "/api/v1/nothing", "/nothing"):
        headers = browser.get(path).headers
        policy = headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "same-origin"
        assert "strict-transport-security" not in headers
    assert browser.get("/api/v1/me").headers["cache-control"] == "no-store"
