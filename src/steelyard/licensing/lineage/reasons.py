# SPDX-License-Identifier: Apache-2.0
"""Collects the reasons and duties of one check."""

from __future__ import annotations

from steelyard.catalog.license_terms import Term
from steelyard.kernel.lineage_answer import (
    RESULTS,
    Duty,
    DutyState,
    LineageReason,
    Result,
    Step,
)
from steelyard.licensing.lineage.carry import Carried
from steelyard.licensing.lineage.graph import LineageGraph


class Reported:
    """Collects reasons and duties of one check, each once."""

    def __init__(self, graph: LineageGraph, finals: frozenset[int]) -> None:
        self.graph = graph
        self.finals = finals
        self._reasons: dict[tuple[object, ...], LineageReason] = {}
        self._duties: dict[tuple[object, ...], Duty] = {}

    def name(self, node: int) -> str:
        """Return a node's name."""
        return self.graph.nodes[node].name

    def reason(
        self,
        result: Result,
        carried: Carried,
        term: Term | None,
        message: str,
        remedy: str,
        *,
        clause: str = "",
    ) -> None:
        """Add a reason at the node ``carried`` is at; a second one of the same kind is dropped."""
        steps = carried.path()
        held = carried.held
        if term is not None and term.depends and result != "ok":
            # What no use case says is for a human to find out.
            result, message = "review", f"{message} It bites where {term.depends}."
        kind = clause or (term.code if term else "license")
        identity = (result, carried.node, held.key or held.name, kind, message)
        if identity in self._reasons:
            return
        names = [self.name(step.node) for step in steps]
        self._reasons[identity] = LineageReason(
            result=result,
            node=names[-1],
            via=tuple(names),
            license=held.key or held.name,
            clause=f"{kind} {term.section}".strip() if term else kind,
            document=document_of(carried, term, self.graph),
            quote=term.quote if term else "",
            message=message,
            remedy=remedy,
            path=tuple(
                Step(upstream=names[at], relation=step.relation, downstream=names[at + 1])
                for at, step in enumerate(steps[1:])
                if step.relation is not None
            ),
        )

    def duty(
        self, carried: Carried, term: Term, state: DutyState, *, file: str = "", text: str = ""
    ) -> None:
        """Add a duty; of two states of one duty the worse one stays."""
        identity = (carried.held.key, term.code, term.text, term.section)
        found = self._duties.get(identity)
        if found is not None and _DUTY_ORDER.index(found.state) <= _DUTY_ORDER.index(state):
            return
        self._duties[identity] = Duty(
            license=carried.held.key,
            clause=f"{term.code} {term.section}".strip(),
            what=term.says,
            state=state,
            node=self.name(carried.node),
            file=file,
            text=text,
            quote=term.quote,
            document=document_of(carried, term, self.graph),
        )

    def reasons(self) -> tuple[LineageReason, ...]:
        """Return all reasons, most severe first, else in the order they were found."""
        return tuple(sorted(self._reasons.values(), key=lambda each: RESULTS.index(each.result)))

    def duties(self) -> tuple[Duty, ...]:
        """Return all duties, open ones first."""
        return tuple(sorted(self._duties.values(), key=lambda each: _DUTY_ORDER.index(each.state)))


_DUTY_ORDER: tuple[DutyState, ...] = ("missing", "unknown", "to do", "done", "not due")


def document_of(carried: Carried, term: Term | None, graph: LineageGraph) -> str:
    """Return where the words stand: the license's name and the publisher's file."""
    held = carried.held
    if held.entry is None or term is None:
        return f"the license of {graph.nodes[carried.origin].name}"
    return f"{held.entry.name}, {term.document}"
