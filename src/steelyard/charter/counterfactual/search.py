# SPDX-License-Identifier: Apache-2.0
"""Finds the smallest sets of changes under which a whole decision comes out better.

A directed search: what stands in the way is named (a rule that fired, people who must sign off),
only levers that touch it are tried, and every find is judged as a whole by the charter itself.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from typing import Any

import msgspec
from msgspec import Struct

from steelyard.charter.counterfactual.levers import Changes, Lever, levers
from steelyard.charter.engine import View, compile_rule, view_of
from steelyard.charter.evaluate import evaluate
from steelyard.charter.facts import Facts, facts_document, facts_from_document
from steelyard.charter.judge import Judgment, judge, points_of
from steelyard.charter.schema import Charter, Rule
from steelyard.charter.worlds.tiers import dimension_texts
from steelyard.kernel.assessment import Outcome, Tier

MAX_CHANGES = 3
MAX_JUDGMENTS = 1_500
"""Most times the whole charter is asked."""
MAX_FOUND = 4
_APPROVED = (Outcome.APPROVED, Outcome.APPROVED_WITH_CONDITIONS)


class FactChange(Struct, frozen=True, kw_only=True):
    """One thing to do, and the facts that it moves."""

    do: str
    facts: dict[str, Any]
    """By path, the value each would have; None is not known."""
    instead_of: dict[str, Any]
    """By path, the value each has now."""


class Counterfactual(Struct, frozen=True, kw_only=True):
    """A set of changes and what the charter would decide then."""

    outcome: Outcome
    changes: tuple[FactChange, ...]
    tier: Tier
    conditions: tuple[str, ...] = ()
    sign_offs: tuple[str, ...] = ()
    """Roles that would still have to sign off; for a rejection that becomes a review."""


class ApprovedIf(Struct, frozen=True, kw_only=True):
    """The answer: ``found`` with the fewest changes first, or why there is none."""

    outcome: Outcome
    """What was decided."""
    found: tuple[Counterfactual, ...]
    note: str = ""
    tried: int = 0


def approved_if(charter: Charter, facts: Facts) -> ApprovedIf:
    """Return the smallest sets of changes that would get ``facts`` approved by ``charter``.

    Every answer was judged as a whole, on the day the facts name. Where no set of up to
    :data:`MAX_CHANGES` changes approves a rejected case, sets that leave it to people are returned,
    or that need fewer people, and ``note`` says so.
    """
    return _Search(charter, facts).answer()


class _Search:
    def __init__(self, charter: Charter, facts: Facts) -> None:
        self.charter = charter
        self.facts = msgspec.structs.replace(facts, risk=None)
        self.view = view_of(self.facts)
        self.tried = 0
        self.seen: set[frozenset[str]] = set()
        self.found: dict[frozenset[str], tuple[Judgment, tuple[Lever, ...]]] = {}
        self.lesser: dict[frozenset[str], tuple[Judgment, tuple[Lever, ...]]] = {}
        self.levers = list(levers(charter, self.view, tuple(_texts(charter))))

    def answer(self) -> ApprovedIf:
        first = judge(self.charter, self.view)
        if first.outcome in _APPROVED:
            return ApprovedIf(outcome=first.outcome, found=(), note="It is approved already.")
        for most in range(1, MAX_CHANGES + 1):
            self.seen = set()
            self._go((), first, most, first)
            if self.found:
                break
        chosen, note = self.found, ""
        if not self.found:
            chosen, note = self.lesser, self._sorry(first)
        told = sorted(chosen.values(), key=_rank)[:MAX_FOUND]
        return ApprovedIf(
            outcome=first.outcome,
            found=tuple(self._told(judgment, used) for judgment, used in told),
            note=note,
            tried=self.tried,
        )

    def _sorry(self, first: Judgment) -> str:
        """Say that nothing approves it, what no change touches, and what is offered instead."""
        fixed = [
            fired.rule.id
            for fired in first.fired
            if fired.rule.effect in ("reject", "review")
            and not _reads_risk(_asked(fired.rule))
            and not any(_asked(fired.rule) & set(lever.changes) for lever in self.levers)
        ]
        note = f"No set of up to {MAX_CHANGES} changes would get it approved."
        if self.tried >= MAX_JUDGMENTS:
            note = f"None of {self.tried:,} sets of up to {MAX_CHANGES} changes would get it "
            note += "approved; there may be others."
        if fixed:
            note += f" Nothing that could be changed touches the rule {', '.join(fixed)}."
        if self.lesser and first.outcome is Outcome.REJECTED:
            note += " These would leave it to people instead of rejecting it."
        elif self.lesser:
            note += " With these fewer people would have to sign off."
        return note

    def _go(self, used: tuple[Lever, ...], judgment: Judgment, most: int, first: Judgment) -> None:
        if len(used) == most:
            return
        keys = {lever.key for lever in used}
        for lever in self._helpful(judgment, used):
            if lever.key in keys:
                continue
            chosen = (*used, lever)
            name = frozenset(each.do for each in chosen)
            if name in self.seen or any(smaller <= name for smaller in self.found):
                continue
            if self.tried >= MAX_JUDGMENTS:
                return
            self.seen.add(name)
            self.tried += 1
            then = judge(self.charter, self.view.but(_merged(chosen)))
            if then.outcome in _APPROVED:
                self.found[name] = then, chosen
            else:
                if _better(first, then) and not any(
                    smaller <= name
                    and len(self.lesser[smaller][0].sign_offs) <= len(then.sign_offs)
                    for smaller in self.lesser
                ):
                    self.lesser[name] = then, chosen
                self._go(chosen, then, most, first)

    def _helpful(self, judgment: Judgment, used: tuple[Lever, ...]) -> list[Lever]:
        """Return the levers that touch the first thing in the way: a rejection before a review."""
        paths = self._in_the_way(judgment, self.view.but(_merged(used)))
        return [lever for lever in self.levers if paths & set(lever.changes)]

    def _in_the_way(self, judgment: Judgment, view: View) -> set[str]:
        for effect in ("reject", "review"):
            for fired in judgment.fired:
                if fired.rule.effect == effect:
                    asked = _asked(fired.rule)
                    return asked | (self._weighing(view) if _reads_risk(asked) else set())
        # Only people stand in the way: the track of the tier, or no standing approval.
        asked = {p for one in self.charter.standing_approvals for p in compile_rule(one.when).paths}
        return asked | self._weighing(view)

    def _weighing(self, view: View) -> set[str]:
        """Return the facts that add risk now, and those the tiers ask about."""
        paths = {
            path
            for tier in self.charter.risk.tiers
            if tier.when
            for path in compile_rule(tier.when).paths
        }
        for dimension in self.charter.risk.dimensions.values():
            if points_of(dimension, view).points > 0:
                for text in dimension_texts(dimension):
                    paths.update(compile_rule(text).paths)
        return paths

    def _told(self, judgment: Judgment, used: tuple[Lever, ...]) -> Counterfactual:
        """Say what would be decided, from the evaluation that decides everything else, too."""
        facts = _changed(self.facts, _merged(used))
        result = evaluate(self.charter, facts, {}, _day(facts))
        assert result.decision.outcome is judgment.outcome, "judgment and evaluation differ"
        asked = [path for path in _merged(used) if self._matters(path)]
        return Counterfactual(
            outcome=result.decision.outcome,
            tier=result.risk.tier,
            changes=tuple(
                FactChange(
                    do=lever.do,
                    facts={path: _plain(v) for path, v in lever.changes.items() if path in asked},
                    instead_of={p: self.view.get(p) for p in lever.changes if p in asked},
                )
                for lever in used
            ),
            conditions=tuple(condition.text for condition in result.decision.conditions),
            sign_offs=tuple(item.role for item in result.review.sign_offs_required),
        )

    def _matters(self, path: str) -> bool:
        return path in self._read or path == "environment"

    @property
    def _read(self) -> set[str]:
        return {path for text in _texts(self.charter) for path in compile_rule(text).paths}


def _texts(charter: Charter) -> Iterator[str]:
    """Yield every expression of ``charter`` that has a say in the outcome."""
    for rule in charter.rules:
        yield from (text for text in (rule.applies, rule.require) if text)
    yield from (tier.when for tier in charter.risk.tiers if tier.when)
    yield from (approval.when for approval in charter.standing_approvals)
    for dimension in charter.risk.dimensions.values():
        yield from dimension_texts(dimension)


def _asked(rule: Rule) -> set[str]:
    texts = (rule.applies, rule.require)
    return {path for text in texts if text for path in compile_rule(text).paths}


def _better(first: Judgment, then: Judgment) -> bool:
    """Tell whether a case that is still not approved is nearer to it."""
    if then.outcome is not Outcome.REVIEW_REQUIRED:
        return False
    if first.outcome is Outcome.REJECTED:
        return True
    before = {item.role for item in first.sign_offs}
    return {item.role for item in then.sign_offs} < before


def _reads_risk(paths: set[str]) -> bool:
    return any(path.startswith("risk.") for path in paths)


def _merged(used: tuple[Lever, ...]) -> Changes:
    return {path: value for lever in used for path, value in lever.changes.items()}


def _rank(item: tuple[Judgment, tuple[Lever, ...]]) -> tuple[int, int, int]:
    """Sort what is approved by the fewest changes, and what is not by the fewest people."""
    judgment, used = item
    order = (Outcome.APPROVED, Outcome.APPROVED_WITH_CONDITIONS, Outcome.REVIEW_REQUIRED)
    people = 0 if judgment.outcome in _APPROVED else len(judgment.sign_offs)
    return people, len(used), order.index(judgment.outcome)


def _changed(facts: Facts, changes: Changes) -> Facts:
    document = facts_document(facts)
    for path, value in changes.items():
        *parents, name = path.split(".")
        inner = document
        for part in parents:
            inner = inner[part]
        inner[name] = _plain(value)
    return facts_from_document(document)


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def _day(facts: Facts) -> datetime.date:
    return facts.today
