# SPDX-License-Identifier: Apache-2.0
"""Findings in pages: grouped by rule, or those of one rule, so that ten thousand are as quick to
look through as ten."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple
from urllib.parse import urlencode

from steelyard.kernel.assessment import LocatedFinding
from steelyard.kernel.errors import InputError
from steelyard.kernel.finding import SEVERITY_ORDER, Severity

ROWS, GROUPS, SAMPLES = 50, 20, 3
"""Findings of a page; rules of a page; findings of a rule that are shown beneath it."""
_PAGES_MOST = 1_000_000


class Group(NamedTuple):
    """Findings of one rule with one severity."""

    rule: str
    severity: str
    number: int
    samples: list[LocatedFinding]
    link: str
    """Address of all of them."""


class Findings(NamedTuple):
    """One page of findings."""

    total: int
    fitting: int
    """How many the filters leave."""
    severities: list[tuple[str, int, str]]
    """(severity, number, address) of those there are, worst first."""
    severity: str
    rule: str
    groups: list[Group]
    rows: list[LocatedFinding]
    """Of one rule, if the address names one."""
    page: int
    pages: int
    before: str
    after: str
    """Addresses of the pages before and after; empty if there are none."""
    everything: str
    """Address without filters."""


def arrange(findings: Sequence[LocatedFinding], query: Mapping[str, str], path: str) -> Findings:
    """Return the page of ``findings`` that ``query`` asks for at ``path``.

    Raises:
        InputError: it asks for a severity or page there cannot be.
    """
    severity, rule = query.get("severity", ""), query.get("rule", "")[:200]
    if severity and severity not in {str(each) for each in Severity}:
        raise _wrong(f"{severity[:40]!r} is no severity.")
    kept = {"assessment": query["assessment"]} if query.get("assessment") else {}

    def address(**more: str) -> str:
        wanted = {**kept, **{name: value for name, value in more.items() if value}}
        return f"{path}?{urlencode(wanted)}#findings" if wanted else f"{path}#findings"

    counts = {str(each): 0 for each in SEVERITY_ORDER}
    for each in findings:
        counts[each.severity] += 1
    fitting = [
        each
        for each in findings
        if (not severity or each.severity == severity) and (not rule or each.rule == rule)
    ]
    groups = [] if rule else _grouped(fitting, lambda name: address(severity=severity, rule=name))
    size, many = (ROWS, len(fitting)) if rule else (GROUPS, len(groups))
    pages = max(1, -(-many // size))
    page = min(_page_of(query.get("page", "1")), pages)
    at = slice((page - 1) * size, page * size)

    def turned(to: int) -> str:
        if not 1 <= to <= pages:
            return ""
        return address(severity=severity, rule=rule, page=str(to))

    return Findings(
        total=len(findings),
        fitting=len(fitting),
        severities=[
            (name, number, address(severity=name)) for name, number in counts.items() if number
        ],
        severity=severity,
        rule=rule,
        groups=groups[at],
        rows=fitting[at] if rule else [],
        page=page,
        pages=pages,
        before=turned(page - 1),
        after=turned(page + 1),
        everything=address(),
    )


def _grouped(findings: Sequence[LocatedFinding], link: Callable[[str], str]) -> list[Group]:
    """Return findings by severity and rule: the worst first, of equals the most frequent."""
    found: dict[tuple[str, str], list[LocatedFinding]] = {}
    for each in findings:
        found.setdefault((each.severity, each.rule), []).append(each)
    order = [str(each) for each in SEVERITY_ORDER]
    keys = sorted(found, key=lambda key: (order.index(key[0]), -len(found[key]), key[1]))
    return [
        Group(rule, severity, len(found[severity, rule]), found[severity, rule][:SAMPLES],
              link(rule))
        for severity, rule in keys
    ]  # fmt: skip


def _page_of(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 0 < int(text[:9]) <= _PAGES_MOST):
        raise _wrong(f"{text[:40]!r} is no page.")
    return int(text[:9])


def _wrong(said: str) -> InputError:
    return InputError(said, next_step="Use the links of the page.", code="list.filter")
