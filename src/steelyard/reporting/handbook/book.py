# SPDX-License-Identifier: Apache-2.0
"""Gathers a charter into the data of its handbook."""

from __future__ import annotations

import datetime
from typing import Any

import msgspec

from steelyard.charter.durations import add_duration
from steelyard.charter.schema import Charter
from steelyard.kernel.assessment import CharterIdentity
from steelyard.reporting.handbook.entries import Chapter, Handbook
from steelyard.reporting.handbook.people import role_entries, track_entries
from steelyard.reporting.handbook.policy import control_entries, rule_entries
from steelyard.reporting.handbook.risk import dimension_entries, tier_entries


def handbook_of(charter: Charter, identity: CharterIdentity, file: str) -> Handbook:
    """Return everything the handbook of ``charter`` shows; ``file`` is where it is written."""
    return Handbook(
        file=file,
        charter=_summary(charter, identity),
        chapters=chapters(charter),
        rules=rule_entries(charter),
        controls=control_entries(charter),
        roles=role_entries(charter),
        dimensions=dimension_entries(charter),
        tiers=tier_entries(charter),
        tracks=track_entries(charter),
    )


def chapters(charter: Charter) -> tuple[Chapter, ...]:
    """Return the chapters in order, each with whether the charter says anything about it."""
    rights = bool(charter.decision_rights or charter.responsibilities)
    exceptions = bool(charter.exceptions or charter.standing_approvals)
    return (
        Chapter(id="charter", title="The charter on one page"),
        Chapter(id="path", title="How a model gets in"),
        Chapter(id="allowed", title="Allowed, reviewed, forbidden"),
        Chapter(id="risk", title="How risk is worked out"),
        Chapter(id="rights", title="Who decides", stated=rights),
        Chapter(id="tracks", title="Tracks, deadlines, escalation"),
        Chapter(id="committees", title="Committees", stated=bool(charter.committees)),
        Chapter(id="exceptions", title="Standing approvals and exceptions", stated=exceptions),
        Chapter(
            id="release",
            title="Release phases and gates",
            stated=bool(charter.release or charter.gates),
        ),
        Chapter(id="rules", title="Every rule"),
        Chapter(id="controls", title="Every control", stated=bool(charter.controls)),
        Chapter(id="roles", title="Roles", stated=bool(charter.roles)),
        Chapter(id="week", title="Your first week"),
        Chapter(id="words", title="Words"),
        Chapter(id="index", title="Index"),
    )


def _summary(charter: Charter, identity: CharterIdentity) -> dict[str, Any]:
    upcoming = next_review(charter)
    return {
        "name": charter.name,
        "version": charter.version,
        "sha256": identity.sha256,
        "purpose": charter.purpose,
        "owner": charter.owner,
        "effective": charter.effective.isoformat(),
        "until": charter.until.isoformat() if charter.until else None,
        "next_review": upcoming.isoformat() if upcoming else None,
        "extends": charter.extends,
        "packs": [f"{pack.name} {pack.version}" for pack in charter.packs],
        "objectives": msgspec.to_builtins(charter.objectives),
        "scope": msgspec.to_builtins(charter.scope),
    }


def next_review(charter: Charter) -> datetime.date | None:
    """Return when the charter is due for review; None when it does not say how often."""
    if charter.review is None:
        return None
    return add_duration(charter.review.last or charter.effective, charter.review.every)


def differences(old: Charter, new: Charter) -> list[str]:
    """Return what is new in ``new``, as sentences that name the parts."""
    said = []
    before, after = ({rule.id: rule for rule in one.rules} for one in (old, new))
    said += _named("rule", "added", [one for one in after if one not in before])
    said += _named("rule", "removed", [one for one in before if one not in after])
    changed = [one for one in after if one in before and after[one] != before[one]]
    said += _named("rule", "changed", changed)
    had, has = ({one.id for one in charter.controls} for charter in (old, new))
    said += _named("control", "added", sorted(has - had))
    said += _named("control", "removed", sorted(had - has))
    tracks = [str(name) for name in new.tracks if new.tracks[name] != old.tracks.get(name)]
    said += _named("track", "changed", tracks)
    dimensions = [
        name for name, one in new.risk.dimensions.items() if one != old.risk.dimensions.get(name)
    ]
    said += _named("risk dimension", "added or changed", dimensions)
    if new.risk.tiers != old.risk.tiers:
        said.append("The way to risk tiers changed.")
    if new.exceptions != old.exceptions:
        said.append("The terms of exceptions changed.")
    return said


def _named(what: str, verb: str, names: list[str]) -> list[str]:
    if not names:
        return []
    many = "" if len(names) == 1 else "s"
    return [f"{len(names)} {what}{many} {verb}: {', '.join(names)}."]
