# SPDX-License-Identifier: Apache-2.0
"""Rules from the scope, the tolerance for risk and the phases of a release."""

from __future__ import annotations

from collections.abc import Iterator

from steelyard.charter.schema import TIERS, Phase, RiskSection, Rule, Scope
from steelyard.charter.sections.writing import both, listed, quoted


def scope_rules(scope: Scope, prefix: str) -> Iterator[Rule]:
    """Yield the rules that keep a charter to what it is about."""
    if scope.environments:
        yield Rule(
            id=f"{prefix}scope.environments",
            why="The charter knows nothing about this environment.",
            require=f"environment in {listed(scope.environments)}",
            otherwise="reject",
            remedy=f"Ask for one of {', '.join(scope.environments)}.",
        )
    if scope.units:
        yield Rule(
            id=f"{prefix}scope.units",
            why="The charter does not bind this business unit, so it cannot decide for it.",
            require=f"has(use_case.unit) && use_case.unit in {listed(scope.units)}",
            otherwise="review(model-owner)",
            remedy="State the business unit as `unit` in the use case, or use that unit's charter.",
        )
    if scope.regions:
        yield Rule(
            id=f"{prefix}scope.regions",
            why="The charter was not written for all the regions the use case names.",
            require=f"use_case.regions.all(r, r in {listed(scope.regions)})",
            otherwise="review(legal)",
            remedy="Have the law of the other regions looked at.",
        )


def tolerance_rules(risk: RiskSection, prefix: str) -> Iterator[Rule]:
    """Yield one rule for each line of the tolerance for risk."""
    for number, line in enumerate(risk.tolerance, 1):
        where = f"environment in {listed(line.environments)}" if line.environments else ""
        accepted = TIERS[: TIERS.index(line.accepts) + 1]
        place = f" in {', '.join(line.environments)}" if line.environments else ""
        yield Rule(
            id=f"{prefix}risk.tolerance.{number}",
            why=line.why or f"The charter tolerates at most {line.accepts} risk{place}.",
            applies=both(where, line.when),
            require=f"risk.tier in {listed(accepted)}",
            otherwise=line.otherwise,
            condition="The owner lowers the risk to what is tolerated before release.",
            remedy="Lower the risk: see its drivers. Less exposure or less data helps most.",
        )


def release_rules(
    phases: tuple[Phase, ...], prefix: str, plan: tuple[Phase, ...]
) -> Iterator[Rule]:
    """Yield the rules of phases of a release ``plan``: order, cap and conditions of each.

    A use case says which phase it is for. One that does not is taken to be for the last phase of
    its environment, which asks the most.
    """
    if phases:
        every = listed(phase.name for phase in plan)
        yield Rule(
            id=f"{prefix}release.phase",
            why="The use case names a phase that the charter's release plan does not have.",
            require=f"!has(use_case.phase) || use_case.phase in {every}",
            otherwise="reject",
            remedy=f"Name one of {', '.join(phase.name for phase in plan)}.",
        )
    for phase in phases:
        inside = in_phase(phase, plan)
        here = f"{prefix}release.{phase.name}"
        yield Rule(
            id=f"{here}.place",
            why=f"The phase {phase.name} runs in {', '.join(phase.environments)} only.",
            applies=f"has(use_case.phase) && use_case.phase == {quoted(phase.name)}",
            require=f"environment in {listed(phase.environments)}",
            otherwise="reject",
            remedy="Ask for the environment of the phase, or name another phase.",
        )
        if phase.after:
            yield Rule(
                id=f"{here}.after",
                why=phase.why or f"Before {phase.name} comes {', '.join(phase.after)}.",
                applies=inside,
                require=" && ".join(f"{quoted(p)} in release.completed" for p in phase.after),
                otherwise=phase.otherwise,
                condition=f"The owner shows that {', '.join(phase.after)} was completed.",
                remedy=f"Complete {', '.join(phase.after)} first, and record it.",
            )
        if phase.users is not None:
            yield Rule(
                id=f"{here}.users",
                why=f"In this phase the model serves at most {phase.users} people a month.",
                applies=inside,
                require=f"has(use_case.monthly_users) && use_case.monthly_users <= {phase.users}",
                otherwise="condition",
                condition=f"The model serves at most {phase.users} people a month.",
                remedy="State the planned users as `monthly_users` in the use case.",
            )
        yield from _terms(phase, here, inside)


def _terms(phase: Phase, here: str, inside: str) -> Iterator[Rule]:
    """Conditions that hold for a whole phase, whatever the facts."""
    terms = list(phase.conditions)
    if phase.share is not None:
        terms.append(f"At most {phase.share} % of the traffic reaches the model.")
    for number, condition in enumerate(terms, 1):
        yield Rule(
            id=f"{here}.condition-{number}",
            why=f"This holds for the whole phase {phase.name}.",
            applies=inside,
            require="false",
            otherwise="condition",
            condition=condition,
        )


def in_phase(phase: Phase, phases: tuple[Phase, ...]) -> str:
    """Return the condition that a use case is in ``phase`` of the plan ``phases``."""
    named = f"has(use_case.phase) && use_case.phase == {quoted(phase.name)}"
    others = [p.name for p in phases if p.name != phase.name]
    last = [
        place
        for place in phase.environments
        if next((p.name for p in reversed(phases) if place in p.environments), "") == phase.name
    ]
    if not last:
        return named
    unnamed = f"environment in {listed(last)}"
    if others:
        unnamed += f" && !(has(use_case.phase) && use_case.phase in {listed(others)})"
    return f"({named}) || ({unnamed})"
