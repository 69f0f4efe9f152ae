# SPDX-License-Identifier: Apache-2.0
"""``steelyard backup`` and ``steelyard restore`` through the door."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from tests.platform.log.build import record

from steelyard.bootstrap.house import open_house
from steelyard.cli import backup, restore
from steelyard.kernel.errors import ConflictError, InputError
from steelyard.platform.log.sequencer import sequence
from steelyard.platform.settings import read_settings


def run(command: object, *words: object) -> Result:
    return CliRunner().invoke(command, [str(word) for word in words], standalone_mode=False)  # type: ignore[arg-type]


def test_there_and_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("STEELYARD_DATABASE_URL", raising=False)
    house = open_house(read_settings(data=tmp_path / "one"))
    record(house, *range(5))
    sequence(house.database, house.keys, house.clock())
    file = tmp_path / "backup.tar"
    done = run(backup.command, file, "--data", tmp_path / "one", "--keys", "--format", "json")
    assert json.loads(done.output)["entries"] == 5, done.output
    house.close()
    assert file.stat().st_mode & 0o077 == 0
    said = run(restore.command, file, "--data", tmp_path / "two")
    assert "the ledger of 5 entries verifies" in " ".join(said.output.split())
    again = run(restore.command, file, "--data", tmp_path / "two")
    assert isinstance(again.exception, ConflictError)
    two = open_house(read_settings(data=tmp_path / "two"))
    record(two, 6)
    head = sequence(two.database, two.keys, two.clock())
    two.close()
    assert head is not None
    assert head.size == 6


def test_there_must_be_something_to_back_up(tmp_path: Path) -> None:
    nothing = run(backup.command, tmp_path / "b.tar", "--data", tmp_path / "nowhere")
    assert isinstance(nothing.exception, InputError)
    missing = run(restore.command, tmp_path / "b.tar", "--data", tmp_path / "two")
    assert isinstance(missing.exception, InputError)
