# SPDX-License-Identifier: Apache-2.0
"""Login through a real OpenID Connect provider."""

from __future__ import annotations

import datetime as dt
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import urllib3
from fastapi.testclient import TestClient
from tests.api.identity.desk import Desk
from tests.platform.identity.staff import clock_of, events, made

from steelyard.kernel.actor import SYSTEM
from steelyard.platform.identity import erasure


@pytest.fixture(scope="module")
def provider() -> Iterator[str]:
    """A provider in a process of its own; it is slow to start."""
    with socket.create_server(("127.0.0.1", 0)) as door:
        port = door.getsockname()[1]
    process = subprocess.Popen(
        [sys.executable, "-W", "ignore", "-m", "oidc_provider_mock", "--port", str(port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    url = f"http://localhost:{port}"
    try:
        until = time.monotonic() + 60
        while True:
            try:
                urllib3.request("GET", f"{url}/jwks", retries=False, timeout=5)
                break
            except urllib3.exceptions.HTTPError:
                assert time.monotonic() < until, "the provider did not start"
                time.sleep(0.1)
        yield url
    finally:
        process.terminate()
        process.wait(10)


def say(provider: str, sub: str, *groups: str, verified: bool = True) -> None:
    """Tell the provider who ``sub`` is."""
    claims = {
        "email": f"{sub}@example.org", "email_verified": verified, "name": sub.title(),
        "groups": list(groups),
    }  # fmt: skip
    answer = urllib3.request("PUT", f"{provider}/users/{sub}", json=claims)
    assert answer.status == 204


@pytest.fixture
def configured(desk: Desk, provider: str) -> Desk:
    clock_of(desk.house).now = dt.datetime.now(dt.UTC)
    ada = made(desk.house, "ada@example.org", "administrator")
    door = desk.as_(ada)
    assert door.post("/api/v1/units", json={"name": "fraud"}).status_code == 201
    body = {
        "issuer": provider, "client_id": "steelyard", "client_secret": "secret",
        "mapping": {
            "roles": {"ml-legal": ["legal"], "ml-admins": ["administrator"]},
            "units": {"fraud-team": ["fraud"]},
            "everybody": ["requester"],
        },
    }  # fmt: skip
    answer = door.put("/api/v1/identity/oidc", json=body)
    assert answer.status_code == 200, answer.text
    assert "secret" not in answer.json().get("client_secret", "")
    assert answer.json()["has_secret"] is True
    return desk


def log_in(desk: Desk, sub: str, then: str = "/start") -> tuple[TestClient, Any]:
    browser = desk.browser
    browser.follow_redirects = False
    begun = browser.get("/api/v1/login/oidc", params={"then": then})
    assert begun.status_code == 303, begun.text
    asked = parse_qs(urlsplit(begun.headers["location"]).query)
    assert asked["code_challenge_method"] == ["S256"]
    assert asked["nonce"]
    came = urllib3.request(
        "POST", begun.headers["location"], body=f"sub={sub}", redirect=False,
        headers={"content-type": "application/x-www-form-urlencoded"},
    )  # fmt: skip
    back = urlsplit(came.headers["location"])
    return browser, browser.get(f"{back.path}?{back.query}")


def test_the_first_login_makes_an_account_and_groups_say_what_it_may(
    configured: Desk, provider: str
) -> None:
    say(provider, "anna", "ml-legal", "fraud-team", "golf")
    browser, answer = log_in(configured, "anna")
    assert answer.status_code == 303, answer.text
    assert answer.headers["location"] == "/start"
    me = browser.get("/api/v1/me").json()
    assert (me["mail"], me["name"]) == ("anna@example.org", "Anna")
    assert me["roles"] == ["legal", "requester"]
    assert me["units"] == ["fraud"]
    say(provider, "anna", "golf")
    browser, _ = log_in(configured, "anna")
    again = browser.get("/api/v1/me").json()
    assert again["id"] == me["id"]
    assert (again["roles"], again["units"]) == (["requester"], [])
    out = browser.post("/api/v1/logout").json()["then"]
    assert out.startswith(f"{provider}/oauth2/end_session?client_id=steelyard")
    assert browser.get("/api/v1/me").status_code == 401
    leaves = b"".join(row.leaf for row in events(configured.house))
    assert b"nna@example" not in leaves


def test_what_was_granted_by_hand_stays(configured: Desk, provider: str) -> None:
    say(provider, "bert", "ml-legal")
    browser, _ = log_in(configured, "bert")
    me = browser.get("/api/v1/me").json()
    admin = configured.as_(made(configured.house, "root@example.org", "administrator"))
    admin.put(f"/api/v1/users/{me['id']}/roles/privacy", json={})
    say(provider, "bert")
    browser, _ = log_in(configured, "bert")
    assert browser.get("/api/v1/me").json()["roles"] == ["privacy", "requester"]


def test_a_disabled_account_stays_out(configured: Desk, provider: str) -> None:
    say(provider, "carl")
    browser, _ = log_in(configured, "carl")
    who = browser.get("/api/v1/me").json()["id"]
    configured.house.transact(lambda work: erasure.disable(work, SYSTEM, who))
    assert browser.get("/api/v1/me").status_code == 401
    _, answer = log_in(configured, "carl")
    assert answer.status_code == 403


def test_an_account_with_a_password_is_not_taken_over(configured: Desk, provider: str) -> None:
    made(configured.house, "dora@example.org", "legal")
    say(provider, "dora")
    _, answer = log_in(configured, "dora")
    assert answer.status_code == 409


def test_nobody_raises_themselves_by_the_mapping_they_wrote(
    configured: Desk, provider: str
) -> None:
    say(provider, "emil", "ml-admins")
    browser, _ = log_in(configured, "emil")
    assert "administrator" in browser.get("/api/v1/me").json()["roles"]
    shown = browser.get("/api/v1/identity/oidc")
    body = {name: shown.json()[name] for name in ("issuer", "client_id", "groups_claim", "mapping")}
    body["mapping"]["roles"]["ml-admins"] = ["administrator", "risk"]
    blind = browser.put("/api/v1/identity/oidc", json=body)
    assert blind.status_code == 428
    tag = {"if-match": shown.headers["etag"]}
    assert browser.put("/api/v1/identity/oidc", json=body, headers=tag).status_code == 200
    browser, _ = log_in(configured, "emil")
    assert "risk" not in browser.get("/api/v1/me").json()["roles"]


def test_a_login_comes_back_once_and_to_the_browser_that_began_it(
    configured: Desk, provider: str
) -> None:
    say(provider, "fritz")
    browser = configured.browser
    browser.follow_redirects = False
    begun = browser.get("/api/v1/login/oidc")
    came = urllib3.request(
        "POST", begun.headers["location"], body="sub=fritz", redirect=False,
        headers={"content-type": "application/x-www-form-urlencoded"},
    )  # fmt: skip
    back = urlsplit(came.headers["location"])
    path = f"{back.path}?{back.query}"
    assert configured.browser.get(path).json()["code"] == "oidc.refused"
    state = parse_qs(back.query)["state"][0]
    cookie = {"cookie": f"steelyard-login={state}"}
    wrong = browser.get(f"{back.path}?state={state}&code=wrong", headers=cookie)
    assert wrong.json()["code"] == "oidc.refused"
    assert configured.browser.get(path, headers=cookie).json()["code"] == "oidc.refused"


def test_wrong_configuration_is_named(configured: Desk, provider: str) -> None:
    admin = configured.as_(made(configured.house, "root@example.org", "administrator"))
    tag = {"if-match": admin.get("/api/v1/identity/oidc").headers["etag"]}
    for change, field in (
        ({"issuer": "http://login.example.org"}, "issuer"),
        ({"mapping": {"roles": {"g": ["king"]}}}, "roles.g"),
        ({"mapping": {"units": {"g": ["none"]}}}, "units.g"),
        ({"mapping": {"everybody": ["administrator"]}}, "everybody"),
    ):
        body = {"issuer": provider, "client_id": "x", **change}
        answer = admin.put("/api/v1/identity/oidc", json=body, headers=tag)
        assert [each["field"] for each in answer.json()["errors"]] == [field]


def test_a_directory_that_is_away_says_so(desk: Desk) -> None:
    ada = desk.as_(made(desk.house, "ada@example.org", "administrator"))
    assert desk.browser.get("/api/v1/login/oidc").status_code == 404
    body = {"issuer": "http://127.0.0.1:9", "client_id": "x"}
    assert ada.put("/api/v1/identity/oidc", json=body).status_code == 200
    answer = desk.browser.get("/api/v1/login/oidc")
    assert (answer.status_code, answer.json()["code"]) == (503, "oidc.unavailable")
