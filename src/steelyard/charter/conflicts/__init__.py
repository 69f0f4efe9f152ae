# SPDX-License-Identifier: Apache-2.0
"""Contradictions within a charter: found when it is checked, never when a decision is due.

Everything here is worked out on representative worlds (:mod:`steelyard.charter.worlds`). What could
not be decided that way is not claimed; what there was no time for is listed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from steelyard.charter.conflicts.controls import find_controls
from steelyard.charter.conflicts.findings import Budget, Conflict, Places, place_in
from steelyard.charter.conflicts.passing import find_passing
from steelyard.charter.conflicts.risk import find_risk
from steelyard.charter.conflicts.rules import find_idle, find_pairs
from steelyard.charter.document import Document
from steelyard.charter.schema import Charter, Sections
from steelyard.kernel.errors import DocumentErrors, PositionedError

if TYPE_CHECKING:
    from steelyard.charter.load import Loaded

__all__ = ["Conflict", "Conflicts", "find_conflicts", "positioned", "warnings_of"]


class Conflicts(Struct, frozen=True):
    """What was found, and what was not looked at for lack of time."""

    found: tuple[Conflict, ...]
    unchecked: tuple[str, ...] = ()


def find_conflicts(charter: Charter, written: Sections, budget: Budget | None = None) -> Conflicts:
    """Return the conflicts in ``charter`` that have a place in ``written``, the text itself."""
    budget = budget or Budget()
    places = Places(written, charter)
    pairs = [*find_idle(charter, places, budget), *find_pairs(charter, places, budget)]
    told = {frozenset(each.rules) for each in pairs if each.rules}
    found = (
        *pairs,
        *(each for each in find_passing(charter, places, budget)
          if frozenset(each.rules) not in told),
        *find_risk(charter, places, budget),
        *find_controls(charter, places, budget),
    )  # fmt: skip
    return Conflicts(found, tuple(dict.fromkeys(budget.unchecked)))


def positioned(conflicts: Conflicts, document: Document) -> list[PositionedError]:
    """Return conflicts as errors and warnings at their places in ``document``."""
    shown = []
    for each in conflicts.found:
        mark = document.mark_of(each.path)
        other = place_in(document, each.other) if each.other is not None else ""
        shown.append(
            PositionedError(
                each.message.replace("{other}", other), file=document.file, line=mark.line,
                column=mark.column, next_step=each.next_step, code=each.code,
                level=each.severity,
                excerpt=_line(document, mark.line),
            )
        )  # fmt: skip
    if conflicts.unchecked:
        few = "; ".join(conflicts.unchecked[:3])
        more = f" and {len(conflicts.unchecked) - 3} more" if len(conflicts.unchecked) > 3 else ""
        shown.append(
            PositionedError(
                f"The charter is too large to look for every contradiction. Not checked: {few}"
                f"{more}.", file=document.file, line=1, column=1,
                code="charter.not-all-checked", level="warning",
            )
        )  # fmt: skip
    return sorted(shown, key=lambda error: (error.line, error.column))


def _line(document: Document, line: int) -> str:
    return document.lines[line - 1] if 0 < line <= len(document.lines) else ""


def warnings_of(loaded: Loaded) -> tuple[PositionedError, ...]:
    """Return every warning about a charter that was read, contradictions included.

    Raises:
        DocumentErrors: the charter contradicts itself; with the warnings that belong to it.
    """
    found = positioned(find_conflicts(loaded.charter, loaded.written), loaded.document)
    if any(each.level == "error" for each in found):
        raise DocumentErrors(found)
    return (*loaded.warnings, *found)
