# SPDX-License-Identifier: Apache-2.0
"""The bar moves by bytes and files, on a terminal only, and leaves nothing behind."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import re
import struct
import subprocess
import sys
import termios
import threading
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.charter.portfolio import recorded

from steelyard.cli.progress import Count, examining
from steelyard.kernel.inspection import TreeFile
from steelyard.platform.tree import Tree

ANSI = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


@given(st.lists(st.lists(st.integers(1, 100), max_size=4), max_size=6))
def test_a_file_is_done_when_all_its_bytes_have_come(parts: list[list[int]]) -> None:
    count = Count([TreeFile(str(n), "", sum(sizes)) for n, sizes in enumerate(parts)])
    for number, sizes in enumerate(parts):
        assert count.done == number
        for size in sizes or [0]:
            assert count.done == number
            count.add(str(number), size)
    count.add("never heard of", 5)
    assert str(count) == f"{len(parts)}/{len(parts)} files"


def test_no_terminal_no_bar() -> None:
    tree = Tree(root=Path(), files=[TreeFile("a", "", 10**12)])
    with examining(tree) as progress:
        assert progress is None


def on_terminal(columns: int, *arguments: str | Path) -> tuple[int, str, str]:
    """Run the command with standard error on a terminal; return code, output and what it showed."""
    primary, secondary = pty.openpty()
    fcntl.ioctl(secondary, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
    shown = bytearray()

    def watch() -> None:
        with contextlib.suppress(OSError):  # the last writer has gone
            while data := os.read(primary, 65536):
                shown.extend(data)

    env = {key: value for key, value in os.environ.items() if key not in ("COLUMNS", "LINES")}
    with subprocess.Popen(
        [sys.executable, "-m", "steelyard", *map(str, arguments)],
        stdin=secondary,
        stdout=subprocess.PIPE,
        stderr=secondary,
        env=env | {"TERM": "xterm-256color"},
    ) as process:
        os.close(secondary)
        watcher = threading.Thread(target=watch)
        watcher.start()
        output, _ = process.communicate(timeout=120)
        watcher.join(timeout=30)
    os.close(primary)
    return process.returncode, output.decode(), shown.decode()


@pytest.mark.parametrize("columns", [70, 120])
def test_on_a_terminal_bytes_files_rate_and_rest_are_shown_and_then_gone(
    tmp_path: Path, columns: int
) -> None:
    for number in range(300):
        (tmp_path / f"{number}.txt").write_text("x" * 1000)
    with (tmp_path / "large.txt").open("wb") as file:
        file.truncate(200 * 1024 * 1024)
    _, output, shown = on_terminal(columns, "scan", tmp_path)
    text = ANSI.sub("", shown)
    assert re.search(r"\d+(\.\d+)?/210\.0 MB", text), text
    assert re.search(r"\d+/301 files", text), text
    assert re.search(r"\d\.\d [MG]B/s", text), text
    assert re.search(r"\d\d:\d\d", text), text
    assert shown.rstrip().endswith("\x1b[2K"), "the bar is wiped"
    assert "\x1b[" not in output
    last = [line for line in text.replace("\r", "\n").splitlines() if "/301 files" in line][-1]
    assert len(last.rstrip()) <= columns


def test_little_work_shows_no_bar(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("x")
    assert on_terminal(100, "scan", tmp_path)[2] == ""


def test_a_result_on_standard_output_is_not_disturbed(tmp_path: Path) -> None:
    for number in range(250):
        (tmp_path / f"{number}.txt").write_text("x")
    _, output, shown = on_terminal(100, "scan", tmp_path, "--format", "json")
    assert output.startswith("{")
    assert shown == ""


def test_a_replay_shows_its_rate_and_the_rest(tmp_path: Path) -> None:
    file = tmp_path / "recorded.jsonl"
    lines = [msgspec.json.encode(record) + b"\n" for record in recorded(200)]
    file.write_bytes(b"".join(lines * 30))  # more than 8 MiB
    code, output, shown = on_terminal(
        100, "charter", "replay", "starter", "standard", "--assessments", file, "--limit", "0"
    )
    assert code == 0
    assert output.startswith("Replay of 6,000 recorded assessments")
    assert re.search(r"6,000 assessments, [\d,]+/s", ANSI.sub("", shown))
    assert re.search(r"\d:\d\d", ANSI.sub("", shown)), "what is left"
