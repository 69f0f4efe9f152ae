# SPDX-License-Identifier: Apache-2.0
"""Compares decision rights place by place: who must agree, where nobody may, and on what terms.

Rights that speak of the same place must all be met, so another row makes it harder there, and a
place that gets its first row is one where something is possible that was not. For the rights that
make things safer (to suspend, to revoke) it is the other way round.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import product

from steelyard.charter.diff.changes import Change, Direction, Example, together
from steelyard.charter.diff.fields import compare_entries, opposite
from steelyard.charter.rights import ANYWHERE, TRACKS, holder_of, matches
from steelyard.charter.schema import TIERS, DecisionRight

Place = tuple[str, str, str]
PROTECTIVE = frozenset({"suspend", "revoke"})


def compare_rights(old: Sequence[DecisionRight], new: Sequence[DecisionRight]) -> Iterator[Change]:
    """Yield what changed in who may do what, and then in the terms of each right."""
    for action in dict.fromkeys(right.action for right in (*old, *new)):
        before = [right for right in old if right.action == action]
        after = [right for right in new if right.action == action]
        if before != after:
            yield from _action(action, before, after)


def _action(
    action: str, old: Sequence[DecisionRight], new: Sequence[DecisionRight]
) -> Iterator[Change]:
    named = dict.fromkeys(place for right in (*old, *new) for place in right.environments)
    told: dict[tuple[frozenset[str], frozenset[str]], list[Place]] = {}
    for place in product((*named, ANYWHERE), TIERS, TRACKS):
        pair = _holders(old, place), _holders(new, place)
        if pair[0] != pair[1]:
            told.setdefault(pair, []).append(place)
    for (before, after), places in told.items():
        direction = _direction(action, bool(old), before, bool(new), after)
        environment, tier, track = places[0]
        example = Example(
            facts={"environment": environment, "risk.tier": tier, "track": track},
            old=_who(action, bool(old), before),
            new=_who(action, bool(new), after),
        )
        more = f" and {len(places) - 1} more places" if len(places) > 1 else ""
        yield Change(
            section="decision_rights", subject=action, kind="changed", direction=direction,
            says=f"To {action} in {environment} at {tier} risk on the {track} track{more}: "
            f"{example.old} before, {example.new} now.",
            old=sorted(before), new=sorted(after),
            looser=example if direction in ("looser", "mixed") else None,
            stricter=example if direction in ("stricter", "mixed") else None,
        )  # fmt: skip
    kept = {_key(right) for right in old} & {_key(right) for right in new}
    for name in sorted(kept):
        ours = tuple(right for right in old if _key(right) == name)
        theirs = tuple(right for right in new if _key(right) == name)
        yield from compare_entries("decision_rights", ours, theirs)


def _key(right: DecisionRight) -> str:
    return f"{right.action} {holder_of(right)}"


def _holders(rights: Sequence[DecisionRight], place: Place) -> frozenset[str]:
    return frozenset(holder_of(right) for right in rights if matches(right, *place))


def _who(action: str, given: bool, holders: frozenset[str]) -> str:
    if holders:
        return " and ".join(sorted(holders))
    if given:
        return "nobody"
    return "whom the track asks" if action == "approve" else "anybody (no right is given)"


def _direction(
    action: str, was_given: bool, before: frozenset[str], is_given: bool, after: frozenset[str]
) -> Direction:
    """Return the direction for one place; nobody is hardest, no rights at all is easiest."""
    found: list[Direction] = []
    if not was_given or not is_given:
        found.append("stricter" if is_given else "looser")
    elif not before or not after:
        found.append("looser" if not before else "stricter")
    else:
        found += ["looser"] if before - after else []
        found += ["stricter"] if after - before else []
    direction = together(found)
    return opposite(direction) if action in PROTECTIVE else direction
