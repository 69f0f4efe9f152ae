# SPDX-License-Identifier: Apache-2.0
"""``steelyard charter replay``: the table, the document, the list, and how it ends."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from click.testing import CliRunner, Result
from tests.charter.portfolio import recorded

from steelyard.catalog.charters import charter_text
from steelyard.charter.evaluate import evaluate
from steelyard.charter.facts import Facts
from steelyard.charter.load import shipped
from steelyard.cli.charter import command
from steelyard.kernel.errors import InputError


def run(*arguments: str | Path) -> Result:
    words = ["replay", *[str(argument) for argument in arguments]]
    return CliRunner(env={"COLUMNS": "120"}).invoke(command, words, standalone_mode=False)


def document(*arguments: str | Path) -> tuple[int, dict[str, Any]]:
    result = run(*arguments, "--format", "json")
    assert result.exception is None, result.exception
    found = json.loads(result.stdout)
    assert found["schema"] == "steelyard.charter-replay/v1"
    return result.return_value, found


@pytest.fixture(scope="module")
def portfolio(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ten thousand recorded assessments."""
    file = tmp_path_factory.mktemp("replay") / "recorded.jsonl"
    with file.open("wb") as out:
        out.writelines(msgspec.json.encode(item) + b"\n" for item in recorded(10_000, seed=8))
    return file


@pytest.fixture
def few(tmp_path: Path) -> Path:
    return write(tmp_path / "few.jsonl", list(recorded(40, seed=2)))


def write(file: Path, records: list[dict[str, Any]]) -> Path:
    file.write_bytes(b"".join(msgspec.json.encode(record) + b"\n" for record in records))
    return file


def test_ten_thousand_print_what_changes_and_how_fast(portfolio: Path) -> None:
    result = run("starter", "standard", "--assessments", portfolio, "--jobs", "2", "--limit", "3")
    assert (result.exception, result.return_value) == (None, 0)
    text = result.stdout
    assert text.startswith("Replay of 10,000 recorded assessments\nbefore: starter")
    for part in ("stricter,", "Outcomes, before", "By tier before", "By team", "Sign-offs",
                 "Rules that differ", "Would be looser: first 3 of", "clinic",
                 "rule evaluations/s"):  # fmt: skip
        assert part in text, part


def test_processes_agree_with_one(portfolio: Path) -> None:
    words = ("starter", "regulated", "--assessments", portfolio, "--limit", "4")
    _, one = document(*words, "--jobs", "1")
    _, two = document(*words, "--jobs", "2")
    assert (one.pop("speed")["processes"], two.pop("speed")["processes"]) == (1, 2)
    assert one == two
    assert one["judged"] == 10_000


def test_the_issue_of_what_a_rule_would_have_blocked(tmp_path: Path, few: Path) -> None:
    rule = (
        "\n  - id: pinned-commit\n    why: A name can be moved to other bytes.\n"
        '    require: "has(model.commit)"\n    otherwise: reject\n'
    )
    new = tmp_path / "new.yaml"
    new.write_text(charter_text("starter").replace("\nrules:\n", f"\nrules:{rule}"))
    code, found = document("starter", new, "--assessments", few)
    count = found["rules"]["pinned-commit"]
    assert (code, count["status"], count["fires"], count["rejects"]) == (0, "new", 40, 40)
    before = found["outcomes"]
    already = sum(row.get("rejected", 0) for old, row in before.items() if old == "rejected")
    assert count["alone"] == 40 - already == found["stricter"]
    shown = run("starter", new, "--assessments", few).stdout
    assert "pinned-commit (reject) fires: A name can be moved to other bytes." in shown


