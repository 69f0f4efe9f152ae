# SPDX-License-Identifier: Apache-2.0
"""``steelyard admin`` and ``steelyard login`` on a data directory and a real server."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from tests.live import listening

from steelyard.api.app import create_app
from steelyard.api.authentication import authenticate_with
from steelyard.cli import root
from steelyard.cli.admin.door import opened
from steelyard.kernel.errors import InputError, MissingError, SteelyardError


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
