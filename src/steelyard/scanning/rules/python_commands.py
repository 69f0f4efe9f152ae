# SPDX-License-Identifier: Apache-2.0
"""Reads the command a call starts, as far as its arguments tell: program, line, intention."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from msgspec import Struct

from steelyard.scanning.rules.python_calls import known_text
from steelyard.scanning.rules.python_tables import HOSTILE_COMMAND, PROBES, SHELL
from steelyard.scanning.rules.python_values import Value

if TYPE_CHECKING:
    from steelyard.scanning.rules.python_given import Given

_MOST = 4096
_INSTALLS = re.compile(
    r"(?:\A|[\s/])(?:pip3?|uv|conda|mamba|apt(?:-get)?|yum|dnf|brew|npm|poetry|easy_install)\b[^|;&]{0,60}"
    r"\b(?:install|add)\b"
)
_SHELL_WORDS = re.compile(r"[|;&`<>]|\$\(")

_LOUD = re.compile(
    r"(?:(?:ba|z|da|k|c|fi)?sh|python[\d.]*|perl|ruby|node|php|curl|wget|nc|ncat|netcat|socat|telnet"
    r"|ssh|scp|powershell|pwsh|cmd|osascript|mshta|rundll32|regsvr32|chmod|rm|dd|crontab|echo|touch"
    r"|whoami|id|cat|env|printenv|open|xdg-open|calc|sudo|eval)\Z",
    re.IGNORECASE,
)


class Command(Struct, frozen=True):
    """``line`` is what is known of the command line; the flags say what kind it is."""

    line: str
    hostile: bool
    probe: bool
    installs: bool
    build: bool
    shell: bool
    quiet: bool
    """No interpreter, shell or downloader, and no line that joins commands."""
    known: bool
    """The program is known by name."""
    empty: bool


def command_of(dotted: str, given: Given) -> Command:
    """Return the command that a call of a process function starts."""
    first = given.at(0, "args")
    if dotted.startswith(("os.spawn", "posix.spawn")):
        first = given.args[1] if len(given.args) > 1 else first
    if dotted.startswith("pip"):
        return Command("pip", False, False, True, False, False, False, True, False)
    words = _words(first, given if dotted.startswith(("os.exec", "os.spawn")) else None)
    line = " ".join(words)[:_MOST]
    shell = dotted in SHELL or given.keywords.get("shell") is not None
    program = _program(words, line)
    composed = shell and bool(_SHELL_WORDS.search(line))
    known = bool(program) and not composed
    return Command(
        line=line,
        hostile=bool(HOSTILE_COMMAND.search(line)),
        probe=known and program in PROBES,
        installs=bool(_INSTALLS.search(line)),
        build=program in PROBES or program == "<python>",
        shell=shell,
        known=bool(program) or bool(line.strip("? \ufffd")),
        quiet=known and not _LOUD.match(program),
        empty=first.constant in ("", b"") or (not given.args and not given.keywords),
    )


def _words(first: Value, given: Given | None) -> list[str]:
    if given is not None:
        values = [item for value in given.args[1:] for item in (value.items or (value,))]
        return [text for text in (known_text(item) for item in values) if text]
    if first.items is not None:
        return [_word(item) for item in first.items[:200]]
    text = known_text(first)
    return [text] if text else []


def _word(item: Value) -> str:
    if "sys.executable" in item.names:
        return "<python>"
    return known_text(item) or "?"


def _program(words: list[str], line: str) -> str:
    if not words:
        return ""
    head = words[0] if len(words) > 1 else line.strip().split(" ", 1)[0]
    name = head.strip("'\"").replace("\\", "/").rpartition("/")[2].removesuffix(".exe")
    if "\ufffd" in name:
        return ""
    return "" if name == "?" else name
