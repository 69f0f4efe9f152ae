# SPDX-License-Identifier: Apache-2.0
"""Tracks laid over tracks: more sign-offs, more steps, shorter times; never fewer or longer."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from steelyard.charter.document import Path, nearest
from steelyard.charter.overlay.laying import Laying, union
from steelyard.charter.schema import Step, TrackRule
from steelyard.kernel.assessment import Track


def lay_tracks(
    laying: Laying, own: Mapping[Track, TrackRule], base: Mapping[Track, TrackRule]
) -> dict[Track, TrackRule]:
    """Return the tracks of ``base`` tightened by ``own``."""
    for name in own:
        if name not in base:
            laying.wrong(
                ("tracks", name),
                f"{laying.who} has no track {name!r} to tighten.",
                nearest(name, list(base)),
            )
    return {name: _track(laying, name, own.get(name), track) for name, track in base.items()}


def named_roles(track: TrackRule) -> tuple[str, ...]:
    """Return every role (or committee) whose sign-off a track asks for, in order."""
    names = list(track.sign_offs)
    for step in track.steps:
        names += step.sign_offs
        if step.committee is not None:
            names.append(step.committee)
    return tuple(dict.fromkeys(names))


def _track(laying: Laying, name: Track, own: TrackRule | None, base: TrackRule) -> TrackRule:
    if own is None:
        return base
    path: Path = ("tracks", name)
    if own.tiers and set(own.tiers) != set(base.tiers):
        laying.wrong(
            (*path, "for"),
            f"{laying.who} gives this track to {', '.join(base.tiers)}; "
            "an overlay may not move it.",
        )
    if own.decided_by == "standing-approval" and base.decided_by == "sign-offs":
        laying.looser(
            (*path, "decided_by"),
            f"{laying.who} asks for sign-offs here; an overlay may not drop them.",
        )
    steps = _steps(laying, path, own, base)
    # Where there are steps, a flat list joins them as the first one.
    sign_offs = union(base.sign_offs, own.sign_offs)
    signed = "sign-offs" in (own.decided_by, base.decided_by) or bool(sign_offs or steps)
    if signed and not sign_offs and not steps:
        laying.wrong(path, "Sign-offs are to decide here, but none is named.")
    return msgspec.structs.replace(
        base,
        decided_by="sign-offs" if signed else "standing-approval",
        sign_offs=sign_offs,
        quorum=_quorum(laying, path, own, base, sign_offs),
        steps=steps,
        within=laying.shorter((*path, "within"), own.within, base.within),
        valid=laying.shorter((*path, "valid"), own.valid, base.valid),
        escalate=union(base.escalate, own.escalate),
        escalate_after=laying.shorter(
            (*path, "escalate_after"), own.escalate_after, base.escalate_after
        ),
        remind=own.remind or base.remind,
    )


def _quorum(
    laying: Laying, path: Path, own: TrackRule, base: TrackRule, sign_offs: tuple[str, ...]
) -> int | None:
    # Without a number all of the base's sign-offs are needed. Each new one raises the quorum, or
    # it could stand in for one that was needed.
    added = len(sign_offs) - len(base.sign_offs)
    floor = (base.quorum or len(base.sign_offs)) + added
    if own.quorum is None:
        return None if base.quorum is None else floor
    if own.quorum < floor:
        laying.looser(
            (*path, "quorum"),
            f"The quorum is lower than the {floor} of {laying.source}; it may be higher.",
        )
    if own.quorum > len(sign_offs):
        laying.wrong(
            (*path, "quorum"), f"The quorum is {own.quorum} of only {len(sign_offs)} sign-offs."
        )
    return max(own.quorum, floor)


def _steps(laying: Laying, path: Path, own: TrackRule, base: TrackRule) -> tuple[Step, ...]:
    taken = {step.name: step for step in base.steps}
    merged = dict(taken)
    for index, step in enumerate(own.steps):
        if step.name in taken:
            merged[step.name] = _step(laying, (*path, "steps", index), step, taken[step.name])
        else:
            merged[step.name] = step
    return tuple(merged.values())


def _step(laying: Laying, path: Path, own: Step, base: Step) -> Step:
    if own.committee is not None and base.committee not in (None, own.committee):
        laying.wrong((*path, "committee"), f"{laying.who} gives this step to {base.committee!r}.")
    if own.when is not None and own.when != base.when:
        laying.looser(
            (*path, "when"),
            "A step may not be left out where it is asked for.",
            "Add a step under another name.",
        )
    sign_offs = union(base.sign_offs, own.sign_offs)
    floor = (base.quorum or len(base.sign_offs)) + len(sign_offs) - len(base.sign_offs)
    quorum = None if base.quorum is None else floor
    if own.quorum is not None:
        quorum = max(floor, laying.at_least((*path, "quorum"), own.quorum, floor, "sign-offs"))
    return Step(
        name=base.name,
        sign_offs=sign_offs,
        committee=base.committee or own.committee,
        quorum=quorum,
        within=laying.shorter((*path, "within"), own.within, base.within),
        when=base.when,
    )
