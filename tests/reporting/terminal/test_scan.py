# SPDX-License-Identifier: Apache-2.0
"""A scan on a terminal: narrow, plain, colored, and short whatever the number of files."""

from __future__ import annotations

import datetime
import re
from collections.abc import Sequence
from typing import Any

import pytest
from rich.cells import cell_len

from steelyard.catalog.rules import scanner_rules
from steelyard.kernel.finding import Coverage, FileReport, Finding, Severity, Verdict, verdict_of
from steelyard.kernel.triage import Disposition, Gone, Triage
from steelyard.kernel.weights import (
    BaseComparison,
    LocatedGap,
    Relation,
    WeightPrint,
    WeightReport,
)
from steelyard.reporting.terminal.plain import Screen
from steelyard.reporting.terminal.rules import list_lines, rule_lines
from steelyard.reporting.terminal.scan import Scan, scan_lines
from steelyard.triage.judge import triage as judge

ANSI = re.compile(r"\x1b\[[0-9;]*m")
LONG = "checkpoints/a-rather-long-name-for-a-directory/pytorch_model-00001-of-00042.bin"


def finding(severity: Severity = Severity.HIGH, rule: str = "pickle.unknown-call") -> Finding:
    return Finding(
        rule=rule,
        severity=severity,
        message="Loading calls some.library.with.a.long.dotted.name.Estimator, which nobody knows.",
        location="member archive/data.pkl, byte 57",
        evidence="byte 57 REDUCE calls " + "some.library." * 12 + "Estimator",
        remedy="Ask the publisher for safetensors · or convert it.",
    )


def report(
    path: str, *findings: Finding, coverage: Coverage = Coverage.FULL, reason: str = ""
) -> FileReport:
    return FileReport(
        path=path, format="pytorch-zip", size=123_456_789, sha256="0123456789abcdef" * 4,
        coverage=coverage, verdict=verdict_of(findings, coverage), coverage_reason=reason,
        findings=findings,
    )  # fmt: skip


MIXED = (
    report("model.safetensors"),
    report(LONG, finding(Severity.CRITICAL), finding(Severity.INFO)),
    report("train.pkl", finding()),
    report("notes.txt", finding(Severity.LOW, "secret.token")),
    report("blob.bin", coverage=Coverage.NONE, reason="the format was not recognized"),
)


def shown(
    files: Sequence[FileReport],
    screen: Screen | None = None,
    tree: Sequence[Finding] = (),
    **changes: Any,
) -> list[str]:
    fields: dict[str, Any] = {
        "title": "model", "files": files, "tree_findings": tree, "version": "0.1.0",
        "triage": judge(files, tree, today=datetime.date(2026, 12, 1)),
        "isolation": ("rlimits", "no landlock"), "seconds": 1.0,
    }  # fmt: skip
    return list(scan_lines(Scan(**(fields | changes)), screen or Screen()))


@pytest.mark.parametrize("width", [60, 80, 100, 120])
@pytest.mark.parametrize("verbose", [False, True])
def test_no_line_is_wider_than_the_screen(width: int, verbose: bool) -> None:
    tree = [finding(Severity.MEDIUM, "path.odd-name")]
    lines = shown(MIXED, Screen(width, color=True), tree, verbose=verbose)
    wide = {ANSI.sub("", line) for line in lines if len(ANSI.sub("", line)) > width}
    assert wide <= {LONG}, "a file's name stays whole, so that it can be copied"


def test_many_files_on_a_narrow_screen_fit_too() -> None:
    kinds = [report(f"{LONG}.{number}", coverage=Coverage.PARTIAL) for number in range(40)]
    lines = shown((*MIXED, *kinds), Screen(60))
    assert {line for line in lines if len(line) > 60} == {LONG}
    assert "pytorch-zip: 45 files, 5.56 GB; 1 malicious, 1 suspicious," in lines


def test_without_color_there_is_no_escape_and_with_color_only_colors() -> None:
    assert not any("\x1b" in line for line in shown(MIXED))
    colored = shown(MIXED, Screen(color=True))
    assert any("\x1b[1;31m" in line for line in colored)
    assert [ANSI.sub("", line) for line in colored] == shown(MIXED)


def test_ascii_is_ascii() -> None:
    many = [report(f"gap{number}", coverage=Coverage.NONE, reason="…") for number in range(30)]
    for files in (MIXED, (*MIXED, *many)):
        assert all(line.isascii() for line in shown(files, Screen(ascii_only=True)))


def test_the_worst_comes_first_and_the_next_step_last() -> None:
    lines = shown(MIXED)
    assert lines[0].startswith("✖ MALICIOUS  model · 5 files")
    assert lines[1] == "The sandbox ran without landlock on this machine."
    text = "\n".join(lines)
    order = [text.index(word) for word in (LONG, "train.pkl", "Worth knowing", "Not fully exam")]
    assert order == sorted(order)
    assert any(line.startswith("Next: Do not load this model.") for line in lines)


