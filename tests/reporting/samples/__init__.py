# SPDX-License-Identifier: Apache-2.0
"""Assessments as they come from real models, one for each outcome, and a hostile one."""

from __future__ import annotations

from steelyard.kernel.assessment import Assessment
from tests.reporting.samples.hostile import infected
from tests.reporting.samples.parts import CARD, PILOT, SCANNER, component, trace
from tests.reporting.samples.passing import approved, conditions
from tests.reporting.samples.rejecting import rejected, scan_files
from tests.reporting.samples.review import review_deep

__all__ = [
    "CARD",
    "PILOT",
    "SCANNER",
    "all_samples",
    "approved",
    "component",
    "conditions",
    "infected",
    "rejected",
    "review_deep",
    "scan_files",
    "trace",
]


def all_samples() -> dict[str, Assessment]:
    return {
        "approved": approved(),
        "conditions": conditions(),
        "review": review_deep(),
        "rejected": rejected(),
    }
