# SPDX-License-Identifier: Apache-2.0
"""Arithmetic on shapes that a file claims, safe against claims made to be slow."""

from __future__ import annotations

from collections.abc import Sequence

MANY = 2**63
"""What every larger number of elements is cut to."""


def elements_of(shape: Sequence[int]) -> int:
    """Return the product of ``shape``, cut to :data:`MANY`: no million-digit products."""
    if 0 in shape:
        return 0
    count = 1
    for dimension in shape:
        count *= dimension
        if count >= MANY:
            return MANY
    return count
