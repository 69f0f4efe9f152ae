# SPDX-License-Identifier: Apache-2.0
"""The command line as a whole: help, exit codes, errors as sentences."""

from __future__ import annotations

import importlib
import subprocess
import sys
from pathlib import Path

import click
import pytest

from steelyard import cli
from steelyard.cli import door
from steelyard.kernel.errors import (
    DocumentErrors,
    InputError,
    IntegrityError,
    PositionedError,
    UndecidedError,
)

README = Path(__file__).resolve().parents[2] / "README.md"


def run(command: click.Command, monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setattr(sys, "argv", ["steelyard"])
    return door.run(command)


FOREVER = {"serve", "worker"}
"""Commands that run until they are stopped; they write a log."""


@pytest.mark.parametrize("name", list(cli.COMMANDS))
def test_every_command_loads_has_help_and_a_format(name: str) -> None:
    command = importlib.import_module(f"steelyard.cli.{name.replace('-', '_')}").command
    assert isinstance(command, click.Command)
    assert command.help
    leaves = list(command.commands.values()) if isinstance(command, click.Group) else [command]
    for leaf in leaves:
        assert leaf.help, leaf.name
        options = {option for param in leaf.params for option in param.opts}
        if name not in FOREVER:
            assert "--format" in options, f"{name} {leaf.name} has no --format"


@pytest.mark.parametrize("name", list(cli.COMMANDS))
def test_every_command_is_in_the_readme(name: str) -> None:
    assert f"steelyard {name}" in README.read_text(encoding="utf-8")


def test_help_imports_no_command_and_nothing_heavy() -> None:
    code = (
        "import sys; sys.argv=['steelyard','--help']\n"
        "from steelyard.cli import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "heavy={'rich','jinja2','cryptography','google.protobuf','ruamel.yaml','msgspec'}\n"
        "print('LOADED', sorted(heavy & set(sys.modules)))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "LOADED []" in done.stdout
    assert all(name in done.stdout for name in cli.COMMANDS)


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (InputError("The path is missing.", next_step="Check it."), door.EXIT_USAGE),
        (IntegrityError("A byte was changed."), door.EXIT_REJECTED),
        (UndecidedError("The sandbox died."), door.EXIT_UNDECIDED),
    ],
)
def test_errors_become_a_sentence_and_an_exit_code(
    error: Exception, code: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    @click.command()
    def fails() -> None:
        raise error

    assert run(fails, monkeypatch) == code
    shown = capsys.readouterr()
    assert shown.out == ""
    assert str(error.args[0]) in shown.err
    assert "Traceback" not in shown.err


def test_document_errors_print_one_positioned_line_each(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    late = PositionedError("The word is unknown.", file="c.yaml", line=9, column=2)
    early = PositionedError("The field is missing.", file="c.yaml", line=3, column=1)

    @click.command()
    def fails() -> None:
        raise DocumentErrors([late, early])

    assert run(fails, monkeypatch) == door.EXIT_USAGE
    assert capsys.readouterr().err.splitlines() == [
        "c.yaml:3:1: error: The field is missing.",
        "c.yaml:9:2: error: The word is unknown.",
    ]


def test_a_bug_is_named_as_one_without_a_traceback(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("STEELYARD_DEBUG", raising=False)

    @click.command()
    def breaks() -> None:
        raise ZeroDivisionError("no")

    assert run(breaks, monkeypatch) == door.EXIT_UNDECIDED
    shown = capsys.readouterr().err
    assert "internal error" in shown
    assert "Traceback" not in shown


def test_unknown_commands_and_options_are_usage_errors() -> None:
    for arguments in (["nonsense"], ["scan", "--nonsense"], ["scan"]):
        done = subprocess.run(
            [sys.executable, "-m", "steelyard", *arguments], capture_output=True, text=True
        )
        assert done.returncode == door.EXIT_USAGE, done
        assert "Usage:" in done.stderr
