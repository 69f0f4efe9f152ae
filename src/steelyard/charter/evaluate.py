# SPDX-License-Identifier: Apache-2.0
"""Evaluates a charter over facts: risk, tier, rules, controls, review and the decision.

Pure and deterministic: the same charter and facts give the same answer years later. Nothing that
is unknown helps a model: an unknown condition applies, an unknown requirement is not satisfied,
an unknown tier condition matches, an unknown dimension counts its worst points.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from msgspec import Struct

from steelyard.charter.change import what_would_change
from steelyard.charter.durations import add_duration
from steelyard.charter.engine import View, compile_rule, unknown_facts, view_of
from steelyard.charter.facts import Facts, RiskFacts
from steelyard.charter.judge import Judgment, judge, lasts_of, rule_says
from steelyard.charter.schema import STAGES, Charter, ControlRule, DecisionRight, Rule, Step
from steelyard.kernel.assessment import (
    Approver,
    Condition,
    Control,
    Decision,
    Driver,
    Gate,
    Outcome,
    Reason,
    Review,
    ReviewStep,
    Risk,
    RuleTrace,
    Tier,
    Tri,
)

CONTROL_STATES: dict[Tri, str] = {
    "true": "satisfied",
    "false": "open",
    "unknown": "not_evaluated",
}
"""State of a control, or of a task that a fact checks, by the answer to its expression."""
MAX_EVIDENCE = 20
"""Lines of evidence kept for one reason."""


class Evaluation(Struct, frozen=True, kw_only=True):
    """Everything a charter has to say about one adoption; ``facts`` are those it judged by."""

    risk: Risk
    controls: tuple[Control, ...]
    review: Review
    decision: Decision
    rules: tuple[RuleTrace, ...]
    facts: Facts
    gates: tuple[Gate, ...] = ()


def evaluate(
    charter: Charter,
    facts: Facts,
    evidence: Mapping[str, Sequence[str]],
    today: datetime.date,
) -> Evaluation:
    """Return what ``charter`` decides about ``facts`` on ``today``.

    ``evidence`` gives, for the path of a fact, lines that prove it; reasons quote them.
    """
    facts = msgspec.structs.replace(facts, today=today, risk=None)
    view = view_of(facts)
    judgment = judge(charter, view)
    risk = _risk(charter, judgment, view)
    facts = msgspec.structs.replace(facts, risk=RiskFacts(score=risk.score, tier=risk.tier))
    view = view.with_risk(risk.score, risk.tier)
    written = {rule.id for rule in charter.rules}
    own = [item.rule for item in judgment.fired if item.rule.id not in written]
    traces = tuple(_trace(rule, view) for rule in (*charter.rules, *own))
    trace_of = {trace.rule: trace for trace in traces}
    fired = [(item.rule, trace_of[item.rule.id]) for item in judgment.fired]
    outcome = judgment.outcome
    controls = _controls(charter, view)
    return Evaluation(
        risk=risk,
        controls=controls,
        gates=gates_of(charter, judgment.tier.tier, controls),
        review=_review(judgment),
        decision=Decision(
            outcome=outcome,
            reasons=tuple(_reason(rule, trace, evidence) for rule, trace in fired),
            conditions=_conditions(judgment),
            valid_until=_valid_until(
                judgment, lasts_of(charter, judgment, view), facts.use_case.expires, today
            ),
        ),
        rules=traces,
        facts=facts,
    )


# Risk


def _risk(charter: Charter, judgment: Judgment, view: View) -> Risk:
    dimensions = charter.risk.dimensions.items()
    drivers = [
        Driver(dimension=name, value=found.value, points=found.points, why=dimension.why)
        for (name, dimension), found in zip(dimensions, judgment.points, strict=True)
        if found.points > 0
    ]
    drivers.sort(key=lambda driver: (-driver.points, driver.dimension))
    return Risk(
        tier=judgment.tier.tier,
        score=judgment.score,
        drivers=tuple(drivers),
        tier_reason=_tier_reason(judgment, view.with_risk(judgment.score)),
    )


def _tier_reason(judgment: Judgment, scored: View) -> str:
    rule = judgment.tier.rule
    if rule is None:
        return "No tier matches."
    if rule.when is None:
        said = rule.why or "No condition of a higher tier holds."
        return f"{said} The score is {judgment.score} of 100."
    paths = compile_rule(rule.when).paths
    known = ", ".join(f"{path} is {_shown(scored.get(path))}" for path in paths)
    doubt = " This could not be ruled out." if judgment.tier.answer == "unknown" else ""
    said = rule.why or f"The tier's condition holds: {rule.when}"
    return f"{said} ({known}).{doubt}"


# Rules


def _trace(rule: Rule, view: View) -> RuleTrace:
    applies, satisfied = rule_says(rule, view)
    applies_program = None if rule.applies is None else compile_rule(rule.applies)
    require = compile_rule(rule.require)
    paths = dict.fromkeys((*(applies_program.paths if applies_program else ()), *require.paths))
    unknown: tuple[str, ...] = ()
    if satisfied == "unknown":
        unknown = unknown_facts(require, view)
    if applies == "unknown" and applies_program is not None:
        unknown = tuple(dict.fromkeys((*unknown_facts(applies_program, view), *unknown)))
    fired = applies != "false" and satisfied != "true"
    return RuleTrace(
        rule=rule.id,
        why=rule.why,
        effect=rule.effect,
        applies=applies,
        satisfied=satisfied,
        applies_text=rule.applies or "",
        require_text=rule.require,
        facts={path: view.get(path) for path in paths},
        unknown=unknown,
        would_change=what_would_change(rule, view) if fired else "",
    )


def _reason(rule: Rule, trace: RuleTrace, evidence: Mapping[str, Sequence[str]]) -> Reason:
    message = rule.why
    if trace.satisfied == "unknown":
        needed = ", ".join(trace.unknown)
        if needed:
            are = "are" if len(trace.unknown) > 1 else "is"
            message += f" It could not be evaluated because {needed} {are} not known."
        else:
            message += " It could not be evaluated because the expression failed on these facts."
    paths = compile_rule(rule.require).paths
    lines = dict.fromkeys(line for path in paths for line in evidence.get(path, ()))
    return Reason(
        rule=rule.id,
        effect=rule.effect,
        message=message,
        facts={path: trace.facts[path] for path in paths},
        remedy=rule.remedy,
        evidence=tuple(lines)[:MAX_EVIDENCE],
        frameworks=rule.frameworks,
    )


# Review and decision


def _conditions(judgment: Judgment) -> tuple[Condition, ...]:
    rules = [item.rule for item in judgment.fired if item.rule.effect == "condition"]
    found = [Condition(rule=rule.id, text=rule.condition) for rule in rules]
    standing = judgment.standing
    if standing is not None:
        found += [Condition(rule=standing.id, text=text) for text in standing.conditions]
    return tuple(found)


def _review(judgment: Judgment) -> Review:
    needed = judgment.outcome is Outcome.REVIEW_REQUIRED
    track, sign_offs = judgment.track, judgment.sign_offs
    return Review(
        track=judgment.track_name,
        decided_by="sign-offs" if sign_offs else "standing-approval",
        sign_offs_required=sign_offs if needed else (),
        quorum=judgment.quorum if needed else 0,
        within=track.within or "",
        escalate=track.escalate,
        escalate_after=track.escalate_after or "",
        remind=track.remind or "",
        steps=tuple(_step(step) for step in judgment.steps) if needed else (),
        approvers=tuple(_approver(right) for right in judgment.rights) if needed else (),
        standing_approval=judgment.standing.id if judgment.standing else "",
    )


def _step(step: Step) -> ReviewStep:
    return ReviewStep(
        name=step.name,
        sign_offs=step.sign_offs,
        committee=step.committee or "",
        quorum=step.quorum or len(step.sign_offs),
        within=step.within or "",
    )


def _approver(right: DecisionRight) -> Approver:
    return Approver(
        role=right.role or "",
        committee=right.committee or "",
        quorum=right.quorum,
        recuse=right.recuse,
        training=right.training,
    )


def _valid_until(
    judgment: Judgment, lasts: Sequence[str], expires: datetime.date, today: datetime.date
) -> str | None:
    if judgment.outcome not in (Outcome.APPROVED, Outcome.APPROVED_WITH_CONDITIONS):
        return None
    return min([expires, *(add_duration(today, length) for length in lasts)]).isoformat()


# Controls and gates


def _controls(charter: Charter, view: View) -> tuple[Control, ...]:
    """Return the controls that are called for, each once, in the charter's order."""
    found: dict[str, Control] = {}
    for rule in charter.controls:
        if rule.id not in found and view.ask(rule.when) != "false":
            found[rule.id] = _control(rule, view)
    return tuple(found.values())