def test_recorded_decisions_against_a_charter(tmp_path: Path) -> None:
    records = []
    for record in recorded(30, seed=5):
        drawn = msgspec.convert(record["facts"], Facts)
        result = evaluate(shipped("standard"), drawn, {}, drawn.today)
        record["decision"] = msgspec.to_builtins(result.decision)
        record["risk"] = msgspec.to_builtins(result.risk)
        record["review"] = msgspec.to_builtins(result.review)
        records.append(record)
    file = write(tmp_path / "r.jsonl", records)
    code, same = document("--charter", "standard", "--assessments", file)
    assert (code, same["old"], same["stricter"], same["looser"], same["same"]) == (
        0, "recorded", 0, 0, 0,
    )  # fmt: skip
    assert document("recorded", "regulated", "--assessments", file)[1]["stricter"] > 0
    assert "No outcome would change." in run("--charter", "standard", "--assessments", file).stdout


def test_a_line_that_cannot_be_judged_is_shown_and_ends_in_three(few: Path) -> None:
    few.write_bytes(b"{broken\n" + few.read_bytes())
    code, found = document("starter", "standard", "--assessments", few)
    assert (code, found["judged"], found["unjudged"]) == (3, 40, 1)
    assert found["unjudged_lines"][0]["where"] == "line 1"
    result = run("starter", "starter", "--assessments", few)
    assert result.return_value == 3
    assert document("starter", "starter", "--assessments", few)[0] == 3
    assert "1 could not be judged and are in none of the counts" in result.stdout


@pytest.mark.parametrize("suffix", ["jsonl", "csv"])
def test_every_change_can_be_had(portfolio: Path, tmp_path: Path, suffix: str) -> None:
    output = tmp_path / f"changes.{suffix}"
    _, found = document(
        "starter", "standard", "--assessments", portfolio, "--limit", "0", "--output", output,
        "--jobs", "2",
    )  # fmt: skip
    lines = output.read_text().splitlines()
    total = found["stricter"] + found["looser"] + found["same"]
    assert len(lines) == total + (suffix == "csv")
    assert found["changes"] == []
    assert sorted(tmp_path.iterdir()) == [output], "nothing half written stays"


def test_when_nothing_could_be_judged_nothing_is_claimed(tmp_path: Path) -> None:
    file = tmp_path / "r.jsonl"
    file.write_text("{}\n")
    result = run("starter", "standard", "--assessments", file)
    assert result.return_value == 3
    assert "No assessment was judged." in result.stdout
    assert "No outcome would change" not in result.stdout


def test_days_and_gates(few: Path) -> None:
    _, found = document(
        "starter", "standard", "--assessments", few, "--since", "2026-01-03", "--until",
        "2026-01-06",
    )  # fmt: skip
    assert (found["judged"], found["outside"]) == (4, 36)
    words = ("--assessments", few)
    assert document("standard", "standard", *words, "--fail-on", "any")[0] == 0
    assert document("regulated", "starter", *words, "--fail-on", "looser")[0] == 1
    assert document("starter", "regulated", *words, "--fail-on", "looser")[0] == 0
    assert document("starter", "regulated", *words, "--fail-on", "any")[0] == 1


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("starter",), "replay.charters"),
        (("starter", "--charter", "standard"), "replay.charters"),
        ((), "replay.charters"),
        (("starter", "nowhere"), "charter.missing"),
        (("starter", "standard", "--output", "/nowhere/x.csv"), "output.unwritable"),
    ],
)
def test_what_cannot_be_done_is_said(few: Path, words: tuple[str, ...], code: str) -> None:
    result = run(*words, "--assessments", few)
    assert isinstance(result.exception, InputError)
    assert result.exception.code == code


def test_what_publishers_write_does_not_reach_the_terminal_raw(tmp_path: Path) -> None:
    records = list(recorded(40, seed=2))
    for record in records:
        record["subject"]["name"] = "evil\x1b[2J\u202e[red]name"
    file = write(tmp_path / "r.jsonl", records)
    result = run("starter", "regulated", "--assessments", file)
    assert "\x1b" not in result.stdout
    assert "\u202e" not in result.stdout
    assert "evil\\x1b[2J\\u202e[red]name" in result.stdout
