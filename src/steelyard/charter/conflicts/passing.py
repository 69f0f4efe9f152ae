# SPDX-License-Identifier: Apache-2.0
"""What is to pass and cannot: environments where every case is rejected, approvals that never work.

A standing approval says what passes without a person. Where a rule rejects the same cases, or asks
a person about all of them, the charter says two things at once.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from steelyard.charter.conflicts.cases import Case, Cases, Condition
from steelyard.charter.conflicts.findings import Budget, Conflict, Places
from steelyard.charter.conflicts.rules import state_of
from steelyard.charter.diff.changes import case
from steelyard.charter.document import Path
from steelyard.charter.engine import compile_rule
from steelyard.charter.schema import Charter, Rule, Sections, StandingApproval
from steelyard.charter.worlds import World, expression, view_of_world
from steelyard.charter.worlds.ask import Domains, essential

LIMIT = 2_000


def find_passing(charter: Charter, places: Places, budget: Budget) -> Iterator[Conflict]:
    """Yield environments in which nothing passes, and approvals at odds with the rules."""
    deciding = [rule for rule in charter.rules if rule.effect in ("reject", "review")]
    conditions = [
        Condition(rule.id, state_of(rule), lambda state: state != "fired") for rule in deciding
    ]
    conditions += [
        Condition(f"approval {item.id}", expression(item.when), lambda said: said == "true")
        for item in charter.standing_approvals
    ]
    cases = Cases(conditions, budget)
    rejecting = [rule.id for rule in deciding if rule.effect == "reject"]
    yield from _environments(charter, places, cases, rejecting)
    tiers = [
        tier
        for track in charter.tracks.values()
        if track.decided_by == "standing-approval"
        for tier in track.tiers
    ]
    names = [rule.id for rule in deciding]
    for approval in charter.standing_approvals:
        path = _place(places.written, approval)
        if path is not None:
            yield from _approval(charter, places, cases, approval, path, tiers, rejecting)
            yield from _refused_part(charter, places, approval, path, budget)
    if not charter.standing_approvals and not cases.find(rejecting, {}).core:
        yield from _tracks(charter, places, cases, names)


def _environments(
    charter: Charter, places: Places, cases: Cases, rejecting: list[str]
) -> Iterator[Conflict]:
    everywhere = cases.find(rejecting, {})
    if everywhere.core:
        yield from _nothing_passes(charter, places, everywhere.core, "Every case is rejected")
        return
    told: set[tuple[str, ...]] = set()
    known = charter.scope.environments if charter.scope is not None else ()
    for environment in dict.fromkeys((*known, *cases.domains.values.get("environment", ()))):
        if known and environment not in known:
            continue  # outside the scope everything is meant to be refused
        found = cases.find(rejecting, {"environment": environment})
        if found.core and found.core not in told:
            told.add(found.core)
            where = f"In the environment {environment!r} every case is rejected"
            yield from _nothing_passes(charter, places, found.core, where)


def _nothing_passes(
    charter: Charter, places: Places, core: tuple[str, ...], where: str
) -> Iterator[Conflict]:
    rules = [rule for rule in charter.rules if rule.id in core]
    path, other = _two_places(rules, places)
    if path is None or len(rules) < 2:
        return  # one rule alone is told by itself, and other texts by their own check
    names = ", ".join(repr(rule.id) for rule in rules)
    yield Conflict(
        code="charter.nothing-passes", severity="error", path=path, other=other, rules=core,
        message=f"{where}: no case satisfies the rules {names} together"
        f"{' ({other})' if other else ''}.",
        next_step="Decide which of them is meant, or say under `applies` where each holds.",
    )  # fmt: skip


def _two_places(rules: Sequence[Rule], places: Places) -> tuple[Path | None, Path | None]:
    found = [place for rule in rules if (place := places.of_rule(rule)) is not None]
    if not found:
        return None, None
    return found[-1], found[0] if len(found) > 1 else None


def _place(written: Sections, approval: StandingApproval) -> Path | None:
    for index, item in enumerate(written.standing_approvals):
        if item.id == approval.id:
            return ("standing_approvals", index, "when")
    return None


def _approval(
    charter: Charter,
    places: Places,
    cases: Cases,
    approval: StandingApproval,
    path: Path,
    tiers: Sequence[str],
    rejecting: list[str],
) -> Iterator[Conflict]:
    """Yield what keeps a standing approval from ever deciding anything."""
    name = f"approval {approval.id}"
    alone = cases.find([name], {})
    if alone.core:
        yield Conflict(
            code="standing-approval.never", severity="warning", path=path,
            message=f"The standing approval {approval.id!r} covers no case: its condition is "
            "never true.",
            next_step="Correct `when`, or take it out.",
        )  # fmt: skip
        return
    refused = cases.find([name, *rejecting], {})
    if refused.core:
        rules = [rule for rule in charter.rules if rule.id in refused.core]
        names = ", ".join(repr(rule.id) for rule in rules)
        yield Conflict(
            code="standing-approval.conflict", severity="error", path=path,
            other=_two_places(rules, places)[0],
            message=f"The standing approval {approval.id!r} is in conflict with {names}"
            f"{' ({other})' if _two_places(rules, places)[0] else ''}: every case it covers is "
            "rejected.",
            next_step="Decide which of the two is meant.",
        )  # fmt: skip
        return
    reached = [cases.find([name], {"risk.tier": tier}) for tier in tiers]
    if tiers and all(case.core for case in reached):
        yield Conflict(
            code="standing-approval.tier", severity="warning", path=path,
            message=f"The standing approval {approval.id!r} covers no case of the tiers that are "
            f"decided by standing approval ({', '.join(tiers)}).",
            next_step="Correct `when`, or the track of the tier.",
        )  # fmt: skip


def _refused_part(
    charter: Charter, places: Places, approval: StandingApproval, path: Path, budget: Budget
) -> Iterator[Conflict]:
    """Yield rules that reject, or ask a person, in some cases the approval names expressly.

    Every approval is limited by the rules; what is told is a case that the approval's own facts
    describe and in which the rule fires whatever the other facts are.
    """
    own = set(compile_rule(approval.when).paths)
    for rule in charter.rules:
        question = state_of(rule)
        if rule.effect not in ("reject", "review") or not own & set(question.paths):
            continue
        if not budget.allows(f"{approval.id} with {rule.id}"):
            continue
        found = _always_fires(approval.when, rule, budget)
        if found is None:
            continue
        verb = "rejected" if rule.effect == "reject" else "sent to a person"
        other = places.of_rule(rule)
        yield Conflict(
            code="standing-approval.partly-refused", severity="warning", path=path, other=other,
            example=found,
            message=f"The standing approval {approval.id!r} names cases that the rule "
            f"{rule.id!r}{' ({other})' if other else ''} does not let pass: {case(found)} each "
            f"one is {verb}.",
            next_step="Leave these cases out of `when`, or limit the rule.",
        )  # fmt: skip


def _always_fires(when: str, rule: Rule, budget: Budget) -> World | None:
    question = state_of(rule)
    domains = Domains((when, *question.texts))
    named = list(compile_rule(when).paths)
    rest = [path for path in question.paths if path not in named]
    count = domains.count((*named, *rest))
    if domains.doubts or count > LIMIT:
        return None
    budget.spend(count)

    def fires(world: World) -> bool:
        if view_of_world(world).ask(when) != "true":
            return False
        return all(
            question.answer(view_of_world({**world, **more})) == "fired"
            for more in domains.worlds(rest)
        )

    for world in domains.worlds(named):
        if fires(world):
            values = {path: domains.values[path] for path in named}
            return essential(world, values, fires)
    return None


def _tracks(charter: Charter, places: Places, cases: Cases, names: list[str]) -> Iterator[Conflict]:
    """Yield tracks that decide by standing approval and never can."""
    for name, track in charter.tracks.items():
        if track.decided_by != "standing-approval" or name not in places.written.tracks:
            continue
        found: list[Case] = [cases.find(names, {"risk.tier": tier}) for tier in track.tiers]
        if not found or not all(case.core for case in found):
            continue
        rules = [rule for rule in charter.rules if rule.id in found[0].core]
        told = ", ".join(repr(rule.id) for rule in rules)
        other = _two_places(rules, places)[0]
        yield Conflict(
            code="standing-approval.conflict", severity="error",
            path=("tracks", name), other=other,
            message=f"The track {name!r} decides by standing approval and never can: "
            f"{told}{' ({other})' if other else ''} reject or ask a person in every case.",
            next_step="Decide which of the two is meant.",
        )  # fmt: skip
