# SPDX-License-Identifier: Apache-2.0
"""Tracks, standing approvals, phases, gates, exceptions: complete, in order, possible."""

from __future__ import annotations

from steelyard.charter.check.expressions import check_expression
from steelyard.charter.document import Document, Path, nearest
from steelyard.charter.durations import is_longer
from steelyard.charter.schema import TIERS, Charter, Sections, TrackRule

SPONSOR = "executive-sponsor"


def check_tracks(document: Document, written: Sections, *, complete: bool) -> None:
    """Check the tracks, standing approvals and phases of one text."""
    if complete:
        _tracks_complete(document, written)
    for name, track in written.tracks.items():
        _track(document, ("tracks", name), track, complete=complete)
    for index, approval in enumerate(written.standing_approvals):
        path: Path = ("standing_approvals", index)
        check_expression(document, (*path, "when"), approval.when)
        if any(other.id == approval.id for other in written.standing_approvals[:index]):
            document.error_at((*path, "id"), f"Two standing approvals are called {approval.id!r}.")
    for index, phase in enumerate(written.release):
        if not phase.environments:
            document.error_at(("release", index), "A phase needs at least one environment.")


def _tracks_complete(document: Document, written: Sections) -> None:
    holders: dict[str, str] = {}
    for name, track in written.tracks.items():
        for index, tier in enumerate(track.tiers):
            if tier in holders:
                document.error_at(
                    ("tracks", name, "for", index),
                    f"The tier {tier!r} already takes the track {holders[tier]!r}.",
                )
            holders[tier] = name
        if track.valid is None:
            document.error_at(
                ("tracks", name), f"The track {name!r} needs 'valid': how long approval lasts."
            )
        if track.decided_by != "standing-approval" and not (track.sign_offs or track.steps):
            document.error_at(
                ("tracks", name),
                f"The track {name!r} needs 'sign_offs', or a standing approval to decide it.",
            )
    missing = [tier for tier in TIERS if tier not in holders]
    if missing:
        document.error_at(("tracks",), f"No track is for the tier {', '.join(missing)}.")


def _track(document: Document, path: Path, track: TrackRule, *, complete: bool) -> None:
    if track.decided_by == "standing-approval" and (track.sign_offs or track.steps):
        document.error_at(
            (*path, "sign_offs" if track.sign_offs else "steps"),
            "A standing approval decides without sign-offs.",
        )
    named = len(track.sign_offs)
    if complete and track.quorum is not None and track.quorum > named:
        document.error_at(
            (*path, "quorum"),
            f"The quorum is {track.quorum}, but only {named} sign-offs are named.",
        )
    if track.escalate_after is not None and not track.escalate and complete:
        document.error_at((*path, "escalate_after"), "Nobody is named under 'escalate' to turn to.")
    if track.remind and track.within and is_longer(track.remind, track.within):
        document.error_at((*path, "remind"), f"The whole track takes only {track.within}.")
    names: set[str] = set()
    for index, step in enumerate(track.steps):
        place: Path = (*path, "steps", index)
        if step.name in names:
            document.error_at((*place, "name"), f"Two steps are called {step.name!r}.")
        names.add(step.name)
        if complete and not step.sign_offs and step.committee is None:
            document.error_at(place, "A step needs 'sign_offs' or a 'committee'.")
        if step.quorum is not None and step.sign_offs and step.quorum > len(step.sign_offs):
            document.error_at(
                (*place, "quorum"),
                f"The quorum is {step.quorum}, but only {len(step.sign_offs)} sign-offs are named.",
            )
        if step.when is not None:
            check_expression(document, (*place, "when"), step.when)
        if step.within and track.within and is_longer(step.within, track.within):
            document.error_at((*place, "within"), f"The whole track takes only {track.within}.")


def _phases(document: Document, written: Sections, charter: Charter) -> None:
    """Phases of the whole plan come in order, each name once, each after phases above it."""
    names = [phase.name for phase in charter.release]
    for index, phase in enumerate(written.release):
        path: Path = ("release", index)
        if phase.name in (other.name for other in written.release[:index]):
            document.error_at((*path, "name"), f"Two phases are called {phase.name!r}.")
        at = names.index(phase.name) if phase.name in names else len(names)
        for position, before in enumerate(phase.after):
            if before not in names[:at]:
                document.error_at(
                    (*path, "after", position),
                    f"No phase before {phase.name!r} is called {before!r}.",
                    nearest(before, names[:at]) or "Phases are listed in their order.",
                )


def check_flow(document: Document, written: Sections, charter: Charter) -> None:
    """Check what only shows in the whole: escalation, exceptions, steps against their track."""
    for name, track in charter.tracks.items():
        high = any(tier in ("high", "critical") for tier in track.tiers)
        if high and SPONSOR not in track.escalate:
            document.warn_at(
                ("tracks", name),
                f"The escalation of the track {name!r} does not end at an {SPONSOR}.",
                f"Add it: `escalate: [{', '.join((*track.escalate, SPONSOR))}]`.",
            )
        if track.within is None and track.decided_by == "sign-offs":
            document.warn_at(
                ("tracks", name), f"The track {name!r} has no deadline.", "Set `within`."
            )
    _phases(document, written, charter)
    terms = written.exceptions
    if terms is not None:
        _exceptions(document, charter)
    if charter.review is None:
        document.warn_at(
            (),
            "The charter does not say when it is itself reviewed.",
            "Add `review: {every: 6 months, also_on: [new-law]}`.",
        )


def _exceptions(document: Document, charter: Charter) -> None:
    terms = charter.exceptions
    assert terms is not None
    rules = {rule.id for rule in charter.rules}
    for index, name in enumerate(terms.never_for):
        if name not in rules:
            document.error_at(
                ("exceptions", "never_for", index),
                f"The charter has no rule {name!r}.",
                nearest(name, rules),
            )
    for tier, length in terms.longest_for.items():
        if is_longer(length, terms.longest):
            document.error_at(
                ("exceptions", "longest_for", tier),
                f"{length} is longer than {terms.longest}, the longest of all.",
            )
