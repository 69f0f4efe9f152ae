# SPDX-License-Identifier: Apache-2.0
"""The sandbox's answers are hostile input; what they do not answer is not examined."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path
from typing import Any

import msgspec
import pytest

from steelyard.kernel.errors import UndecidedError
from steelyard.kernel.finding import Coverage, FileReport, Finding, Severity, Verdict
from steelyard.kernel.inspection import FilePapers, Inspection, Ready, Reply, RuleText, Scanner
from steelyard.kernel.limits import Limits
from steelyard.platform import children, pool, sandbox
from steelyard.platform.pool import merged, usable_cpus, weakest
from steelyard.platform.tree import walk

OK = "0" * 64
READY = Reply(ready=Ready(scanner=Scanner(version="1", rules_digest=OK), isolation=("rlimits",)))
DONE = Reply(done=True)


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
    """Put a program of our own in the sandbox's place, which is given one batch."""
    monkeypatch.setattr(sandbox, "usable_cpus", lambda: 1)
    script = tmp_path / "answer.py"
    script.write_text(
        "import sys\nlines = sys.stdin.buffer\nlines.readline(), lines.readline()\n"
        "out = sys.stdout.buffer\n" + code
    )
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
    answering(monkeypatch, tmp_path, lines(READY, report("a"), report("b"), DONE))
    found = sandbox.inspect(model)
    assert {file.verdict for file in found.files} == {Verdict.CLEAN}


def test_a_verdict_is_recomputed_and_never_better_than_its_findings(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    evil = Finding(rule="r", severity=Severity.CRITICAL, message="Evil.")
    answers = lines(
        READY, report("a", findings=(evil,)), report("b", coverage=Coverage.NONE, sha256=""), DONE
    )
    answering(monkeypatch, tmp_path, answers)
    found = by_path(sandbox.inspect(model))
    assert found["a"].verdict is Verdict.MALICIOUS
    assert found["b"].verdict is Verdict.UNREADABLE


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (lines(READY, report("a"), DONE), "did not answer about this file"),
        (lines(READY, report("a")) + "out.write(b'nonsense\\n')\n", "something unreadable"),
        (lines(READY, report("a"), READY), "something unreadable"),
        (lines(READY, report("a"), Reply()), "something unreadable"),
        (lines(READY, report("a")) + "out.write(b'\\n')\n", "something unreadable"),
        (lines(READY, report("a"), report("z")), "not asked about"),
        (lines(READY, report("a"), report("a")), "not asked about"),
        (lines(READY, report("a"), report("b", size=2)), "not asked about"),
        (lines(READY, report("a"), report("b", sha256="xyz")), "not asked about"),
        (lines(READY, report("a"), report("b", sha256="")), "not asked about"),
        (lines(READY, report("a")) + "out.write(b'[' * 100000 + b'\\n')\n", "unreadable"),
    ],
)
def test_a_run_with_a_lie_leaves_nothing_fully_examined(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, answer: str, why: str
) -> None:
    answering(monkeypatch, tmp_path, answer)
    found = by_path(sandbox.inspect(model))
    assert found["a"].coverage is Coverage.PARTIAL
    assert found["a"].verdict is Verdict.UNREADABLE
    assert found["b"].coverage is Coverage.NONE
    assert found["b"].verdict is Verdict.UNREADABLE
    assert why in found["b"].coverage_reason


