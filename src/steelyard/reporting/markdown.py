# SPDX-License-Identifier: Apache-2.0
"""A short Markdown summary of an assessment, for pull requests and chat.

What a stranger wrote stands in code spans only, where Markdown, HTML, links, mentions and issue
references have no meaning; our own sentences and the charter's are escaped.
"""

from __future__ import annotations

import re

from steelyard.kernel.assessment import Assessment
from steelyard.reporting import view
from steelyard.reporting.chips import EFFECTS, GLYPHS, SEVERITIES, Chip, chip_of
from steelyard.reporting.text import sanitize, visible

MOST_REASONS = 10
MOST_FINDINGS = 5
_SPECIAL = re.compile(r"([\\`*_{}\[\]()<>#+\-.!|~&:/])")


def assessment_markdown(assessment: Assessment) -> str:
    """Return the summary as GitHub-flavored Markdown, ending in a newline."""
    clean = sanitize(assessment)
    chip = view.outcome_chip(clean)
    lines = [
        f"### {_icon(chip)} {chip.word.capitalize()}: {code(clean.subject.name)}",
        "",
        f"For {code(view.use_case_name(clean))} in {code(clean.environment)}.",
        f"Risk tier **{clean.risk.tier}**, {clean.risk.score} of 100.",
        "",
        "| What we looked at | State | Result |",
        "|---|---|---|",
    ]
    lines += [
        f"| {line.topic} | {_icon(line.chip)} {escape(line.chip.word)} | {code(line.result)} |"
        for line in view.overview(clean)
    ]
    lines += [*_reasons(clean), *_conditions(clean), *_findings(clean), *_steps(clean)]
    lines += ["", f"Manifest `sha256 {clean.subject.manifest_sha256}`"]
    return "\n".join(lines) + "\n"


def code(text: str) -> str:
    """Return ``text`` as a code span that it cannot leave, also inside a table cell."""
    shown = visible(text).replace("|", "\\|")
    longest = max((len(run) for run in re.findall("`+", shown)), default=0)
    if not shown.strip():
        return "`(empty)`"
    fence = "`" * (longest + 1)
    space = " " if longest or shown[0] == " " or shown[-1] == " " else ""
    return f"{fence}{space}{shown}{space}{fence}"


def escape(text: str) -> str:
    """Return ``text`` with Markdown's signs escaped and mentions broken by an empty comment."""
    return _SPECIAL.sub(r"\\\1", visible(text)).replace("@", "@<!-- -->")


def _icon(chip: Chip) -> str:
    return GLYPHS[chip.icon][0]


def _reasons(assessment: Assessment) -> list[str]:
    reasons = view.reasons_in_order(assessment.decision.reasons)
    lines = ["", "**Why**", ""] if reasons else []
    for reason in reasons[:MOST_REASONS]:
        chip = EFFECTS[reason.effect]
        remedy = f" What helps: {escape(reason.remedy)}" if reason.remedy else ""
        lines.append(f"- {_icon(chip)} {code(reason.rule)}: {escape(reason.message)}{remedy}")
    return lines + _more(len(reasons) - MOST_REASONS, "reason")


def _conditions(assessment: Assessment) -> list[str]:
    conditions = assessment.decision.conditions
    head = ["", "**Conditions**", ""] if conditions else []
    return head + [f"- {escape(condition.text)}" for condition in conditions]


def _findings(assessment: Assessment) -> list[str]:
    findings = assessment.findings
    lines = ["", f"**Findings**: {view.severity_counts(findings)}", ""] if findings else []
    for finding in findings[:MOST_FINDINGS]:
        chip = chip_of(SEVERITIES, finding.severity)
        place = code(finding.path or "the whole revision")
        lines.append(f"- {_icon(chip)} {chip.word}: {place}: {code(finding.message)}")
    return lines + _more(len(findings) - MOST_FINDINGS, "finding")


def _steps(assessment: Assessment) -> list[str]:
    steps = view.next_steps(assessment)
    head = ["", "**What to do now**", ""] if steps else []
    return head + [f"{number}. {escape(step)}" for number, step in enumerate(steps, start=1)]


def _more(left: int, what: str) -> list[str]:
    return [f"- and {view.plural(left, f'more {what}')}"] if left > 0 else []
