# SPDX-License-Identifier: Apache-2.0
"""Settings come from the environment, and a wrong one is named."""

from __future__ import annotations

from pathlib import Path

import pytest

from steelyard.kernel.errors import FieldErrors
from steelyard.platform.settings import Settings, read_settings

DOCS = Path(__file__).resolve().parents[2] / "docs" / "reference" / "settings.md"


def test_defaults_need_no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STEELYARD_WORKER_THREADS", "")
    assert read_settings() == Settings.model_construct()


def test_the_environment_and_options_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STEELYARD_JOBS", "procrastinate")
    monkeypatch.setenv("STEELYARD_DATA", "/a")
    settings = read_settings(data=Path("/b"), worker_threads=None)
    assert (settings.jobs, settings.data) == ("procrastinate", Path("/b"))


def test_all_wrong_settings_are_named_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STEELYARD_SESSION_HOURS", "soon")
    monkeypatch.setenv("STEELYARD_REGION", "Germany")
    with pytest.raises(FieldErrors) as caught:
        read_settings()
    assert [field for field, _ in caught.value.faults] == [
        "STEELYARD_SESSION_HOURS",
        "STEELYARD_REGION",
    ]


def test_secrets_are_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STEELYARD_DATABASE_URL", "postgresql://steelyard:hunter2@db/steelyard")
    assert "hunter2" not in repr(read_settings())


def test_every_variable_is_documented() -> None:
    text = DOCS.read_text(encoding="utf-8")
    for name, field in Settings.model_fields.items():
        assert f"| `STEELYARD_{name.upper()}` |" in text
        assert field.description
