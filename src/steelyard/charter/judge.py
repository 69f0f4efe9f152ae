# SPDX-License-Identifier: Apache-2.0
"""What a charter decides, and nothing about how to say it: the one place that gives rules meaning.

:func:`judge` asks a :class:`Reader` about facts and rules. :mod:`steelyard.charter.evaluate` gives
it one adoption and then explains the judgment to people; :mod:`steelyard.charter.batch` gives it
thousands, with a reader that remembers answers. Whatever changes a decision belongs here, so that
both say the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from msgspec import Struct

from steelyard.charter.schema import Charter, Dimension, Rule, TierRule, TrackRule
from steelyard.kernel.assessment import Effect, Outcome, SignOff, Tier, Track, Tri

EFFECT_ORDER: tuple[Effect, ...] = ("reject", "review", "condition", "warn")
"""Worst first."""


class Reader(Protocol):
    """Facts of one adoption, as rules see them."""

    def get(self, path: str) -> Any:
        """Return the value of a fact, or None when it is not known."""

    def ask(self, text: str) -> Tri:
        """Return what an expression says about the facts."""

    def with_risk(self, score: int, tier: Tier | None = None) -> Reader:
        """Return the same facts with the risk worked out so far."""


class Points(Struct, frozen=True):
    """What one dimension found and what it adds to the score."""

    value: str
    points: int


class TierFound(Struct, frozen=True):
    """The tier, the rule that gave it (None in a damaged charter), what its condition said."""

    tier: Tier
    rule: TierRule | None
    answer: Tri


class Fired(Struct, frozen=True):
    """A rule that is not satisfied, or could not be shown to be."""

    rule: Rule
    applies: Tri
    satisfied: Tri | None


class Judgment(Struct, frozen=True, kw_only=True):
    """Everything a charter decides about one adoption; ``fired`` has the worst effects first."""

    points: tuple[Points, ...]
    """One for each dimension, in their order."""
    score: int
    tier: TierFound
    fired: tuple[Fired, ...]
    track_name: Track
    track: TrackRule
    sign_offs: tuple[SignOff, ...]
    """Asked for by track and rules, also where a rejection makes them pointless."""
    outcome: Outcome


def judge(charter: Charter, reader: Reader) -> Judgment:
    """Return what ``charter`` decides about the facts of ``reader``, which hold no risk yet."""
    points = tuple(points_of(item, reader) for item in charter.risk.dimensions.values())
    score = min(100, sum(item.points for item in points))
    tier = _tier(charter, reader.with_risk(score))
    scored = reader.with_risk(score, tier.tier)
    fired: list[Fired] = []
    for rule in charter.rules:
        applies, satisfied = rule_says(rule, scored)
        if applies != "false" and satisfied != "true":
            fired.append(Fired(rule, applies, satisfied))
    fired.sort(key=lambda item: EFFECT_ORDER.index(item.rule.effect))
    name, track = _track(charter, tier.tier)
    signing = _sign_offs(name, track, [item.rule for item in fired])
    return Judgment(
        points=points,
        score=score,
        tier=tier,
        fired=tuple(fired),
        track_name=name,
        track=track,
        sign_offs=signing,
        outcome=_outcome({item.rule.effect for item in fired}, signing),
    )


def points_of(dimension: Dimension, reader: Reader) -> Points:
    """Return the value of a dimension and its points; what is not known counts its worst."""
    if dimension.when is not None:
        answer = reader.ask(dimension.when)
        points = 0 if answer == "false" else dimension.adds or 0
        return Points(_ANSWERS[answer], points)
    found = reader.get(dimension.of or "")
    if found is None:
        worst = max((*dimension.points.values(), dimension.other or 0), default=0)
        return Points("not known", worst)
    word = str(found).lower() if isinstance(found, bool) else str(found)
    return Points(word, dimension.points.get(word, dimension.other or 0))


_ANSWERS: dict[Tri, str] = {"true": "yes", "false": "no", "unknown": "not known"}


def rule_says(rule: Rule, reader: Reader) -> tuple[Tri, Tri | None]:
    """Return whether a rule applies, and whether it is satisfied (None when it does not apply)."""
    applies: Tri = "true" if rule.applies is None else reader.ask(rule.applies)
    return applies, None if applies == "false" else reader.ask(rule.require)


def _tier(charter: Charter, scored: Reader) -> TierFound:
    for rule in charter.risk.tiers:
        answer: Tri = "true" if rule.when is None else scored.ask(rule.when)
        if answer != "false":
            return TierFound(rule.tier, rule, answer)
    # A charter is refused without a last tier that always matches, so this is a damaged one.
    return TierFound("critical", None, "unknown")


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
