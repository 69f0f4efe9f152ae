# SPDX-License-Identifier: Apache-2.0
"""``steelyard charter maturity``: asked, answered from a file, saved, reported."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from pathlib import Path

from click.testing import CliRunner, Result

from steelyard.catalog.maturity import maturity_catalog
from steelyard.cli.charter import command
from steelyard.kernel.errors import DocumentErrors, InputError


def run(*arguments: str | Path) -> Result:
    words = [str(argument) for argument in arguments]
    return CliRunner(env={"COLUMNS": "100"}).invoke(command, words, standalone_mode=False)


def filled(tmp_path: Path, level: int) -> Path:
    file = tmp_path / "m.yaml"
    text = run("maturity", "--questions").stdout.replace(": 0\n", f": {level}\n")
    file.write_text(text, encoding="utf-8")
    return file


def test_a_filled_file_gives_a_result_and_a_report(tmp_path: Path) -> None:
    report = tmp_path / "m.html"
    result = run("maturity", "--answers", filled(tmp_path, 2), "--report", report)
    assert result.return_value == 0
    assert "You can carry the standard profile today; regulated is next." in result.stdout
    assert "Governance" in result.stdout
    assert "Controls:" in result.stdout
    assert b"What to do next, in order, for regulated" in report.read_bytes()


def test_json(tmp_path: Path) -> None:
    result = run("maturity", "--answers", filled(tmp_path, 3), "--format", "json")
    document = json.loads(result.stdout)
    assert document["schema"] == "steelyard.maturity/v1"
    assert document["recommended"] == "regulated"
    assert document["gaps"] == []
    assert len(document["areas"]) == 6


def test_the_questions_as_data() -> None:
    document = json.loads(run("maturity", "--questions", "--format", "json").stdout)
    assert document["schema"] == "steelyard.maturity-questions/v1"
    assert document["confidence"] == "unverified"
    assert len(document["questions"]) == 26
    assert len(document["questions"][0]["levels"]) == 4


def test_without_answers_and_terminal_it_says_how(tmp_path: Path) -> None:
    result = run("maturity")
    assert isinstance(result.exception, InputError)
    assert "--questions" in result.exception.next_step


def test_wrong_answers_have_a_line(tmp_path: Path) -> None:
    file = tmp_path / "m.yaml"
    file.write_text("answers:\n  scaning: 1\n", encoding="utf-8")
    result = run("maturity", "--answers", file)
    assert isinstance(result.exception, DocumentErrors)
    assert f"{file}:2:" in str(result.exception)


def test_answers_are_not_overwritten(tmp_path: Path) -> None:
    file = filled(tmp_path, 1)
    before = file.read_bytes()
    result = run("maturity", "--answers", file, "--save", file)
    assert isinstance(result.exception, InputError)
    assert file.read_bytes() == before


def test_on_a_terminal_it_asks_and_saves(tmp_path: Path) -> None:
    saved = tmp_path / "saved.yaml"
    ours, theirs = pty.openpty()
    words = [sys.executable, "-m", "steelyard", "charter", "maturity", "--save", str(saved)]
    with subprocess.Popen(words, stdin=theirs, stdout=subprocess.PIPE, text=True) as process:
        os.close(theirs)
        os.write(ours, b"9\n1\nback\n2\n" + b"1\n" * 25)
        said, _ = process.communicate(timeout=60)
        os.close(ours)
    assert process.returncode == 0
    assert "It is 0, 1, 2 or 3." in said
    assert "You can carry the starter profile today" in said
    again = run("maturity", "--answers", saved, "--format", "json")
    document = json.loads(again.stdout)
    assert document["recommended"] == "starter"
    first = maturity_catalog().questions[0]
    assert f"  {first.id}: 2\n" in saved.read_text("utf-8")
