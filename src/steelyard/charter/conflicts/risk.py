# SPDX-License-Identifier: Apache-2.0
"""Tiers that never occur, tracks nobody takes, and a higher risk that asks for less."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from steelyard.charter.conflicts.findings import Budget, Conflict, Places
from steelyard.charter.diff.changes import case
from steelyard.charter.diff.rules import drops_with_tier
from steelyard.charter.diff.tracks import asks_of
from steelyard.charter.durations import is_longer
from steelyard.charter.engine import View
from steelyard.charter.judge import points_of
from steelyard.charter.schema import TIERS, Charter, Dimension
from steelyard.charter.worlds import Question, ask, implies, never_true
from steelyard.charter.worlds.tiers import dimension_texts, tiers_of

LIMIT = 4_000


def find_risk(charter: Charter, places: Places, budget: Budget) -> Iterator[Conflict]:
    """Yield what is wrong with how risk is worked out and what follows from it."""
    yield from _dimensions(charter, places, budget)
    reached = _reached(charter, budget)
    if reached is not None:
        yield from _tiers(charter, places, reached)
        yield from _idle_tracks(charter, places, reached)
    yield from _less_for_more(charter, places)
    yield from _milder_rules(charter, places, budget)


def _reached(charter: Charter, budget: Budget) -> set[int] | None:
    """Return the indices of the tier rules that decide some case, if that could be told."""
    if not budget.allows("which tiers can occur"):
        return None
    answers = tiers_of(charter.risk, limit=LIMIT)
    budget.spend(answers.tried)
    if not answers.complete:
        budget.unchecked.append(f"which tiers can occur ({answers.doubt})")
        return None
    return {index for (index,) in answers.rows}


def _dimensions(charter: Charter, places: Places, budget: Budget) -> Iterator[Conflict]:
    for name, dimension in charter.risk.dimensions.items():
        if name not in places.written.risk.dimensions or not budget.allows(f"dimension {name}"):
            continue
        answers = ask(_points(dimension), limit=LIMIT)
        budget.spend(answers.tried)
        points = {row[0] for row in answers.rows}
        if not answers.complete or len(points) > 1:
            continue
        (only,) = points
        yield Conflict(
            code="risk.dimension-idle", severity="warning", path=("risk", "dimensions", name),
            message=f"The dimension {name!r} adds {only} points in every case, so it tells no "
            "model from another.",
            next_step="Correct its condition or its points, or take it out.",
        )  # fmt: skip


def _points(dimension: Dimension) -> Question:
    def answer(view: View) -> int:
        return points_of(dimension, view).points

    return Question(dimension_texts(dimension), answer)


def _tiers(charter: Charter, places: Places, reached: set[int]) -> Iterator[Conflict]:
    written = list(places.written.risk.tiers)
    for index, rule in enumerate(charter.risk.tiers):
        if index in reached or rule not in written:
            continue
        path = ("risk", "tiers", written.index(rule), *(("when",) if rule.when else ()))
        if rule.when is not None and never_true(rule.when, limit=LIMIT).holds:
            why, other = "its condition is never true", None
        else:
            earlier = next(
                (
                    item
                    for item in charter.risk.tiers[:index]
                    if item.when and rule.when and implies(rule.when, item.when).holds
                ),
                None,
            )
            if earlier is None:
                why, other = "no score or case gets as far as this line", None
            else:
                known = earlier in written
                other = ("risk", "tiers", written.index(earlier)) if known else None
                why = f"the tier {earlier.tier} above takes every such case"
                why += " ({other})" if known else ""
        yield Conflict(
            code="risk.tier-unreachable", severity="warning", path=path, other=other,
            message=f"This line gives nobody the tier {rule.tier}: {why}.",
            next_step="Correct the condition, or the points, or take the line out.",
        )  # fmt: skip


def _idle_tracks(charter: Charter, places: Places, reached: set[int]) -> Iterator[Conflict]:
    occurring = {charter.risk.tiers[i].tier for i in reached if i < len(charter.risk.tiers)}
    for name, track in charter.tracks.items():
        if name in places.written.tracks and track.tiers and not occurring & set(track.tiers):
            tiers = ", ".join(track.tiers)
            yield Conflict(
                code="track.never-taken", severity="warning", path=("tracks", name),
                message=f"The track {name!r} is never taken: no case has the tier {tiers}.",
                next_step="Correct the tiers or the points under `risk`.",
            )  # fmt: skip


def _less_for_more(charter: Charter, places: Places) -> Iterator[Conflict]:
    """Yield tracks that ask less of people than the track of a lower tier."""
    for low, high in pairwise(TIERS):
        one, other = asks_of(charter, low), asks_of(charter, high)
        if one.track == other.track or other.track not in places.written.tracks:
            continue
        said = []
        gone = sorted(one.roles - other.roles)
        if gone:
            said.append(f"{', '.join(gone)} no longer signs off")
        if one.valid and other.valid and is_longer(other.valid, one.valid):
            said.append(f"an approval lasts {other.valid} instead of {one.valid}")
        if said:
            known = one.track in places.written.tracks
            where = " ({other})" if known else ""
            yield Conflict(
                code="track.asks-less", severity="warning", path=("tracks", other.track),
                other=("tracks", one.track) if known else None,
                message=f"The tier {high} asks less of people than {low}{where}: "
                f"{', '.join(said)}.",
                next_step="Let the track of the higher tier ask for the same at least.",
            )  # fmt: skip


def _milder_rules(charter: Charter, places: Places, budget: Budget) -> Iterator[Conflict]:
    for rule in charter.rules:
        path = places.of_rule(rule, "applies" if rule.applies else "require")
        if path is None or not budget.allows(f"{rule.id} at other tiers"):
            continue
        world = drops_with_tier(rule)
        if world is not None:
            yield Conflict(
                code="rule.milder-at-higher-tier", severity="warning", path=path, example=world,
                message=f"The rule {rule.id!r} is harder on a lower tier than on a higher one, "
                f"for example {case(world)}.",
                next_step="Let it hold for the higher tiers as well.",
            )  # fmt: skip
