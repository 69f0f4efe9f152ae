# SPDX-License-Identifier: Apache-2.0
"""Bundles are written whole or not at all, and never over anything that is not one."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from tests.ledger.build import assessment, bundle

from steelyard.kernel.assessment import Outcome
from steelyard.kernel.errors import InputError
from steelyard.ledger.verify import verify_bundle
from steelyard.platform import durable
from steelyard.platform.file_ledger import check_target, write_bundle

GOOD = bundle()
NEXT = bundle(assessment(Outcome.REJECTED))


def content(directory: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in directory.iterdir()}


@pytest.mark.parametrize("existing", [False, True])
def test_a_bundle_in_a_new_or_empty_directory(tmp_path: Path, existing: bool) -> None:
    target = tmp_path / "a" / "b"
    if existing:
        target.mkdir(parents=True)
    write_bundle(target, GOOD)
    assert content(target) == GOOD
    assert [path.name for path in target.parent.iterdir()] == ["b"]
    assert verify_bundle(durable.reader(target), durable.list_files(target)).ok
    umask = os.umask(0)
    os.umask(umask)
    assert target.stat().st_mode & 0o777 == 0o777 & ~umask


@pytest.mark.parametrize("atomic", [True, False])
def test_an_earlier_bundle_is_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, atomic: bool
) -> None:
    if not atomic:
        monkeypatch.setattr(durable, "_exchange_at_once", lambda one, other: False)
    write_bundle(tmp_path / "out", GOOD)
    write_bundle(tmp_path / "out", NEXT)
    assert content(tmp_path / "out") == NEXT
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_a_link_to_a_directory_is_followed(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    write_bundle(tmp_path / "link", GOOD)
    assert content(tmp_path / "real") == GOOD


def refused(directory: Path, word: str) -> None:
    before = sorted(directory.rglob("*")) if directory.is_dir() else None
    with pytest.raises(InputError, match=word):
        check_target(directory)
    with pytest.raises(InputError, match=word):
        write_bundle(directory, GOOD)
    if before is not None:
        assert sorted(directory.rglob("*")) == before


def test_what_is_not_a_bundle_is_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    thesis = tmp_path / "work"
    thesis.mkdir()
    (thesis / "thesis.tex").write_bytes(b"years")
    refused(thesis, "not a bundle's")
    hollow = tmp_path / "hollow"
    (hollow / "empty").mkdir(parents=True)
    refused(hollow, "not a bundle's")
    refused(thesis / "thesis.tex", "not a directory")
    (tmp_path / "loop").symlink_to("loop")
    refused(tmp_path / "loop", "leads nowhere")
    with pytest.raises(InputError, match="too long"):
        check_target(tmp_path / ("x" * 300))
    out = tmp_path / "out"
    write_bundle(out, GOOD)
    (out / "bundle.json").write_bytes(b"{}")
    refused(out, "damaged")
    (out / "bundle.json").write_bytes(GOOD["bundle.json"])
    (out / "notes.txt").write_bytes(b"mine")
    refused(out, "notes.txt")
    (out / "notes.txt").unlink()
    monkeypatch.chdir(out)
    refused(out, "work in")


def test_a_disk_that_fills_up_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = durable.write_file
    write_bundle(tmp_path / "old", GOOD)
    for count in range(len(NEXT)):
        left = count

        def write(path: Path, data: bytes, mode: int = 0o666) -> None:
            nonlocal left
            if left == 0:
                written(path, data[:10], mode)
                raise OSError(28, "No space left on device")
            left -= 1
            written(path, data, mode)

        monkeypatch.setattr(durable, "write_file", write)
        for name in ("new", "old"):
            left = count
            with pytest.raises(InputError, match="No space left"):
                write_bundle(tmp_path / name, NEXT)
        assert [path.name for path in tmp_path.iterdir()] == ["old"]
        assert content(tmp_path / "old") == GOOD


def test_a_failing_exchange_leaves_the_earlier_bundle(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(durable, "_exchange_at_once", lambda one, other: False)
    write_bundle(tmp_path / "out", GOOD)
    rename = Path.rename

    def fails_in(self: Path, target: Path) -> Path:
        if target.name == "out" and not self.name.endswith(".old"):
            raise OSError(5, "Input/output error")
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", fails_in)
    with pytest.raises(InputError, match="Input/output"):
        write_bundle(tmp_path / "out", NEXT)
    monkeypatch.setattr(Path, "rename", rename)
    assert content(tmp_path / "out") == GOOD
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_read_only_directory_is_refused_before_anything_happens(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    refused(tmp_path / "out", "cannot be written")
