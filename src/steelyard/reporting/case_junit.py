# SPDX-License-Identifier: Apache-2.0
"""Test cases of charters as JUnit XML: a suite a file, a test case a case."""

from __future__ import annotations

import re
from collections.abc import Sequence
from xml.sax.saxutils import escape, quoteattr

from msgspec import Struct

_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class CaseReport(Struct, frozen=True):
    """A case by name; ``failures`` has a line for each difference and is empty if it passed."""

    name: str
    failures: tuple[str, ...]


class SuiteReport(Struct, frozen=True):
    """The cases of one file, and the charter that judged them."""

    file: str
    charter: str
    cases: tuple[CaseReport, ...]


def cases_junit(suites: Sequence[SuiteReport]) -> bytes:
    """Return the suites as one JUnit document."""
    parts = ['<?xml version="1.0" encoding="UTF-8"?>', "<testsuites>"]
    for suite in suites:
        failed = sum(bool(case.failures) for case in suite.cases)
        parts.append(
            f'<testsuite name={_quoted(suite.file)} tests="{len(suite.cases)}" '
            f'failures="{failed}" errors="0" skipped="0" time="0">'
        )
        parts += [_case(suite, case) for case in suite.cases]
        parts.append("</testsuite>")
    parts.append("</testsuites>")
    return "\n".join(parts).encode()


def _case(suite: SuiteReport, case: CaseReport) -> str:
    inside = ""
    if case.failures:
        body = escape(_clean("\n".join(case.failures)))
        inside = f'<failure message={_quoted(case.failures[0])} type="expectation">{body}</failure>'
    head = f'<testcase name={_quoted(case.name)} classname={_quoted(suite.charter)} time="0">'
    return f"{head}{inside}</testcase>"


def _quoted(text: str) -> str:
    return quoteattr(_clean(text))


def _clean(text: str) -> str:
    """Return ``text`` without what XML 1.0 cannot carry."""
    return _FORBIDDEN.sub("\ufffd", text)
