# SPDX-License-Identifier: Apache-2.0
"""``charter explain`` says what would get a decision approved, where it can be told."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner, Result
from tests.cli.test_charter import assessment

from steelyard.catalog.charters import resolved_charter
from steelyard.cli.charter import command


def run(*arguments: str | Path) -> Result:
    words = ["explain", *map(str, arguments)]
    return CliRunner(env={"COLUMNS": "100"}).invoke(command, words, standalone_mode=False)


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    (tmp_path / "assessment.json").write_bytes(msgspec.json.encode(assessment()))
    (tmp_path / "charter.json").write_bytes(resolved_charter("standard"))
    return tmp_path


def test_a_bundle_holds_its_charter(bundle: Path) -> None:
    text = run(bundle).stdout
    assert "approved with conditions (risk low) if:\n  - Use weights that run no code" in text
    assert "      artifacts.executes_on_load = false, not true" in text
    document = json.loads(run(bundle, "--format", "json").stdout)
    told = document["approved_if"]
    assert told["charter"]["name"] == "standard"
    assert told["found"][0]["outcome"] == "approved_with_conditions"
    assert told["found"][0]["changes"][0]["facts"]["artifacts.executes_on_load"] is False


def test_one_rule_is_explained_without_it(bundle: Path) -> None:
    document = json.loads(run(bundle, "--rule", "no-malicious-files", "--format", "json").stdout)
    assert "approved_if" not in document


def test_another_charter_is_named(bundle: Path) -> None:
    text = run(bundle, "--charter", "starter").stdout
    assert "by the charter starter 1:\napproved (risk low) if:" in text
    assert "  - Ask for the environment sandbox instead of production." in text


def test_without_a_charter_or_with_a_wrong_one(bundle: Path, tmp_path: Path) -> None:
    (bundle / "charter.json").write_bytes(resolved_charter("starter"))
    assert "charter.json is not the charter that decided." in run(bundle).stdout
    (bundle / "charter.json").write_bytes(b"{}")
    assert "cannot be told: This is not a resolved charter" in run(bundle).stdout
    (bundle / "charter.json").unlink()
    assert "approved_if" not in json.loads(run(bundle, "--format", "json").stdout)
    assert run(bundle, "--charter", "nonesuch").exception is not None
