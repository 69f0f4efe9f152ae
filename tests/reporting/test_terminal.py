# SPDX-License-Identifier: Apache-2.0
"""The terminal: fits its columns, speaks ASCII and no color, and is deaf to hostile text."""

from __future__ import annotations

import io
import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console

from steelyard.kernel.assessment import Assessment
from steelyard.reporting.terminal import render_assessment, render_comparison
from tests.reporting import samples

NAMES = list(samples.all_samples())


def drawn(assessment: Assessment, width: int = 80, encoding: str = "utf-8") -> str:
    raw = io.BytesIO()
    file = io.TextIOWrapper(raw, encoding=encoding)
    console = Console(file=file, width=width, highlight=False)
    render_assessment(console, assessment)
    render_comparison(console, [assessment])
    file.flush()
    return raw.getvalue().decode(encoding)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("width", [60, 80, 120, 200])
def test_no_line_is_wider_than_the_terminal(name: str, width: int) -> None:
    text = drawn(samples.all_samples()[name], width)
    assert max(cell_len(line) for line in text.splitlines()) <= min(width, 120)


@pytest.mark.parametrize("name", NAMES)
def test_everything_that_decides_is_said(name: str) -> None:
    sample = samples.all_samples()[name]
    text = " ".join(drawn(sample, 120).split())
    assert sample.decision.outcome.value.replace("_", " ").upper() in text
    for reason in sample.decision.reasons:
        assert reason.rule in text
        assert reason.message in text
        assert reason.remedy in text
    for condition in sample.decision.conditions:
        assert condition.text in text
    for sign_off in sample.review.sign_offs_required:
        assert f"{sign_off.role} " in text
    for gap in sample.coverage.gaps:
        assert gap.path in text
        assert gap.reason in text
    for control in sample.controls:
        assert control.why in text
    for finding in sample.findings:
        assert finding.message in text


@pytest.mark.parametrize("name", NAMES)
def test_an_ascii_terminal_gets_ascii(name: str) -> None:
    assert drawn(samples.all_samples()[name], encoding="ascii").isascii()


def test_no_color_leaves_icon_and_word(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    file = io.StringIO()
    console = Console(file=file, width=80, force_terminal=True, highlight=False)
    render_assessment(console, samples.rejected())
    assert "✖ REJECTED" in file.getvalue()
    assert "\x1b[31m" not in file.getvalue()


def test_markup_and_escapes_are_only_text() -> None:
    text = drawn(samples.infected("[bold red]x[/] \x1b]0;title\x07 [link=http://a]y[/link]"), 120)
    assert "[bold red]x[/]" in text
    assert "\x1b" not in text
    assert "\\x1b]0;title\\x07" in text


@settings(max_examples=15, deadline=None)
@given(st.text(st.characters(), max_size=60), st.sampled_from(["utf-8", "ascii"]))
def test_hostile_text_cannot_steer_the_terminal(text: str, encoding: str) -> None:
    shown = drawn(samples.infected(text), 80, encoding)
    assert all(line.isprintable() and cell_len(line) <= 80 for line in shown.split("\n"))


def test_a_comparison_has_a_row_a_model_and_a_column_a_use_case() -> None:
    file = io.StringIO()
    every = list(samples.all_samples().values())
    render_comparison(Console(file=file, width=120, highlight=False), every)
    text = file.getvalue()
    assert text.count("not assessed") == 3 * 3 - len(every)
    for part in ("all-MiniLM-L6-v2", "✖ rejected", "✔ approved", "(production)", "(staging)"):
        assert part in text


def test_comparing_nothing_says_so() -> None:
    file = io.StringIO()
    render_comparison(Console(file=file, width=80), [])
    assert "No assessments" in file.getvalue()


def test_naming_the_renderers_does_not_load_the_terminal_library() -> None:
    code = (
        "import sys, steelyard.reporting.terminal, steelyard.reporting.html, "
        "steelyard.reporting.sarif, steelyard.reporting.bom.cyclonedx, "
        "steelyard.reporting.bom.spdx, steelyard.reporting.markdown; "
        "sys.exit(any(name in sys.modules for name in "
        "('rich', 'jinja2', 'packageurl', 'license_expression')))"
    )
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
