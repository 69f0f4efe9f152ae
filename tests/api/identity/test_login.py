# SPDX-License-Identifier: Apache-2.0
"""Coming in with a password: invitations, sessions, second factor, guessing."""

from __future__ import annotations

import datetime as dt
import time
from typing import Any

import pyotp
import pytest
from fastapi.testclient import TestClient
from tests.api.identity.desk import GOOD, Desk
from tests.platform.identity.staff import clock_of, events, made

from steelyard.api.cookies import PLAIN
from steelyard.api.identity import login
from steelyard.kernel.errors import FieldErrors
from steelyard.platform.identity import first, passwords
from steelyard.platform.settings import Settings


def invited(desk: Desk, mail: str = "anna@example.org", *roles: str) -> dict[str, Any]:
    """Invite somebody who then chooses a password."""
    admin = made(desk.house, "root@example.org", "administrator")
    asked = {"mail": mail, "roles": list(roles) or ["requester"], "name": "Anna"}
    answer = desk.as_(admin).post("/api/v1/users", json=asked)
    assert answer.status_code == 201, answer.text
    link = answer.json()["link"].partition("#")[2]
    chosen = {"link": link, "password": GOOD}
    assert desk.browser.post("/api/v1/login/password", json=chosen).status_code == 200
    again = desk.browser.post("/api/v1/login/password", json=chosen)
    assert (again.status_code, again.json()["code"]) == (422, "link.used")
    user: dict[str, Any] = answer.json()["user"]
    return user


def enter(desk: Desk, password: str = GOOD, code: str = "") -> tuple[TestClient, Any]:
    browser = desk.browser
    asked = {"mail": "ANNA@example.org", "password": password, "code": code}
    return browser, browser.post("/api/v1/login", json=asked)


def test_the_first_administrator_comes_in_by_a_link_that_works_once(desk: Desk) -> None:
    path = desk.house.transact(first.first_link)
    assert path is not None
    assert path.startswith("/first#stl_")
    link = path.partition("#")[2]
    asked = {"link": link, "mail": "ada@example.org", "name": "Ada", "password": GOOD}
    short = desk.browser.post("/api/v1/login/first", json={**asked, "password": "short"})
    assert short.json()["errors"][0]["field"] == "password"
    browser = desk.browser
    made_one = browser.post("/api/v1/login/first", json=asked)
    assert made_one.status_code == 201, made_one.text
    assert browser.get("/api/v1/me").json()["roles"] == ["administrator"]
    again = desk.browser.post("/api/v1/login/first", json={**asked, "mail": "b@example.org"})
    assert again.status_code == 422
    assert desk.house.transact(first.first_link) is None


def test_the_cookie_is_out_of_reach_of_scripts(desk: Desk) -> None:
    invited(desk)
    _, answer = enter(desk)
    stated = answer.headers["set-cookie"].lower()
    assert stated.startswith(f"{PLAIN}=sts_")
    for part in ("httponly", "samesite=lax", "path=/", "max-age=43200"):
        assert part in stated
    assert "secure" not in stated
    assert "domain" not in stated
    tls = Desk(desk.house, "https://testserver").browser
    asked = {"mail": "anna@example.org", "password": GOOD}
    stated = tls.post("/api/v1/login", json=asked).headers["set-cookie"]
    assert stated.startswith("__Host-steelyard=sts_")
    assert "Secure" in stated


def test_sessions_are_listed_and_end_at_once(desk: Desk) -> None:
    invited(desk)
    here, _ = enter(desk)
    there, _ = enter(desk)
    listed = here.get("/api/v1/sessions").json()["items"]
    assert [each["current"] for each in listed].count(True) == 1
    other = next(each for each in listed if not each["current"])
    assert here.delete(f"/api/v1/sessions/{other['id']}").status_code == 204
    assert there.get("/api/v1/me").status_code == 401
    third, _ = enter(desk)
    assert here.delete("/api/v1/sessions").status_code == 204
    assert third.get("/api/v1/me").status_code == 401
    gone = here.post("/api/v1/logout")
    assert gone.json() == {"then": ""}
    assert "max-age=0" in gone.headers["set-cookie"].lower()
    assert here.get("/api/v1/me").status_code == 401
    assert len(events(desk.house, "session.started")) == 3


