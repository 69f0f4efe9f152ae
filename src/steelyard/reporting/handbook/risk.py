# SPDX-License-Identifier: Apache-2.0
"""How risk is worked out, as entries of the handbook."""

from __future__ import annotations

from typing import NamedTuple

from steelyard.charter.fact_words import noun_of
from steelyard.charter.schema import TIERS, Charter, Dimension
from steelyard.reporting.handbook.entries import DimensionEntry, Point, TierEntry
from steelyard.reporting.handbook.policy import consequence_words
from steelyard.reporting.handbook.wording import (
    condition_of,
    plain_name,
    sentence_case,
    series,
)


def dimension_entries(charter: Charter) -> tuple[DimensionEntry, ...]:
    """Return the contributions to the score, the largest first."""
    dimensions = charter.risk.dimensions
    highest = max((_most(one) for one in dimensions.values()), default=0) or 1
    entries = [_dimension(name, one, highest) for name, one in dimensions.items()]
    return tuple(sorted(entries, key=lambda entry: (-entry.most, entry.title)))


def _most(dimension: Dimension) -> int:
    return max([*dimension.points.values(), dimension.other or 0, dimension.adds or 0])


def _dimension(name: str, dimension: Dimension, highest: int) -> DimensionEntry:
    def point(value: str, points: int) -> Point:
        length = round(100 * points / highest, 2)
        meaning = dimension.scale.get(value, "")
        return Point(value=value, points=points, length=length, meaning=meaning)

    noun = noun_of(dimension.of) if dimension.of else None
    points = [point(value, count) for value, count in dimension.points.items()]
    if dimension.other is not None:
        points.append(point("anything else", dimension.other))
    if dimension.when is not None and dimension.adds is not None:
        points.append(point("when it holds", dimension.adds))
    return DimensionEntry(
        name=name,
        title=sentence_case(noun.text.removeprefix("the ")) if noun else plain_name(name),
        why=dimension.why,
        about=plain_name(dimension.about) if dimension.about else "",
        when=condition_of(dimension.when),
        points=tuple(sorted(points, key=lambda one: one.points)),
        most=_most(dimension),
    )


def tier_entries(charter: Charter) -> tuple[TierEntry, ...]:
    """Return the tiers from worst to best, with every way to reach them and what follows."""
    tracks = {tier: name for name, track in charter.tracks.items() for tier in track.tiers}
    entries = []
    for tier in reversed(TIERS):
        reasons = []
        for rule in charter.risk.tiers:
            if rule.tier != tier:
                continue
            said = condition_of(rule.when)
            words = "everything else" if said is None else said.words
            reasons.append(f"{sentence_case(words)}.{f' {rule.why}' if rule.why else ''}")
        entries.append(
            TierEntry(tier=tier, reasons=tuple(reasons), track=str(tracks.get(tier, "")))
        )
    return tuple(entries)


class ToleranceRow(NamedTuple):
    """The worst tier that is accepted somewhere."""

    where: str
    accepts: str
    otherwise: str
    why: str


def tolerance_rows(charter: Charter) -> list[ToleranceRow]:
    """Return how much risk is tolerated in which environment."""
    return [
        ToleranceRow(
            where=_where(item.environments, item.when),
            accepts=item.accepts,
            otherwise=consequence_words(charter, item.otherwise),
            why=item.why,
        )
        for item in charter.risk.tolerance
    ]


def _where(environments: tuple[str, ...], when: str | None) -> str:
    place = series(environments, "or") if environments else "everywhere"
    said = condition_of(when)
    return f"{place}, when {said.words}" if said else place
