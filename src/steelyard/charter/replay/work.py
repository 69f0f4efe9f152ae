# SPDX-License-Identifier: Apache-2.0
"""Judges records by two charters, or by one against what was recorded, and counts."""

from __future__ import annotations

import datetime
from collections.abc import Iterable

from msgspec import Struct
from msgspec.structs import replace

from steelyard.charter.batch import Asker, Batch, Decided
from steelyard.charter.judge import Judgment, outcome_without
from steelyard.charter.replay.record import Record, read_record
from steelyard.charter.replay.tally import (
    MAX_RULES,
    STRICTNESS,
    Change,
    Direction,
    Moves,
    RuleChange,
    RuleCount,
    RuleStatus,
    SignOffLoad,
    Tally,
    Unjudged,
    add_move,
    first_changes,
    team_moves,
)
from steelyard.charter.schema import Charter, Rule
from steelyard.kernel.assessment import Effect
from steelyard.kernel.errors import InputError


class Span(Struct, frozen=True, kw_only=True):
    """The days whose assessments are replayed, both included."""

    since: datetime.date | None = None
    until: datetime.date | None = None

    def holds(self, day: datetime.date) -> bool:
        """Return whether ``day`` is one of them."""
        early = self.since is not None and day < self.since
        return not early and (self.until is None or day <= self.until)


def rule_statuses(old: Charter | None, new: Charter) -> dict[str, RuleStatus]:
    """Return what became of each rule."""
    if old is None:
        return dict.fromkeys((rule.id for rule in new.rules), "not-compared")
    before = {rule.id: rule for rule in old.rules}
    found: dict[str, RuleStatus] = {}
    for rule in new.rules:
        if rule.id not in before:
            found[rule.id] = "new"
        else:
            found[rule.id] = "unchanged" if _same(before[rule.id], rule) else "changed"
    found.update((name, "removed") for name in before if name not in found)
    return found


def _same(one: Rule, other: Rule) -> bool:
    """Return whether two rules decide alike, whatever their words."""
    mine = (one.applies, one.require, one.otherwise)
    return mine == (other.applies, other.require, other.otherwise)


def _always(charter: Charter) -> Charter:
    """Return a charter as if it were in force on any day: a draft is tried out on the past."""
    return replace(charter, effective=datetime.date.min, until=None)


