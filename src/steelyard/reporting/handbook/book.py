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
