# SPDX-License-Identifier: Apache-2.0
"""How the license of a repository changed: keys before and after, commit by commit."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal

from msgspec import Struct

from steelyard.provenance.history.model import LicenseState

Direction = Literal["stricter", "looser", "mixed", "different", "same", "unknown"]
Judge = Callable[[str, str], Direction]
"""``direction(old_key, new_key)``: how the terms changed; given by who knows the terms."""


class LicenseChange(Struct, frozen=True, kw_only=True):
    """One change; empty keys mean that no license was named."""

    commit: str
    before: tuple[str, ...]
    after: tuple[str, ...]
    direction: Direction = "unknown"


def license_changes(
    states: Sequence[LicenseState] | None, direction: Judge | None = None
) -> tuple[LicenseChange, ...]:
    """Return every change between neighboring states (newest first), newest first.

    The first license of a repository is no change. Without ``direction`` none is judged.
    """
    found = []
    for newer, older in zip(states or (), (states or ())[1:], strict=False):
        if newer.keys != older.keys:
            found.append(
                LicenseChange(
                    commit=newer.commit,
                    before=older.keys,
                    after=newer.keys,
                    direction=_direction(older.keys, newer.keys, direction),
                )
            )
    return tuple(found)


def _direction(before: Sequence[str], after: Sequence[str], judge: Judge | None) -> Direction:
    """Judge single keys only: several at once are for a person to read."""
    if judge is None or len(before) != 1 or len(after) != 1:
        return "unknown"
    return judge(before[0], after[0])