def test_wrong_and_unknown_look_the_same(desk: Desk) -> None:
    invited(desk)
    answers = [
        desk.browser.post("/api/v1/login", json={"mail": mail, "password": "not the password"})
        for mail in ("anna@example.org", "nobody@example.org", "root@example.org")
    ]
    bodies = [
        {name: value for name, value in each.json().items() if name != "instance"}
        for each in answers
    ]
    assert bodies[0] == bodies[1] == bodies[2]
    assert bodies[0]["code"] == "login.refused"
    failed = events(desk.house, "login.failed")
    assert len(failed) == 3
    assert not any(b"example.org" in row.leaf for row in failed)


@pytest.mark.parametrize("mail", ["anna@example.org", "nobody@example.org"])
def test_guessing_is_paused_longer_and_longer_and_the_pause_ends(desk: Desk, mail: str) -> None:
    invited(desk)
    wrong = {"mail": mail, "password": "not the password"}
    codes = [desk.browser.post("/api/v1/login", json=wrong).status_code for _ in range(6)]
    assert codes == [401] * 5 + [429]
    right = desk.browser.post("/api/v1/login", json={"mail": mail, "password": GOOD})
    assert (right.status_code, right.json()["code"]) == (429, "login.paused")
    assert right.headers["retry-after"] == "31"
    clock_of(desk.house).forward(seconds=31)
    assert desk.browser.post("/api/v1/login", json=wrong).status_code == 401
    longer = desk.browser.post("/api/v1/login", json=wrong)
    assert longer.headers["retry-after"] == "61"
    clock_of(desk.house).forward(seconds=61)
    if mail == "anna@example.org":
        assert enter(desk)[1].status_code == 200
        assert enter(desk, "not the password")[1].status_code == 401


