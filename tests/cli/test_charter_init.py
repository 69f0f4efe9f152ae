# SPDX-License-Identifier: Apache-2.0
"""``steelyard charter init``: the conversation, the file of answers, and what is left behind."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from steelyard.catalog.charters import charter_text
from steelyard.charter.load import load_charter
from steelyard.cli.charter import command
from steelyard.kernel.errors import DocumentErrors, InputError
from steelyard.reporting.editor_schema import editor_schema


def run(*arguments: str | Path, typed: str = "") -> Result:
    words = [str(argument) for argument in arguments]
    return CliRunner().invoke(command, words, input=typed, standalone_mode=False)


ENTER = "\n" * 40


def test_a_conversation_makes_a_charter(tmp_path: Path) -> None:
    file = tmp_path / "c.yaml"
    typed = "Northwind Bank\ngov@example.org\nfinance\neu, ch\n" + ENTER
    result = run("init", "--ask", "--output", file, typed=typed)
    assert result.return_value == 0, result.output
    assert "From your answers regulated fits." in result.output
    charter = load_charter(file.read_text("utf-8"), "c.yaml")
    assert charter.name == "northwind-bank"
    assert charter.owner == "gov@example.org"
    assert charter.extends == "regulated 1"
    assert charter.scope is not None
    assert charter.scope.regions == ("EU", "CH")
    assert run("check", file).return_value == 0


def test_back_help_preview_and_second_tries(tmp_path: Path) -> None:
    file = tmp_path / "c.yaml"
    typed = (
        "Wrong\nback\nRight\n"  # the name, once more
        "not a mail\nright@example.org\n"
        "?\npreview\nsoftware\n" + ENTER
    )
    result = run("init", "--ask", "--output", file, typed=typed)
    assert result.return_value == 0, result.output
    assert "The owner must be a mail address, not 'not a mail'." in result.output
    assert result.output.count("Which sector are you in?") == 2
    assert "charter: right" in result.output
    assert load_charter(file.read_text("utf-8"), "c.yaml").name == "right"


def test_back_from_the_end(tmp_path: Path) -> None:
    file = tmp_path / "c.yaml"
    first = run("init", "--ask", "--no-tests", "--output", file, typed=ENTER)
    asked = first.output.count("> ")
    file.unlink()
    typed = "\n" * asked + "back\nnew-head@example.org\nyes\n"
    result = run("init", "--ask", "--output", file, typed=typed)
    assert result.return_value == 0, result.output
    assert "new-head@example.org" in file.read_text("utf-8")


def test_giving_up_leaves_nothing(tmp_path: Path) -> None:
    result = run("init", "--ask", "--schema", "--output", tmp_path / "c.yaml", typed="Northwind\n")
    assert isinstance(result.exception, click.Abort)
    assert list(tmp_path.iterdir()) == []


def test_answers_from_a_file(tmp_path: Path) -> None:
    answers = tmp_path / "answers.yaml"
    answers.write_text("organization: N\nprofile: starter\n", encoding="utf-8")
    file = tmp_path / "c.yaml"
    result = run("init", "--answers", answers, "--output", file, "--schema", "--format", "json")
    assert json.loads(result.stdout) == {
        "profile": "starter",
        "file": str(file),
        "schema_file": str(tmp_path / "c.schema.json"),
        "cases_file": str(tmp_path / "tests" / "c.yaml"),
    }
    assert (tmp_path / "c.schema.json").read_bytes() == editor_schema("charter")
    first = file.read_text("utf-8").splitlines()[0]
    assert first == "# yaml-language-server: $schema=c.schema.json"


def test_its_first_cases_pass(tmp_path: Path) -> None:
    answers = tmp_path / "answers.yaml"
    answers.write_text("organization: N\ntasks: [text-generation]\n", encoding="utf-8")
    file = tmp_path / "c.yaml"
    assert run("init", "--answers", answers, "--output", file).return_value == 0
    tested = run("test", tmp_path / "tests")
    assert tested.return_value == 0, tested.output
    assert (tmp_path / "tests" / "c.yaml").read_text("utf-8").count("- name:") == 5


def test_cases_that_are_there_stay(tmp_path: Path) -> None:
    answers = tmp_path / "answers.yaml"
    answers.write_text("organization: N\n", encoding="utf-8")
    (tmp_path / "tests").mkdir()
    mine = tmp_path / "tests" / "c.yaml"
    mine.write_text("mine", encoding="utf-8")
    result = run("init", "--answers", answers, "--output", tmp_path / "c.yaml", "--schema")
    assert isinstance(result.exception, InputError)
    assert f"{mine} exists already" in str(result.exception)
    assert mine.read_text("utf-8") == "mine"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["answers.yaml", "tests"]
    without = run("init", "--answers", answers, "--output", tmp_path / "c.yaml", "--no-tests")
    assert without.return_value == 0


def test_wrong_answers_write_nothing(tmp_path: Path) -> None:
    answers = tmp_path / "answers.yaml"
    answers.write_text("organization: N\nprofil: starter\n", encoding="utf-8")
    result = run("init", "--answers", answers, "--output", tmp_path / "c.yaml")
    assert isinstance(result.exception, DocumentErrors)
    assert f"{answers}:2:1: error:" in str(result.exception)
    assert list(tmp_path.iterdir()) == [answers]
    both = run("init", "--answers", answers, "--ask", "--output", tmp_path / "c.yaml")
    assert isinstance(both.exception, InputError)


def test_the_schema_goes_beside_a_shipped_charter(tmp_path: Path) -> None:
    file = tmp_path / "c.yaml"
    assert run("init", "--profile", "standard", "--output", file, "--schema").return_value == 0
    first, _, rest = file.read_text("utf-8").partition("\n")
    assert first.endswith("$schema=c.schema.json")
    assert rest == charter_text("standard")
    other = tmp_path / "other.yaml"
    (tmp_path / "other.schema.json").write_text("mine", encoding="utf-8")
    result = run("init", "--profile", "standard", "--output", other, "--schema")
    assert isinstance(result.exception, InputError)
    assert "other.schema.json exists already" in str(result.exception)
    assert not other.exists()


@pytest.mark.parametrize("kind", ["file", "link"])
def test_nothing_is_overwritten(tmp_path: Path, kind: str) -> None:
    file = tmp_path / "c.yaml"
    if kind == "file":
        file.write_text("mine", encoding="utf-8")
    else:
        file.symlink_to(tmp_path / "nowhere")
    result = run("init", "--ask", "--output", file, typed=ENTER)
    assert isinstance(result.exception, InputError)
    assert "exists already" in str(result.exception)
    assert "Which sector" not in result.output
    assert sorted(path.name for path in tmp_path.iterdir()) == ["c.yaml"]


def test_a_directory_that_is_not_there(tmp_path: Path) -> None:
    result = run("init", "--profile", "starter", "--output", tmp_path / "no" / "c.yaml")
    assert isinstance(result.exception, InputError)
    assert result.exception.code == "charter.write"


def test_without_a_terminal_and_a_profile_it_is_the_starter(tmp_path: Path) -> None:
    file = tmp_path / "c.yaml"
    assert run("init", "--output", file).return_value == 0
    assert file.read_text("utf-8") == charter_text("starter")


def test_on_a_terminal_it_asks(tmp_path: Path) -> None:
    file = tmp_path / "c.yaml"
    ours, theirs = pty.openpty()
    words = [sys.executable, "-m", "steelyard", "charter", "init", "--output", str(file)]
    with subprocess.Popen(words, stdin=theirs, stdout=subprocess.PIPE, text=True) as process:
        os.close(theirs)
        os.write(ours, b"Northwind\n" + ENTER.encode())
        said, _ = process.communicate(timeout=60)
        os.close(ours)
    assert process.returncode == 0
    assert "Which sector are you in?" in said
    assert load_charter(file.read_text("utf-8"), "c.yaml").name == "northwind"
