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

from steelyard.charter.rights import holder_of, matches
from steelyard.charter.schema import (
    Charter,
    DecisionRight,
    Dimension,
    Rule,
    StandingApproval,
    Step,
    TierRule,
    TrackRule,
)
from steelyard.charter.sections.flow import in_phase
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

    def points(self, dimensions: Sequence[Dimension]) -> tuple[Points, ...]:
        """Return :func:`points_of` each dimension, in their order."""

    def fired(self, rules: Sequence[Rule]) -> list[Fired]:
        """Return what :func:`fired_of` says about each rule, without those that did not fire."""


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
    effect: Effect
    reviewers: tuple[str, ...]
    """Roles it asks for; none unless its effect is review."""

    @property
    def unknown(self) -> bool:
        """Whether a fact it needs is not known."""
        return self.applies == "unknown" or self.satisfied == "unknown"


class Place(Struct, frozen=True, kw_only=True):
    """Where in the charter an adoption stands: its track, and who may decide there."""

    name: Track
    track: TrackRule
    steps: tuple[Step, ...]
    rights: tuple[DecisionRight, ...]
    standing: StandingApproval | None
    uncovered: bool
    """The charter lists what passes without a person, and this is not in the list."""
    nobody: bool
    """The charter gives rights to approve, and nobody here has one."""


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
    """Asked for by track, rules and rights, also where a rejection makes them pointless."""
    quorum: int
    """How many of them are enough."""
    steps: tuple[Step, ...]
    """Steps of the track that are not left out, in order."""
    rights: tuple[DecisionRight, ...]
    """Rights to approve that speak of this place; all must be met."""
    standing: StandingApproval | None
    """The standing approval that decides, where no person does and the charter lists any."""
    outcome: Outcome
    place: Place


def judge(charter: Charter, reader: Reader) -> Judgment:
    """Return what ``charter`` decides about the facts of ``reader``, which hold no risk yet."""
    points = reader.points(tuple(charter.risk.dimensions.values()))
    score = min(100, sum([item.points for item in points]))
    tier = _tier(charter, reader.with_risk(score))
    scored = reader.with_risk(score, tier.tier)
    place = _place(charter, scored, tier.tier)
    fired = scored.fired(charter.rules)
    fired += [_fired(rule, "true", "false") for rule in built_in(charter, reader, place)]
    fired.sort(key=_badness)
    signing, standing, outcome = _conclusion(place, fired)
    return Judgment(
        points=points,
        score=score,
        tier=tier,
        fired=tuple(fired),
        track_name=place.name,
        track=place.track,
        sign_offs=signing,
        quorum=_quorum(place, signing),
        steps=place.steps,
        rights=place.rights,
        standing=standing,
        outcome=outcome,
        place=place,
    )


def outcome_without(judgment: Judgment, rule: str) -> Outcome:
    """Return what the outcome would be if one rule had not fired."""
    others = [item for item in judgment.fired if item.rule.id != rule]
    enough = _ENOUGH.get(judgment.outcome)
    if any(item.effect == enough for item in others):
        return judgment.outcome
    return _conclusion(judgment.place, others)[2]


_ENOUGH: dict[Outcome, Effect] = {
    Outcome.REJECTED: "reject",
    Outcome.REVIEW_REQUIRED: "review",
}
"""An effect that by itself makes the outcome at least as bad."""


def _badness(item: Fired) -> int:
    return EFFECT_ORDER.index(item.effect)


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


def fired_of(rule: Rule, reader: Reader) -> Fired | None:
    """Return a rule that applies and is not satisfied, or may be so; None when it is not so."""
    applies, satisfied = rule_says(rule, reader)
    if applies == "false" or satisfied == "true":
        return None
    return _fired(rule, applies, satisfied)


def _fired(rule: Rule, applies: Tri, satisfied: Tri | None) -> Fired:
    effect = rule.effect
    return Fired(rule, applies, satisfied, effect, rule.reviewers if effect == "review" else ())


def _tier(charter: Charter, scored: Reader) -> TierFound:
    for rule in charter.risk.tiers:
        answer: Tri = "true" if rule.when is None else scored.ask(rule.when)
        if answer != "false":
            return TierFound(rule.tier, rule, answer)
    # A charter is refused without a last tier that always matches, so this is a damaged one.
    return TierFound("critical", None, "unknown")


def _place(charter: Charter, reader: Reader, tier: Tier) -> Place:
    name, track = _track(charter, tier)
    environment = str(reader.get("environment") or "")
    given = [right for right in charter.decision_rights if right.action == "approve"]
    here = tuple(right for right in given if matches(right, environment, tier, name))
    standing = None
    alone = track.decided_by == "standing-approval"
    if alone:
        found = (one for one in charter.standing_approvals if reader.ask(one.when) == "true")
        standing = next(found, None)
    return Place(
        name=name,
        track=track,
        steps=tuple(
            step for step in track.steps if step.when is None or reader.ask(step.when) != "false"
        ),
        rights=here,
        standing=standing,
        uncovered=alone and bool(charter.standing_approvals) and standing is None,
        nobody=bool(given) and not here,
    )


