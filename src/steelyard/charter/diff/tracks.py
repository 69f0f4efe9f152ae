# SPDX-License-Identifier: Apache-2.0
"""Compares who decides: the tracks tier by tier, and what passes without a person."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec
from msgspec import Struct

from steelyard.charter.diff.changes import Change, Direction, direction_of, shown
from steelyard.charter.diff.examples import example_of
from steelyard.charter.diff.fields import compare_entries, more, shorter
from steelyard.charter.diff.rules import LIMIT
from steelyard.charter.engine import View
from steelyard.charter.overlay.tracks import named_roles
from steelyard.charter.schema import TIERS, Charter, StandingApproval, Step, TrackRule
from steelyard.charter.worlds import Question, ask


class Ask(Struct, frozen=True, kw_only=True):
    """What a tier asks of people. ``roles`` sign off in any case; ``track`` names it."""

    track: str
    roles: frozenset[str]
    quorum: int
    within: str
    valid: str
    escalate: tuple[str, ...]
    steps: tuple[Step, ...] = ()
    more: tuple[tuple[str, Any], ...] = ()
    """Fields of the track that are not among the others."""


_OWN = frozenset(
    {"tiers", "decided_by", "sign_offs", "quorum", "within", "valid", "escalate", "steps"}
)


def asks_of(charter: Charter, tier: str) -> Ask:
    """Return what ``charter`` asks for a tier: by the track that takes it."""
    for name, track in charter.tracks.items():
        if tier in track.tiers:
            return _ask(name, track)
    return _ask("none", TrackRule())


def _ask(name: str, track: TrackRule) -> Ask:
    always = [step for step in track.steps if step.when is None]
    roles = frozenset(named_roles(msgspec.structs.replace(track, steps=tuple(always))))
    # As in the judgment: a step's sign-offs count once, and a committee is one yes.
    spared = len(track.sign_offs) - (track.quorum or len(track.sign_offs))
    spared += sum(len(step.sign_offs) - step.quorum for step in always if step.quorum)
    return Ask(
        track=name,
        roles=roles,
        quorum=max(0, len(roles) - spared),
        within=track.within or "",
        valid=track.valid or "",
        escalate=track.escalate,
        steps=track.steps,
        more=tuple(
            (field, getattr(track, field)) for field in track.__struct_fields__ if field not in _OWN
        ),
    )


def compare_tracks(old: Charter, new: Charter) -> Iterator[Change]:
    """Yield what changed in what each tier asks of people; equal changes are told once."""
    told: dict[tuple[Any, ...], tuple[Change, list[str]]] = {}
    for tier in TIERS:
        before, after = asks_of(old, tier), asks_of(new, tier)
        for change in _track(before, after):
            key = (change.subject, change.direction, change.says)
            told.setdefault(key, (change, []))[1].append(tier)
    for change, tiers in told.values():
        # The tiers are named here, because a track may take several.
        says = f"For the tier{'s' if len(tiers) > 1 else ''} {', '.join(tiers)}: {change.says}"
        yield msgspec.structs.replace(change, says=says)


def _track(old: Ask, new: Ask) -> Iterator[Change]:
    def told(field: str, direction: Direction, says: str, before: Any, after: Any) -> Change:
        return Change(
            section="tracks", subject=f"{new.track} {field}", kind="changed",
            direction=direction, says=says, old=before, new=after,
        )  # fmt: skip

    if old.track != new.track:
        said = f"the track is {new.track} instead of {old.track}."
        yield told("track", "same", said, old.track, new.track)
    gone, come = sorted(old.roles - new.roles), sorted(new.roles - old.roles)
    if gone or come:
        parts = [f"{', '.join(come)} must sign off too"] if come else []
        parts += [f"{', '.join(gone)} no longer signs off"] if gone else []
        if not new.roles:
            parts.append("it is decided by standing approval, without a person")
        direction = more(tuple(old.roles), tuple(new.roles))
        yield told("sign_offs", direction, f"{'; '.join(parts)}.", sorted(old.roles),
                   sorted(new.roles))  # fmt: skip
    everybody = (old.quorum == len(old.roles)) and (new.quorum == len(new.roles))
    if old.quorum != new.quorum and not everybody:
        direction = more(old.quorum, new.quorum)
        said = f"{new.quorum} sign-offs are enough; it took {old.quorum}."
        yield told("quorum", direction, said, old.quorum, new.quorum)
    for field, before, after, what in (
        ("within", old.within, new.within, "it is decided within"),
        ("valid", old.valid, new.valid, "an approval lasts"),
    ):
        if before != after:
            direction = shorter(before or None, after or None)
            said = f"{what} {after or 'any time'}, it was {before or 'any time'}."
            yield told(field, direction, said, before, after)
    if old.escalate != new.escalate:
        direction = more(old.escalate, new.escalate)
        said = f"delays go up to {shown(new.escalate)}, they went to {shown(old.escalate)}."
        same_people = set(old.escalate) == set(new.escalate)
        yield told("escalate", "unclear" if same_people else direction, said, old.escalate,
                   new.escalate)  # fmt: skip
    if old.steps != new.steps:
        yield from compare_entries("tracks", old.steps, new.steps, f"{new.track} step")
    for (field, before), (_, after) in zip(old.more, new.more, strict=True):
        if before != after:
            direction = shorter(before, after) if field == "escalate_after" else "unclear"
            said = f"{field.replace('_', ' ')} is {shown(after)}, it was {shown(before)}."
            yield told(field, direction, said, before, after)


def compare_standing(old: Charter, new: Charter) -> Iterator[Change]:
    """Yield what changed in what passes without a person, by cases and then field by field."""
    before, after = old.standing_approvals, new.standing_approvals
    if before == after:
        return
    one, other = _passes(before), _passes(after)
    answers = ask(one, other, limit=LIMIT)
    words = {True: "may pass without a person", False: "needs a person"}
    looser = example_of(one, other, answers, lambda was, now: now and not was, words.__getitem__)
    stricter = example_of(one, other, answers, lambda was, now: was and not now, words.__getitem__)
    changed = [approval.when for approval in before] != [approval.when for approval in after]
    doubt = answers.doubt if changed else ""
    direction = direction_of(looser, stricter, doubt)
    if direction != "same":
        yield Change(
            section="standing_approvals", subject="cases", kind="changed", direction=direction,
            says="Other cases pass without a person.", looser=looser, stricter=stricter,
            doubt=doubt, old=tuple(a.id for a in before), new=tuple(a.id for a in after),
        )  # fmt: skip
    kept = {approval.id for approval in before} & {approval.id for approval in after}
    yield from compare_entries(
        "standing_approvals",
        tuple(approval for approval in before if approval.id in kept),
        tuple(approval for approval in after if approval.id in kept),
    )


def _passes(approvals: Sequence[StandingApproval]) -> Question:
    """Return the question whether a standing approval lets a case pass; without any, all may."""

    def answer(view: View) -> bool:
        return not approvals or any(view.ask(approval.when) == "true" for approval in approvals)

    return Question(tuple(approval.when for approval in approvals), answer)
