# SPDX-License-Identifier: Apache-2.0
"""Compares how two charters weigh risk: dimension by dimension, and tier by tier in all cases."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from steelyard.charter.diff.changes import Change, Example, Kind, case, direction_of
from steelyard.charter.diff.examples import example_of
from steelyard.charter.diff.rules import LIMIT, drops_with_tier
from steelyard.charter.diff.tracks import Ask, asks_of
from steelyard.charter.durations import is_longer
from steelyard.charter.engine import View, compile_rule
from steelyard.charter.judge import points_of
from steelyard.charter.schema import TIERS, Charter, Dimension, RiskSection, Rule
from steelyard.charter.worlds import Question, World, ask, view_of_world
from steelyard.charter.worlds.ask import Domains, essential
from steelyard.charter.worlds.tiers import dimension_texts, tiers_of

_ABSENT = Dimension(when="false", adds=0)


def compare_risk(old: Charter, new: Charter) -> Iterator[Change]:
    """Yield what changed in the dimensions, and in the tiers that come of them."""
    before, after = old.risk.dimensions, new.risk.dimensions
    for name in dict.fromkeys((*before, *after)):
        if before.get(name) != after.get(name):
            yield _dimension(name, before.get(name), after.get(name))
    if (before, old.risk.tiers) != (after, new.risk.tiers):
        yield from _tiers(old, new)


def _dimension(name: str, old: Dimension | None, new: Dimension | None) -> Change:
    one, other = old or _ABSENT, new or _ABSENT
    questions = _points(one), _points(other)
    answers = ask(*questions, limit=LIMIT)
    looser = example_of(questions[0], questions[1], answers, lambda a, b: b < a, _in_points)
    stricter = example_of(questions[0], questions[1], answers, lambda a, b: b > a, _in_points)
    doubt = answers.doubt if _logic(one) != _logic(other) else ""
    direction = direction_of(looser, stricter, doubt)
    kind: Kind = "added" if old is None else "removed" if new is None else "changed"
    said = {
        "added": f"The dimension {name!r} is new.",
        "removed": f"The dimension {name!r} is gone.",
    }.get(kind, f"The dimension {name!r} gives other points.")
    if direction == "same":
        said = f"The dimension {name!r} has other words and gives the same points."
    return Change(
        section="risk.dimensions", subject=name, kind=kind, direction=direction, says=said,
        old=old, new=new, looser=looser, stricter=stricter, doubt=doubt,
    )  # fmt: skip


def _logic(dimension: Dimension) -> tuple[object, ...]:
    return (dimension.of, dimension.points, dimension.other, dimension.when, dimension.adds)


def _points(dimension: Dimension) -> Question:
    def answer(view: View) -> int:
        return points_of(dimension, view).points

    return Question(dimension_texts(dimension), answer)


def _in_points(points: object) -> str:
    return f"{points} points"


def tier_of(section: RiskSection, view: View) -> str:
    """Return the tier ``section`` gives to facts, as the evaluation does."""
    score = min(
        100, sum(points_of(dimension, view).points for dimension in section.dimensions.values())
    )
    scored = view.with_risk(score)
    for tier in section.tiers:
        if tier.when is None or scored.ask(tier.when) != "false":
            return tier.tier
    return "critical"


def _tiers(old: Charter, new: Charter) -> Iterator[Change]:
    answers = tiers_of(old.risk, new.risk, limit=LIMIT)
    seen: dict[tuple[str, str], World] = {}
    for (one, other), world in answers.rows.items():
        pair = (_name(old.risk, one), _name(new.risk, other))
        seen.setdefault(pair, world)
    moved = {pair: world for pair, world in seen.items() if pair[0] != pair[1]}
    if not moved and answers.doubt:
        yield Change(
            section="risk.tiers", subject="tiers", kind="changed", direction="unclear",
            says="No case was found that changes its tier.", doubt=answers.doubt,
        )  # fmt: skip
    for (one, other), world in sorted(moved.items(), key=lambda item: _order(item[0])):
        yield _moved(old, new, one, other, world)


def _name(section: RiskSection, index: object) -> str:
    assert isinstance(index, int)
    return section.tiers[index].tier if index < len(section.tiers) else "critical"


def _order(pair: tuple[str, str]) -> tuple[int, int]:
    names: list[str] = list(TIERS)
    return (-names.index(pair[0]), names.index(pair[1]))


def _moved(old: Charter, new: Charter, one: str, other: str, world: World) -> Change:
    """Return the change of cases from one tier to another, with what it asks of people."""
    order: list[str] = list(TIERS)
    raised = order.index(other) > order.index(one)
    before, after = asks_of(old, one), asks_of(new, other)
    lost = _lost(before, after) if raised else ""
    fewer = f" The higher tier asks less: {lost}." if lost else ""
    milder = _milder(new.rules) if raised else ""
    facts = _what_matters(old.risk, new.risk, world)
    rest = _harmless(old.risk, new.risk, facts)
    example = Example(
        facts={path: value for path, value in facts.items() if path not in rest},
        old=f"tier {one}{_signing(before)}",
        new=f"tier {other}{_signing(after)}",
        rest=rest,
    )
    easier = not raised or bool(lost or milder)
    return Change(
        section="risk.tiers", subject=f"{one} to {other}", kind="changed",
        direction="looser" if not raised else "mixed" if easier else "stricter",
        says=f"Some cases of the tier {one} are now {other}.{fewer}{milder}",
        old=one, new=other,
        stricter=example if raised else None,
        looser=example if easier else None,
    )  # fmt: skip


def _milder(rules: Sequence[Rule]) -> str:
    """Say which rule a higher tier would loosen, if there is one."""
    for rule in rules:
        world = drops_with_tier(rule)
        if world is not None:
            return f" The rule {rule.id} is milder at a higher tier, for example {case(world)}."
    return ""


def _signing(asks: Ask) -> str:
    return f", signed off by {', '.join(sorted(asks.roles))}" if asks.roles else ", no sign-off"


def _harmless(old: RiskSection, new: RiskSection, world: World) -> World:
    """Return the facts of ``world`` that add no points in either charter and set no tier."""
    conditions = [tier.when for section in (old, new) for tier in section.tiers if tier.when]
    weighing = {path for text in conditions for path in compile_rule(text).paths}
    view = view_of_world(world)
    for section in (old, new):
        for dimension in section.dimensions.values():
            if points_of(dimension, view).points > 0:
                for text in dimension_texts(dimension):
                    weighing.update(compile_rule(text).paths)
    return {path: value for path, value in world.items() if path not in weighing}


def _lost(before: Ask, after: Ask) -> str:
    parts = []
    gone = sorted(before.roles - after.roles)
    if gone:
        parts.append(f"{', '.join(gone)} no longer signs off")
    if after.quorum < before.quorum:
        parts.append(f"the quorum is {after.quorum} instead of {before.quorum}")
    if before.valid and after.valid and is_longer(after.valid, before.valid):
        parts.append(f"an approval lasts {after.valid} instead of {before.valid}")
    return ", ".join(parts)


def _what_matters(old: RiskSection, new: RiskSection, world: World) -> World:
    texts = [
        text
        for section in (old, new)
        for dimension in section.dimensions.values()
        for text in dimension_texts(dimension)
    ]
    texts += [tier.when for section in (old, new) for tier in section.tiers if tier.when]
    values = Domains(texts).values
    facts = {path: value for path, value in world.items() if path != "risk.score"}

    def said(candidate: World) -> tuple[str, str]:
        view = view_of_world(candidate)
        return tier_of(old, view), tier_of(new, view)

    wanted = said(facts)
    return essential(facts, values, lambda other: said(other) == wanted)
