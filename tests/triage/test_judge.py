# SPDX-License-Identifier: Apache-2.0
"""What a baseline and suppressions may take out of a verdict, and what they never may."""

from __future__ import annotations

import datetime
from collections.abc import Sequence

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from steelyard.kernel.finding import (
    VERDICT_ORDER,
    Coverage,
    FileReport,
    Finding,
    Severity,
    Verdict,
    verdict_of,
    worst,
)
from steelyard.kernel.inspection import Scanner
from steelyard.kernel.triage import Triage, identities
from steelyard.reporting.json_document import scan_json
from steelyard.triage.baseline import Baseline, read_baseline
from steelyard.triage.judge import triage
from steelyard.triage.suppressions import Suppression

TODAY = datetime.date(2026, 12, 1)
ONE, OTHER = "1" * 64, "2" * 64


def finding(rule: str = "code.call", severity: Severity = Severity.HIGH, **changes: str) -> Finding:
    words = {"message": "It calls.", "location": "line 3", "evidence": "exec(x)"} | changes
    return Finding(rule=rule, severity=severity, **words)


def report(
    *findings: Finding,
    path: str = "a.py",
    sha256: str = ONE,
    coverage: Coverage = Coverage.FULL,
) -> FileReport:
    return FileReport(
        path=path, format="python", size=10, sha256=sha256, coverage=coverage,
        verdict=verdict_of(findings, coverage), findings=findings,
    )  # fmt: skip


def baseline_of(*files: FileReport, tree: Sequence[Finding] = ()) -> Baseline:
    scanner = Scanner(version="1", rules_digest=ONE)
    verdict = worst(file.verdict for file in files)
    return read_baseline(scan_json(files, scanner, verdict, tree_findings=tree), "b.json")


def judged(
    *files: FileReport,
    baseline: Baseline | None = None,
    suppressions: Sequence[Suppression] = (),
    tree: Sequence[Finding] = (),
) -> Triage:
    return triage(files, tree, baseline=baseline, suppressions=suppressions, today=TODAY)


def suppression(**changes: object) -> Suppression:
    fields = {
        "rule": "code.call", "path": "a.py", "reason": "Reviewed.", "owner": "a@b.example",
        "expires": TODAY,
    }  # fmt: skip
    return Suppression(**(fields | changes))  # type: ignore[arg-type]


def test_without_anything_every_finding_counts() -> None:
    found = judged(report(finding()))
    assert found.verdict is Verdict.SUSPICIOUS
    assert not found.dispositions
    assert not found.compared


def test_a_known_finding_does_not_count_and_a_new_one_does() -> None:
    before = baseline_of(report(finding()))
    same = judged(report(finding(), sha256=OTHER), baseline=before)
    assert (same.verdict, same.compared) == (Verdict.CLEAN, True)
    known = same.of("a.py", 0)
    assert known is not None
    assert known.kind == "known"
    more = judged(report(finding(), finding(evidence="eval(y)")), baseline=before)
    assert more.verdict is Verdict.SUSPICIOUS
    assert more.of("a.py", 1) is None


def test_a_critical_finding_is_known_for_the_same_bytes_only() -> None:
    critical = finding(severity=Severity.CRITICAL)
    before = baseline_of(report(critical))
    assert judged(report(critical), baseline=before).verdict is Verdict.CLEAN
    assert judged(report(critical, sha256=OTHER), baseline=before).verdict is Verdict.MALICIOUS


def test_a_critical_finding_of_a_file_without_digest_always_counts() -> None:
    escaping = report(finding(severity=Severity.CRITICAL), sha256="")
    assert judged(escaping, baseline=baseline_of(escaping)).verdict is Verdict.MALICIOUS
    tree = [finding(severity=Severity.CRITICAL)]
    before = baseline_of(report(), tree=tree)
    assert judged(report(), tree=tree, baseline=before).verdict is Verdict.MALICIOUS


def test_a_finding_that_became_graver_counts_again() -> None:
    before = baseline_of(report(finding(severity=Severity.LOW)))
    assert judged(report(finding()), baseline=before).verdict is Verdict.SUSPICIOUS
    milder = baseline_of(report(finding(severity=Severity.CRITICAL)))
    assert judged(report(finding()), baseline=milder).verdict is Verdict.CLEAN


def test_one_more_of_the_same_kind_is_new_and_one_less_is_gone() -> None:
    twice = baseline_of(report(finding(), finding()))
    more = judged(report(finding(), finding(), finding()), baseline=twice)
    assert [more.of("a.py", index) is None for index in range(3)] == [False, False, True]
    less = judged(report(finding()), baseline=twice)
    assert [(gone.path, gone.rule) for gone in less.gone] == [("a.py", "code.call")]


def test_the_same_finding_in_another_file_is_new_and_the_old_one_gone() -> None:
    before = baseline_of(report(finding()))
    moved = judged(report(finding(), path="b.py"), baseline=before)
    assert moved.verdict is Verdict.SUSPICIOUS
    assert [gone.path for gone in moved.gone] == ["a.py"]


def test_findings_about_several_files_can_be_known() -> None:
    tree = [finding("path.collision", Severity.MEDIUM, location="")]
    before = baseline_of(report(), tree=tree)
    assert judged(report(), tree=tree, baseline=before).verdict is Verdict.CLEAN
    assert judged(report(), tree=tree).verdict is Verdict.SUSPICIOUS


