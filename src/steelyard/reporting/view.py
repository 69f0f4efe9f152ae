# SPDX-License-Identifier: Apache-2.0
"""What every report for people says, whatever it looks like: headline, overview, next steps.

All functions are pure readings of an assessment. None of them judges: the outcome, the tier and
the states are given, and where something was not examined or not known the words say so.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from steelyard.kernel.assessment import (
    Assessment,
    LocatedFinding,
    Outcome,
    Reason,
    RuleTrace,
)
from steelyard.kernel.finding import SEVERITY_ORDER, Severity
from steelyard.reporting.chips import (
    CONTROL_STATES,
    COVERAGES,
    EFFECTS,
    HEADLINES,
    LICENSE_USES,
    OUTCOMES,
    RULE_STATES,
    VERDICTS,
    Chip,
    chip_of,
)

_EFFECT_ORDER = ("reject", "review", "condition", "warn")
_UNKNOWN = Chip("pending", "question", "unknown")


class Line(NamedTuple):
    """One row of the overview: what was looked at, how it came out, in words."""

    topic: str
    chip: Chip
    result: str


def control_chip(state: str) -> Chip:
    """Return the chip of the state of a control or of one of its tasks."""
    return chip_of(CONTROL_STATES, state)


def plural(count: int, one: str, many: str = "") -> str:
    """Return ``count`` with its noun: ``1 file``, ``12,000 files``."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def size_text(size: int) -> str:
    """Return ``size`` bytes in decimal units with three digits: ``91.2 MB``."""
    value = float(size)
    for unit in ("B", "kB", "MB", "GB", "TB"):
        if value < 1000 or unit == "TB":
            return f"{size} B" if unit == "B" else f"{value:.3g} {unit}"
        value /= 1000
    return f"{size} B"


def count_text(count: int) -> str:
    """Return a large count in words: ``22.7 million``."""
    for limit, word in ((10**12, "trillion"), (10**9, "billion"), (10**6, "million")):
        if count >= limit:
            return f"{count / limit:.3g} {word}"
    return f"{count:,}"


def fact_text(value: Any) -> str:
    """Return a fact's value as a reader would write it."""
    if value is None:
        return "not known"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Mapping):
        return ", ".join(f"{key}: {fact_text(item)}" for key, item in value.items()) or "none"
    if isinstance(value, Sequence) and not isinstance(value, str):
        return ", ".join(fact_text(item) for item in value) or "none"
    return str(value) if value != "" else "empty"


def flat_facts(facts: Mapping[str, Any], prefix: str = "") -> list[tuple[str, str]]:
    """Return facts as ``(dotted name, value)`` sorted by name."""
    rows: list[tuple[str, str]] = []
    for key in sorted(facts):
        value, name = facts[key], f"{prefix}{key}"
        if isinstance(value, Mapping) and value:
            rows += flat_facts(value, f"{name}.")
        else:
            rows.append((name, fact_text(value)))
    return rows


def words(name: str) -> str:
    """Return a technical name as words: ``personal_data`` becomes ``personal data``."""
    return name.replace("_", " ")


def use_case_name(assessment: Assessment) -> str:
    """Return the name of the use case, or a word that it has none."""
    return str(assessment.use_case.get("name") or "unnamed use case")


def reasons_in_order(reasons: Iterable[Reason]) -> list[Reason]:
    """Return reasons by effect: what rejects first, then reviews, conditions, warnings."""
    return sorted(reasons, key=lambda reason: _EFFECT_ORDER.index(reason.effect))


def headline(assessment: Assessment) -> str:
    """Return in one sentence what decided."""
    decision = assessment.decision
    reasons = reasons_in_order(decision.reasons)
    if decision.outcome is Outcome.REJECTED:
        against = [reason for reason in reasons if reason.effect == "reject"]
        if not against:
            return "The charter rejects this adoption."
        more = f" (and {plural(len(against) - 1, 'more rule')})" if len(against) > 1 else ""
        return f"Rule {against[0].rule} rejects it{more}: {against[0].message}"
    if decision.outcome is Outcome.REVIEW_REQUIRED:
        asking = [reason for reason in reasons if reason.effect in ("review", "reject")]
        if asking:
            more = f" (and {plural(len(asking) - 1, 'more rule')})" if len(asking) > 1 else ""
            return f"Rule {asking[0].rule} asks for people to decide{more}: {asking[0].message}"
        return (
            f"The risk tier is {assessment.risk.tier}, so the charter asks for "
            f"{plural(len(assessment.review.sign_offs_required), 'sign-off')} on the "
            f"{assessment.review.track} track."
        )
    rest = _but(assessment, reasons)
    rest += f" It is valid until {decision.valid_until}." if decision.valid_until else ""
    if decision.outcome is Outcome.APPROVED_WITH_CONDITIONS:
        terms = plural(len(decision.conditions), "condition")
        return f"No rule stands against it as long as {terms} below are kept.{rest}"
    return f"No rule of the charter stands against it.{rest}"