def test_nothing_counts_that_was_said_before_the_walls_stood(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answering(monkeypatch, tmp_path, lines(report("a"), report("b"), DONE))
    with pytest.raises(UndecidedError, match="something unreadable"):
        sandbox.inspect(model)


def test_no_answer_at_all_is_undecided(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answering(monkeypatch, tmp_path, "sys.exit(1)\n")
    with pytest.raises(UndecidedError, match="Nothing could be examined"):
        sandbox.inspect(model)


def test_a_sandbox_that_hangs_is_ended(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answering(monkeypatch, tmp_path, lines(READY, report("a")) + "import time\ntime.sleep(600)\n")
    found = by_path(sandbox.inspect(model, limits=Limits(wall_seconds=1.0)))
    assert "longer than 1 seconds" in found["b"].coverage_reason


def test_an_endless_answer_is_cut_off(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answering(
        monkeypatch, tmp_path, lines(READY, report("a")) + "while True: out.write(b'x' * 65536)\n"
    )
    found = by_path(sandbox.inspect(model, limits=Limits(reply_bytes=1_000_000)))
    assert "too much" in found["b"].coverage_reason


def test_terminal_escapes_and_direction_marks_do_not_come_through(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dirty = Finding(rule="r", severity=Severity.LOW, message="\x1b[2Jclean\u202e" + "x" * 50_000)
    answering(
        monkeypatch, tmp_path, lines(READY, report("a", findings=(dirty,)), report("b"), DONE)
    )
    (finding,) = by_path(sandbox.inspect(model))["a"].findings
    assert finding.message.startswith("\ufffd[2Jclean\ufffdx")
    assert len(finding.message) <= 20_000


def test_the_sandbox_gets_nothing_of_our_environment(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STEELYARD_SECRET", "hunter2")
    said = tmp_path / "said"
    code = f"import os\nopen({str(said)!r}, 'w').write(repr(sorted(os.environ)))\n"
    answering(monkeypatch, tmp_path, code + lines(READY, report("a"), report("b"), DONE))
    sandbox.inspect(model)
    assert set(eval(said.read_text())) <= {"LC_ALL", "LD_LIBRARY_PATH", "LC_CTYPE"}


def test_leaving_early_ends_the_process(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answering(monkeypatch, tmp_path, "import time\ntime.sleep(600)\n")
    with sandbox.begin(walk(model, Limits())) as running:
        (child,) = running._pool._children
        process = child.process
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


# A file that ends its process


def misbehaving(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, code: str) -> None:
    """Run the real sandbox with an examination that does ``code`` on files named ``bad…``."""
    script = tmp_path / "misbehaving.py"
    script.write_text(
        "import os, runpy, signal, sys, time\n"
        "from steelyard.scanning import runner\n"
        "honest = runner.examine_as\n"
        "def examine(context, source, into):\n"
        "    if context.name.startswith('bad'):\n"
        f"        {code}\n"
        "    honest(context, source, into)\n"
        "runner.examine_as = examine\n"
        "runpy.run_module('steelyard.scanning', run_name='__main__')\n"
    )
    monkeypatch.setattr(sandbox, "_COMMAND", (str(script),))


def many(folder: Path, *bad: str, count: int = 40) -> Path:
    model = folder / "many"
    model.mkdir()
    for index in range(count):
        (model / f"good{index:02}.txt").write_text("x" * index)
    for name in bad:
        (model / name).write_text("y" * 20)
    return model


@pytest.mark.parametrize("jobs", [1, 3])
@pytest.mark.parametrize(
    ("code", "why"),
    [
        ("import ctypes; ctypes.string_at(0)", "was ended by signal 11"),
        ("os.abort()", "was ended by signal 6"),
        ("os._exit(7)", "ended with exit code 7"),
        ("os.kill(os.getpid(), signal.SIGKILL)", "want of memory"),
        ("time.sleep(600)", "took longer than 1 seconds without progress"),
        ("os.closerange(1, 200); time.sleep(600)", "it closed its output"),
    ],
)
def test_a_file_that_ends_its_process_is_the_only_one_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: str, why: str, jobs: int
) -> None:
    misbehaving(monkeypatch, tmp_path, code.replace("os.kill(os.getpid(),", "signal.raise_signal("))
    monkeypatch.setattr(children, "_LAST_SECONDS", 0.5)
    model = many(tmp_path, "bad1.txt", "bad2.txt")
    seen: dict[str, int] = {}
    found = sandbox.inspect(
        model,
        limits=Limits(file_seconds=1.0),
        jobs=jobs,
        progress=lambda path, size: seen.update({path: seen.get(path, 0) + size}),
    )
    lost = {file.path: file for file in found.files if file.coverage is not Coverage.FULL}
    assert set(lost) == {"bad1.txt", "bad2.txt"}
    for file in lost.values():
        assert why in file.coverage_reason
        assert file.verdict is Verdict.UNREADABLE
    assert len(found.files) == 42
    assert seen == {file.path: file.size for file in found.files}


def test_too_many_such_files_end_the_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    misbehaving(monkeypatch, tmp_path, "os.abort()")
    model = many(tmp_path, *(f"bad{index}.txt" for index in range(4)), count=100)
    monkeypatch.setattr(pool, "_BATCH_FILES", 20)
    found = by_path(sandbox.inspect(model, limits=Limits(restarts=3), jobs=1))
    assert {file.coverage for file in found.values()} == {Coverage.PARTIAL, Coverage.NONE}
    assert Verdict.CLEAN not in {file.verdict for file in found.values()}
    assert "3 files ended the process" in found["good00.txt"].coverage_reason


def test_running_out_of_cpu_time_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    misbehaving(monkeypatch, tmp_path, "while True: pass")
    limits = Limits(cpu_seconds=1)
    found = by_path(sandbox.inspect(many(tmp_path, "bad.txt", count=3), limits=limits))
    assert "used up its CPU time" in found["bad.txt"].coverage_reason
    assert found["good01.txt"].coverage is Coverage.FULL


def test_memory_is_bounded_and_running_out_of_it_is_a_gap(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    misbehaving(monkeypatch, tmp_path, "kept = bytearray(2 << 30)")
    limits = Limits(memory_bytes=1 << 30)
    found = by_path(sandbox.inspect(many(tmp_path, "bad.txt", count=3), limits=limits))
    assert "ran out of Memory" in found["bad.txt"].coverage_reason
    assert found["bad.txt"].coverage is Coverage.PARTIAL
    assert found["good01.txt"].coverage is Coverage.FULL


def test_a_process_killed_from_outside_midway_loses_one_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    misbehaving(monkeypatch, tmp_path, "time.sleep(600)")
    model = many(tmp_path, "bad.txt")
    with sandbox.begin(walk(model, Limits()), jobs=1) as running:
        (child,) = running._pool._children
        for _ in range(200):
            at = child.in_work()
            if child.ready is not None and at is not None and at.path == "bad.txt":
                break
            time.sleep(0.05)
        os.kill(child.process.pid, signal.SIGKILL)
        found = by_path(running.result())
    assert "was killed" in found["bad.txt"].coverage_reason
    assert {f.coverage for path, f in found.items() if path != "bad.txt"} == {Coverage.FULL}


def test_a_page_with_nonsense_costs_a_file_not_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = "import mmap, struct; mmap.mmap(int(sys.argv[1]), 16)[:] = b'\\xff' * 16; os._exit(1)"
    misbehaving(monkeypatch, tmp_path, code)
    found = sandbox.inspect(many(tmp_path, "bad.txt", count=5), jobs=1)
    assert "bad.txt" in {file.path for file in found.files if file.coverage is Coverage.NONE}
    assert "ended with exit code 1" in by_path(found)["bad.txt"].coverage_reason


def test_what_an_examination_prints_is_no_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    misbehaving(monkeypatch, tmp_path, "print('{}', flush=True); os.write(1, b'{}')")
    found = sandbox.inspect(many(tmp_path, "bad.txt"))
    assert {file.coverage for file in found.files} == {Coverage.FULL}


def test_a_callback_that_fails_leaves_nothing_fully_examined(tmp_path: Path) -> None:
    seen: list[str] = []

    def fails(path: str, size: int) -> None:
        seen.append(path)
        if len(seen) > 5:
            raise OSError("no more screen")

    found = sandbox.inspect(many(tmp_path), progress=fails)
    assert Coverage.FULL not in {file.coverage for file in found.files}
    assert "no more screen" in found.files[0].coverage_reason


def test_asking_after_the_end_was_forced_finds_nothing_clean(model: Path) -> None:
    with sandbox.begin(walk(model, Limits())) as running:
        running._pool.stop()
    with pytest.raises(UndecidedError, match="ended before its end"):
        running.result()


def test_the_shared_page_cannot_be_shrunk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Reading shared memory that the other side cut off would end this very process.
    misbehaving(monkeypatch, tmp_path, "os.ftruncate(int(sys.argv[1]), 0)")
    found = by_path(sandbox.inspect(many(tmp_path, "bad.txt")))
    assert "PermissionError" in found["bad.txt"].coverage_reason


# Several processes


def test_the_number_of_processes_changes_nothing(tmp_path: Path) -> None:
    model = many(tmp_path)
    (model / "README.md").write_text("---\nlicense: mit\n---\n# A model\n")
    (model / "LICENSE").write_text("Apache License 2.0\n")
    (model / "sub").mkdir()
    (model / "sub" / "NOTICE.py").write_text("# SPDX-License-Identifier: MIT\nimport os\n")
    (model / "large.txt").write_bytes(b"z" * 3_000_000)
    (model / "evil.pkl").write_bytes(b"cos\nsystem\n(S'true'\ntR.")
    found = [
        sandbox.inspect(model, tasks=sandbox.PAPERS_AND_BYTES, jobs=jobs) for jobs in (1, 2, 4)
    ]
    assert found[0].cards
    assert found[0].declared
    assert msgspec.json.encode(found[0]) == msgspec.json.encode(found[1])
    assert msgspec.json.encode(found[0]) == msgspec.json.encode(found[2])


def test_more_processes_are_begun_when_one_is_slow(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    misbehaving(monkeypatch, tmp_path, "time.sleep(3)")
    model = many(tmp_path, "bad1.txt", "bad2.txt", "bad3.txt", count=0)
    begun = time.monotonic()
    found = sandbox.inspect(model, jobs=3)
    assert {file.coverage for file in found.files} == {Coverage.FULL}
    assert time.monotonic() - begun < 8


def counted(monkeypatch: pytest.MonkeyPatch) -> list[children.Child]:
    """Return a list that will hold every process that is begun."""
    begun: list[children.Child] = []

    class Counted(children.Child):
        def __init__(self, *words: Any) -> None:
            super().__init__(*words)
            begun.append(self)

    monkeypatch.setattr(pool, "Child", Counted)
    return begun


def test_small_work_has_one_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    begun = counted(monkeypatch)
    sandbox.inspect(many(tmp_path), jobs=8)
    assert len(begun) == 1


def test_a_process_near_its_cpu_limit_is_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun = counted(monkeypatch)
    monkeypatch.setattr(pool, "_CPU_SHARE", 0.001)
    monkeypatch.setattr(pool, "_BATCH_FILES", 20)
    found = sandbox.inspect(many(tmp_path), jobs=1, limits=Limits(cpu_seconds=20))
    assert len(begun) > 1
    assert {file.coverage for file in found.files} == {Coverage.FULL}


def test_a_large_file_tells_how_far_it_is(tmp_path: Path) -> None:
    path = tmp_path / "large.bin"
    with path.open("wb") as file:
        file.truncate(1 << 30)
    told: list[int] = []
    sandbox.inspect(path, progress=lambda name, size: told.append(size))
    assert sum(told) == 1 << 30
    assert len(told) > 1


def test_a_wall_stands_if_it_stands_everywhere() -> None:
    scanner = Scanner(version="1", rules_digest=OK)
    walls = [("rlimits", "landlock"), ("rlimits", "no landlock"), ("rlimits",)]
    ready = [Ready(scanner=scanner, isolation=wall) for wall in walls]
    assert weakest(ready[:1]) == ("rlimits", "landlock")
    assert weakest(ready[:2]) == ("rlimits", "no landlock")
    assert weakest(ready) == ("rlimits", "no landlock")
    assert merged([]) == FilePapers()


def test_texts_of_rules_are_those_of_plugins_and_clean(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    texts = (
        RuleText(id="x-acme.b", title="B\x1b[2J", severity=Severity.LOW),
        RuleText(id="x-acme.a", title="A", severity=Severity.LOW),
        RuleText(id="pickle.import", title="Harmless", severity=Severity.INFO),
    )
    assert READY.ready is not None
    ready = Reply(ready=msgspec.structs.replace(READY.ready, rules=texts))
    answering(monkeypatch, tmp_path, lines(ready, report("a"), report("b"), DONE))
    found = sandbox.inspect(model)
    assert [(rule.id, rule.title) for rule in found.rules] == [
        ("x-acme.a", "A"),
        ("x-acme.b", "B\ufffd[2J"),
    ]


def test_there_is_a_processor() -> None:
    assert 1 <= usable_cpus() <= (os.cpu_count() or 1)