def test_what_needs_nobody_is_summed_up_unless_asked_for() -> None:
    text = "\n".join(shown(MIXED))
    assert "Worth knowing  --verbose shows each" in text
    assert "notes.txt  ✔ clean" not in text
    assert "notes.txt  ✔ clean" in "\n".join(shown(MIXED, verbose=True))


def test_columns_stand_straight_under_names_of_any_script() -> None:
    names = [
        "model.bin",
        "模型/权重-00001.bin",
        "e\u0301te\u0301.bin",
        "模" * 60,
        "長い" * 20 + ".pt",
    ]
    lines = shown([report(name) for name in names])
    rows = [line for line in lines if line.endswith("  fully")]
    assert len(rows) == len(names)
    places = {cell_len(row[: row.index("pytorch-zip")]) for row in rows}
    assert len(places) == 1
    assert all(cell_len(row) <= 100 for row in rows)


def test_two_thousand_files_are_condensed() -> None:
    files = [
        report(f"shard-{number:04}.bin", finding(Severity.INFO, "pickle.executes-on-load"),
               coverage=Coverage.PARTIAL if number % 2 else Coverage.FULL, reason="too long")
        for number in range(2000)
    ]  # fmt: skip
    lines = shown(files)
    assert len(lines) < 40
    text = "\n".join(lines)
    assert "and 1999 more (pickle.executes-on-load)" in text
    assert "… and 980 more; --verbose lists them" in text
    assert re.search(r"^pytorch-zip +2000 +247 GB +1000 +1000$", text, re.MULTILINE)


def test_lines_grow_with_findings_and_not_faster() -> None:
    def count(number: int) -> int:
        return len(shown([report(f"f{index}", finding()) for index in range(number)]))

    one, two, four = (count(number) for number in (100, 200, 400))
    assert four - two == 2 * (two - one)


def test_hostile_text_cannot_move_the_cursor() -> None:
    evil = Finding(
        rule="r.x\x1b[2J", severity=Severity.HIGH, message="a\x1b[31m\nb", location="\r\x07",
        evidence="\u202e" + "x" * 9000, remedy="\x9b1m",
    )  # fmt: skip
    files = [report("a\x1b]0;t\x07", evil, coverage=Coverage.PARTIAL, reason="\x1b[0m\n\n")]
    lines = shown(files, title="\x1b[41m")
    assert not {"\x1b", "\n", "\r", "\x07", "\u202e", "\x9b"} & set("".join(lines))
    assert len(lines) < 40


def test_what_was_decided_earlier_is_told() -> None:
    files = [report("a.pkl", finding(), finding())]
    triage = Triage(
        dispositions={
            ("a.pkl", 0): Disposition(kind="known"),
            ("a.pkl", 1): Disposition(
                kind="suppressed", reason="Reviewed.", owner="a@b.example", expires="2027-01-01"
            ),
        },
        verdict=Verdict.CLEAN,
        file_verdicts={"a.pkl": Verdict.CLEAN},
        gone=(Gone(path="b.pkl", rule="r.y", message="m"),),
        notes=("The suppression of r.z in c matches no finding.",),
        compared=True,
    )
    text = "\n".join(shown(files, triage=triage))
    assert "Loading calls" not in text
    assert "1 finding known from the baseline" in text
    assert "suppressed until 2027-01-01: pickle.unknown-call in a.pkl (a@b.example:" in text
    assert "gone: r.y in b.pkl" in text
    assert "matches no finding" in text


def test_weights_are_told_with_what_was_not_looked_at() -> None:
    weights = WeightReport(
        weights=WeightPrint(tensors=()),
        parameters=1_500_000,
        dtypes=("BF16",),
        comparison=BaseComparison(base="b", relation=Relation.DERIVED, sentence="Derived from b."),
        gaps=(LocatedGap(path="x.bin", reason="only safetensors are read"),),
    )
    text = "\n".join(shown(MIXED, weights=weights))
    assert "Weights  0 tensors" in text
    assert "BF16" in text
    assert "  Derived from b." in text
    assert "not looked at: x.bin: only safetensors are read" in text


@pytest.mark.parametrize("screen", [Screen(60), Screen(80, color=True), Screen(100, False, True)])
def test_every_rule_can_be_explained_and_listed(screen: Screen) -> None:
    for rule in scanner_rules().values():
        lines = [ANSI.sub("", line) for line in rule_lines(rule, screen)]
        assert lines[0].startswith(rule.id)
        # An address stays whole, so that it can be clicked.
        assert not [line for line in lines if len(line) > screen.width and "://" not in line]
    listed = [ANSI.sub("", line) for line in list_lines(scanner_rules(), screen)]
    assert not [line for line in listed if len(line) > screen.width]
    assert len(listed) >= len(scanner_rules())
