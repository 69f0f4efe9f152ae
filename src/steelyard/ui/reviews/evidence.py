# SPDX-License-Identifier: Apache-2.0
"""Lines of evidence: what each is called in comments, its place on the page, findings by rule."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256
from typing import NamedTuple

from steelyard.kernel.assessment import Assessment, LocatedFinding
from steelyard.kernel.finding import SEVERITY_ORDER

PER_PAGE, SHOWN = 50, 3
"""Findings of one rule on a page of their own, and under their rule."""
_LONGEST = 200
"""Characters of the name of a line that are kept with a comment."""


def anchor(line: str) -> str:
    """Return the id of the element that shows a line of evidence."""
    return f"l-{sha256(line.encode()).hexdigest()[:12]}"


def line_of(finding: LocatedFinding) -> str:
    """Return the name of the line of a finding."""
    place = f"#{finding.location}" if finding.location else ""
    return f"finding:{finding.rule}@{finding.path}{place}"[:_LONGEST]


class Group(NamedTuple):
    """Findings of one rule and severity; ``shown`` are the first of them, or a page of them."""

    rule: str
    severity: str
    number: int
    shown: tuple[LocatedFinding, ...]


class Findings(NamedTuple):
    """Findings by rule, worst first; or one rule's, page by page."""

    groups: tuple[Group, ...]
    total: int
    by_severity: tuple[tuple[str, int], ...]
    only: str
    """The one rule that is shown."""
    part: int
    parts: int


def grouped(findings: Sequence[LocatedFinding], only: str = "", part: int = 1) -> Findings:
    """Return findings grouped by rule; with ``only``, that rule's page ``part``."""
    counts = {each.value: 0 for each in SEVERITY_ORDER}
    by_rule: dict[tuple[int, str], list[LocatedFinding]] = {}
    for each in findings:
        counts[each.severity] += 1
        by_rule.setdefault((SEVERITY_ORDER.index(each.severity), each.rule), []).append(each)
    known = {rule for _, rule in by_rule}
    only = only if only in known else ""
    groups, parts = [], 1
    for (order, rule), found in sorted(by_rule.items(), key=lambda each: each[0]):
        if only and rule != only:
            continue
        shown = found[:SHOWN]
        if only:
            pages = -(-len(found) // PER_PAGE)
            parts = max(parts, pages)
            at = min(max(1, part), max(1, pages))
            shown = found[(at - 1) * PER_PAGE : at * PER_PAGE]
        groups.append(Group(rule, SEVERITY_ORDER[order].value, len(found), tuple(shown)))
    return Findings(
        tuple(groups), len(findings), tuple((s, n) for s, n in counts.items() if n), only,
        min(max(1, part), parts), parts,
    )  # fmt: skip


class Since(NamedTuple):
    """What an assessment says that an earlier one did not."""

    pairs: tuple[tuple[str, str, str], ...]
    """(what, before, after) of outcome, tier, license …"""
    reasons_new: tuple[str, ...]
    reasons_gone: tuple[str, ...]
    findings_new: tuple[LocatedFinding, ...]
    findings_gone: tuple[LocatedFinding, ...]
    controls: tuple[tuple[str, str, str], ...]
    """(control, state before, state after)."""
    facts: tuple[tuple[str, str, str], ...]
    more: int
    """Findings that changed and are not listed."""

    @property
    def nothing(self) -> bool:
        """Whether the two say the same."""
        return not any(self[:-1])


_NOISE = ("model.purl", "model.commit")
_MOST = 20


def since(old: Assessment, new: Assessment) -> Since:
    """Return what changed from ``old`` to ``new``."""
    told = (
        ("Revision", old.subject.manifest_sha256[:12], new.subject.manifest_sha256[:12]),
        ("Outcome", old.decision.outcome.replace("_", " "), new.decision.outcome.replace("_", " ")),
        ("Tier", old.risk.tier, new.risk.tier),
        ("Track", old.review.track, new.review.track),
        ("License", old.license.expression or "-", new.license.expression or "-"),
        ("Charter", f"{old.charter.name} {old.charter.version}",
         f"{new.charter.name} {new.charter.version}"),
        ("Scanner", old.scanner.version, new.scanner.version),
    )  # fmt: skip
    before, after = ({line_of(each): each for each in one.findings} for one in (old, new))
    added = [each for line, each in after.items() if line not in before]
    gone = [each for line, each in before.items() if line not in after]
    rules = [{each.rule for each in one.decision.reasons} for one in (old, new)]
    states = [{each.id: each.state for each in one.controls} for one in (old, new)]
    facts = sorted({*old.facts, *new.facts} - set(_NOISE))
    return Since(
        pairs=tuple(each for each in told if each[1] != each[2]),
        reasons_new=tuple(sorted(rules[1] - rules[0])),
        reasons_gone=tuple(sorted(rules[0] - rules[1])),
        findings_new=tuple(added[:_MOST]),
        findings_gone=tuple(gone[:_MOST]),
        controls=tuple(
            (name, states[0].get(name, "-"), states[1].get(name, "-"))
            for name in sorted({*states[0], *states[1]})
            if states[0].get(name) != states[1].get(name)
        ),
        facts=tuple(
            (name, _shown(old.facts.get(name)), _shown(new.facts.get(name)))
            for name in facts
            if old.facts.get(name) != new.facts.get(name)
        )[: 2 * _MOST],
        more=max(0, len(added) - _MOST) + max(0, len(gone) - _MOST),
    )


def _shown(value: object) -> str:
    return "-" if value is None else str(value)[:200]
