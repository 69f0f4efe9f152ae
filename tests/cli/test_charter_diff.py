# SPDX-License-Identifier: Apache-2.0
"""``charter diff`` for people, machines and change requests, and how it ends."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from steelyard.catalog.charters import charter_text, resolved_charter
from steelyard.cli.charter import command
from steelyard.kernel.errors import DocumentErrors, InputError


def run(*arguments: str | Path) -> Result:
    words = ["diff", *map(str, arguments)]
    return CliRunner(env={"COLUMNS": "100"}).invoke(command, words, standalone_mode=False)


@pytest.fixture
def looser(tmp_path: Path) -> Path:
    text = charter_text("standard").replace(
        "require: \"scan.worst != 'malicious'\"\n    otherwise: reject",
        "require: \"scan.worst != 'malicious'\"\n    otherwise: review(security)",
    )
    file = tmp_path / "looser.yaml"
    file.write_text(text, encoding="utf-8")
    return file


def test_what_is_looser_comes_first_with_an_example(looser: Path) -> None:
    result = run("standard", looser)
    assert result.return_value == 3
    assert "▼ The new charter is looser." in result.output
    assert "1 looser" in result.output
    assert "- otherwise: reject" in result.output
    assert "+ otherwise: review(security)" in result.output
    assert "With scan.worst = malicious: rejects → asks security to sign off" in result.output


def test_the_way_back_is_stricter_and_ends_well(looser: Path) -> None:
    result = run(looser, "standard")
    assert result.return_value == 0
    assert "▲ The new charter is stricter; nothing is looser." in result.output


def test_the_same_charter(tmp_path: Path) -> None:
    bundle = tmp_path / "evidence"
    bundle.mkdir()
    (bundle / "charter.json").write_bytes(resolved_charter("starter"))
    result = run("starter", bundle)
    assert result.return_value == 0
    assert "Both charters mean the same." in result.output


def test_json_names_every_value(looser: Path) -> None:
    document = json.loads(run("standard", looser, "--format", "json").output)
    assert document["schema"] == "steelyard.charter-diff/v1"
    assert document["verdict"] == "looser"
    assert document["counts"]["looser"] == 1
    (change,) = document["changes"]
    assert change["subject"] == "no-malicious-files"
    assert change["looser"] == {
        "facts": {"scan.worst": "malicious"},
        "old": "rejects",
        "new": "asks security to sign off",
        "rest": {},
    }
    assert len(document["old"]["sha256"]) == 64
    for name in ("starter", "regulated"):
        assert json.loads(run("standard", name, "--format", "json").output)["changes"]


def test_markdown_for_a_change_request(looser: Path) -> None:
    text = run("standard", looser, "--format", "markdown").output
    assert text.startswith("## Charter standard 1 → standard 1\n")
    assert "### ▼ Looser" in text
    assert "  ```diff\n  - otherwise: reject\n  + otherwise: review(security)\n  ```" in text
    assert "scan.worst = malicious" in text


def test_errors_are_sentences(tmp_path: Path) -> None:
    broken = tmp_path / "broken.yaml"
    broken.write_text("charter: x\n", encoding="utf-8")
    for arguments, error in (
        (("standard", broken), DocumentErrors),
        (("standard", "standrad"), InputError),
        (("standard", tmp_path), InputError),
    ):
        result = run(*arguments)
        assert isinstance(result.exception, error)
    not_resolved = tmp_path / "charter.json"
    not_resolved.write_text("{}", encoding="utf-8")
    assert isinstance(run("standard", not_resolved).exception, InputError)
