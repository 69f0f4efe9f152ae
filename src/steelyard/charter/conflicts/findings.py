# SPDX-License-Identifier: Apache-2.0
"""What a search for conflicts finds, and where in the document it stands."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from steelyard.charter.document import Document, Path
from steelyard.charter.schema import Charter, CharterDocument, Rule, Sections
from steelyard.charter.worlds import World

MAX_WORLDS = 120_000
"""Most worlds tried for one charter; what is left is said, not skipped in silence."""


class Conflict(Struct, frozen=True, kw_only=True):
    """One finding. ``code`` is stable; ``path`` and ``other`` are places in the document.

    ``message`` may hold ``{other}``, which becomes the line and column of the other place.
    """

    code: str
    severity: Literal["error", "warning"]
    path: Path
    message: str
    next_step: str = ""
    other: Path | None = None
    example: World | None = None
    rules: tuple[str, ...] = ()
    """Rules that are at odds with one another, where that is what was found."""


class Budget:
    """How many worlds may still be tried, and what was left out when they ran out."""

    def __init__(self, worlds: int = MAX_WORLDS) -> None:
        self.left = worlds
        self.unchecked: list[str] = []

    def spend(self, worlds: int) -> None:
        """Count worlds that were tried."""
        self.left -= worlds

    def allows(self, what: str) -> bool:
        """Tell whether there is anything left; if not, note that ``what`` was not checked."""
        if self.left > 0:
            return True
        self.unchecked.append(what)
        return False


class Places:
    """Where the rules of a resolved charter stand in the text it was written as."""

    def __init__(self, written: Sections, charter: Charter) -> None:
        self.written = written
        extends = isinstance(written, CharterDocument) and written.extends is not None
        self.prefix = f"{charter.name}." if extends else ""
        self._rules = {rule.id: index for index, rule in enumerate(written.rules)}
        self._phases = {phase.name: index for index, phase in enumerate(written.release)}

    def of_rule(self, rule: Rule, field: str = "") -> Path | None:
        """Return the place of a rule, or of the section it was made from; None: another text."""
        if rule.id in self._rules:
            return ("rules", self._rules[rule.id], *((field,) if field else ()))
        if not rule.id.startswith(self.prefix):
            return None
        section, *rest = rule.id.removeprefix(self.prefix).split(".")
        if section == "data":
            section = "data_sources"
        if getattr(self.written, section, None) in (None, (), {}):
            return None
        if section == "risk":
            number = int(rest[-1]) - 1
            known = number < len(self.written.risk.tolerance)
            return ("risk", "tolerance", number) if known else None
        if section == "release" and rest[0] in self._phases:
            return ("release", self._phases[rest[0]])
        return (section, *(word.replace("-", "_") for word in rest))


def place_in(document: Document, path: Path) -> str:
    """Return a place of the document in words."""
    mark = document.mark_of(path)
    return f"line {mark.line}, column {mark.column}"
