# SPDX-License-Identifier: Apache-2.0
"""``steelyard charter test``: what a charter repository sees of its cases."""

from __future__ import annotations

import json
import re
from pathlib import Path
from xml.etree import ElementTree

import pytest
from click.testing import CliRunner, Result

from steelyard.catalog.charters import charter_text
from steelyard.cli.charter import command
from steelyard.kernel.errors import DocumentErrors, InputError

GOOD = """\
charter: ../charter.yaml
cases:
  - name: an attack stays out
    facts: {scan.worst: malicious}
    expect: {outcome: rejected, fires: [no-malicious-files]}
"""
BAD = """\
charter: ../charter.yaml
cases:
  - name: two licenses are <fine>
    facts: {license.conflict: true}
    expect: {outcome: rejected, does_not_fire: [licenses-agree]}
"""


def run(*arguments: str | Path) -> Result:
    words = ["test", *[str(argument) for argument in arguments]]
    return CliRunner(env={"COLUMNS": "100"}).invoke(command, words, standalone_mode=False)


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    (tmp_path / "charter.yaml").write_text(charter_text("starter"))
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "files.yaml").write_text(GOOD)
    return tmp_path


def test_a_repository_that_passes(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(repository)
    result = run()
    assert (result.exception, result.return_value) == (None, 0)
    assert "tests/files.yaml: charter starter 1" in result.stdout
    assert "an attack stays out" in result.stdout
    assert "1 passed, 0 failed, 1 file" in result.stdout
    assert "12 of 13 rules of starter fire in no case:\n  licenses.known\n" in result.stdout
    assert run(repository, "--all-rules").return_value == 1


def test_a_failing_case_says_what_came_and_why(repository: Path) -> None:
    (repository / "tests" / "more").mkdir()
    (repository / "tests" / "more" / "b.yaml").write_text(
        BAD.replace("../charter.yaml", "../../charter.yaml")
    )
    result = run(repository)
    assert result.return_value == 1
    for part in ("two licenses are <fine> (line 3)",
                 "outcome: expected rejected, but approved", "licenses-agree (warn): Two places",
                 "rule licenses-agree: expected does not fire, but fires",
                 "If license.conflict were false, this rule would hold.",
                 "1 passed, 1 failed, 2 files"):  # fmt: skip
        assert part in result.stdout, part


def test_machines_get_json_and_junit(repository: Path, tmp_path: Path) -> None:
    (repository / "tests" / "b.yaml").write_text(BAD)
    junit = tmp_path / "junit.xml"
    result = run(repository, "--format", "json", "--junit", junit)
    found = json.loads(result.stdout)
    assert (found["schema"], found["passed"], found["failed"]) == (
        "steelyard.charter-test/v1", 1, 1,
    )  # fmt: skip
    failed = found["files"][0]["cases"][0]
    assert (failed["passed"], failed["outcome"]) == (False, "approved")
    assert failed["differences"][0]["expected"] == "rejected"
    (coverage,) = found["coverage"]
    assert (coverage["rules"], len(coverage["never_fired"])) == (13, 11)
    root = ElementTree.parse(junit).getroot()
    assert [suite.get("failures") for suite in root] == ["1", "0"]
    failure = root[0][0][0]
    assert failure.tag == "failure"
    assert root[0][0].get("name") == "two licenses are <fine>"
    assert "expected rejected, but approved" in str(failure.get("message"))


def test_another_charter_can_be_held_to_the_same_cases(repository: Path) -> None:
    looser = repository / "draft.yaml"
    looser.write_text(
        charter_text("starter").replace(
            "scan.worst != 'malicious'\"\n    otherwise: reject",
            "scan.worst != 'malicious'\"\n    otherwise: warn",
        )
    )
    assert run(repository, "--charter", looser).return_value == 1
    assert run(repository, "--charter", "standard").return_value == 0


def test_packs_are_laid_over_the_charter(repository: Path) -> None:
    (repository / "pack.yaml").write_text(
        """\
pack: no-biometrics
version: 1
purpose: Nothing that recognizes people.
rules:
  - {id: no-faces, why: People are not to be recognized., otherwise: reject,
     require: "!has(model.task) || model.task != 'face-recognition'", remedy: Choose another.}
"""
    )
    (repository / "tests" / "files.yaml").write_text(
        """\
charter: ../charter.yaml
include: [../pack.yaml]
cases:
  - name: a face is not recognized
    facts: {model.task: face-recognition}
    expect: {outcome: rejected, fires: [no-faces]}
"""
    )
    result = run(repository)
    assert (result.exception, result.return_value) == (None, 0), result.stdout
    assert "starter-with-packs" in result.stdout
    (repository / "tests" / "files.yaml").write_text(
        GOOD.replace("cases:", "include: [nope]\ncases:")
    )
    assert isinstance(run(repository).exception, DocumentErrors)


@pytest.mark.parametrize("name", ["starter", "standard", "regulated"])
def test_shipped_charters_have_cases(name: str) -> None:
    result = run(name, "--all-rules")
    assert (result.exception, result.return_value) == (None, 0)


@pytest.mark.parametrize(
    ("prepare", "code"),
    [
        ("nothing", "cases.none"),
        ("elsewhere", "cases.none"),
        ("missing", "input.unreadable"),
        ("no charter", "input.unreadable"),
    ],
)
def test_what_cannot_be_run_is_said(tmp_path: Path, prepare: str, code: str) -> None:
    path = tmp_path
    if prepare == "elsewhere":
        (tmp_path / "other.yaml").write_text(GOOD)
    elif prepare == "missing":
        path = tmp_path / "x.yaml"
    elif prepare == "no charter":
        (tmp_path / "tests").mkdir()
        (tmp_path / "tests" / "a.yaml").write_text(GOOD)
    result = run(path)
    assert isinstance(result.exception, InputError)
    assert result.exception.code == code


def test_a_misspelled_fact_has_its_place(repository: Path) -> None:
    file = repository / "tests" / "files.yaml"
    file.write_text(GOOD.replace("scan.worst", "scan.wrost"))
    result = run(repository)
    assert isinstance(result.exception, DocumentErrors)
    assert f"{file}:4:13: error: There is no fact 'scan.wrost'. Did you mean 'worst'?" in str(
        result.exception
    )


def test_the_cases_of_the_guide_pass(tmp_path: Path) -> None:
    guide = Path(__file__).parents[2] / "docs" / "how-to" / "test-a-charter.md"
    (cases,) = re.findall(r"```yaml\n(.*?)```", guide.read_text(encoding="utf-8"), re.DOTALL)
    (tmp_path / "charter.yaml").write_text(charter_text("standard"))
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "cases.yaml").write_text(cases)
    result = run(tmp_path)
    assert (result.exception, result.return_value) == (None, 0), result.stdout
    assert "3 passed, 0 failed" in result.stdout