def test_a_gap_is_never_known_or_suppressed() -> None:
    gap = report(finding(), coverage=Coverage.PARTIAL)
    found = judged(gap, baseline=baseline_of(gap), suppressions=[suppression()])
    assert found.verdict is Verdict.UNREADABLE


def test_a_verdict_worse_than_its_findings_is_kept() -> None:
    odd = msgspec.structs.replace(report(finding()), verdict=Verdict.MALICIOUS)
    assert judged(odd, baseline=baseline_of(odd)).verdict is Verdict.MALICIOUS


def test_a_suppression_takes_out_its_finding_until_its_last_day() -> None:
    assert judged(report(finding()), suppressions=[suppression()]).verdict is Verdict.CLEAN
    late = suppression(expires=TODAY - datetime.timedelta(days=1))
    over = judged(report(finding()), suppressions=[late])
    assert over.verdict is Verdict.SUSPICIOUS
    (note,) = over.notes
    assert note.endswith("code.call in a.py by a@b.example ended on 2026-11-30 and does not count.")


def test_a_critical_finding_is_suppressed_for_exact_bytes_only() -> None:
    evil = report(finding(severity=Severity.CRITICAL))
    without = judged(evil, suppressions=[suppression()])
    assert without.verdict is Verdict.MALICIOUS
    assert "needs the file's sha256" in without.notes[0]
    exact = [suppression(sha256=ONE)]
    assert judged(evil, suppressions=exact).verdict is Verdict.CLEAN
    changed = report(finding(severity=Severity.CRITICAL), sha256=OTHER)
    assert judged(changed, suppressions=exact).verdict is Verdict.MALICIOUS


def test_a_suppression_that_matches_nothing_is_told() -> None:
    found = judged(report(finding()), suppressions=[suppression(path="x.py", sha256=ONE)])
    assert found.notes == ("The suppression of code.call in x.py matches no finding.",)


def test_patterns_know_stars_and_question_marks_and_nothing_else() -> None:
    def matches(pattern: str, path: str) -> bool:
        return suppression(path=pattern).matches(report(path=path), finding())

    assert matches("*.py", "deep/er/a.py")
    assert matches("a?.py", "ab.py")
    assert matches("[ab].py", "[ab].py")
    assert not matches("[ab].py", "a.py")
    assert not matches("A.py", "a.py")


def test_what_is_known_stays_known_beside_a_suppression_which_counts_as_used() -> None:
    found = judged(
        report(finding()), baseline=baseline_of(report(finding())), suppressions=[suppression()]
    )
    known = found.of("a.py", 0)
    assert known is not None
    assert known.kind == "known"
    assert not found.notes


_WORDS = st.text("abc .,()", max_size=12)


@given(rule=_WORDS, text=_WORDS, old=st.integers(0, 10**9), new=st.integers(0, 10**9))
def test_identities_survive_rewording_and_moves(rule: str, text: str, old: int, new: int) -> None:
    def at(place: int, message: str) -> Finding:
        return finding(
            rule,
            message=message,
            location=f"member m, byte {place}",
            evidence=f"{text} line {place}, byte {place}: {text}",
        )

    assert identities("p", [at(old, "One.")]) == identities("p", [at(new, "Two.")])
    bare = [finding(rule, evidence="", location=f"line {place}") for place in (old, new)]
    assert identities("p", bare[:1]) == identities("p", bare[1:])


@given(st.lists(st.tuples(_WORDS, _WORDS), max_size=12))
def test_identities_differ_within_a_file(pairs: list[tuple[str, str]]) -> None:
    found = identities("p", [finding(rule, evidence=text) for rule, text in pairs])
    assert len(set(found)) == len(pairs)


_FINDINGS = st.builds(
    finding,
    st.sampled_from(["code.call", "pickle.call"]),
    st.sampled_from(list(Severity)),
    evidence=st.sampled_from(["x", "y"]),
)
_REPORTS = st.builds(
    lambda found, sha256, coverage: report(*found, sha256=sha256, coverage=coverage),
    st.lists(_FINDINGS, max_size=4),
    st.sampled_from([ONE, OTHER, ""]),
    st.sampled_from(list(Coverage)),
)


@given(now=_REPORTS, before=_REPORTS, use=st.booleans(), tied=st.sampled_from([None, ONE]))
def test_nothing_decided_earlier_makes_an_unexamined_or_changed_file_clean(
    now: FileReport, before: FileReport, use: bool, tied: str | None
) -> None:
    entries = [suppression(rule=rule, sha256=tied) for rule in ("code.call", "pickle.call")]
    found = judged(now, baseline=baseline_of(before), suppressions=entries if use else ())
    assert VERDICT_ORDER.index(found.verdict) <= VERDICT_ORDER.index(now.verdict)
    if now.coverage is not Coverage.FULL:
        assert found.verdict is not Verdict.CLEAN
    same = now.sha256 != "" and now.sha256 in {before.sha256, tied if use else None}
    if now.verdict is Verdict.MALICIOUS and not same:
        assert found.verdict is Verdict.MALICIOUS