def gates_of(charter: Charter, tier: Tier, controls: Sequence[Control]) -> tuple[Gate, ...]:
    """Return the gates of the lifecycle for a tier, in order, with what each still waits for."""
    found = []
    for stage in STAGES:
        gate = charter.gates.get(stage)
        if gate is None or (gate.tiers and tier not in gate.tiers):
            continue
        called = {control.id: control for control in controls}
        counted = [c.id for c in controls if c.stage == stage]
        counted += [name for name in gate.controls if name not in counted]
        waiting = tuple(
            name for name in counted if name not in called or called[name].state != "satisfied"
        )
        shut = bool(waiting or gate.asks or gate.evidence or gate.opened_by)
        found.append(
            Gate(
                stage=stage,
                state="closed" if shut else "open",
                waiting=waiting,
                asks=gate.asks,
                evidence=gate.evidence,
                opened_by=gate.opened_by,
            )
        )
    return tuple(found)


def _control(rule: ControlRule, view: View) -> Control:
    state = "not_evaluated"
    shown = ""
    if rule.evidence:
        program = compile_rule(rule.evidence)
        state = CONTROL_STATES[view.ask(rule.evidence)]
        shown = ", ".join(f"{path} is {_shown(view.get(path))}" for path in program.paths)
    return Control(
        id=rule.id,
        title=rule.title,
        why=rule.why,
        frameworks=rule.frameworks,
        tasks=tuple(
            msgspec.structs.replace(task, state=CONTROL_STATES[view.ask(task.fact)])
            if task.fact
            else task
            for task in rule.tasks
        ),
        state=state,
        evidence=shown,
        stage=rule.stage or "",
    )


def _shown(value: Any) -> str:
    if value is None:
        return "not known"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return ", ".join(map(str, value[:5])) or "empty"
    return str(value)