def test_one_address_is_not_served_without_end(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(login, "PER_MINUTE", 3)
    asked = {"link": "stl_not-a-link-at-all", "password": GOOD}
    codes = [desk.browser.post("/api/v1/login/password", json=asked).status_code for _ in range(4)]
    assert codes == [422] * 3 + [429]


def test_a_second_factor_is_asked_for_and_a_code_counts_once(desk: Desk) -> None:
    user = invited(desk)
    browser, _ = enter(desk)
    begun = browser.post("/api/v1/second-factor").json()
    assert begun["svg"].startswith("<svg")
    assert "style=" not in begun["svg"]
    app = pyotp.TOTP(begun["secret"])
    now = clock_of(desk.house)
    assert browser.post("/api/v1/second-factor/confirm", json={"code": "000000"}).status_code == 422
    confirmed = browser.post("/api/v1/second-factor/confirm", json={"code": app.at(now())})
    codes = confirmed.json()["codes"]
    assert len(set(codes)) == 10
    now.forward(seconds=60)
    assert enter(desk)[1].json()["code"] == "login.code-needed"
    assert enter(desk, code="123456")[1].json()["code"] == "login.refused"
    assert enter(desk, "not the password", app.at(now()))[1].json()["code"] == "login.refused"
    assert enter(desk, code=app.at(now()))[1].status_code == 200
    assert enter(desk, code=app.at(now()))[1].json()["code"] == "login.refused"
    assert enter(desk, code=codes[0].upper())[1].status_code == 200
    assert enter(desk, code=codes[0])[1].json()["code"] == "login.refused"
    now.forward(seconds=3600)
    other = made(desk.house, "second@example.org", "administrator")
    gone = desk.as_(other).post(f"/api/v1/users/{user['id']}/second-factor/remove")
    assert gone.status_code == 204
    assert enter(desk)[1].status_code == 200
    for row in events(desk.house):
        assert begun["secret"].encode() not in row.leaf


def test_a_role_can_demand_the_second_factor(desk: Desk) -> None:
    invited(desk, "anna@example.org", "legal")
    desk.house.settings = Settings.model_construct(second_factor_roles="legal, administrator")
    strict = Desk(desk.house)
    browser, _ = enter(strict)
    refused = browser.get("/api/v1/users")
    assert (refused.status_code, refused.json()["code"]) == (403, "right.scope")
    assert browser.post("/api/v1/tokens", json={"name": "x"}).status_code == 403
    begun = browser.post("/api/v1/second-factor").json()
    app, now = pyotp.TOTP(begun["secret"]), clock_of(desk.house)
    browser.post("/api/v1/second-factor/confirm", json={"code": app.at(now())})
    now.forward(seconds=60)
    browser, _ = enter(strict, code=app.at(now()))
    assert browser.get("/api/v1/users").status_code == 200


def test_a_password_is_replaced_with_the_old_one_and_other_sessions_end(desk: Desk) -> None:
    invited(desk)
    here, _ = enter(desk)
    there, _ = enter(desk)
    fresh = "four loud blue trains"
    wrong = here.post("/api/v1/password", json={"old_password": "no", "password": fresh})
    assert wrong.json()["errors"][0]["field"] == "old_password"
    done = here.post("/api/v1/password", json={"old_password": GOOD, "password": fresh})
    assert done.status_code == 204
    assert here.get("/api/v1/me").status_code == 200
    assert there.get("/api/v1/me").status_code == 401
    assert enter(desk)[1].status_code == 401
    assert enter(desk, fresh)[1].status_code == 200


def test_a_reset_link_ends_all_sessions_and_is_over_after_an_hour(desk: Desk) -> None:
    user = invited(desk)
    browser, _ = enter(desk)
    admin = desk.as_(made(desk.house, "second@example.org", "administrator"))
    links = [
        admin.post(f"/api/v1/users/{user['id']}/link", json={"purpose": "reset"}).json()["link"]
        for _ in range(2)
    ]
    old, new = (link.partition("#")[2] for link in links)
    fresh = "four loud blue trains"
    asked = {"link": old, "password": fresh}
    assert desk.browser.post("/api/v1/login/password", json=asked).status_code == 422
    clock_of(desk.house).forward(minutes=59)
    asked = {"link": new, "password": fresh}
    assert desk.browser.post("/api/v1/login/password", json=asked).status_code == 200
    assert browser.get("/api/v1/me").status_code == 401
    late = admin.post(f"/api/v1/users/{user['id']}/link", json={}).json()["link"]
    clock_of(desk.house).forward(minutes=61)
    asked = {"link": late.partition("#")[2], "password": fresh}
    assert desk.browser.post("/api/v1/login/password", json=asked).status_code == 422


def test_a_token_cannot_change_credentials(desk: Desk) -> None:
    anna = made(desk.house, "anna@example.org", "requester")
    door = desk.as_(anna)
    for path, body in (
        ("/api/v1/second-factor", None),
        ("/api/v1/password", {"old_password": GOOD, "password": "four loud blue trains"}),
    ):
        refused = door.post(path, json=body)
        assert (refused.status_code, refused.json()["code"]) == (409, "session.needed")


@pytest.mark.parametrize(
    "password",
    ["elevenchars", "x" * 257, "aaaaaaaaaaaa", "password1234", "Qwertyuiop123", "abcdefghijklmnop",
     "anna.berg@example.org", "anna.berg2026", "ababababababab"],
)  # fmt: skip
def test_passwords_that_are_tried_first_are_refused(password: str) -> None:
    with pytest.raises(FieldErrors):
        passwords.check(password, "anna.berg@example.org")


@pytest.mark.parametrize(
    "password", [GOOD, "pferd batterie klammer", "日本語のとても長いパスワード"]
)
def test_phrases_are_passwords(password: str) -> None:
    passwords.check(password, "anna.berg@example.org")


def test_a_flood_of_hashes_is_turned_away() -> None:
    from threading import Event, Thread

    from pwdlib.hashers.argon2 import Argon2Hasher

    from steelyard.kernel.errors import BusyError

    gate, begun = Event(), Event()

    class Slow(Argon2Hasher):
        def hash(self, password: str | bytes, *, salt: bytes | None = None) -> str:
            begun.set()
            gate.wait(10)
            return "x"

    pool = passwords.HashPool(Slow())
    threads = [Thread(target=pool.hash, args=("x",)) for _ in range(18)]
    for thread in threads:
        thread.start()
    begun.wait(10)
    while pool._places._value:
        time.sleep(0.005)
    with pytest.raises(BusyError):
        pool.hash("one too many")
    gate.set()
    for thread in threads:
        thread.join()
    pool.close()


def test_the_pause_never_exceeds_an_hour(desk: Desk) -> None:
    wrong = {"mail": "nobody@example.org", "password": "not the password"}
    longest = 0
    for _ in range(26):
        answer = desk.browser.post("/api/v1/login", json=wrong)
        pause = int(answer.headers.get("retry-after", "0"))
        longest = max(longest, pause)
        clock_of(desk.house).forward(seconds=pause)
    assert 1800 < longest <= 3601
    clock_of(desk.house).now += dt.timedelta(days=2)
    assert desk.browser.post("/api/v1/login", json=wrong).status_code == 401
    assert desk.browser.post("/api/v1/login", json=wrong).status_code == 401
