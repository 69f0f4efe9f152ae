# SPDX-License-Identifier: Apache-2.0
"""The words all sections of a charter are written with: names, lengths of time, consequences."""

from __future__ import annotations

from typing import Annotated, Literal, get_args

from msgspec import Meta

from steelyard.kernel.assessment import Stage, Tier

TIERS: tuple[Tier, ...] = ("low", "moderate", "high", "critical")
"""Best first."""

Duration = Annotated[
    str,
    Meta(
        pattern=r"\A[1-9]\d{0,3} (business )?(day|week|month|year)s?\Z",
        description="a length of time such as '90 days', '12 months' or '5 business days'",
    ),
]
Name = Annotated[
    str,
    Meta(
        pattern=r"\A[a-z][a-z0-9]*([.-][a-z0-9]+)*\Z",
        description="a name of lower-case letters, digits, dots and dashes",
    ),
]
Role = Name
Consequence = Annotated[
    str,
    Meta(
        pattern=r"\A(reject|warn|condition|review(\([a-z][a-z0-9-]*( ?, ?[a-z][a-z0-9-]*)*\))?)\Z",
        description="reject, warn, condition, review or review(role, …)",
    ),
]
ByEnvironment = Consequence | dict[str, Consequence]
"""One consequence everywhere, or one for each environment; the key ``other`` is all the rest."""
Expression = Annotated[str, Meta(max_length=2000)]
Words = tuple[str, ...]
Count = Annotated[int, Meta(ge=1, le=20)]
Percent = Annotated[int, Meta(ge=1, le=100)]
STAGES: tuple[Stage, ...] = get_args(Stage)
"""Stages of the lifecycle, in order."""
Severity = Literal["critical", "high", "medium", "low"]
Action = Literal[
    "approve",
    "grant-exception",
    "accept-risk",
    "suspend",
    "revoke",
    "break-glass",
    "open-gate",
    "retire",
    "close-incident",
    "change-charter",
]
"""What a decision right may be for."""
