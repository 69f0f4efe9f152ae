# SPDX-License-Identifier: Apache-2.0
"""Controls that are never called for."""

from __future__ import annotations

from collections.abc import Iterator

from steelyard.charter.conflicts.findings import Budget, Conflict, Places
from steelyard.charter.schema import Charter
from steelyard.charter.worlds import ask, expression

LIMIT = 2_000


def find_controls(charter: Charter, places: Places, budget: Budget) -> Iterator[Conflict]:
    """Yield selections of controls whose condition is false in every case."""
    del charter  # what another text selects is checked with that text
    for index, selection in enumerate(places.written.controls):
        if selection.when is None or not budget.allows(f"controls {', '.join(selection.select)}"):
            continue
        answers = ask(expression(selection.when), limit=LIMIT)
        budget.spend(answers.tried)
        if answers.complete and set(answers.rows) == {("false",)}:
            yield Conflict(
                code="control.never-called-for", severity="warning",
                path=("controls", index, "when"),
                message=f"The controls {', '.join(selection.select)} are never called for: the "
                "condition is false in every case.",
                next_step="Correct `when`, or take them out.",
            )  # fmt: skip
