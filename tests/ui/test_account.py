# SPDX-License-Identifier: Apache-2.0
"""One's own account through its pages: name, password, second factor, sessions, tokens."""

from __future__ import annotations

import base64
import re

import pyotp
from tests.platform.identity.staff import clock_of, made, session_of
from tests.ui.desk import SCRIPT, Site, Window, site

from steelyard.api.cookies import PLAIN
from steelyard.platform.identity import passwords
from steelyard.platform.identity.credential_tables import PasswordRow
from steelyard.platform.work import Work

__all__ = ["site"]
OLD, NEW = "three quiet red boats", "four noisy green trains"


def local(site: Site, name: str = "anna", *roles: str) -> Window:
    """Return a window of somebody who has a password here."""
    window = site.of(name, *(roles or ("requester",)))

    def act(work: Work) -> None:
        work.session.add(
            PasswordRow(
                person=window.person.id, hash=passwords.pool().hash(OLD), changed_at=work.now,
                totp="", totp_since=None, totp_step=0, recovery=[],
            )
        )  # fmt: skip

    site.house.transact(act)
    return window


def test_a_name_is_changed_and_is_only_text(site: Site) -> None:
    anna = site.of("anna", "requester")
    assert anna.fill("/account/name", "/account", name=SCRIPT).status_code == 303
    assert SCRIPT not in anna.see("/account")
    long = anna.fill("/account/name", "/account", name="x" * 5000)
    assert long.status_code == 422
    assert 'id="e-name"' in long.text


def test_a_password_is_replaced_by_who_knows_it(site: Site) -> None:
    anna = local(site)
    other = site.window(anna.person)
    for fields, field in (
        ({"old_password": "wrong", "password": NEW, "again": NEW}, "old_password"),
        ({"old_password": OLD, "password": NEW, "again": NEW + "x"}, "again"),
    ):
        answer = anna.fill("/account/password", "/account", **fields)
        assert answer.status_code == 422
        assert f'id="e-{field}"' in answer.text
        assert NEW not in answer.text
    weak = anna.fill("/account/password", "/account", old_password=OLD, password="x", again="x")
    assert weak.status_code == 422
    done = anna.fill("/account/password", "/account", old_password=OLD, password=NEW, again=NEW)
    assert done.status_code == 303
    assert anna.get("/account").status_code == 200
    assert other.get("/account").status_code == 303
    entered = site.window().post("/login", data={"mail": "anna@example.org", "password": NEW})
    assert entered.status_code == 303


def test_a_second_factor_through_its_life(site: Site) -> None:
    anna = local(site)
    begun = anna.fill("/account/factor", "/account")
    secret = re.search(r'data-copy="([A-Z2-7]{32})"', begun.text)
    image = re.search(r'src="data:image/svg\+xml;base64,([^"]+)"', begun.text)
    assert secret is not None
    assert image is not None
    assert b"<svg" in base64.b64decode(image[1])
    wrong = anna.post("/account/factor/confirm", data={"code": "000000"})
    assert wrong.status_code == 422
    assert secret[1] not in wrong.text
    code = pyotp.TOTP(secret[1]).at(clock_of(site.house).now)
    on = anna.post("/account/factor/confirm", data={"code": code})
    codes = re.findall(r"<li><code>([a-z0-9-]{17})</code>", on.text)
    assert len(codes) == 10
    assert codes[0] not in anna.see("/account")
    bare = {"mail": "anna@example.org", "password": OLD}
    assert "second factor" in site.window().post("/login", data=bare).text
    entered = site.window().post("/login", data={**bare, "code": codes[0]})
    assert entered.status_code == 303
    kept = anna.fill("/account/factor/remove", "/account", code="123456")
    assert kept.status_code == 422
    gone = anna.fill("/account/factor/remove", "/account", code=codes[1])
    assert gone.status_code == 303
    assert "Set up a second factor" in anna.see("/account")


def test_sessions_are_ended(site: Site) -> None:
    anna = site.of("anna", "requester")
    other, third = site.window(anna.person), site.window(anna.person)
    stranger = made(site.house, "bert@example.org", "requester")
    secret, foreign = session_of(site.house, stranger)
    denied = anna.post("/account/sessions/end", data={"session": foreign.id})
    assert denied.status_code == 404
    ended = re.search(r'name="session" value="(ses_\w+)"', anna.see("/account"))
    assert ended is not None
    assert anna.post("/account/sessions/end", data={"session": ended[1]}).status_code == 303
    assert sorted([other.get("/account").status_code, third.get("/account").status_code]) == [
        200, 303,
    ]  # fmt: skip
    assert anna.fill("/account/sessions/end", "/account", session="others").status_code == 303
    assert third.get("/account").status_code == 303
    assert other.get("/account").status_code == 303
    bert = site.window()
    bert.cookies.set(PLAIN, secret)
    assert bert.get("/account").status_code == 200


def test_a_token_is_shown_once_and_reaches_only_what_it_names(site: Site) -> None:
    anna = site.of("anna", "requester")
    for fields, field in (
        ({"name": "", "expires_at": "30"}, "name"),
        ({"name": "x", "expires_at": "999"}, "expires_at"),
        ({"name": "x", "environments": "A B!"}, "environments"),
    ):
        answer = anna.fill("/account/tokens", **fields)
        assert answer.status_code == 422, fields
        assert f'id="e-{field}"' in answer.text
    page = anna.see("/account/tokens")
    key = re.search(r'name="form-key" value="([^"]+)"', page)
    assert key is not None
    sent = {"form-key": key[1], "name": SCRIPT[:90], "expires_at": "30", "actions": "model.read"}
    made_ = anna.post("/account/tokens", data=sent)
    secret = re.search(r'data-copy="(st[\w-]+)"', made_.text)
    assert secret is not None
    again = anna.post("/account/tokens", data=sent)
    assert (again.status_code, again.headers["location"]) == (303, "/account/tokens")
    shown = anna.see("/account/tokens")
    assert shown.count("/account/tokens/revoke") == 1
    assert secret[1] not in shown
    assert SCRIPT not in shown
    call = {"authorization": f"Bearer {secret[1]}", "accept": "*/*"}
    assert site.window().get("/api/v1/models", headers=call).status_code == 200
    assert site.window().get("/api/v1/requests", headers=call).status_code == 403
    fresh = anna.fill("/account/tokens/rotate", "/account/tokens")
    assert re.search(r'data-copy="st[\w-]+"', fresh.text)
    token = re.findall(r'name="token" value="(tok_\w+)"', anna.see("/account/tokens"))
    bert = site.of("bert", "requester")
    assert bert.post("/account/tokens/revoke", data={"token": token[0]}).status_code == 404
    for each in set(token):
        anna.post("/account/tokens/revoke", data={"token": each})
    assert site.window().get("/api/v1/models", headers=call).status_code == 401
