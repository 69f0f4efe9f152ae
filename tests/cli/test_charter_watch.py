# SPDX-License-Identifier: Apache-2.0
"""``steelyard charter check --watch`` in a process of its own: saves are seen, Ctrl-C ends it."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

CHARTER = """\
charter: unit
version: 1
effective: 2026-12-01
owner: a@example.org
purpose: Watched.
extends: ./group.yaml
"""
GROUP = """\
charter: group
version: 1
effective: 2026-11-01
owner: a@example.org
purpose: The group.
extends: starter
"""


class Watcher:
    def __init__(self, folder: Path, file: Path) -> None:
        self.log = folder / "log.txt"
        words = [sys.executable, "-m", "steelyard", "charter", "check", str(file), "--watch"]
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(words, stdout=log, stderr=subprocess.STDOUT)

    def wait(self, said: str, count: int) -> str:
        """Return the output once ``said`` stands in it ``count`` times."""
        text = ""
        for _ in range(300):
            text = self.log.read_text("utf-8")
            if text.count(said) >= count:
                return text
            assert self.process.poll() is None, text
            time.sleep(0.1)
        raise AssertionError(f"{said!r} did not appear {count} times:\n{text}")

    def interrupt(self) -> int:
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(30)


@pytest.fixture
def watched(tmp_path: Path) -> Iterator[tuple[Watcher, Path, Path]]:
    file, group = tmp_path / "unit.yaml", tmp_path / "group.yaml"
    file.write_text(CHARTER, encoding="utf-8")
    group.write_text(GROUP, encoding="utf-8")
    watcher = Watcher(tmp_path, file)
    yield watcher, file, group
    if watcher.process.poll() is None:
        watcher.process.kill()
        watcher.process.wait()


def test_saves_of_the_file_and_of_what_it_extends_are_seen(
    watched: tuple[Watcher, Path, Path],
) -> None:
    watcher, file, group = watched
    text = watcher.wait("watching 2 files", 1)
    assert text.count("charter unit 1 is sound") == 1
    file.write_text(CHARTER.replace("version: 1", "version: 2"), encoding="utf-8")
    watcher.wait("charter unit 2 is sound", 1)
    watcher.wait("watching 2 files", 2)
    group.write_text(GROUP.replace("owner:", "ower:"), encoding="utf-8")
    text = watcher.wait("There is no field 'ower'", 1)
    watcher.wait("Ctrl-C ends with exit code 2", 1)
    group.write_text(GROUP, encoding="utf-8")
    watcher.wait("charter unit 2 is sound", 2)
    watcher.wait("Ctrl-C ends with exit code 0", 3)
    assert watcher.interrupt() == 0
    assert "Traceback" not in watcher.log.read_text("utf-8")


def test_it_ends_with_the_exit_code_of_the_last_check(
    watched: tuple[Watcher, Path, Path],
) -> None:
    watcher, file, _ = watched
    watcher.wait("watching 2 files", 1)
    broken = file.with_suffix(".new")
    broken.write_text(CHARTER.replace("effective: 2026-12-01", "effective: soon"), "utf-8")
    broken.replace(file)  # as editors save
    watcher.wait("Ctrl-C ends with exit code 2", 1)
    assert watcher.interrupt() == 2


def test_a_file_that_goes_and_comes_back(watched: tuple[Watcher, Path, Path]) -> None:
    watcher, file, _ = watched
    watcher.wait("watching 2 files", 1)
    file.unlink()
    watcher.wait("cannot be read", 1)
    watcher.wait("watching 1 file;", 1)
    file.write_text(CHARTER, encoding="utf-8")
    watcher.wait("charter unit 1 is sound", 2)
    watcher.wait("watching 2 files", 2)
    assert watcher.interrupt() == 0


def test_nothing_happens_while_nothing_is_saved(watched: tuple[Watcher, Path, Path]) -> None:
    watcher, _, _ = watched
    watcher.wait("watching 2 files", 1)
    time.sleep(1.5)
    assert watcher.log.read_text("utf-8").count("is sound") == 1
    assert watcher.interrupt() == 0
