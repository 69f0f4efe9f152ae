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
from steelyard.charter.engine import Program, View, compile_rule, run, unknown_facts, view_of
from steelyard.charter.facts import Facts, RiskFacts
from steelyard.charter.schema import Charter, ControlRule, Dimension, Rule, TrackRule
from steelyard.kernel.assessment import (
    Condition,
    Control,
    Decision,
    Driver,
    Effect,
    Outcome,
    Reason,
    Review,
    Risk,
    RuleTrace,
    SignOff,
    Tier,
    Track,
    Tri,
)

EFFECT_ORDER: tuple[Effect, ...] = ("reject", "review", "condition", "warn")
"""Worst first."""
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
    risk = _risk(charter, view_of(facts))
    facts = msgspec.structs.replace(facts, risk=RiskFacts(score=risk.score, tier=risk.tier))
    view = view_of(facts)
    traces = tuple(_trace(rule, view) for rule in charter.rules)
    fired = [
        (rule, trace)
        for rule, trace in zip(charter.rules, traces, strict=True)
        if trace.applies != "false" and trace.satisfied != "true"
    ]
    fired.sort(key=lambda pair: EFFECT_ORDER.index(pair[0].effect))
    name, track = _track(charter, risk.tier)
    signing = _sign_offs(name, track, [rule for rule, _ in fired])
    outcome = _outcome({rule.effect for rule, _ in fired}, signing)
    return Evaluation(
        risk=risk,
        controls=tuple(
            _control(rule, view) for rule in charter.controls if _runs(rule.when, view) != "false"
        ),
        review=_review(name, track, signing, fired, outcome),
        decision=Decision(
            outcome=outcome,
            reasons=tuple(_reason(rule, trace, evidence) for rule, trace in fired),
            conditions=tuple(
                Condition(rule=rule.id, text=rule.condition)
                for rule, _ in fired
                if rule.effect == "condition"
            ),
            valid_until=_valid_until(outcome, track, facts.use_case.expires, today),
        ),
        rules=traces,
        facts=facts,
    )


def _runs(text: str, view: View) -> Tri:
    return run(compile_rule(text), view)


# Risk


def _risk(charter: Charter, view: View) -> Risk:
    drivers = [
        driver
        for name, dimension in charter.risk.dimensions.items()
        if (driver := _driver(name, dimension, view)).points > 0
    ]
    drivers.sort(key=lambda driver: (-driver.points, driver.dimension))
    score = min(100, sum(driver.points for driver in drivers))
    scored = view.but({"risk.score": score})
    for rule in charter.risk.tiers:
        if rule.when is None:
            said = rule.why or "No condition of a higher tier holds."
            return Risk(
                tier=rule.tier,
                score=score,
                drivers=tuple(drivers),
                tier_reason=f"{said} The score is {score} of 100.",
            )
        program = compile_rule(rule.when)
        answer = run(program, scored)
        if answer != "false":
            known = ", ".join(f"{path} is {_shown(scored.get(path))}" for path in program.paths)
            doubt = " This could not be ruled out." if answer == "unknown" else ""
            said = rule.why or f"The tier's condition holds: {rule.when}"
            reason = f"{said} ({known}).{doubt}"
            return Risk(tier=rule.tier, score=score, drivers=tuple(drivers), tier_reason=reason)
    # A charter is refused without a last tier that always matches, so this is a damaged one.
    return Risk(
        tier="critical", score=score, drivers=tuple(drivers), tier_reason="No tier matches."
    )


def _driver(name: str, dimension: Dimension, view: View) -> Driver:
    if dimension.when is not None:
        answer = _runs(dimension.when, view)
        points = 0 if answer == "false" else dimension.adds or 0
        value = {"true": "yes", "false": "no", "unknown": "not known"}[answer]
        return Driver(dimension=name, value=value, points=points, why=dimension.why)
    found = view.get(dimension.of or "")
    if found is None:
        worst = max((*dimension.points.values(), dimension.other or 0), default=0)
        return Driver(dimension=name, value="not known", points=worst, why=dimension.why)
    word = str(found).lower() if isinstance(found, bool) else str(found)
    points = dimension.points.get(word, dimension.other or 0)
    return Driver(dimension=name, value=word, points=points, why=dimension.why)


# Rules


def _trace(rule: Rule, view: View) -> RuleTrace:
    applies: Tri = "true"
    applies_program: Program | None = None
    if rule.applies is not None:
        applies_program = compile_rule(rule.applies)
        applies = run(applies_program, view)
    require = compile_rule(rule.require)
    satisfied = None if applies == "false" else run(require, view)
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


def _track(charter: Charter, tier: Tier) -> tuple[Track, TrackRule]:
    for name, track in charter.tracks.items():
        if tier in track.tiers:
            return name, track
    return "deep", TrackRule(tiers=(tier,), decided_by="sign-offs", sign_offs=("risk",))


def _sign_offs(name: Track, track: TrackRule, fired: Sequence[Rule]) -> tuple[SignOff, ...]:
    asked: dict[str, list[str]] = {role: [f"track {name}"] for role in track.sign_offs}
    for rule in fired:
        if rule.effect == "review":
            for role in rule.reviewers:
                asked.setdefault(role, []).append(f"rule {rule.id}")
    return tuple(SignOff(role=role, why=", ".join(why)) for role, why in asked.items())


def _outcome(effects: set[Effect], sign_offs: tuple[SignOff, ...]) -> Outcome:
    if "reject" in effects:
        return Outcome.REJECTED
    if "review" in effects or sign_offs:
        return Outcome.REVIEW_REQUIRED
    if "condition" in effects:
        return Outcome.APPROVED_WITH_CONDITIONS
    return Outcome.APPROVED


def _review(
    name: Track,
    track: TrackRule,
    sign_offs: tuple[SignOff, ...],
    fired: Sequence[tuple[Rule, RuleTrace]],
    outcome: Outcome,
) -> Review:
    needed = outcome is Outcome.REVIEW_REQUIRED
    extra = {role for rule, _ in fired if rule.effect == "review" for role in rule.reviewers}
    base = track.quorum or len(track.sign_offs)
    return Review(
        track=name,
        decided_by="sign-offs" if sign_offs else "standing-approval",
        sign_offs_required=sign_offs if needed else (),
        quorum=min(len(sign_offs), base + len(extra - set(track.sign_offs))) if needed else 0,
        within=track.within or "",
        escalate=track.escalate,
    )


def _valid_until(
    outcome: Outcome, track: TrackRule, expires: datetime.date, today: datetime.date
) -> str | None:
    if outcome not in (Outcome.APPROVED, Outcome.APPROVED_WITH_CONDITIONS):
        return None
    ends = [expires]
    if track.valid is not None:
        ends.append(add_duration(today, track.valid))
    return min(ends).isoformat()


# Controls


def _control(rule: ControlRule, view: View) -> Control:
    state = "not_evaluated"
    shown = ""
    if rule.evidence:
        program = compile_rule(rule.evidence)
        state = {"true": "satisfied", "false": "open", "unknown": "not_evaluated"}[
            run(program, view)
        ]
        shown = ", ".join(f"{path} is {_shown(view.get(path))}" for path in program.paths)
    return Control(
        id=rule.id,
        title=rule.title,
        why=rule.why,
        frameworks=rule.frameworks,
        tasks=rule.tasks,
        state=state,
        evidence=shown,
    )


def _shown(value: Any) -> str:
    if value is None:
        return "not known"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return ", ".join(map(str, value[:5])) or "empty"
    return str(value)
