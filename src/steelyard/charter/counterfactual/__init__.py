# SPDX-License-Identifier: Apache-2.0
"""What would have to be different for a decision to be different: the whole decision, verified."""

from __future__ import annotations

from steelyard.charter.counterfactual.search import (
    MAX_CHANGES,
    ApprovedIf,
    Counterfactual,
    FactChange,
    approved_if,
)

__all__ = ["MAX_CHANGES", "ApprovedIf", "Counterfactual", "FactChange", "approved_if"]
