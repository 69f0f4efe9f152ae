# SPDX-License-Identifier: Apache-2.0
"""JUnit XML: one case a file, counts that agree, and nothing that breaks out of its element."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from xml.etree import ElementTree

from hypothesis import given
from hypothesis import strategies as st

from steelyard.kernel.finding import Coverage, FileReport, Finding, Severity, verdict_of
from steelyard.kernel.triage import Disposition, Triage
from steelyard.reporting.junit import scan_junit
from steelyard.triage.judge import triage as judge
from tests.reporting import samples


def finding(severity: Severity = Severity.HIGH, **changes: str) -> Finding:
    words = {"message": "It calls.", "location": "byte 3", "evidence": "e", "remedy": "Look."}
    return Finding(rule="r.x", severity=severity, **(words | changes))


def report(
    path: str, *findings: Finding, coverage: Coverage = Coverage.FULL, reason: str = ""
) -> FileReport:
    return FileReport(
        path=path, format="pickle", size=1, sha256="0" * 64, coverage=coverage,
        verdict=verdict_of(findings, coverage), coverage_reason=reason, findings=findings,
    )  # fmt: skip


def suite(
    files: Sequence[FileReport], tree: Sequence[Finding] = (), triage: Triage | None = None
) -> ElementTree.Element:
    counts = triage or judge(files, tree, today=datetime.date(2026, 12, 1))
    root = ElementTree.fromstring(
        scan_junit(files, samples.SCANNER, counts, tree_findings=tree).decode("utf-8")
    )
    assert root.tag == "testsuites"
    (found,) = root
    cases = found.findall("testcase")
    assert int(found.attrib["tests"]) == len(cases)
    assert int(found.attrib["failures"]) == len(found.findall("testcase/failure"))
    assert int(found.attrib["errors"]) == len(found.findall("testcase/error"))
    assert all({"name", "classname"} <= set(case.attrib) for case in cases)
    return found


def test_one_case_a_file_with_failures_and_errors() -> None:
    found = suite(
        [
            report("clean.bin", finding(Severity.LOW)),
            report("evil.pkl", finding(Severity.CRITICAL), finding(message="Again.")),
            report("gap.bin", coverage=Coverage.NONE, reason="too deep"),
            report("both.bin", finding(), coverage=Coverage.PARTIAL, reason="too long"),
        ]
    )
    assert (found.attrib["failures"], found.attrib["errors"]) == ("2", "1")
    clean, evil, gap, both = found.findall("testcase")
    assert [child.tag for child in clean] == ["system-out"]
    assert clean[0].text == "low r.x: It calls. (byte 3)"
    assert evil[0].attrib == {"message": "2 findings: It calls.", "type": "r.x"}
    assert evil[0].text is not None
    assert "proof: e\nnext: Look.\n\nhigh r.x: Again." in evil[0].text
    assert gap[0].attrib["message"] == "The file was not examined."
    assert gap[0].text == "too deep"
    assert [child.tag for child in both] == ["failure"]


def test_findings_about_several_files_are_a_case_of_their_own() -> None:
    found = suite([report("a")], [finding(Severity.MEDIUM)])
    assert [case.attrib["name"] for case in found.findall("testcase")] == ["a", "(several files)"]
    assert found.attrib["failures"] == "1"


def test_what_was_decided_earlier_is_told_and_does_not_fail() -> None:
    files = [report("a", finding(), finding())]
    verdicts = {"a": verdict_of((), Coverage.FULL)}
    decided = {("a", 0): Disposition(kind="known"), ("a", 1): Disposition(kind="suppressed")}
    triage = Triage(dispositions=decided, verdict=verdicts["a"], file_verdicts=verdicts)
    found = suite(files, triage=triage)
    assert found.attrib["failures"] == "0"
    out = found.findtext("testcase/system-out")
    assert out is not None
    assert [line.split()[0] for line in out.splitlines()] == ["[known]", "[suppressed]"]


def test_text_that_would_break_out_stays_text() -> None:
    evil = "]]></failure><testcase name='x'/><!--&lt;\x00\x1b[31m\ufffe\"'"
    found = suite(
        [report(evil, finding(message=evil, evidence=evil, location=evil, remedy=evil))],
        [finding(message=evil)],
    )
    assert found.attrib["tests"] == "2"
    (failure,) = found.findall("testcase/failure")[:1]
    assert failure.text is not None
    assert "]]></failure><testcase name='x'/>" in failure.text
    assert not {"\x00", "\x1b"} & set("".join(found.itertext()))


@given(st.text(max_size=40), st.text(max_size=40), st.sampled_from(list(Severity)))
def test_any_text_gives_one_well_formed_case(path: str, text: str, severity: Severity) -> None:
    one = finding(severity, message=text, evidence=text, location=text, remedy=text)
    found = suite([report(path or "p", one, coverage=Coverage.PARTIAL, reason=text)])
    assert found.attrib["tests"] == "1"
