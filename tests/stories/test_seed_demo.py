# SPDX-License-Identifier: Apache-2.0
"""``steelyard seed-demo`` on a fresh server: every state is there, once. The real models are large,
so small ones that look alike are sent in their place."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from tests.corpus.build import joblib_file
from tests.stories.test_governance import model

from steelyard.catalog.demo import organization
from steelyard.cli import root, seed_demo
from steelyard.cli.seed_demo import life
from steelyard.kernel.errors import ConflictError


@contextlib.contextmanager
def fresh_server(directory: Path) -> Iterator[str]:
    """Yield the link for the first administrator."""
    process = subprocess.Popen(
        [sys.executable, "-m", "steelyard", "serve", "--port", "0", "--data", str(directory)],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        env={**os.environ, "STEELYARD_LOG_FORMAT": "json", "STEELYARD_DATABASE_URL": ""},
    )  # fmt: skip
    try:
        assert process.stdout is not None
        yield [process.stdout.readline().strip() for _ in range(3)][-1]
    finally:
        process.kill()
        process.communicate()


def test_everything_happens_and_only_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    names = {each["model"] for each in organization()["requests"]}
    more: dict[str, dict[str, bytes]] = {"profanity-check": {"model.joblib": joblib_file()}}
    small = {name: model(tmp_path / name, **more.get(name, {})) for name in names}
    monkeypatch.setattr(seed_demo, "_models", lambda *_: contextlib.nullcontext(small))
    towns: list[life.Town] = []
    lived = life.live

    def live(town: life.Town) -> None:
        towns.append(town)
        lived(town)

    monkeypatch.setattr(life, "live", live)
    with fresh_server(tmp_path / "data") as link:
        done = CliRunner().invoke(root, ["seed-demo", link], standalone_mode=False)
        assert done.exception is None, (done.exception, done.output)
        _look(towns[0])
        again = CliRunner().invoke(root, ["seed-demo", link], standalone_mode=False)
        assert isinstance(again.exception, ConflictError)
        assert again.exception.code == "seed.used"
        with pytest.raises(ConflictError) as filled:
            seed_demo._check_empty(towns[0].as_("ada"), link, organization())
        assert filled.value.code == "seed.filled"


def _look(town: life.Town) -> None:
    otto = town.as_("otto")

    def states(path: str, field: str = "state", **query: Any) -> list[str]:
        return sorted(each[field] for each in otto.pages(path, **query))

    requests = {key: otto.get(f"/requests/{one['id']}").body for key, one in town.requests.items()}
    assert {key: one["state"] for key, one in requests.items()} == {
        "search": "approved",
        "photos": "submitted",
        "mails": "rejected",
        "assistant": "approved",
        "voice": "approved",
        "calls": "changes requested",
        "calls-next": "submitted",
        "withdrawn": "withdrawn",
        "draft": "draft",
    }
    assert otto.get("/decisions", request=requests["mails"]["id"]).body["items"][0]["reasons"]
    conditions = otto.get(f"/decisions/{town.decision('assistant')['id']}/conditions").body
    assert "open" in {each["state"] for each in conditions}
    assert town.decision("voice")["state"] == "suspended"
    found = otto.get(f"/revisions/{requests['calls-next']['revision']}/diff").body
    assert [each["path"] for each in found["files"]] == ["NEWS.md"]
    assert "active" in states("/exceptions")
    assert states("/emergencies", "review") == ["due"]
    signed = otto.get(town.review("photos")).body
    assert signed["review"]["state"] == "open"
    assert len(states("/risks")) == 2
    assert [each["exit_plan"] is not None for each in otto.pages("/suppliers")].count(True) == 2
    assert states("/evidence")
    assert len(states("/webhooks", "url")) == 1
    assert "paused" in states("/clocks")
