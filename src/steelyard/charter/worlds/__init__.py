# SPDX-License-Identifier: Apache-2.0
"""Representative worlds: a few models that stand for all, to reason about rules without any."""

from __future__ import annotations

from steelyard.charter.worlds.ask import (
    MAX_WORLDS,
    Answers,
    Question,
    Verdict,
    World,
    always_true,
    ask,
    can_both_hold,
    expression,
    implies,
    never,
    never_true,
    view_of_world,
)
from steelyard.charter.worlds.domains import OTHER

__all__ = [
    "MAX_WORLDS",
    "OTHER",
    "Answers",
    "Question",
    "Verdict",
    "World",
    "always_true",
    "ask",
    "can_both_hold",
    "expression",
    "implies",
    "never",
    "never_true",
    "view_of_world",
]