def _but(assessment: Assessment, reasons: Sequence[Reason]) -> str:
    """Return what an approval must not hide: warnings, and files that were not examined."""
    warnings = sum(reason.effect == "warn" for reason in reasons)
    gaps = len(assessment.coverage.gaps)
    words = [plural(warnings, "rule warns", "rules warn")] if warnings else []
    if gaps:
        words.append(plural(gaps, "file was", "files were") + " not examined in full")
    return f" But {' and '.join(words)}." if words else ""


def rule_state(trace: RuleTrace) -> str:
    """Return ``held``, ``not_held``, ``not_applicable`` or ``unknown``."""
    if trace.applies == "false":
        return "not_applicable"
    if trace.applies == "unknown" or trace.satisfied not in ("true", "false"):
        return "unknown"
    return "held" if trace.satisfied == "true" else "not_held"


def rule_chip(state: str, traces: Sequence[RuleTrace]) -> Chip:
    """Return the chip of ``traces`` in one ``state``; rules that did not hold show their effect."""
    chip = RULE_STATES[state]
    if state != "not_held" or not traces:
        return chip
    effect = EFFECTS[min((trace.effect for trace in traces), key=_EFFECT_ORDER.index)]
    return chip._replace(tone=effect.tone, icon=effect.icon)


def count_by(states: Iterable[str], chips: Mapping[str, Chip]) -> str:
    """Return counts in the order of ``chips``: ``3 open, 5 satisfied``."""
    seen = list(states)
    known = [f"{seen.count(state)} {chip.word}" for state, chip in chips.items() if state in seen]
    other = [state for state in dict.fromkeys(seen) if state not in chips]
    return ", ".join(known + [f"{seen.count(state)} {state}" for state in other]) or "none"


def by_severity(
    findings: Sequence[LocatedFinding],
) -> list[tuple[Severity, list[LocatedFinding]]]:
    """Return findings grouped by severity, worst first, without empty groups."""
    groups = [
        (severity, [finding for finding in findings if finding.severity is severity])
        for severity in SEVERITY_ORDER
    ]
    return [(severity, members) for severity, members in groups if members]


def severity_counts(findings: Sequence[LocatedFinding]) -> str:
    """Return ``1 critical, 2 medium`` or ``no findings``."""
    counted = [f"{len(members)} {severity.value}" for severity, members in by_severity(findings)]
    return ", ".join(counted) or "no findings"


def overview(assessment: Assessment) -> list[Line]:
    """Return what was looked at and how it came out, in the order a manager asks."""
    return [
        _bytes_line(assessment),
        _coverage_line(assessment),
        _license_line(assessment),
        *_license_use_line(assessment),
        _card_line(assessment),
        _rules_line(assessment),
        _controls_line(assessment),
        _review_line(assessment),
    ]


def _bytes_line(assessment: Assessment) -> Line:
    subject = assessment.subject
    kinds = ", ".join(assessment.model.formats) or "no weights recognized"
    return Line(
        "Files and hidden code",
        chip_of(VERDICTS, assessment.verdict),
        f"{plural(subject.files, 'file')}, {size_text(subject.size)} ({kinds}); "
        f"{severity_counts(assessment.findings)}",
    )


def _coverage_line(assessment: Assessment) -> Line:
    cover = assessment.coverage
    chip = chip_of(COVERAGES, cover.level)
    if cover.level == "full" and not cover.gaps:
        return Line("Coverage", chip, f"all {plural(cover.files, 'file')} examined in full")
    return Line(
        "Coverage",
        chip,
        f"{cover.full} of {plural(cover.files, 'file')} in full, {cover.partial} in part, "
        f"{cover.none} not at all",
    )


def _license_line(assessment: Assessment) -> Line:
    terms = assessment.license
    named = terms.expression or terms.declared or "none found"
    words = [f"{named} ({terms.category})", f"commercial use: {terms.commercial_use}"]
    if terms.conflicts:
        words.append(plural(len(terms.conflicts), "conflict"))
        return Line("License", Chip("pending", "warning", "conflicting"), "; ".join(words))
    if terms.category == "unknown" or terms.expression is None:
        return Line("License", _UNKNOWN, "; ".join(words))
    if terms.category == "permissive" and terms.commercial_use == "yes":
        return Line("License", Chip("good", "check", "known"), "; ".join(words))
    words.append(plural(len(terms.obligations), "obligation"))
    return Line("License", Chip("notice", "diamond", "with terms"), "; ".join(words))


