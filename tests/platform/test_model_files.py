# SPDX-License-Identifier: Apache-2.0
"""Comparing a model's files with the manifest they were decided by."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from tests.ledger.build import MODEL, manifest

from steelyard.kernel.errors import InputError
from steelyard.ledger.verification import Findings
from steelyard.platform.model_files import compare_model, read_model, read_named


def lay_out(root: Path) -> Path:
    for name, data in MODEL.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(data)
    return root


def compared(root: Path) -> list[tuple[str, str]]:
    found = Findings()
    hashed: list[int] = []
    compare_model(root, manifest(), found, hashed.append)
    return [(problem.file, problem.code) for problem in found.problems]


WEIGHTS = "weights/model.safetensors"


def test_the_model_that_was_decided_on(tmp_path: Path) -> None:
    assert compared(lay_out(tmp_path)) == []


def test_changed_missing_and_extra_files_are_named(tmp_path: Path) -> None:
    root = lay_out(tmp_path)
    (root / WEIGHTS).write_bytes(b"\x09" + bytes(63))
    (root / "README.md").unlink()
    (root / "setup.py").write_bytes(b"")
    os.mkfifo(root / "pipe")
    assert compared(root) == [
        ("README.md", "model.missing"),
        (WEIGHTS, "model.changed"),
        ("pipe", "model.extra"),
        ("setup.py", "model.extra"),
    ]


def test_another_size_is_told_without_hashing(tmp_path: Path) -> None:
    root = lay_out(tmp_path)
    (root / WEIGHTS).write_bytes(b"")
    assert compared(root) == [(WEIGHTS, "model.changed")]


def test_links_are_followed_into_the_model_cache_only(tmp_path: Path) -> None:
    root = lay_out(tmp_path / "models--acme--tiny" / "snapshots" / ("1a" * 20))
    blobs = tmp_path / "models--acme--tiny" / "blobs"
    blobs.mkdir()
    (root / WEIGHTS).rename(blobs / "blob")
    (root / WEIGHTS).symlink_to(blobs / "blob")
    assert compared(root) == []
    (blobs / "blob").rename(tmp_path / "elsewhere")
    assert compared(root) == [(WEIGHTS, "model.changed")]
    (root / WEIGHTS).unlink()
    (root / WEIGHTS).symlink_to(tmp_path / "elsewhere")
    assert compared(root) == [(WEIGHTS, "model.changed")]


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    root = lay_out(tmp_path)
    (root / WEIGHTS).unlink()
    os.mkfifo(root / WEIGHTS)
    assert compared(root) == [(WEIGHTS, "model.changed")]


def test_a_single_file(tmp_path: Path) -> None:
    (tmp_path / "model.bin").write_bytes(b"data")
    found = Findings()
    listed = manifest({"model.bin": b"data"})
    compare_model(tmp_path / "model.bin", listed, found, lambda count: None)
    assert found.problems == []
    (tmp_path / "model.bin").write_bytes(b"date")
    compare_model(tmp_path / "model.bin", listed, found, lambda count: None)
    assert [problem.code for problem in found.problems] == ["model.changed"]


def test_a_model_that_is_not_there_is_an_input_error(tmp_path: Path) -> None:
    with pytest.raises(InputError):
        compared(tmp_path / "missing")


def test_names_that_are_no_plain_ascii(tmp_path: Path) -> None:
    names = ["100%.txt", "two words.txt", "模型.bin"]
    for name in names:
        (tmp_path / name).write_text(name, encoding="utf-8")
    progress: list[tuple[int, int]] = []
    read = read_model(tmp_path, lambda done, total: progress.append((done, total)))
    assert [entry.path for entry in read.manifest.files] == names
    assert (read.refused, progress[-1]) == ({}, (31, 31))
    found = Findings()
    compare_model(tmp_path, read.manifest, found, lambda count: None)
    assert found.problems == []


def test_what_is_no_file_is_refused_with_a_reason(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"a")
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "out").symlink_to("/etc/hostname")
    read = read_model(tmp_path, lambda done, total: None)
    assert [entry.path for entry in read.manifest.files] == ["a"]
    assert sorted(read.refused) == ["out", "pipe"] and all(read.refused.values())


def test_a_named_file_is_bounded_and_regular(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"12345")
    os.mkfifo(tmp_path / "pipe")
    assert read_named(tmp_path / "a", 5) == b"12345"
    for path in (tmp_path / "pipe", tmp_path / "none", tmp_path):
        with pytest.raises(InputError):
            read_named(path, 5)
    with pytest.raises(InputError, match="larger"):
        read_named(tmp_path / "a", 4)
