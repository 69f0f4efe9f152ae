# SPDX-License-Identifier: Apache-2.0
"""``steelyard regulation``: from files, on a real terminal, and what cannot be read."""

from __future__ import annotations

import json
import os
import pty
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest

from steelyard.charter.regulation.answers import answers_of, load_answers
from steelyard.charter.regulation.machine import UNSURE, questions
from steelyard.charter.regulation.sheet import blank_sheet, filled_sheet
from steelyard.kernel.errors import DocumentErrors, InputError

NO = {
    question.id: ("none" if question.kind == "many" else "no")
    for question in questions().values()
    if question.id not in ("scope.ai", "scope.eu", "roles", "gpai.compute")
}
YES = {"scope.ai": "yes", "scope.eu": "used", "roles": "deployer"}
USE_CASE = """\
name: applicant-screening
purpose: Sort applications for interviews
owner: hr@example.org
data_class: confidential
personal_data: ordinary
people_affected: staff
autonomy: supervised
exposure: internal
environment: production
regions: [DE]
commercial: true
sector: employment
expires: 2099-06-30
"""


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "steelyard", "regulation", *arguments]
    return subprocess.run(
        command, capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL
    )


def sheet(folder: Path, **changes: str) -> str:
    answers = {**NO, **YES, **{key.replace("__", "."): value for key, value in changes.items()}}
    lines = ["answers:", *(f"  {name}: {answer}" for name, answer in answers.items())]
    path = folder / "answers.yaml"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return str(path)


def test_a_whole_file_is_classified_and_leaves_with_zero(tmp_path: Path) -> None:
    done = run("classify", "--answers", sheet(tmp_path), "--on", "2026-11-27", "--format", "json")
    assert done.returncode == 0 and done.stderr == ""
    document = json.loads(done.stdout)
    assert document["schema"] == "steelyard.classification/v1"
    assert document["class"] == "minimal" and document["open_questions"] == []
    assert document["on"] == "2026-11-27"
    (literacy,) = document["obligations"]
    assert literacy["citations"] == [{"ref": "EU-AI-Act:Art-4", "title": "AI literacy"}]
    assert literacy["in_force"] and literacy["applies_from"] == "2025-02-02"


def test_a_prohibited_practice_leaves_with_one(tmp_path: Path) -> None:
    done = run("classify", "--answers", sheet(tmp_path, prohibited__emotions="yes"))
    assert done.returncode == 1 and "PROHIBITED" in done.stdout


def test_open_questions_leave_with_three_and_are_named(tmp_path: Path) -> None:
    done = run("classify", "--answers", sheet(tmp_path, annex3__areas="not-sure"))
    assert done.returncode == 3 and "annex3.areas: Is it meant" in done.stdout
    assert "HIGH-RISK" in done.stdout and "minimal risk" in done.stdout


def test_the_day_decides_what_is_in_force(tmp_path: Path) -> None:
    file = sheet(tmp_path, annex3__areas="employment", annex3__employment="recruitment")
    now = run("classify", "--answers", file, "--on", "2026-11-27").stdout
    later = run("classify", "--answers", file, "--on", "2027-12-02").stdout
    assert "in 370 days" in now and "before the Omnibus: 2 August 2026" in now
    assert "2 December 2027 (in force" in later


def test_a_use_case_suggests_and_answers_overrule(tmp_path: Path) -> None:
    use_case = tmp_path / "use-case.yaml"
    use_case.write_text(USE_CASE, encoding="utf-8")
    done = run("classify", "--use-case", str(use_case), "--format", "json")
    assert done.returncode == 3
    trace = {line["question"]: line for line in json.loads(done.stdout)["trace"]}
    assert trace["annex3.areas"]["given"] == "prefilled"
    assert trace["annex3.areas"]["answer"] == ["employment"]
    done = run("classify", "--use-case", str(use_case), "--answers", sheet(tmp_path),
               "--format", "json")  # fmt: skip
    trace = {line["question"]: line for line in json.loads(done.stdout)["trace"]}
    assert trace["annex3.areas"] == trace["annex3.areas"] | {"given": "answered"}
    assert done.returncode == 0


def test_unknown_questions_and_answers_are_named_with_line_and_nearest(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text(
        "answers:\n  scope.ia: yes\n  annex3.areas: [employement]\n  scope.eu: [used, none]\n"
        "  roles: []\n  scope.research: [no, science]\n",
        encoding="utf-8",
    )
    done = run("classify", "--answers", str(path))
    assert done.returncode == 2
    lines = [line for line in done.stderr.splitlines() if ": error: " in line]
    assert f"{path}:2:3: error: There is no question 'scope.ia'." in lines[0]
    assert "Did you mean 'scope.ai'?" in lines[0]
    assert ":3:" in lines[1] and "Did you mean 'employment'?" in lines[1]
    assert "'none' cannot stand beside other answers" in lines[2]
    assert "has no answer" in lines[3] and "takes one answer, not 2" in lines[4]
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    "text", ["", "[]", "answers", "answers: no", "answers: {scope.ai: }", "answers: {scope.ai: {}}",
             "other: 1\nanswers: {}", "classification: [1]\nanswers: {}", "answers: {a: b, a: c}"],
)  # fmt: skip
def test_what_is_no_file_of_answers_is_refused(text: str) -> None:
    with pytest.raises(DocumentErrors) as caught:
        load_answers(text, "a.yaml")
    assert str(caught.value).startswith("a.yaml:1:")


