# SPDX-License-Identifier: Apache-2.0
"""A file of test cases: which charter, from which facts, and what must come of each case."""

from __future__ import annotations

import datetime
from typing import Any, Literal

from msgspec import Struct

from steelyard.catalog.harmless import harmless_facts
from steelyard.charter.cases.facts import Taken, laid_over, sparse, straighten
from steelyard.charter.document import Document, nearest
from steelyard.charter.facts import Facts, facts_from_document
from steelyard.charter.schema import Charter, Stage
from steelyard.charter.yaml_nodes import Node
from steelyard.kernel.assessment import Outcome, Tier, Track
from steelyard.kernel.errors import InputError

BUILT_IN = ("charter.in-force", "charter.right-to-approve")
"""Rules that no charter writes down, and every charter has."""
OUTCOMES = tuple(outcome.value for outcome in Outcome)


class Expected(Struct, frozen=True, kw_only=True):
    """What must come of a case; what is not written down is not looked at."""

    outcome: str | None = None
    tier: Tier | None = None
    score: int | None = None
    track: Track | None = None
    fires: tuple[str, ...] = ()
    """Rules that are not satisfied, or might not be."""
    does_not_fire: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    """Rules that fire because a fact is not known."""
    sign_offs: tuple[str, ...] | None = None
    """Exactly the roles that must sign off."""
    conditions: tuple[str, ...] | None = None
    """Exactly the rules that make a condition of the decision."""
    controls: tuple[str, ...] = ()
    """Controls that are called for, among others."""
    quorum: int | None = None
    standing_approval: str | None = None
    """Id of the standing approval that decides."""
    valid_until: datetime.date | None = None
    gates: dict[Stage, Literal["open", "closed"]] = {}
    """State of gates, among others."""


class Case(Struct, frozen=True, kw_only=True):
    """A case ready to judge."""

    name: str
    line: int
    facts: Facts
    expect: Expected


class Suite:
    """A file of cases, read in two steps: its charter's name first, then the cases against it.

    Raises:
        DocumentErrors: the text is not a file of cases; every error with its line and column.
    """

    def __init__(self, text: str, file: str) -> None:
        self.file = file
        self.document = Document(text, file)
        self._taken: dict[int | None, list[Taken]] = {}
        self._straighten()
        written: Any = self.document.decode(_suite_type())
        self.written = written
        self.charter: str = written.charter
        self.include: tuple[str, ...] = written.include
        """Packs to lay over the charter, such as a sector's."""

    def _straighten(self) -> None:
        root = self.document.root
        if not isinstance(root.value, dict):
            return
        if "facts" in root.value:
            self._taken[None] = straighten(self.document, root.value["facts"])
        listed = root.value.get("cases", Node([], root.mark)).value
        for index, case in enumerate(listed if isinstance(listed, list) else []):
            if isinstance(case.value, dict) and "facts" in case.value:
                self._taken[index] = straighten(self.document, case.value["facts"])

    def cases(self, charter: Charter) -> tuple[Case, ...]:
        """Return the cases, whose words are those of ``charter``.

        Raises:
            DocumentErrors: a case names what the charter does not have, or another that is not.
        """
        if not self.written.cases:
            self.document.error_at(("cases",), "There are no cases.", "Write one down.")
        self._check_names()
        for index, case in enumerate(self.written.cases):
            self._check_expected(index, case.expect, charter)
        self.document.raise_errors()
        base = laid_over(harmless_facts(), self.written.facts, self._taken.get(None, []))
        found = tuple(
            Case(
                name=case.name,
                line=self.document.mark_of(("cases", index)).line,
                facts=self._facts(index, base),
                expect=case.expect,
            )
            for index, case in enumerate(self.written.cases)
        )
        self.document.raise_errors()
        return found

    def _check_names(self) -> None:
        names: dict[str, int] = {}
        for index, case in enumerate(self.written.cases):
            if case.name in names:
                said = f"Two cases are called {case.name!r}."
                self.document.error_at(("cases", index, "name"), said, "Call one otherwise.")
            names.setdefault(case.name, index)
        for index, case in enumerate(self.written.cases):
            if case.like is not None and case.like not in names:
                self.document.error_at(
                    ("cases", index, "like"),
                    f"There is no case {case.like!r} in this file.",
                    nearest(case.like, names),
                )
            elif case.like is not None and self._circle(index, names):
                said = f"The case {case.name!r} is like itself, by way of others."
                self.document.error_at(("cases", index, "like"), said, "Break the circle.")

    def _circle(self, index: int, names: dict[str, int]) -> bool:
        seen = {index}
        like = self.written.cases[index].like
        while like is not None and like in names:
            at = names[like]
            if at in seen:
                return at == index
            seen.add(at)
            like = self.written.cases[at].like
        return False

    def _check_expected(self, index: int, expect: Expected, charter: Charter) -> None:
        place = ("cases", index, "expect")
        if expect == Expected():
            self.document.error_at(place, "Nothing is expected, so this case cannot fail.")
        if expect.outcome is not None and expect.outcome not in OUTCOMES:
            self.document.error_at(
                (*place, "outcome"),
                f"There is no outcome {expect.outcome!r}; it is one of {', '.join(OUTCOMES)}.",
                nearest(expect.outcome, OUTCOMES),
            )
        rules = {*(rule.id for rule in charter.rules), *BUILT_IN}
        controls = {control.id for control in charter.controls}
        standing = {approval.id for approval in charter.standing_approvals}
        if expect.standing_approval is not None and expect.standing_approval not in standing:
            self.document.error_at(
                (*place, "standing_approval"),
                f"The charter {charter.name} has no standing approval "
                f"{expect.standing_approval!r}.",
                nearest(expect.standing_approval, standing),
            )
        for stage in expect.gates:
            if stage not in charter.gates:
                said = f"The charter {charter.name} has no gate {stage!r}."
                self.document.error_at((*place, "gates", stage), said, "")
        for field, known, what in (
            ("fires", rules, "rule"), ("does_not_fire", rules, "rule"), ("unknown", rules, "rule"),
            ("conditions", rules, "rule"), ("controls", controls, "control"),
        ):  # fmt: skip
            for at, name in enumerate(getattr(expect, field) or ()):
                if name not in known:
                    said = f"The charter {charter.name} has no {what} {name!r}."
                    self.document.error_at((*place, field, at), said, nearest(name, known))

    def _facts(self, index: int, base: dict[str, Any]) -> Facts:
        facts = self._data(index, base)
        try:
            return facts_from_document(facts)
        except InputError as error:
            self.document.error_at(("cases", index, "facts"), error.message, error.next_step)
            return facts_from_document(harmless_facts())

    def _data(self, index: int, base: dict[str, Any]) -> dict[str, Any]:
        chain = [index]
        names = {case.name: at for at, case in enumerate(self.written.cases)}
        while (like := self.written.cases[chain[-1]].like) is not None:
            chain.append(names[like])
        for at in reversed(chain):
            base = laid_over(base, self.written.cases[at].facts, self._taken.get(at, []))
        return base


def _suite_type() -> type[Struct]:
    """Return the type of a file of cases, with facts as their own schema has them."""
    import msgspec

    some = sparse()
    case = msgspec.defstruct(
        "Case",
        [("name", str), ("expect", Expected), ("like", str | None, None),
         ("facts", some | None, None)],
        frozen=True,
    )  # fmt: skip
    return msgspec.defstruct(
        "Cases",
        [
            ("charter", str),
            ("cases", tuple[case, ...]),  # type: ignore[valid-type]
            ("include", tuple[str, ...], ()),
            ("facts", some | None, None),
        ],
        frozen=True,
    )
