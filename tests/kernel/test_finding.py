# SPDX-License-Identifier: Apache-2.0
"""A verdict follows from findings and coverage, and can only fall."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steelyard.kernel.finding import (
    VERDICT_ORDER,
    Coverage,
    Finding,
    Severity,
    Verdict,
    by_severity,
    verdict_of,
    worst,
)

severities = st.lists(st.sampled_from(list(Severity)), max_size=5)
coverages = st.sampled_from(list(Coverage))


def findings(found: list[Severity]) -> list[Finding]:
    return [Finding(rule="r", severity=severity, message="m") for severity in found]


@pytest.mark.parametrize(
    ("found", "coverage", "verdict"),
    [
        ([], Coverage.FULL, Verdict.CLEAN),
        ([Severity.LOW, Severity.INFO], Coverage.FULL, Verdict.CLEAN),
        ([], Coverage.PARTIAL, Verdict.UNREADABLE),
        ([Severity.LOW], Coverage.NONE, Verdict.UNREADABLE),
        ([Severity.MEDIUM], Coverage.NONE, Verdict.SUSPICIOUS),
        ([Severity.HIGH], Coverage.FULL, Verdict.SUSPICIOUS),
        ([Severity.INFO, Severity.CRITICAL], Coverage.NONE, Verdict.MALICIOUS),
    ],
)
def test_the_rule(found: list[Severity], coverage: Coverage, verdict: Verdict) -> None:
    assert verdict_of(findings(found), coverage) is verdict


@given(severities, severities, coverages)
def test_more_findings_never_make_it_better(
    few: list[Severity], more: list[Severity], coverage: Coverage
) -> None:
    before = verdict_of(findings(few), coverage)
    after = verdict_of(findings(few + more), coverage)
    assert VERDICT_ORDER.index(after) >= VERDICT_ORDER.index(before)


@given(severities)
def test_only_a_fully_examined_file_can_be_clean(found: list[Severity]) -> None:
    for coverage in (Coverage.PARTIAL, Coverage.NONE):
        assert verdict_of(findings(found), coverage) is not Verdict.CLEAN


def test_the_worst_of_nothing_is_not_clean() -> None:
    assert worst([]) is Verdict.UNREADABLE
    assert worst(reversed(VERDICT_ORDER)) is Verdict.MALICIOUS


def test_sorting_by_severity_is_stable() -> None:
    rows = findings([Severity.INFO, Severity.CRITICAL, Severity.LOW])
    assert [row.severity for row in by_severity(rows)] == [
        Severity.CRITICAL,
        Severity.LOW,
        Severity.INFO,
    ]
