# SPDX-License-Identifier: Apache-2.0
"""Scratch directories go away, also those of processes that were killed."""

from __future__ import annotations

import os
from pathlib import Path

from steelyard.platform.scratch import KEPT_SECONDS, forget_leftovers, scratch


def test_it_is_private_and_goes_away(tmp_path: Path) -> None:
    root = tmp_path / "quarantine"
    with scratch(root, "ass_1") as directory:
        (directory / "model").mkdir()
        (directory / "model" / "x").write_bytes(b"x")
        assert root.stat().st_mode & 0o777 == 0o700
        assert directory.stat().st_mode & 0o777 == 0o700
    assert list(root.iterdir()) == []


def test_leftovers_are_deleted_once_they_are_old(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    root = tmp_path / "quarantine"
    root.mkdir()
    old, fresh, link = root / "old", root / "fresh", root / "link"
    old.mkdir()
    (old / "x").write_bytes(b"x")
    fresh.mkdir()
    link.symlink_to(outside)
    for path in (old, link):
        past = path.lstat().st_mtime - KEPT_SECONDS - 60
        os.utime(path, (past, past), follow_symlinks=False)
    assert forget_leftovers(root) == 2
    assert list(root.iterdir()) == [fresh]
    assert outside.is_dir()
