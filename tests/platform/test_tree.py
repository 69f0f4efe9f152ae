# SPDX-License-Identifier: Apache-2.0
"""Walking a model's files without leaving it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from steelyard.kernel.errors import InputError
from steelyard.kernel.finding import Coverage, Verdict
from steelyard.kernel.limits import DEFAULT_LIMITS, Limits
from steelyard.platform.tree import Tree, _Walker, join, walk


def paths(tree: Tree) -> list[str]:
    return [file.path for file in tree.files]


def only_report(tree: Tree) -> tuple[str, str, Verdict]:
    (report,) = tree.reports
    (finding,) = report.findings
    assert report.coverage is Coverage.NONE
    return report.path, finding.rule, report.verdict


def test_files_come_in_one_stable_order_with_their_sizes(tmp_path: Path) -> None:
    for name in ("b.txt", "a/z.txt", "a/b/c.txt"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    tree = walk(tmp_path, DEFAULT_LIMITS)
    assert paths(tree) == ["b.txt", "a/z.txt", "a/b/c.txt"]
    assert [file.size for file in tree.files] == [5, 7, 9]
    assert tree.roots == {str(tmp_path)}


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda path: None, "There is nothing at"),
        (lambda path: path.mkdir(), "holds no files"),
        (lambda path: os.mkfifo(path), "neither a file nor a directory"),
    ],
)
def test_what_cannot_be_a_model_is_a_sentence(tmp_path: Path, make: object, says: str) -> None:
    target = tmp_path / "model"
    make(target)  # type: ignore[operator]
    with pytest.raises(InputError, match=says) as caught:
        walk(target, DEFAULT_LIMITS)
    assert caught.value.next_step


def test_a_link_out_of_the_tree_is_malicious_and_not_followed(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("x")
    model = tmp_path / "model"
    model.mkdir()
    (model / "config.json").symlink_to(tmp_path / "secret")
    tree = walk(model, DEFAULT_LIMITS)
    assert not tree.files
    assert only_report(tree) == ("config.json", "path.symlink-escape", Verdict.MALICIOUS)


def test_a_sibling_that_shares_the_prefix_is_outside(tmp_path: Path) -> None:
    (tmp_path / "model-private").mkdir()
    (tmp_path / "model-private" / "key").write_text("x")
    model = tmp_path / "model"
    model.mkdir()
    (model / "a").symlink_to("../model-private/key")
    assert only_report(walk(model, DEFAULT_LIMITS))[1] == "path.symlink-escape"


def test_a_link_inside_is_its_target_and_a_broken_one_is_a_gap(tmp_path: Path) -> None:
    (tmp_path / "real").write_text("abc")
    (tmp_path / "same").symlink_to("real")
    (tmp_path / "gone").symlink_to("nowhere")
    (tmp_path / "loop").symlink_to("loop")
    tree = walk(tmp_path, DEFAULT_LIMITS)
    assert [(file.path, file.size) for file in tree.files] == [("real", 3), ("same", 3)]
    assert {report.findings[0].rule for report in tree.reports} == {"path.symlink"}


def test_the_hub_cache_layout_is_followed_and_only_that(tmp_path: Path) -> None:
    repository = tmp_path / "models--org--name"
    snapshot = repository / "snapshots" / ("a" * 40)
    snapshot.mkdir(parents=True)
    (repository / "blobs").mkdir()
    (repository / "blobs" / "1234").write_text("weights")
    (repository / "other").write_text("x")
    (snapshot / "model.bin").symlink_to("../../blobs/1234")
    (snapshot / "evil.bin").symlink_to("../../other")
    tree = walk(snapshot, DEFAULT_LIMITS)
    assert paths(tree) == ["model.bin"]
    assert only_report(tree)[:2] == ("evil.bin", "path.symlink-escape")


def test_pipes_and_sockets_are_named_and_not_opened(tmp_path: Path) -> None:
    (tmp_path / "ok").write_text("x")
    os.mkfifo(tmp_path / "pipe")
    tree = walk(tmp_path, DEFAULT_LIMITS)
    assert paths(tree) == ["ok"]
    assert only_report(tree) == ("pipe", "path.special-file", Verdict.SUSPICIOUS)


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        (b"bad\xff.bin", "bad%FF.bin"),
        (b"new\nline", "new%0Aline"),
        ("evil\u202egnp.exe".encode(), "evil%E2%80%AEgnp.exe"),
        (b"esc\x1b[2J", "esc%1B[2J"),
    ],
)
def test_names_that_hide_are_shown_encoded_and_found(
    tmp_path: Path, name: bytes, shown: str
) -> None:
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/" + name)).write_text("x")
    tree = walk(tmp_path, DEFAULT_LIMITS)
    assert paths(tree) == [shown]
    assert [finding.rule for finding in tree.findings] == ["path.odd-name"]


def test_an_encoded_name_never_takes_the_place_of_another(tmp_path: Path) -> None:
    (tmp_path / "a%0A").write_text("x")
    (tmp_path / "a\n").write_text("x")
    assert len(set(paths(walk(tmp_path, DEFAULT_LIMITS)))) == 2


def test_names_that_differ_only_in_case_are_found(tmp_path: Path) -> None:
    (tmp_path / "Model.bin").write_text("x")
    (tmp_path / "model.bin").write_text("y")
    assert [f.rule for f in walk(tmp_path, DEFAULT_LIMITS).findings] == ["path.collision"]


def test_version_control_is_left_out_and_said(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git" / "config").write_text("x")
    (tmp_path / "a").write_text("x")
    tree = walk(tmp_path, DEFAULT_LIMITS)
    assert paths(tree) == ["a"]
    assert [finding.rule for finding in tree.findings] == ["path.version-control"]


def test_limits_of_files_and_depth(tmp_path: Path) -> None:
    deep = tmp_path / "a" / "b" / "c"
    deep.mkdir(parents=True)
    (deep / "x").write_text("x")
    (tmp_path / "y").write_text("x")
    tree = walk(tmp_path, Limits(tree_depth=2))
    assert [(report.path, report.coverage) for report in tree.reports] == [("a/b/c", Coverage.NONE)]
    with pytest.raises(InputError, match="more than 1 files"):
        walk(tmp_path, Limits(tree_files=1))


def test_several_paths_make_one_tree_with_their_names_in_front(tmp_path: Path) -> None:
    (tmp_path / "m").mkdir()
    (tmp_path / "m" / "a").write_text("x")
    (tmp_path / "b").write_text("x")
    tree = join([tmp_path / "m", tmp_path / "b"])
    assert paths(tree) == [f"{tmp_path}/m/a", f"{tmp_path}/b"]
    with pytest.raises(InputError, match="named twice"):
        join([tmp_path / "b", tmp_path / "b"])


def test_several_paths_with_odd_names_are_shown_safely(tmp_path: Path) -> None:
    odd = tmp_path / os.fsdecode(b"d\xff\x1b[31m")
    odd.mkdir()
    (odd / "a.txt").write_text("x")
    (tmp_path / "b.txt").write_text("x")
    tree = join([odd / "a.txt", odd.parent / "b.txt"])
    shown = sorted(file.path for file in tree.files)
    assert shown[1].endswith("/d%FF%1B[31m/a.txt")
    assert all(name.isprintable() for name in shown)
    for name in shown:
        name.encode()


def test_a_file_that_goes_away_is_a_gap_not_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "link").symlink_to("target")
    (tmp_path / "target").write_text("x")

    def gone(_: object) -> bytes:
        raise FileNotFoundError(2, "No such file or directory")

    monkeypatch.setattr(os.path, "realpath", gone)
    tree = Tree(root=tmp_path)
    _Walker(tree, tmp_path, DEFAULT_LIMITS).walk()
    assert paths(tree) == ["target"]
    assert [report.coverage for report in tree.reports] == [Coverage.NONE]
