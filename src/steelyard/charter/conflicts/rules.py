# SPDX-License-Identifier: Apache-2.0
"""Rules that do nothing, forbid everything, say the same twice, or contradict one another."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations
from typing import Literal

from steelyard.charter.conflicts.findings import Budget, Conflict, Places
from steelyard.charter.engine import View, compile_rule
from steelyard.charter.judge import rule_says
from steelyard.charter.schema import Charter, Rule
from steelyard.charter.sections.writing import listed
from steelyard.charter.worlds import Answers, Question, ask, expression

LIMIT = 2_000
"""Most worlds tried for one rule or one pair of rules."""
State = Literal["idle", "held", "fired"]
"""What a rule does in a case: it does not apply, is satisfied, or is not."""


def state_of(rule: Rule) -> Question:
    """Return the question what ``rule`` does."""

    def answer(view: View) -> State:
        applies, satisfied = rule_says(rule, view)
        if applies == "false":
            return "idle"
        return "held" if satisfied == "true" else "fired"

    texts = (rule.applies, rule.require) if rule.applies is not None else (rule.require,)
    return Question(texts, answer)


def find_idle(charter: Charter, places: Places, budget: Budget) -> Iterator[Conflict]:
    """Yield rules that never apply, are always satisfied, or reject everything."""
    scope = charter.scope.environments if charter.scope is not None else ()
    inside = expression(f"environment in {listed(scope)}") if scope else None
    for rule in charter.rules:
        path = places.of_rule(rule)
        if path is None or path[0] != "rules" or not budget.allows(f"the rule {rule.id}"):
            continue
        answers = ask(state_of(rule), limit=LIMIT)
        budget.spend(answers.tried)
        states = {row[0] for row in answers.rows}
        if not answers.complete:
            continue
        found = _alone(rule, places, states)
        if found is None and inside is not None and "environment" in state_of(rule).paths:
            answers = ask(state_of(rule), inside, limit=LIMIT)
            budget.spend(answers.tried)
            states = {state for state, within in answers.rows if within == "true"}
            if answers.complete and states == {"idle"}:
                found = Conflict(
                    code="rule.never-applies", severity="warning",
                    path=places.of_rule(rule, "applies") or path, other=("scope", "environments"),
                    message=f"The rule {rule.id!r} applies in no environment of the scope "
                    "({other}).",
                    next_step="Correct the environment, or take the rule out.",
                )  # fmt: skip
        if found is not None:
            yield found


def _alone(rule: Rule, places: Places, states: set[object]) -> Conflict | None:
    path = places.of_rule(rule) or ()
    if states == {"idle"}:
        return Conflict(
            code="rule.never-applies", severity="warning",
            path=places.of_rule(rule, "applies") or path,
            message=f"The rule {rule.id!r} never applies: its condition is false in every case.",
            next_step="Correct `applies`, or take the rule out.",
        )  # fmt: skip
    if states == {"fired"} and rule.effect == "reject":
        return Conflict(
            code="rule.rejects-everything", severity="error",
            path=places.of_rule(rule, "require") or path,
            message=f"The rule {rule.id!r} rejects every model: nothing satisfies it.",
            next_step="Correct `require`, or say under `applies` where it holds.",
        )  # fmt: skip
    if "fired" not in states:
        return Conflict(
            code="rule.always-satisfied", severity="warning",
            path=places.of_rule(rule, "require") or path,
            message=f"The rule {rule.id!r} is satisfied in every case it applies to, so it does "
            "nothing.",
            next_step="Correct `require`, or take the rule out.",
        )  # fmt: skip
    if "held" not in states and rule.require.strip() != "false":
        return Conflict(
            code="rule.never-satisfied", severity="warning",
            path=places.of_rule(rule, "require") or path,
            message=f"Nothing satisfies the rule {rule.id!r}, so it fires wherever it applies.",
            next_step='Correct `require`; where this is meant, write `require: "false"`.',
        )  # fmt: skip
    return None


def find_pairs(charter: Charter, places: Places, budget: Budget) -> Iterator[Conflict]:
    """Yield rules that mean the same, and rules that cannot be satisfied together."""
    paths = {rule.id: _paths(rule.applies) | _paths(rule.require) for rule in charter.rules}
    for one, other in combinations(charter.rules, 2):
        if not (paths[one.id] & paths[other.id]):
            continue
        # The later one is pointed at, so it must stand in this text.
        place = places.of_rule(other)
        if place is None:
            continue
        alike = (
            paths[one.id] == paths[other.id]
            and one.otherwise == other.otherwise
            and place[0] == "rules"  # a section may well say again what the base's section says
        )
        contrary = _may_contradict(one, other)
        if not (alike or contrary) or not budget.allows(f"{one.id} with {other.id}"):
            continue
        answers = ask(state_of(one), state_of(other), limit=LIMIT)
        budget.spend(answers.tried)
        if not answers.complete:
            continue
        if alike and _same(answers):
            yield _twins(one, other, places)
        elif contrary and _contradict(answers):
            yield _contradiction(one, other, places)


def _paths(text: str | None) -> set[str]:
    return set() if text is None else set(compile_rule(text).paths)


def _same(answers: Answers) -> bool:
    fires = {(one == "fired", other == "fired") for one, other in answers.rows}
    return fires <= {(True, True), (False, False)} and (True, True) in fires


def _may_contradict(one: Rule, other: Rule) -> bool:
    """Tell whether two rules ask about the same facts, and not about where they apply.

    Two rules that forbid one combination from its two ends are no contradiction: a case can leave
    it through the facts of either condition.
    """
    if one.effect not in ("reject", "review") or other.effect not in ("reject", "review"):
        return False
    asked = _paths(one.require) & _paths(other.require)
    where = _paths(one.applies) | _paths(other.applies)
    return bool(asked) and not (_paths(one.require) | _paths(other.require)) & where


def _contradict(answers: Answers) -> bool:
    both = {row for row in answers.rows if "idle" not in row}
    each_alone = {one for one, _ in both} >= {"held"} and {other for _, other in both} >= {"held"}
    return bool(both) and ("held", "held") not in both and each_alone


def _at(rule: Rule, places: Places) -> str:
    return " ({other})" if places.of_rule(rule) is not None else " (of another text)"


def _twins(one: Rule, other: Rule, places: Places) -> Conflict:
    return Conflict(
        code="rule.duplicate", severity="warning",
        path=places.of_rule(other) or (), other=places.of_rule(one),
        message=f"The rules {one.id!r}{_at(one, places)} and {other.id!r} say the same in every "
        "case.",
        next_step="Keep one of them.",
    )  # fmt: skip


def _contradiction(one: Rule, other: Rule, places: Places) -> Conflict:
    reject = (one.effect, other.effect) == ("reject", "reject")
    outcome = "nothing passes" if reject else "everything there is rejected or reviewed"
    return Conflict(
        code="rule.contradiction", severity="error" if reject else "warning",
        path=places.of_rule(other, "require") or (), other=places.of_rule(one, "require"),
        rules=(one.id, other.id),
        message=f"The rules {one.id!r}{_at(one, places)} and {other.id!r} cannot both be "
        f"satisfied: where both apply, {outcome}.",
        next_step="Decide which of the two is meant.",
    )  # fmt: skip
