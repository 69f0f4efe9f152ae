# SPDX-License-Identifier: Apache-2.0
"""The sandbox's answer is hostile input; what it does not answer is not examined."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from steelyard.kernel.errors import UndecidedError
from steelyard.kernel.finding import Coverage, FileReport, Finding, Severity, Verdict
from steelyard.kernel.inspection import Inspection, Reply, Scanner
from steelyard.kernel.limits import Limits
from steelyard.platform import sandbox
from steelyard.platform.tree import walk

OK = "0" * 64
END = Reply(end=Inspection(scanner=Scanner(version="1", rules_digest=OK), files=()))


def report(path: str, size: int = 1, **changes: object) -> Reply:
    values: dict[str, object] = {
        "path": path, "format": "text", "size": size, "sha256": OK,
        "verdict": Verdict.CLEAN, "coverage": Coverage.FULL,
    }  # fmt: skip
    return Reply(file=FileReport(**(values | changes)))  # type: ignore[arg-type]


@pytest.fixture
def model(tmp_path: Path) -> Path:
    folder = tmp_path / "model"
    folder.mkdir()
    for name in ("a", "b"):
        (folder / name).write_text("x")
    return folder


def answering(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, code: str) -> None:
    """Put a program of our own in the sandbox's place."""
    script = tmp_path / "answer.py"
    script.write_text("import sys\nsys.stdin.buffer.read()\nout = sys.stdout.buffer\n" + code)
    monkeypatch.setattr(sandbox, "_COMMAND", (str(script),))


def lines(*replies: Reply) -> str:
    data = b"".join(msgspec.json.encode(reply) + b"\n" for reply in replies)
    return f"out.write({data!r})\nout.flush()\n"


def by_path(found: Inspection) -> dict[str, FileReport]:
    return {file.path: file for file in found.files}


def test_the_real_thing_names_its_walls_and_digests(model: Path) -> None:
    seen: list[tuple[str, int]] = []
    found = sandbox.inspect(model, progress=lambda path, size: seen.append((path, size)))
    digest = "2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881"
    assert {file.sha256 for file in found.files} == {digest}
    assert all(file.verdict is Verdict.CLEAN for file in found.files)
    assert "rlimits" in found.isolation
    assert sorted(seen) == [("a", 1), ("b", 1)]


def test_an_honest_answer_is_taken(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answering(monkeypatch, tmp_path, lines(report("a"), report("b"), END))
    found = sandbox.inspect(model)
    assert {file.verdict for file in found.files} == {Verdict.CLEAN}


def test_a_verdict_is_recomputed_and_never_better_than_its_findings(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    evil = Finding(rule="r", severity=Severity.CRITICAL, message="Evil.")
    answers = lines(
        report("a", findings=(evil,)), report("b", coverage=Coverage.NONE, sha256=""), END
    )
    answering(monkeypatch, tmp_path, answers)
    found = by_path(sandbox.inspect(model))
    assert found["a"].verdict is Verdict.MALICIOUS
    assert found["b"].verdict is Verdict.UNREADABLE


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (lines(report("a"), END), "did not answer about this file"),
        (lines(report("a")), "ended early (with exit code 0)"),
        (lines(report("a")) + "import os\nos.kill(os.getpid(), 11)\n", "by signal 11"),
        (lines(report("a")) + "sys.exit(7)\n", "exit code 7"),
        (lines(report("a")) + "out.write(b'nonsense\\n')\n", "something unreadable"),
        (lines(report("a"), report("z"), END), "not asked about"),
        (lines(report("a"), report("a"), END), "not asked about"),
        (lines(report("a"), report("b", size=2), END), "not asked about"),
        (lines(report("a"), report("b", sha256="xyz"), END), "not asked about"),
        (lines(report("a"), report("b", sha256=""), END), "not asked about"),
        (lines(report("a")) + "out.write(b'[' * 100000 + b'\\n')\n", "something unreadable"),
    ],
)
def test_what_was_not_answered_honestly_is_not_examined(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, answer: str, why: str
) -> None:
    answering(monkeypatch, tmp_path, answer)
    found = by_path(sandbox.inspect(model))
    assert found["b"].coverage is Coverage.NONE
    assert found["b"].verdict is Verdict.UNREADABLE
    assert why in found["b"].coverage_reason


def test_a_run_without_an_end_leaves_nothing_fully_examined(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answering(monkeypatch, tmp_path, lines(report("a"), report("b")))
    found = sandbox.inspect(model)
    assert {file.coverage for file in found.files} == {Coverage.PARTIAL}
    assert {file.verdict for file in found.files} == {Verdict.UNREADABLE}


def test_no_answer_at_all_is_undecided(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answering(monkeypatch, tmp_path, "sys.exit(1)\n")
    with pytest.raises(UndecidedError, match="Nothing could be examined"):
        sandbox.inspect(model)


def test_a_sandbox_that_hangs_is_ended(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answering(monkeypatch, tmp_path, lines(report("a")) + "import time\ntime.sleep(600)\n")
    found = by_path(sandbox.inspect(model, limits=Limits(wall_seconds=1.0)))
    assert "longer than 1 seconds" in found["b"].coverage_reason


def test_an_endless_answer_is_cut_off(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answering(monkeypatch, tmp_path, lines(report("a")) + "while True: out.write(b'x' * 65536)\n")
    found = by_path(sandbox.inspect(model, limits=Limits(reply_bytes=1_000_000)))
    assert "too much" in found["b"].coverage_reason


def test_terminal_escapes_and_direction_marks_do_not_come_through(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dirty = Finding(rule="r", severity=Severity.LOW, message="\x1b[2Jclean\u202e" + "x" * 50_000)
    answering(monkeypatch, tmp_path, lines(report("a", findings=(dirty,)), report("b"), END))
    (finding,) = by_path(sandbox.inspect(model))["a"].findings
    assert finding.message.startswith("\ufffd[2Jclean\ufffdx")
    assert len(finding.message) <= 20_000


def test_the_sandbox_gets_nothing_of_our_environment(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STEELYARD_SECRET", "hunter2")
    said = tmp_path / "said"
    code = f"import os\nopen({str(said)!r}, 'w').write(repr(sorted(os.environ)))\n"
    answering(monkeypatch, tmp_path, code + lines(report("a"), report("b"), END))
    sandbox.inspect(model)
    assert set(eval(said.read_text())) <= {"LC_ALL", "LD_LIBRARY_PATH", "LC_CTYPE"}


def test_leaving_early_ends_the_process(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answering(monkeypatch, tmp_path, "import time\ntime.sleep(600)\n")
    with sandbox.begin(walk(model, Limits())) as running:
        process = running._process
    assert process.wait(10) == -9


def test_an_unreadable_file_is_said_and_the_rest_is_examined(
    model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tree = walk(model, Limits())
    (model / "a").unlink()
    with sandbox.begin(tree) as running:
        found = by_path(running.result())
    assert "cannot be opened" in found["a"].coverage_reason
    assert found["b"].sha256
