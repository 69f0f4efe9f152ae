# SPDX-License-Identifier: Apache-2.0
"""Reading what strangers hand over: links, pipes and names that are not Unicode."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from steelyard.kernel.errors import InputError, IntegrityError
from steelyard.platform import durable


def test_links_and_pipes_are_listed_but_not_read(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"x")
    (tmp_path / "link").symlink_to("file")
    (tmp_path / "away").symlink_to("/")
    (tmp_path / "nowhere").symlink_to("gone")
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "file").write_bytes(b"y")
    names = durable.list_files(tmp_path)
    assert names == ["away", "file", "link", "nowhere", "pipe", "sub/file"]
    read = durable.reader(tmp_path)
    assert (read("file"), read("sub/file")) == (b"x", b"y")
    for name in ("link", "away", "nowhere", "pipe"):
        with pytest.raises(IntegrityError, match="link or device"):
            read(name)
    with pytest.raises(InputError, match="cannot be read"):
        read("missing")


def test_a_file_too_large_is_a_problem(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_bytes(b"12345")
    monkeypatch.setattr(durable, "MAX_FILE", 4)
    with pytest.raises(IntegrityError, match="too large"):
        durable.reader(tmp_path)("file")


def test_what_cannot_be_listed_is_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for path in (tmp_path / "missing", tmp_path / "file"):
        (tmp_path / "file").write_bytes(b"")
        with pytest.raises(InputError, match="cannot be listed"):
            durable.list_files(path)
    monkeypatch.setattr(durable, "MAX_FILES", 0)
    with pytest.raises(InputError, match="too many"):
        durable.list_files(tmp_path)


def test_replacing_a_file_cleans_up_after_a_crash(tmp_path: Path) -> None:
    (tmp_path / ".name.new").write_bytes(b"half of what was to be much longer")
    durable.replace_file(tmp_path / "name", b"short", ".new")
    assert durable.list_files(tmp_path) == ["name"]
    assert (tmp_path / "name").read_bytes() == b"short"


def test_exchange(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / name).write_bytes(b"")
    durable.exchange(tmp_path / "one", tmp_path / "two")
    assert durable.list_files(tmp_path) == ["one/two", "two/one"]


def test_a_new_file_is_there_whole_and_never_in_place_of_another(tmp_path: Path) -> None:
    file = tmp_path / "new.txt"
    durable.create_file(file, b"one")
    with pytest.raises(FileExistsError):
        durable.create_file(file, b"two")
    (tmp_path / "link").symlink_to(tmp_path / "gone")
    with pytest.raises(FileExistsError):
        durable.create_file(tmp_path / "link", b"two")
    assert file.read_bytes() == b"one"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["link", "new.txt"]
    with pytest.raises(FileNotFoundError):
        durable.create_file(tmp_path / "no" / "new.txt", b"one")


def test_a_new_file_where_there_are_no_hard_links(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(self: Path, target: Path) -> None:
        raise OSError(errno.EPERM, "no hard links here")

    monkeypatch.setattr(Path, "hardlink_to", refuse)
    file = tmp_path / "new.txt"
    durable.create_file(file, b"one")
    with pytest.raises(FileExistsError):
        durable.create_file(file, b"two")
    assert file.read_bytes() == b"one"
    assert [path.name for path in tmp_path.iterdir()] == ["new.txt"]
