# SPDX-License-Identifier: Apache-2.0
"""What a replay counts. Tallies of parts of a portfolio add up (:func:`add_tally`)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from msgspec import Struct, field

from steelyard.kernel.assessment import Effect, Outcome, Tier

Direction = Literal["stricter", "looser", "same"]
RuleStatus = Literal["new", "changed", "removed", "unchanged", "not-compared"]
"""``not-compared``: only the recorded decisions are known, not the charter that made them."""

STRICTNESS = (
    Outcome.APPROVED,
    Outcome.APPROVED_WITH_CONDITIONS,
    Outcome.REVIEW_REQUIRED,
    Outcome.REJECTED,
)
"""Outcomes, mildest first."""
MAX_TEAMS = 2000
"""Teams counted by name; those that appear later are counted together."""
OTHER_TEAMS = "(other teams)"
MAX_RULES = 5000
"""Rules counted by name; a charter holds far fewer, but records may name any."""


class RuleChange(Struct, frozen=True, kw_only=True):
    """How one rule's part in one decision changed, and the rule's own reason."""

    rule: str
    change: Literal["fires", "fires-unknown", "no-longer-fires", "other-effect"]
    effect: Effect
    why: str = ""


class Change(Struct, frozen=True, kw_only=True):
    """One assessment that would be decided otherwise."""

    where: str
    """Line of the file, or path of the document."""
    subject: str
    purl: str
    use_case: str
    team: str
    day: str
    direction: Direction
    """``same``: the outcome stays; tier or sign-offs change."""
    old: Outcome
    new: Outcome
    old_tier: Tier
    new_tier: Tier
    old_score: int
    new_score: int
    old_track: str
    """Empty where it is not recorded."""
    new_track: str
    old_sign_offs: tuple[str, ...]
    new_sign_offs: tuple[str, ...]
    rules: tuple[RuleChange, ...]


class Unjudged(Struct, frozen=True):
    """A line that could not be judged, and why."""

    where: str
    message: str


class Moves(Struct, kw_only=True):
    """Decisions of one tier or team: all, and those that would change."""

    judged: int = 0
    stricter: int = 0
    looser: int = 0
    same: int = 0


class RuleCount(Struct, kw_only=True):
    """How often one rule fires, and for how many decisions it alone makes the difference."""

    status: RuleStatus
    old_effect: Effect | None = None
    new_effect: Effect | None = None
    fired_before: int = 0
    fires: int = 0
    unknown: int = 0
    """How many of those because a fact is not known."""
    rejects: int = 0
    sends_to_review: int = 0
    alone: int = 0
    """How many outcomes would be milder without this rule."""
    alone_before: int = 0


class SignOffLoad(Struct, kw_only=True):
    """Decisions that wait for a role, before and after."""

    before: int = 0
    after: int = 0


class Tally(Struct, kw_only=True):
    """What a replay counted."""

    read: int = 0
    judged: int = 0
    outside: int = 0
    """Assessed before or after the days asked for."""
    unjudged: int = 0
    stricter: int = 0
    looser: int = 0
    same: int = 0
    """Outcome unchanged, tier or sign-offs changed."""
    rewritten: int = 0
    """Records whose decision does not follow from their own facts and the charter they name."""
    outcomes: dict[str, dict[str, int]] = field(default_factory=dict)
    """Counts by old, then new outcome."""
    tier_moves: dict[str, dict[str, int]] = field(default_factory=dict)
    """Counts by old, then new tier."""
    tiers: dict[str, Moves] = field(default_factory=dict)
    """By the tier before."""
    teams: dict[str, Moves] = field(default_factory=dict)
    rules: dict[str, RuleCount] = field(default_factory=dict)
    sign_offs: dict[str, SignOffLoad] = field(default_factory=dict)
    unjudged_lines: list[Unjudged] = field(default_factory=list)
    rewritten_lines: list[str] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)
    """The first of each direction; all of them go to the caller of the replay."""


def first_changes(changes: Iterable[Change], most: int) -> list[Change]:
    """Return the first ``most`` changes of each direction, in their order."""
    left = dict.fromkeys(("stricter", "looser", "same"), most)
    kept = []
    for change in changes:
        if left[change.direction] > 0:
            left[change.direction] -= 1
            kept.append(change)
    return kept


def add_tally(total: Tally, part: Tally, keep: int) -> None:
    """Add the counts of a part, which came after what ``total`` has seen so far."""
    for name in ("read", "judged", "outside", "unjudged", "stricter", "looser", "same",
                 "rewritten"):  # fmt: skip
        setattr(total, name, getattr(total, name) + getattr(part, name))
    for mine, theirs in ((total.outcomes, part.outcomes), (total.tier_moves, part.tier_moves)):
        for old, row in theirs.items():
            for new, count in row.items():
                add_move(mine, old, new, count)
    for tier, moves in part.tiers.items():
        _add_fields(total.tiers.setdefault(tier, Moves()), moves)
    for team, moves in part.teams.items():
        _add_fields(team_moves(total, team), moves)
    for rule, counted in part.rules.items():
        blank = RuleCount(
            status=counted.status, old_effect=counted.old_effect, new_effect=counted.new_effect
        )
        _add_fields(total.rules.setdefault(rule, blank), counted)
    for role, load in part.sign_offs.items():
        _add_fields(total.sign_offs.setdefault(role, SignOffLoad()), load)
    total.unjudged_lines += part.unjudged_lines[: keep - len(total.unjudged_lines)]
    total.rewritten_lines += part.rewritten_lines[: keep - len(total.rewritten_lines)]
    total.changes = first_changes((*total.changes, *part.changes), keep)


def add_move(rows: dict[str, dict[str, int]], old: str, new: str, count: int = 1) -> None:
    """Count a decision that went from ``old`` to ``new``."""
    row = rows.setdefault(old, {})
    row[new] = row.get(new, 0) + count


def team_moves(tally: Tally, team: str) -> Moves:
    """Return the counts of a team; teams beyond :data:`MAX_TEAMS` share one."""
    found = tally.teams.get(team)
    if found is None:
        name = team if len(tally.teams) < MAX_TEAMS else OTHER_TEAMS
        found = tally.teams.setdefault(name, Moves())
    return found


def _add_fields(total: Struct, part: Struct) -> None:
    for name in part.__struct_fields__:
        value = getattr(part, name)
        if type(value) is int:
            setattr(total, name, getattr(total, name) + value)
