# SPDX-License-Identifier: Apache-2.0
"""Assessments on a terminal, for 80 columns and more, with and without color.

Only names live here, so that importing this package costs nothing; the drawing, and with it the
terminal library, is loaded when something is drawn.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from steelyard.kernel.assessment import Assessment

if TYPE_CHECKING:
    from rich.console import Console


def render_assessment(console: Console, assessment: Assessment) -> None:
    """Print the whole assessment: verdict, overview, reasons, and everything they rest on."""
    from steelyard.reporting.terminal import page

    page.draw(console, assessment)


def render_comparison(console: Console, assessments: Sequence[Assessment]) -> None:
    """Print several assessments as one table: a row a model, a column a use case."""
    from steelyard.reporting.terminal import comparison

    comparison.draw(console, assessments)