def test_answers_in_a_mapping_are_checked_alike() -> None:
    assert answers_of({"scope.ai": True, "annex3.areas": ["migration", "education"]}) == {
        "scope.ai": ("yes",),
        "annex3.areas": ("education", "migration"),
    }
    assert answers_of({"roles": "not-sure"}) == {"roles": UNSURE}
    refused: list[dict[str, object]] = [
        {"scope.ia": "yes"}, {"scope.ai": "maybe"}, {"scope.ai": 3}, {"roles": []},
    ]  # fmt: skip
    for wrong in refused:
        with pytest.raises(InputError) as caught:
            answers_of(wrong)
        assert caught.value.code == "regulation.answer"
        assert str(caught.value).startswith("eu_ai_act: ")


def test_sheets_can_be_read_back() -> None:
    assert load_answers(blank_sheet(), "b").answers == dict.fromkeys(questions(), UNSURE)
    answers = {"scope.ai": ("yes",), "scope.eu": ("offered", "used"), "roles": UNSURE}
    read = load_answers(filled_sheet(answers, "chat"), "c")
    assert read.answers == answers and read.name == "chat"
    assert load_answers(filled_sheet({}), "d").answers == {}


def test_the_questions_are_listed_in_three_forms() -> None:
    text, yaml = run("questions").stdout, run("questions", "--format", "yaml").stdout
    document = json.loads(run("questions", "--format", "json").stdout)
    assert document["schema"] == "steelyard.questions/v1"
    assert [each["id"] for each in document["questions"]] == list(questions())
    assert all(question in text and f"{question}: not-sure" in yaml for question in questions())


def test_a_report_and_an_output_file_are_written(tmp_path: Path) -> None:
    page, text = tmp_path / "r.html", tmp_path / "r.txt"
    done = run("classify", "--answers", sheet(tmp_path), "--report", str(page),
               "--output", str(text))  # fmt: skip
    assert done.returncode == 0 and done.stdout == ""
    assert "minimal risk" in text.read_text(encoding="utf-8").lower()
    assert "<h1" in page.read_text(encoding="utf-8")


def test_without_answers_or_terminal_there_is_nobody_to_ask() -> None:
    done = run("classify")
    assert done.returncode == 2 and "not a terminal" in done.stderr


def talk(arguments: list[str], says: list[str]) -> tuple[int, str]:
    """Run a command on a terminal of its own; type each line when a prompt waits for it."""
    leader, follower = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "steelyard", "regulation", *arguments],
        stdin=follower, stdout=follower, stderr=follower, close_fds=True,
        env={**os.environ, "TERM": "xterm", "COLUMNS": "100", "PYTHONIOENCODING": "utf-8"},
    )  # fmt: skip
    os.close(follower)
    seen, prompts, waiting = b"", 0, list(says)
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            part = os.read(leader, 4096)
        except OSError:
            break
        if not part:
            break
        seen += part
        while waiting and seen.count(b"> ") > prompts:
            prompts += 1
            os.write(leader, waiting.pop(0).encode() + b"\n")
    code = process.wait(timeout=20)
    os.close(leader)
    return code, re.sub(r"\x1b\[[0-9;]*m", "", seen.decode("utf-8", "replace"))


def test_questions_come_one_by_one_with_back_help_and_corrections(tmp_path: Path) -> None:
    saved = tmp_path / "saved.yaml"
    code, seen = talk(
        ["classify", "--save", str(saved), "--on", "2026-11-27"],
        ["y", "?", "2", "b", "1,2", "maybe", "n", "no", "n", *["n"] * 5, "y"],
    )
    assert code == 1, seen
    assert "PROHIBITED" in seen and "offers a system" in seen, seen
    assert "'maybe' is no answer here." in seen
    answers = load_answers(saved.read_text(encoding="utf-8"), "saved").answers
    assert answers["scope.eu"] == ("offered", "used")
    assert list(answers)[-1] == "prohibited.emotions"


def test_stopping_keeps_what_was_answered(tmp_path: Path) -> None:
    saved = tmp_path / "saved.yaml"
    code, seen = talk(["classify", "--save", str(saved)], ["y", "s", "q"])
    assert code == 3 and "stopped" in seen
    answers = load_answers(saved.read_text(encoding="utf-8"), "saved").answers
    assert answers == {"scope.ai": ("yes",), "scope.eu": UNSURE}
    code, seen = talk(["classify", "--answers", str(saved), "--ask"], ["y", "q"])
    assert "military" in seen.split("> ")[0], "it goes on where it was left"


def test_a_suggestion_is_taken_with_enter(tmp_path: Path) -> None:
    use_case = tmp_path / "use-case.yaml"
    use_case.write_text(USE_CASE, encoding="utf-8")
    saved = tmp_path / "saved.yaml"
    _, seen = talk(["classify", "--use-case", str(use_case), "--save", str(saved)], ["", "", "q"])
    assert "Suggested: Yes (a machine-learning model is used)" in seen
    answers = load_answers(saved.read_text(encoding="utf-8"), "saved").answers
    assert answers == {"scope.ai": ("yes",), "scope.eu": ("used",)}
