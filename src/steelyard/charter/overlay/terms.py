# SPDX-License-Identifier: Apache-2.0
"""Exceptions, clocks, the review of the charter and the release plan laid over those of a base."""

from __future__ import annotations

import msgspec

from steelyard.charter.document import Path, nearest
from steelyard.charter.durations import is_longer
from steelyard.charter.overlay.laying import Laying, union
from steelyard.charter.schema import (
    Charter,
    ExceptionTerms,
    Gate,
    Phase,
    Remediation,
    ReviewPlan,
    Sections,
    Stage,
    StandingApproval,
)


def lay_exceptions(
    laying: Laying, own: ExceptionTerms | None, base: ExceptionTerms | None
) -> ExceptionTerms | None:
    """Return the terms of exceptions, none longer or more often than the base has it."""
    if own is None or base is None:
        return own or base
    path: Path = ("exceptions",)
    longest = laying.shorter((*path, "longest"), own.longest, base.longest)
    assert longest is not None
    # What is longer than the new limit of all is held by that limit.
    for_tier = {
        t: length for t, length in base.longest_for.items() if not is_longer(length, longest)
    }
    for tier, length in own.longest_for.items():
        limit = base.longest_for.get(tier, base.longest)
        for_tier[tier] = laying.shorter((*path, "longest_for", tier), length, limit) or length
    renewals = laying.at_most((*path, "renewals"), own.renewals, base.renewals, "renewals")
    if own.committee is not None and base.committee not in (None, own.committee):
        laying.wrong((*path, "committee"), f"{laying.who} gives this to {base.committee!r}.")
    return ExceptionTerms(
        longest=longest,
        granted_by=own.granted_by if laying.refuse else base.granted_by,
        renewals=renewals or 0,
        longest_for=for_tier,
        never_for=union(base.never_for, own.never_for),
        committee=base.committee or own.committee,
        needs=union(base.needs, own.needs),
    )


def lay_remediation(
    laying: Laying, own: Remediation | None, base: Remediation | None
) -> Remediation | None:
    """Return the clocks for findings, each the shorter one."""
    if own is None or base is None:
        return own or base
    within = dict(base.within)
    for severity, length in own.within.items():
        path: Path = ("remediation", "within", severity)
        within[severity] = laying.shorter(path, length, base.within.get(severity)) or length
    return Remediation(
        within=within,
        sponsor=union(base.sponsor, own.sponsor),
        escalate=union(base.escalate, own.escalate),
    )


def lay_review(
    laying: Laying, own: ReviewPlan | None, base: ReviewPlan | None
) -> ReviewPlan | None:
    """Return when the charter is reviewed: as often as the base, on every occasion of both."""
    if own is None or base is None:
        return own or base
    every = laying.shorter(("review", "every"), own.every, base.every)
    assert every is not None
    return ReviewPlan(
        every=every,
        also_on=union(base.also_on, own.also_on),
        by=own.by or base.by,
        last=own.last or base.last,
    )


def lay_standing(laying: Laying, own: Sections, base: Charter) -> tuple[StandingApproval, ...]:
    """Return the standing approvals; the first ones narrow what passes, further ones widen it."""
    if own.standing_approvals and base.standing_approvals:
        laying.looser(
            ("standing_approvals", 0),
            f"{laying.who} already says what passes without a person; "
            "an overlay may not add to it.",
            "Add a rule with `otherwise: review(…)` to let less pass.",
        )
        return base.standing_approvals
    return base.standing_approvals or own.standing_approvals


def lay_release(laying: Laying, own: Sections, base: Charter) -> tuple[Phase, ...]:
    """Return the release plan: the phases of the base, each capped by both."""
    if not base.release:
        return own.release
    names = [phase.name for phase in base.release]
    mine = {}
    for index, phase in enumerate(own.release):
        path: Path = ("release", index)
        if phase.name not in names:
            laying.wrong(
                (*path, "name"),
                f"The release plan of {laying.source} has no phase {phase.name!r}.",
                nearest(phase.name, names) or f"It has {', '.join(names)}.",
            )
        mine[phase.name] = (path, phase)
    return tuple(
        _phase(laying, *mine[phase.name], phase) if phase.name in mine else phase
        for phase in base.release
    )


def _phase(laying: Laying, path: Path, own: Phase, base: Phase) -> Phase:
    extra = [name for name in own.environments if name not in base.environments]
    if extra:
        laying.looser(
            (*path, "environments"),
            f"{laying.who} lets this phase run in {', '.join(base.environments)} only.",
        )
    places = tuple(name for name in base.environments if name in own.environments)
    return Phase(
        name=base.name,
        environments=places or base.environments,
        after=union(base.after, own.after),
        users=laying.at_most((*path, "users"), own.users, base.users, "people a month"),
        share=laying.at_most((*path, "share"), own.share, base.share, "percent"),
        longest=laying.shorter((*path, "longest"), own.longest, base.longest),
        conditions=union(base.conditions, own.conditions),
        otherwise=base.otherwise,
        why=own.why or base.why,
    )


def lay_gates(own: Sections, base: Charter) -> dict[Stage, Gate]:
    """Return the gates: everything both ask, for the tiers of both."""
    merged = dict(base.gates)
    for stage, gate in own.gates.items():
        old = base.gates.get(stage)
        if old is None:
            merged[stage] = gate
            continue
        tiers = union(old.tiers, gate.tiers) if old.tiers and gate.tiers else ()
        merged[stage] = msgspec.structs.replace(
            old,
            asks=union(old.asks, gate.asks),
            controls=union(old.controls, gate.controls),
            evidence=union(old.evidence, gate.evidence),
            opened_by=union(old.opened_by, gate.opened_by),
            tiers=tiers,
        )
    return merged