def _track(charter: Charter, tier: Tier) -> tuple[Track, TrackRule]:
    for name, track in charter.tracks.items():
        if tier in track.tiers:
            return name, track
    return "deep", TrackRule(tiers=(tier,), decided_by="sign-offs", sign_offs=("risk",))


def built_in(charter: Charter, reader: Reader, place: Place) -> list[Rule]:
    """Return the rules no charter writes down and that are broken here: of force and of rights."""
    found = []
    today = str(reader.get("today") or "")
    end = charter.until.isoformat() if charter.until else ""
    if not today or today < charter.effective.isoformat() or (end and today > end):
        until = f" until {end}" if end else ""
        found.append(
            Rule(
                id="charter.in-force",
                why=f"The charter {charter.name} {charter.version} is in force from "
                f"{charter.effective.isoformat()}{until}; it decides nothing today.",
                require=f"today >= '{charter.effective.isoformat()}'"
                + (f" && today <= '{end}'" if end else ""),
                otherwise="review(charter-owner)",
                remedy="Use the charter that is in force, or wait.",
            )
        )
    if place.nobody and place.track.decided_by == "sign-offs":
        found.append(
            Rule(
                id="charter.right-to-approve",
                why="The charter gives nobody the right to approve this here.",
                require="false",
                otherwise="review(charter-owner)",
                remedy="Ask for another environment, or for the charter to give the right.",
            )
        )
    return found


def _sign_offs(place: Place, fired: Sequence[Fired]) -> tuple[SignOff, ...]:
    asked = [(role, f"track {place.name}") for role in place.track.sign_offs]
    for step in place.steps:
        members = (*step.sign_offs, *((step.committee,) if step.committee else ()))
        asked += [(role, f"track {place.name}, step {step.name}") for role in members]
    holders = dict.fromkeys(name for right in place.rights if (name := holder_of(right)))
    if place.uncovered:
        asked += [(role, "no standing approval covers this") for role in holders or ["model-owner"]]
    for item in fired:
        asked += [(role, f"rule {item.rule.id}") for role in item.reviewers]
    if asked:  # rights bind people; what a standing approval decides was decided by the charter
        asked += [(role, "right to approve") for role in holders]
    whys: dict[str, list[str]] = {}
    for role, why in asked:
        whys.setdefault(role, []).append(why)
    return tuple(SignOff(role=role, why=", ".join(why)) for role, why in whys.items())


def _quorum(place: Place, sign_offs: Sequence[SignOff]) -> int:
    """Return how many sign-offs are enough: the track's quorums, and everybody else who is asked.

    Only the track's own lists have a quorum; a role that a rule or a right asks for is needed.
    """
    track = place.track
    needed = track.quorum or len(track.sign_offs)
    listed = set(track.sign_offs)
    for step in place.steps:
        new = [role for role in step.sign_offs if role not in listed]
        # A role that signs off in an earlier step is one person's yes the fewer.
        spared = len(step.sign_offs) - len(new)
        needed += max(0, (step.quorum or len(step.sign_offs)) - spared)
        listed.update(new)
        if step.committee is not None and step.committee not in listed:
            needed += 1
            listed.add(step.committee)
    needed += sum(sign_off.role not in listed for sign_off in sign_offs)
    return min(len(sign_offs), needed)


def lasts_of(charter: Charter, judgment: Judgment, scored: Reader) -> tuple[str, ...]:
    """Return the lengths of time an approval may last; the shortest counts."""
    standing = judgment.standing
    lengths = [judgment.track.valid, standing.valid if standing else None]
    lengths += [
        phase.longest
        for phase in charter.release
        if phase.longest and scored.ask(in_phase(phase, charter.release)) != "false"
    ]
    return tuple(length for length in lengths if length is not None)


def _conclusion(
    place: Place, fired: Sequence[Fired]
) -> tuple[tuple[SignOff, ...], StandingApproval | None, Outcome]:
    """Return who must sign off, the standing approval that decides otherwise, and the outcome."""
    signing = _sign_offs(place, fired)
    standing = None if signing else place.standing
    effects = {item.effect for item in fired}
    if "reject" in effects:
        return signing, standing, Outcome.REJECTED
    if "review" in effects or signing:
        return signing, standing, Outcome.REVIEW_REQUIRED
    if "condition" in effects or (standing is not None and standing.conditions):
        return signing, standing, Outcome.APPROVED_WITH_CONDITIONS
    return signing, standing, Outcome.APPROVED