def card_sections(assessment: Assessment) -> list[tuple[str, bool]]:
    """Return each section a model card should have and whether it is stated."""
    card = assessment.card
    if card is None:
        return []
    return [
        ("training data", card.training_data.stated),
        ("intended use", card.intended_use.stated),
        ("limitations", card.limitations.stated),
        ("evaluation", card.evaluation.stated or bool(card.evaluations)),
    ]


def _license_use_line(assessment: Assessment) -> list[Line]:
    """Return what the licenses mean for the use; nothing where that was not asked yet."""
    answer = assessment.license_use
    if answer is None:
        return []
    due = sum(duty.state == "missing" for duty in answer.duties)
    first = answer.reasons[0].message if answer.reasons else HEADLINES[answer.result]
    words = [first.removesuffix(".")]
    if due:
        words.append(f"{plural(due, 'duty', 'duties')} missing")
    return [Line("License for this use", chip_of(LICENSE_USES, answer.result), "; ".join(words))]


def _card_line(assessment: Assessment) -> Line:
    sections = card_sections(assessment)
    if not sections:
        return Line("Model card", Chip("pending", "question", "missing"), "no model card found")
    missing = [name for name, stated in sections if not stated]
    if not missing:
        chip = Chip("good", "check", "complete")
        return Line("Model card", chip, "states training data, intended use, limitations, results")
    return Line(
        "Model card", Chip("pending", "warning", "gaps"), f"does not state {', '.join(missing)}"
    )


def _rules_line(assessment: Assessment) -> Line:
    states = [rule_state(trace) for trace in assessment.rules]
    worst = next((state for state in RULE_STATES if state in states), "unknown")
    chip = rule_chip(
        worst, [trace for trace in assessment.rules if rule_state(trace) == "not_held"]
    )
    name = f"{assessment.charter.name} version {assessment.charter.version}"
    return Line("Charter rules", chip, f"{name}: {count_by(states, RULE_STATES)}")


def _controls_line(assessment: Assessment) -> Line:
    states = [control.state for control in assessment.controls]
    if not states:
        return Line("Controls", Chip("neutral", "dash", "none"), "the charter calls for none here")
    worst = next((state for state in CONTROL_STATES if state in states), states[0])
    return Line("Controls", chip_of(CONTROL_STATES, worst), count_by(states, CONTROL_STATES))


def _review_line(assessment: Assessment) -> Line:
    review = assessment.review
    needed = len(review.sign_offs_required)
    if review.decided_by == "standing-approval" and not needed:
        chip = Chip("good", "check", "no sign-off needed")
        named = f" {review.standing_approval!r}" if review.standing_approval else ""
        return Line("Review", chip, f"{review.track} track, decided by standing approval{named}")
    if assessment.decision.outcome is Outcome.REJECTED:
        chip = Chip("neutral", "dash", "not started")
        return Line("Review", chip, f"{review.track} track; rejected before anyone is asked")
    within = f", within {review.within}" if review.within else ""
    return Line(
        "Review",
        Chip("pending", "hourglass", "sign-offs needed"),
        f"{review.track} track: {plural(needed, 'sign-off')}{within}",
    )


def next_steps(assessment: Assessment) -> list[str]:
    """Return what to do now, most binding first, each step once."""
    decision, review = assessment.decision, assessment.review
    steps = [reason.remedy for reason in reasons_in_order(decision.reasons) if reason.remedy]
    if decision.outcome is not Outcome.REJECTED and review.sign_offs_required:
        roles = ", ".join(sign_off.role for sign_off in review.sign_offs_required)
        within = f" within {review.within}" if review.within else ""
        steps.append(f"Collect the sign-offs of {roles}{within}.")
    if decision.conditions:
        terms = plural(len(decision.conditions), "condition")
        steps.append(f"Put the {terms} of this decision into the deployment's work.")
    waiting = [control for control in assessment.controls if control.state != "satisfied"]
    if waiting and decision.outcome is not Outcome.REJECTED:
        plan = plural(len(waiting), "control is", "controls are")
        steps.append(f"Plan the work on what is not proved: {plan} not satisfied yet.")
    if assessment.coverage.gaps:
        gaps = plural(len(assessment.coverage.gaps), "file was", "files were")
        steps.append(f"Look into what could not be read: {gaps} not examined in full.")
    return list(dict.fromkeys(steps))


def outcome_chip(assessment: Assessment) -> Chip:
    """Return the chip of the decision."""
    return OUTCOMES[assessment.decision.outcome]
