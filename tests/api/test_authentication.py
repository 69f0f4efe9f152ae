# SPDX-License-Identifier: Apache-2.0
"""Who makes a call: bearer tokens and cookies through the real door."""

from __future__ import annotations

from fastapi.testclient import TestClient
from tests.platform.identity.staff import clock_of, made, session_of, token_of

from steelyard.api.app import create_app
from steelyard.api.authentication import authenticate_with
from steelyard.api.cookies import BOUND, PLAIN
from steelyard.bootstrap.house import House
from steelyard.kernel.actor import SYSTEM, Scope
from steelyard.platform.identity import sessions, tokens
from steelyard.platform.identity.credential_tables import SessionRow, TokenRow


def client(house: House, base: str = "http://testserver") -> TestClient:
    return TestClient(create_app(house, authenticate_with(house)), base_url=base)


def test_a_bearer_token_says_who_calls(house: House) -> None:
    anna = made(house, "anna@example.org", "requester", name="Anna", unit="fraud")
    issued = token_of(house, anna.id)
    door = client(house)
    good = door.get("/api/v1/me", headers={"authorization": f"Bearer {issued.token}"})
    assert good.json()["mail"] == "anna@example.org"
    assert good.json()["units"] == ["fraud"]
    for stated in ("Bearer sty_x", f"Basic {issued.token}", "Bearer", f"Token {issued.token}", ""):
        assert door.get("/api/v1/me", headers={"authorization": stated}).status_code == 401
    house.transact(lambda work: tokens.revoke(work, SYSTEM, issued.view.id))
    gone = door.get("/api/v1/me", headers={"authorization": f"Bearer {issued.token}"})
    assert gone.status_code == 401


def test_a_scope_shuts_the_other_doors(house: House) -> None:
    anna = made(house, "anna@example.org", "requester")
    issued = token_of(house, anna.id, Scope(actions=("use-case.read",)))
    door = client(house)
    headers = {"authorization": f"Bearer {issued.token}"}
    assert door.get("/api/v1/use-cases", headers=headers).status_code == 200
    refused = door.post("/api/v1/use-cases/uc_1/retire", headers=headers)
    assert (refused.status_code, refused.json()["code"]) == (403, "right.scope")


def test_a_cookie_says_who_calls_and_a_wrong_token_is_not_helped_by_it(house: House) -> None:
    anna = made(house, "anna@example.org", "requester")
    secret, view = session_of(house, anna)
    door = client(house)
    door.cookies.set(PLAIN, secret)
    assert door.get("/api/v1/me").json()["id"] == anna.id
    wrong = door.get("/api/v1/me", headers={"authorization": "Bearer sty_wrong"})
    assert wrong.status_code == 401
    house.transact(lambda work: sessions.end(work, SYSTEM, view.id))
    assert door.get("/api/v1/me").status_code == 401


def test_with_tls_only_the_bound_cookie_counts(house: House) -> None:
    anna = made(house, "anna@example.org", "requester")
    secret, _ = session_of(house, anna)
    door = client(house, "https://testserver")
    door.cookies.set(PLAIN, secret)
    assert door.get("/api/v1/me").status_code == 401
    door.cookies.set(BOUND, secret)
    assert door.get("/api/v1/me").status_code == 200


def test_the_last_use_is_noted_once_a_minute(house: House) -> None:
    anna = made(house, "anna@example.org", "requester")
    issued = token_of(house, anna.id)
    secret, view = session_of(house, anna)
    ask = authenticate_with(house)
    door = TestClient(create_app(house, ask))
    seen = []
    for minutes in (0, 0.5, 2):
        clock_of(house).forward(minutes=minutes)
        door.get("/api/v1/me", headers={"authorization": f"Bearer {issued.token}"})
        door.get("/api/v1/me", headers={"cookie": f"{PLAIN}={secret}"})
        ask.last_used.settle()
        with house.reading() as session:
            token, kept = session.get(TokenRow, issued.view.id), session.get(SessionRow, view.id)
            assert token is not None
            assert kept is not None
            seen.append((token.used_at, kept.used_at))
    assert seen[0] == seen[1]
    assert seen[2] == (house.clock(), house.clock())
