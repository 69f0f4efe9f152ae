# SPDX-License-Identifier: Apache-2.0
"""What one charter changes against another, by meaning: stricter, looser, and in which cases."""

from __future__ import annotations

from steelyard.charter.diff.changes import (
    Change,
    CharterDiff,
    Direction,
    Example,
    case,
    shown,
)
from steelyard.charter.diff.compare import compare

__all__ = ["Change", "CharterDiff", "Direction", "Example", "case", "compare", "shown"]