class Replay:
    """Compares what ``new`` decides with what ``old`` decides, or (None) with what was recorded.

    Both are asked as if they were in force on the day of each assessment.

    ``sha256`` is the old charter's digest: a record that names it must come out as it says.
    """

    def __init__(
        self, old: Charter | None, new: Charter, *, sha256: str = "", span: Span | None = None
    ) -> None:
        asker = Asker()
        self._old = Batch(_always(old), asker) if old is not None else None
        self._new = Batch(_always(new), asker)
        self._force = Span(since=old.effective, until=old.until) if old is not None else Span()
        self._sha256 = sha256
        self._span = span or Span()
        before = {rule.id: rule for rule in old.rules} if old is not None else {}
        after = {rule.id: rule for rule in new.rules}
        self._whys = {rule.id: rule.why for rule in (*before.values(), *after.values())}
        self._effects: dict[str, tuple[Effect | None, Effect | None]] = {
            name: (
                before[name].effect if name in before else None,
                after[name].effect if name in after else None,
            )
            for name in self._whys
        }
        self._statuses = rule_statuses(old, new)

    def work(
        self, records: Iterable[tuple[str, bytes | str]], *, keep: int
    ) -> tuple[Tally, list[Change]]:
        """Judge ``records``: where each stands, and its JSON or why there is none.

        Returns the counts, and every change.

        The tally keeps the first ``keep`` changes of a direction, and as many unjudged lines.
        """
        tally = Tally(rules={name: self._blank(name) for name in self._statuses})
        changes: list[Change] = []
        for where, document in records:
            tally.read += 1
            try:
                change = self._one(where, document, tally)
            except InputError as error:
                tally.unjudged += 1
                if len(tally.unjudged_lines) < keep:
                    tally.unjudged_lines.append(Unjudged(where, error.message))
                continue
            if change is not None:
                changes.append(change)
        tally.changes = first_changes(changes, keep)
        del tally.rewritten_lines[keep:]
        return tally, changes

    def _blank(self, rule: str) -> RuleCount:
        old, new = self._effects[rule]
        return RuleCount(status=self._statuses[rule], old_effect=old, new_effect=new)

    def _one(self, where: str, document: bytes | str, tally: Tally) -> Change | None:
        if isinstance(document, str):
            raise InputError(document, code="recorded.invalid")
        record = read_record(document)
        if not self._span.holds(record.day):
            tally.outside += 1
            return None
        if self._old is None:
            before = record.decided()
        else:
            judged = self._old.judge(record.facts)
            before = self._old.decided(judged)
            for name in _alone(judged):
                tally.rules[name].alone_before += 1
            if self._force.holds(record.facts.today) and (_rewritten(record, before, self._sha256)):
                tally.rewritten += 1
                tally.rewritten_lines.append(where)
        judgment = self._new.judge(record.facts)
        after = self._new.decided(judgment)
        for name in _alone(judgment):
            tally.rules[name].alone += 1
        direction = _direction(before, after)
        _count(tally, record.team, before, after, direction)
        return None if direction is None else self._change(where, record, before, after, direction)

    def _change(
        self, where: str, record: Record, before: Decided, after: Decided, direction: Direction
    ) -> Change:
        return Change(
            where=where,
            subject=record.subject.name,
            purl=record.subject.purl,
            use_case=record.use_case.name,
            team=record.team,
            day=record.day.isoformat(),
            direction=direction,
            old=before.outcome,
            new=after.outcome,
            old_tier=before.tier,
            new_tier=after.tier,
            old_score=before.score,
            new_score=after.score,
            old_track=before.track,
            new_track=after.track,
            old_sign_offs=before.sign_offs,
            new_sign_offs=after.sign_offs,
            rules=tuple(self._rule_changes(before, after)),
        )

    def _rule_changes(self, before: Decided, after: Decided) -> Iterable[RuleChange]:
        """Yield the rules that came out otherwise; warnings decide nothing and are left out."""
        was = {item.rule: item for item in before.fired}
        now = {item.rule: item for item in after.fired}
        for name in dict.fromkeys((*now, *was)):
            one, other = was.get(name), now.get(name)
            why = self._whys.get(name, "")
            if other is None and one is not None and one.effect != "warn":
                yield RuleChange(rule=name, change="no-longer-fires", effect=one.effect, why=why)
            elif one is None and other is not None and other.effect != "warn":
                yield RuleChange(
                    rule=name,
                    change="fires-unknown" if other.unknown else "fires",
                    effect=other.effect,
                    why=why,
                )
            elif one is not None and other is not None and one.effect != other.effect:
                yield RuleChange(rule=name, change="other-effect", effect=other.effect, why=why)


def _alone(judgment: Judgment) -> Iterable[str]:
    """Yield the rules without which the outcome would be another."""
    for item in judgment.fired:
        if item.effect != "warn" and (outcome_without(judgment, item.rule.id) != judgment.outcome):
            yield item.rule.id


def _rewritten(record: Record, before: Decided, sha256: str) -> bool:
    """Return whether a record names the old charter and yet says something else was decided."""
    named = record.charter is not None and record.charter.sha256 == sha256 != ""
    return named and record.decision is not None and record.decision.outcome != before.outcome


def _direction(before: Decided, after: Decided) -> Direction | None:
    was, now = STRICTNESS.index(before.outcome), STRICTNESS.index(after.outcome)
    if was != now:
        return "stricter" if now > was else "looser"
    review = (before.tier, set(before.sign_offs)) != (after.tier, set(after.sign_offs))
    return "same" if review else None


def _count(
    tally: Tally, team: str, before: Decided, after: Decided, direction: Direction | None
) -> None:
    tally.judged += 1
    add_move(tally.outcomes, before.outcome.value, after.outcome.value)
    add_move(tally.tier_moves, before.tier, after.tier)
    for moves in (tally.tiers.setdefault(before.tier, Moves()), team_moves(tally, team)):
        moves.judged += 1
        if direction is not None:
            setattr(moves, direction, getattr(moves, direction) + 1)
    if direction is not None:
        setattr(tally, direction, getattr(tally, direction) + 1)
    for item in before.fired:
        known = tally.rules.get(item.rule)
        if known is None and len(tally.rules) < MAX_RULES:
            known = RuleCount(status="not-compared", old_effect=item.effect)
            tally.rules[item.rule] = known
        if known is not None:
            known.fired_before += 1
    for item in after.fired:
        count = tally.rules[item.rule]
        count.fires += 1
        count.unknown += item.unknown
        count.rejects += item.effect == "reject"
        count.sends_to_review += item.effect == "review"
    for role in before.sign_offs:
        tally.sign_offs.setdefault(role, SignOffLoad()).before += 1
    for role in after.sign_offs:
        tally.sign_offs.setdefault(role, SignOffLoad()).after += 1
