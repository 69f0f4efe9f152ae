# SPDX-License-Identifier: Apache-2.0
"""Changes to rows that carry a version: nobody overwrites what they have not seen."""

from __future__ import annotations

from steelyard.kernel.errors import StaleError


def check_version(have: int, expected: int | None, current: object) -> None:
    """Refuse a change made from an older state; ``expected`` None means the caller does not mind.

    Raises:
        StaleError: the row has another version; it carries ``current``.
    """
    if expected is not None and expected != have:
        raise StaleError(
            f"It was changed meanwhile: you read version {expected}, it is now at {have}.",
            current=current,
        )
