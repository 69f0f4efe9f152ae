# SPDX-License-Identifier: Apache-2.0
"""What the decision rests on: controls, license, findings, and what was not examined."""

from __future__ import annotations

from rich.console import RenderableType
from rich.text import Text

from steelyard.kernel.assessment import Assessment, Control, ControlTask
from steelyard.kernel.license import LicenseConflict
from steelyard.reporting import view
from steelyard.reporting.chips import (
    CONTROL_STATES,
    COVERAGES,
    HEADLINES,
    LICENSE_USES,
    SEVERITIES,
    chip_of,
)
from steelyard.reporting.terminal.look import Look, indent

MOST_FINDINGS = 20
MOST_GAPS = 10
MOST_OBLIGATIONS = 8


def draw(look: Look, assessment: Assessment) -> None:
    """Print the sections that follow the reasons."""
    _controls(look, assessment)
    _license(look, assessment)
    _findings(look, assessment)
    _gaps(look, assessment)


def _controls(look: Look, assessment: Assessment) -> None:
    if not assessment.controls:
        return
    look.print(look.heading("Controls"))
    order = list(CONTROL_STATES)
    controls = sorted(
        assessment.controls,
        key=lambda control: order.index(control.state) if control.state in order else 0,
    )
    for control in controls:
        _control(look, control)


def _control(look: Look, control: Control) -> None:
    chip = chip_of(CONTROL_STATES, control.state)
    title = Text.assemble(look.chip(chip), "  ", look.say(control.title, "bold"))
    lines: list[RenderableType] = [indent(title), indent(look.say(control.why), 4)]
    if control.state != "satisfied" and control.tasks:
        lines.append(indent(look.bullets(_task(look, task) for task in control.tasks), 4))
    if control.evidence:
        lines.append(indent(look.say(f"evidence: {control.evidence}"), 4))
    if control.frameworks:
        names = ", ".join(f"{item.framework} {item.id}".strip() for item in control.frameworks)
        lines.append(indent(look.say(names, "dim"), 4))
    look.print(*lines)


def _task(look: Look, task: ControlTask) -> Text:
    said = look.say(f"{task.title}. Done when: {task.acceptance}")
    if not task.state:
        return said
    return Text.assemble(look.chip(chip_of(CONTROL_STATES, task.state)), "  ", said)


def _license(look: Look, assessment: Assessment) -> None:
    terms = assessment.license
    found = [match.spdx or match.key for match in terms.detected]
    look.print(look.heading("License"))
    rows: list[tuple[str, RenderableType]] = [
        ("declared", look.say(terms.declared or "nothing")),
        ("found in text", look.say(", ".join(dict.fromkeys(found)) or "no license text")),
        ("concluded", look.say(terms.expression or "could not be concluded")),
        ("category", look.say(f"{terms.category}, commercial use: {terms.commercial_use}")),
    ]
    rows += [
        ("conflict", look.say(_with_sources(item), "yellow"))
        for item in terms.conflicts[:MOST_OBLIGATIONS]
    ]
    rows += [
        (duty.kind, look.say(f"{duty.text} ({duty.license})"))
        for duty in terms.obligations[:MOST_OBLIGATIONS]
    ]
    look.print(indent(look.pairs(rows)))
    _license_use(look, assessment)
    _more(look, len(terms.obligations) - MOST_OBLIGATIONS, "obligation")
    _more(look, len(terms.conflicts) - MOST_OBLIGATIONS, "conflict")


def _license_use(look: Look, assessment: Assessment) -> None:
    """Show what the licenses mean for this use: reasons, and duties that are not fulfilled."""
    answer = assessment.license_use
    if answer is None:
        return
    look.print(look.heading("License for this use"))
    for reason in answer.reasons[:MOST_OBLIGATIONS]:
        chip = chip_of(LICENSE_USES, reason.result)
        rows: list[tuple[str, RenderableType]] = [
            ("clause", look.say(f"{reason.document}, {reason.clause}")),
        ]
        if reason.quote:
            rows.append(("its words", look.say(reason.quote)))
        if len(reason.via) > 1:
            rows.append(("path", look.say(" → ".join(reason.via[:8]))))
        rows.append(("what helps", look.say(reason.remedy)))
        title = Text.assemble(look.chip(chip), "  ", look.say(reason.message))
        look.print(indent(title), indent(look.pairs(rows, 11), 4))
    _more(look, len(answer.reasons) - MOST_OBLIGATIONS, "reason")
    if not answer.reasons:
        look.print(indent(look.say(HEADLINES[answer.result])))


def _with_sources(conflict: LicenseConflict) -> str:
    """Return what contradicts, with the places its message does not name already."""
    more = [source for source in conflict.sources if source not in conflict.message]
    return f"{conflict.message} ({'; '.join(more)})" if more else conflict.message


def _findings(look: Look, assessment: Assessment) -> None:
    if not assessment.findings:
        return
    look.print(look.heading(f"Findings: {view.severity_counts(assessment.findings)}"))
    for finding in assessment.findings[:MOST_FINDINGS]:
        chip = chip_of(SEVERITIES, finding.severity)
        place = finding.path or "the whole revision"
        where = f"{place}, {finding.location}" if finding.location else place
        title = Text.assemble(look.chip(chip), "  ", look.say(finding.message))
        rows: list[tuple[str, RenderableType]] = [("where", look.say(where))]
        if finding.evidence:
            rows.append(("evidence", look.say(finding.evidence)))
        if finding.remedy:
            rows.append(("what helps", look.say(finding.remedy)))
        rows.append(("rule", look.say(finding.rule, "dim")))
        look.print(indent(title), indent(look.pairs(rows, 11), 4))
    _more(look, len(assessment.findings) - MOST_FINDINGS, "finding")


def _gaps(look: Look, assessment: Assessment) -> None:
    gaps = assessment.coverage.gaps
    if not gaps:
        return
    look.print(look.heading("Not examined is not clean"))
    for gap in gaps[:MOST_GAPS]:
        title = Text.assemble(look.chip(chip_of(COVERAGES, gap.level)), "  ", look.say(gap.path))
        look.print(indent(title), indent(look.say(gap.reason or "no reason given", "dim"), 4))
    _more(look, len(gaps) - MOST_GAPS, "file")


def _more(look: Look, left: int, what: str) -> None:
    if left > 0:
        look.print(
            indent(look.say(f"and {view.plural(left, f'more {what}')} in report.html", "dim"))
        )
