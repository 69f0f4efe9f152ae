# SPDX-License-Identifier: Apache-2.0
"""``steelyard admin`` and ``steelyard login`` on a data directory and a real server."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

import pyotp
import pytest
from click.testing import CliRunner
from pwdlib.hashers.argon2 import Argon2Hasher
from tests.live import listening

from steelyard.api.app import create_app
from steelyard.api.authentication import authenticate_with
from steelyard.cli import root
from steelyard.cli.admin.door import opened
from steelyard.kernel.errors import InputError, MissingError, SteelyardError
from steelyard.platform.client import Client, Profile, profile_path
from steelyard.platform.identity import passwords
from steelyard.platform.identity.first import first_link


def run(*words: str, stdin: str | None = None) -> str:
    result = CliRunner().invoke(root, words, input=stdin, standalone_mode=False)
    if isinstance(result.exception, SteelyardError):
        raise result.exception
    assert result.exception is None, result.output
    return result.stdout


def test_an_account_is_made_listed_used_and_disabled(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    data = ["--data", str(tmp_path / "data")]
    token = run(
        "admin", "create-user", "ada@example.org", "--role", "administrator", "--unit", "bank",
        "--print-token", *data,
    ).splitlines()[-1]  # fmt: skip
    assert token.startswith("sty_")
    second = run(
        "admin",
        "create-user",
        "b@example.org",
        "--role",
        "administrator",
        "--format",
        "json",
        *data,
    )
    assert json.loads(second)["token"] is None
    listed = json.loads(run("admin", "list-users", "--format", "json", *data))["items"]
    assert [each["mail"] for each in listed] == ["ada@example.org", "b@example.org"]
    assert "ada@example.org" in run("admin", "list-users", *data)
    with opened(tmp_path / "data") as house:
        app = create_app(house, authenticate_with(house))
        with listening(app) as url:
            assert "ada@example.org" in run("login", url, "--token-stdin", stdin=token + "\n")
            run("admin", "disable-user", "ADA@example.org", *data)
            with pytest.raises(SteelyardError) as caught:
                run("login", url, "--token-stdin", stdin=token + "\n")
            assert caught.value.code == "identity.unknown"
    with pytest.raises(MissingError):
        run("admin", "disable-user", "nobody@example.org", *data)
    with pytest.raises(InputError):
        run("admin", "create-user", "nobody", *data)


def test_the_first_administrator_comes_in_from_the_command_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    pool = passwords.HashPool(Argon2Hasher(time_cost=1, memory_cost=1024, parallelism=1))
    monkeypatch.setattr(passwords, "pool", lambda: pool)
    phrase = "three quiet red boats"
    with opened(tmp_path / "data") as house:
        link = house.transact(first_link)
        with listening(create_app(house, authenticate_with(house))) as url:
            out = run(
                "login", f"{url}{link}", "--mail", "ada@example.org", stdin=f"{phrase}\n{phrase}\n"
            )
            assert "ada@example.org" in out
            assert Client.here().get("/me").body["roles"] == ["administrator"]
            assert phrase not in profile_path(os.environ).read_text()
            app = pyotp.TOTP(_second_factor(url, phrase))
            code = app.at(int(time.time()) + 30)
            run("login", url, "--mail", "ada@example.org", stdin=f"{phrase}\n{code}\n")
            with pytest.raises(SteelyardError) as caught:
                run("login", url, "--mail", "ada@example.org", stdin=f"{phrase}\n123456\n")
            assert caught.value.code == "login.refused"
    data = ["--data", str(tmp_path / "data")]
    again = run("admin", "reset-password", "ada@example.org", "--second-factor", *data).strip()
    with opened(tmp_path / "data") as house:
        house.settings.public_url = ""
        with listening(create_app(house, authenticate_with(house))) as url:
            fresh = "four loud blue trains"
            run("login", url + again, "--mail", "ada@example.org", stdin=f"{fresh}\n{fresh}\n")
    pool.close()


def _second_factor(url: str, phrase: str) -> str:
    """Set a second factor up in a browser; return its secret."""
    browser = Client(Profile(url=url, token=""), headers={"origin": url})
    browser.keep_cookies(browser.post("/login", {"mail": "ada@example.org", "password": phrase}))
    secret = str(browser.post("/second-factor").body["secret"])
    browser.post("/second-factor/confirm", {"code": pyotp.TOTP(secret).now()})
    return secret
