# SPDX-License-Identifier: Apache-2.0
"""Evidence from elsewhere: what kind of proof it is, since when it speaks, and until when.

The day a proof speaks of (*effective*) is not the day somebody sent it in. A new edition of the
same proof takes the place of the old one, which stays on record.
"""

from __future__ import annotations

import datetime as dt
from typing import Literal

from msgspec import Struct

from steelyard.catalog.controls import evidence_types
from steelyard.charter.durations import add_duration
from steelyard.kernel.errors import FieldErrors

Effect = Literal["advisory", "blocking"]
"""Whether what it says may hold a decision up."""
Says = Literal["supports", "against"]
EvidenceState = Literal["current", "superseded", "expired", "withdrawn"]
EVIDENCE_MOST = 256 * 1024 * 1024
"""Bytes of one proof."""


class EvidenceView(Struct, frozen=True, kw_only=True):
    """One edition of a proof."""

    id: str
    series: str
    edition: int
    kind: str
    title: str
    name: str
    media: str
    sha256: str
    size: int
    source: str
    effect: Effect
    says: Says
    effective: dt.date
    expires: dt.date | None
    target: str
    control: str
    task: str
    unit: str
    state: EvidenceState
    verified_by: str
    verified_at: dt.datetime | None
    added_by: str
    created_at: dt.datetime
    version: int


def last_day(
    kind: str, effective: dt.date, expires: dt.date | None, today: dt.date
) -> dt.date | None:
    """Return the last day a proof may be relied on: never longer than its kind allows.

    Raises:
        FieldErrors: there is no such kind of proof, it speaks of a day to come, or it is too old.
    """
    known = evidence_types().get(kind)
    if known is None:
        raise FieldErrors(
            [("kind", f"There is no kind of evidence {kind!r}.")],
            next_step="See docs/reference/evidence-types.md for the kinds there are.",
        )
    if effective > today:
        raise FieldErrors([("effective", f"{effective} is still to come.")])
    bounds = [expires] if expires is not None else []
    if known.valid_for:
        bounds.append(add_duration(effective, known.valid_for))
    last = min(bounds, default=None)
    if last is not None and last < today:
        raise FieldErrors(
            [("expires", f"This proof could be relied on until {last} only.")],
            next_step="Have it renewed, and send the new one.",
        )
    return last
