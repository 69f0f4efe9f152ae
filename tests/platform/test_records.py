# SPDX-License-Identifier: Apache-2.0
"""Reading many documents: nothing is lost, nothing is held, what is unreadable keeps its place."""

from __future__ import annotations

from pathlib import Path

import pytest

from steelyard.kernel.errors import InputError
from steelyard.platform import records
from steelyard.platform.records import read_blocks, total_size


def everything(path: Path) -> list[tuple[str, bytes | str]]:
    return [record for block in read_blocks(path) for record in block.records]


def test_lines_keep_their_numbers_and_blank_ones_are_nothing(tmp_path: Path) -> None:
    file = tmp_path / "a.jsonl"
    file.write_bytes(b'\xef\xbb\xbf{"a":1}\n\n  \n{"b":2}\r\n{"c":3}')
    assert everything(file) == [
        ("line 1", b'{"a":1}\n'), ("line 4", b'{"b":2}\r\n'), ("line 5", b'{"c":3}'),
    ]  # fmt: skip


def test_a_large_file_comes_in_blocks(tmp_path: Path) -> None:
    file = tmp_path / "a.jsonl"
    file.write_bytes(b"".join(b'{"n":"%s"}\n' % (b"x" * 1000) for _ in range(3000)))
    blocks = list(read_blocks(file))
    assert len(blocks) > 2
    assert max(block.size for block in blocks) < 1.1 * 1024**2
    assert sum(block.size for block in blocks) == file.stat().st_size
    assert sum(len(block.records) for block in blocks) == 3000
    assert total_size(file) == file.stat().st_size
    assert total_size(tmp_path / "missing") == 0


def test_a_line_without_end_is_passed_over_and_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(records, "MAX_RECORD", 4000)
    monkeypatch.setattr(records, "_BLOCK", 1000)
    file = tmp_path / "a.jsonl"
    file.write_bytes(b"first\n" + b"x" * 9500 + b"\nlast\n")
    found = everything(file)
    assert [where for where, _ in found] == ["line 1", "line 2", "line 3"]
    assert isinstance(found[1][1], str)
    assert found[2][1] == b"last\n"


def test_bundles_are_found_below_a_directory(tmp_path: Path) -> None:
    for name in ("b", "a/inner"):
        (tmp_path / name).mkdir(parents=True)
        (tmp_path / name / "assessment.json").write_text(name)
    (tmp_path / "b" / "other.json").write_text("{}")
    (tmp_path / "link").mkdir()
    (tmp_path / "link" / "assessment.json").symlink_to("/etc/passwd")
    found = everything(tmp_path)
    assert found[:2] == [("a/inner/assessment.json", b"a/inner"), ("b/assessment.json", b"b")]
    link = (tmp_path / "link" / "assessment.json").lstat().st_size
    assert total_size(tmp_path) == len("b" + "a/inner") + link
    assert found[2][0] == "link/assessment.json"
    assert isinstance(found[2][1], str), "a link is not followed, and not forgotten"


@pytest.mark.parametrize("kind", ["missing", "empty file", "empty directory"])
def test_nothing_to_read_is_an_error(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "x"
    if kind == "empty file":
        path.write_text("\n\n")
    elif kind == "empty directory":
        path.mkdir()
    with pytest.raises(InputError):
        list(read_blocks(path))
