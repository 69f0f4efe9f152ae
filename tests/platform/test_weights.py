# SPDX-License-Identifier: Apache-2.0
"""The survey of weights runs in a process that is not believed, and a file of prints is checked."""

from __future__ import annotations

import time
from pathlib import Path

import msgspec
import pytest
from tests.scanning.weights.make import floats, write_safetensors

from steelyard.kernel.errors import InputError, UndecidedError
from steelyard.kernel.finding import Finding, Severity
from steelyard.kernel.limits import Limits
from steelyard.kernel.weights import (
    LocatedFinding,
    Relation,
    TensorPrint,
    WeightPrint,
    WeightReport,
)
from steelyard.platform import weights
from steelyard.platform.tree import Tree, walk
from steelyard.platform.weights import read_print, survey_weights

EMPTY = WeightReport(weights=WeightPrint(tensors=()))
QUICK = Limits(wall_seconds=1.0)


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    folder = tmp_path / "model"
    write_safetensors(folder / "model.safetensors", {"w": ("F32", (8, 8), floats(64, 1))})
    return walk(folder, Limits())


def answering(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, code: str) -> None:
    """Put a program of our own in the survey's place."""
    script = tmp_path / "answer.py"
    script.write_text("import sys, time, os\nout = sys.stdout.buffer\n" + code)
    monkeypatch.setattr(weights, "_MODULE", (str(script),))


def test_the_real_thing_counts_and_compares(tree: Tree, tmp_path: Path) -> None:
    found = survey_weights(tree)
    assert (found.parameters, found.dtypes) == (64, ("F32",))
    assert "rlimits" in found.isolation
    again = survey_weights(tree, base=found.weights, base_name="itself")
    assert again.comparison is not None
    assert again.comparison.relation is Relation.IDENTICAL
    assert survey_weights(tree, base=tree).comparison == msgspec.structs.replace(
        again.comparison, base="", sentence=again.comparison.sentence.replace("itself", "")
    )


@pytest.mark.parametrize(
    ("code", "why"),
    [
        ("sys.exit(3)", "it ended early (exit code 3)"),
        ("os.kill(os.getpid(), 9)", "it ended early (exit code -9)"),
        ("sys.stdin.buffer.read()\nout.write(b'nonsense')", "something unreadable"),
        ("out.write(b'{}')", "something unreadable"),
        ("out.write(b'[' * 100000)", "something unreadable"),
        ("", "something unreadable"),
        ("time.sleep(600)", "it took longer than 1 seconds"),
        ("sys.stdin.close(); os.close(1)\ntime.sleep(600)", "it took longer than 1 seconds"),
        ("while True: out.write(b' '); out.flush(); time.sleep(0.05)", "it took longer than"),
    ],
)
def test_whatever_goes_wrong_leaves_it_undecided(
    tree: Tree, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: str, why: str
) -> None:
    answering(monkeypatch, tmp_path, code + "\n")
    begun = time.monotonic()
    with pytest.raises(UndecidedError, match="could not be surveyed") as caught:
        survey_weights(tree, limits=QUICK)
    assert why in caught.value.message
    assert caught.value.code == "weights.failed"
    assert time.monotonic() - begun < 30


def test_an_endless_answer_is_not_kept(
    tree: Tree, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answering(monkeypatch, tmp_path, "while True: out.write(b' ' * 65536)\n")
    with pytest.raises(UndecidedError, match="it answered with too much"):
        survey_weights(tree, limits=Limits(wall_seconds=30, reply_bytes=1024 * 1024))


def told(*paths: str) -> str:
    evil = Finding(rule="weights.hidden", severity=Severity.HIGH, message="\x1b[31mx\u202e")
    findings = tuple(LocatedFinding(path=path, finding=evil) for path in paths)
    report = msgspec.structs.replace(EMPTY, findings=findings)
    return f"out.write({msgspec.json.encode(report)!r})\n"


def test_the_text_of_an_answer_is_cleaned(
    tree: Tree, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answering(monkeypatch, tmp_path, told("model.safetensors", ""))
    found = survey_weights(tree)
    assert [one.path for one in found.findings] == ["model.safetensors", ""]
    assert {one.finding.message for one in found.findings} == {"\ufffd[31mx\ufffd"}


def test_an_answer_about_other_files_is_a_lie(
    tree: Tree, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answering(monkeypatch, tmp_path, told("model.safetensors", "other"))
    with pytest.raises(UndecidedError, match="files it was not asked about"):
        survey_weights(tree)


def test_a_large_question_does_not_block_an_answer(
    tree: Tree, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tensors = tuple(
        TensorPrint(name=f"t{n}", dtype="F32", shape=(1,), sha256="0" * 64) for n in range(5000)
    )
    answering(monkeypatch, tmp_path, f"out.write({msgspec.json.encode(EMPTY)!r})\n")
    assert survey_weights(tree, base=WeightPrint(tensors=tensors)) == EMPTY


def test_prints_are_read_back(tmp_path: Path) -> None:
    path = tmp_path / "prints.json"
    path.write_bytes(msgspec.json.encode(EMPTY.weights))
    assert read_print(path) == EMPTY.weights


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "truncated"),
        (b"{}", "tensors"),
        (b'{"tensors": [], "schema": "other"}', "its schema is 'other'"),
        (b'{"tensors": [{"name": 1}]}', "name"),
        (b"[" * 100_000, "prints"),
        (None, "No such file"),
    ],
)
def test_a_file_that_holds_no_prints_is_a_sentence(
    tmp_path: Path, data: bytes | None, why: str
) -> None:
    path = tmp_path / "prints.json"
    if data is not None:
        path.write_bytes(data)
    with pytest.raises(InputError, match="does not hold the tensor prints") as caught:
        read_print(path)
    assert why in caught.value.message
    assert "--write-prints" in caught.value.next_step
    assert caught.value.code == "weights.prints"


def test_a_file_of_prints_has_a_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(weights, "_PRINT_MOST", 10)
    path = tmp_path / "prints.json"
    path.write_bytes(msgspec.json.encode(EMPTY.weights))
    with pytest.raises(InputError, match="larger than 10 bytes"):
        read_print(path)
