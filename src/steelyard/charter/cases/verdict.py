# SPDX-License-Identifier: Apache-2.0
"""Judges test cases and says, for each expectation that is not met, what came instead and why."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from msgspec import Struct

from steelyard.charter.cases.suite import Case
from steelyard.charter.evaluate import Evaluation, evaluate
from steelyard.charter.schema import Charter
from steelyard.kernel.assessment import RuleTrace

_FACTS_SHOWN = 6


class Difference(Struct, frozen=True, kw_only=True):
    """An expectation that is not met."""

    what: str
    expected: str
    actual: str
    why: tuple[str, ...] = ()


class Result(Struct, frozen=True, kw_only=True):
    """What came of one case."""

    name: str
    line: int
    differences: tuple[Difference, ...]
    outcome: str
    tier: str
    score: int
    track: str
    fired: tuple[str, ...]
    sign_offs: tuple[str, ...]

    @property
    def passed(self) -> bool:
        """Whether every expectation is met."""
        return not self.differences


def judge_case(charter: Charter, case: Case) -> Result:
    """Return what ``charter`` makes of a case, on the day its facts name."""
    found = evaluate(charter, case.facts, {}, case.facts.today)
    return Result(
        name=case.name,
        line=case.line,
        differences=tuple(_differences(case, found)),
        outcome=found.decision.outcome.value,
        tier=found.risk.tier,
        score=found.risk.score,
        track=found.review.track,
        fired=tuple(reason.rule for reason in found.decision.reasons),
        sign_offs=tuple(item.role for item in found.review.sign_offs_required),
    )


def never_fired(charter: Charter, results: Iterable[Result]) -> tuple[str, ...]:
    """Return the rules of ``charter`` that fire in none of the cases, in their order."""
    fired = {rule for result in results for rule in result.fired}
    return tuple(rule.id for rule in charter.rules if rule.id not in fired)


def _differences(case: Case, found: Evaluation) -> Iterator[Difference]:
    expect = case.expect
    decision, risk, review = found.decision, found.risk, found.review
    reasons = tuple(f"{r.rule} ({r.effect}): {r.message}" for r in decision.reasons)
    if expect.outcome is not None and expect.outcome != decision.outcome.value:
        waits = tuple(f"{item.role} must sign off: {item.why}" for item in
                      review.sign_offs_required)  # fmt: skip
        yield Difference(
            what="outcome", expected=expect.outcome, actual=decision.outcome.value,
            why=(*reasons, *waits) or ("No rule fired.",),
        )  # fmt: skip
    points = tuple(f"{d.dimension} is {d.value}: {d.points} points" for d in risk.drivers)
    if expect.tier is not None and expect.tier != risk.tier:
        yield Difference(
            what="tier", expected=expect.tier, actual=risk.tier, why=(risk.tier_reason, *points)
        )
    if expect.score is not None and expect.score != risk.score:
        yield Difference(
            what="score", expected=str(expect.score), actual=str(risk.score), why=points
        )
    if expect.track is not None and expect.track != review.track:
        yield Difference(
            what="track", expected=expect.track, actual=review.track,
            why=(f"The tier is {risk.tier}. {risk.tier_reason}",),
        )  # fmt: skip
    yield from _rules(case, found)
    yield from _lists(case, found)
    yield from _terms(case, found)


def _rules(case: Case, found: Evaluation) -> Iterator[Difference]:
    fired = {reason.rule for reason in found.decision.reasons}
    traces = {trace.rule: trace for trace in found.rules}
    for rule in case.expect.fires:
        if rule not in fired:
            yield Difference(
                what=f"rule {rule}", expected="fires", actual=_state(traces.get(rule)),
                why=_reading(traces.get(rule)),
            )  # fmt: skip
    for rule in case.expect.does_not_fire:
        if rule in fired:
            trace = traces.get(rule)
            change = (trace.would_change,) if trace and trace.would_change else ()
            yield Difference(
                what=f"rule {rule}", expected="does not fire", actual=_state(trace),
                why=(*_reading(trace), *change),
            )  # fmt: skip
    for rule in case.expect.unknown:
        trace = traces.get(rule)
        if rule not in fired or not _is_unknown(trace):
            yield Difference(
                what=f"rule {rule}", expected="fires as unknown", actual=_state(trace),
                why=_reading(trace),
            )  # fmt: skip


def _lists(case: Case, found: Evaluation) -> Iterator[Difference]:
    expect = case.expect
    asked = {item.role: item.why for item in found.review.sign_offs_required}
    if expect.sign_offs is not None and set(expect.sign_offs) != set(asked):
        yield Difference(
            what="sign-offs", expected=_listed(expect.sign_offs), actual=_listed(asked),
            why=tuple(f"{role}: {why}" for role, why in asked.items()
                      if role not in expect.sign_offs),
        )  # fmt: skip
    conditions = {item.rule: item.text for item in found.decision.conditions}
    if expect.conditions is not None and set(expect.conditions) != set(conditions):
        yield Difference(
            what="conditions", expected=_listed(expect.conditions), actual=_listed(conditions),
            why=tuple(f"{rule}: {text}" for rule, text in conditions.items()
                      if rule not in expect.conditions),
        )  # fmt: skip
    called = {control.id for control in found.controls}
    missing = [name for name in expect.controls if name not in called]
    if missing:
        yield Difference(what="controls", expected=_listed(missing), actual=_listed(sorted(called)))


def _terms(case: Case, found: Evaluation) -> Iterator[Difference]:
    """Yield what differs in how the decision comes about and how long it holds."""
    expect, review = case.expect, found.review
    if expect.quorum is not None and expect.quorum != review.quorum:
        roles = tuple(item.role for item in review.sign_offs_required)
        yield Difference(
            what="quorum",
            expected=str(expect.quorum),
            actual=str(review.quorum),
            why=(f"Of {_listed(roles)}.",),
        )
    if expect.standing_approval not in (None, review.standing_approval):
        yield Difference(
            what="standing approval",
            expected=str(expect.standing_approval),
            actual=review.standing_approval or "none",
        )
    until = found.decision.valid_until
    if expect.valid_until is not None and expect.valid_until.isoformat() != until:
        yield Difference(
            what="valid until", expected=expect.valid_until.isoformat(), actual=until or "nothing"
        )
    gates = {gate.stage: gate for gate in found.gates}
    for stage, state in expect.gates.items():
        gate = gates.get(stage)
        if gate is None or gate.state != state:
            yield Difference(
                what=f"gate {stage}",
                expected=state,
                actual="not asked for" if gate is None else gate.state,
                why=() if gate is None else tuple(f"waits for {name}" for name in gate.waiting),
            )


def _is_unknown(trace: RuleTrace | None) -> bool:
    return trace is not None and "unknown" in (trace.applies, trace.satisfied)


def _state(trace: RuleTrace | None) -> str:
    if trace is None:
        return "is not broken"
    if trace.applies == "false":
        return "does not apply"
    if trace.satisfied == "true":
        return "holds"
    return "fires as unknown" if _is_unknown(trace) else "fires"


def _reading(trace: RuleTrace | None) -> tuple[str, ...]:
    if trace is None:
        return ()
    lines = []
    if trace.applies_text:
        lines.append(f"applies: {trace.applies_text} is {trace.applies}")
    lines.append(f"requires: {trace.require_text} is {trace.satisfied or 'not asked'}")
    shown = list(trace.facts.items())[:_FACTS_SHOWN]
    lines += [f"{path} is {_shown(value)}" for path, value in shown]
    return tuple(lines)


def _shown(value: object) -> str:
    if value is None:
        return "not known"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return _listed([str(item) for item in value]) if value else "empty"
    return str(value)


def _listed(words: Iterable[str]) -> str:
    found: Sequence[str] = list(words)
    more = f" and {len(found) - 12} more" if len(found) > 12 else ""
    return (", ".join(found[:12]) + more) or "none"
