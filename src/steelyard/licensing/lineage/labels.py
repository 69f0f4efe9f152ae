# SPDX-License-Identifier: Apache-2.0
"""Whether a label can stand on what is under it, and whether the licenses of one work go together.

A label promises permissions. It cannot promise what the licenses upstream withhold, so a permissive
label on a restricted base is false whoever wrote it; a copyleft license allows no other label at
all; and two licenses that each demand to be the only one cannot both be kept.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache

from steelyard.catalog.license_terms import LicenseTerms, Term
from steelyard.kernel.lineage_answer import Result
from steelyard.licensing.lineage.carry import Carried, Held, governing, label
from steelyard.licensing.lineage.graph import LineageNode, LineageUse
from steelyard.licensing.lineage.reasons import Reported

_RESTRICTS = frozenset(
    [
        "no-commercial-use", "research-only", "no-production", "no-distribution", "no-derivatives",
        "no-managed-service", "no-output-training", "outputs-no-commercial-use", "purpose",
        "territory", "registration", "needs-license", "user-cap", "revenue-cap", "acceptable-use",
        "pass-on-restrictions", "outputs-derivative",
    ]
)  # fmt: skip
"""Terms a permissive label would hide from whoever reads it."""
_ADDS = _RESTRICTS - {"outputs-derivative"}
"""Terms that are "further restrictions" to a license that allows none."""
_RELABEL = "Pass it on under {name}, or make it from something else."


def judge_label(reported: Reported, arrived: Sequence[Carried], at: int, use: LineageUse) -> None:
    """Report where the label of node ``at`` does not fit what the node is made from.

    At a node on the way the label is somebody else's and asks for a look; at the final node it is
    the user's own, and passing the result on under it is prohibited.
    """
    node = reported.graph.nodes[at]
    labels = label(node)
    final = at in reported.finals
    for carried in arrived:
        if carried.mode not in ("own", "derivative") or carried.held.key == "":
            continue
        if carried.mode == "own" and node.actual is None:
            continue
        _one_label(reported, carried, node, labels, final, use)


def _one_label(
    reported: Reported,
    carried: Carried,
    node: LineageNode,
    labels: tuple[Held, ...],
    final: bool,
    use: LineageUse,
) -> None:
    held = carried.held
    if all(each.key == "" for each in labels) or any(each.key == held.key for each in labels):
        return
    demand = _demands(held)
    shown = ", ".join(each.name for each in labels)
    base = reported.name(carried.origin)
    if demand is not None:
        if any(_compatible(held, each, demand) for each in labels):
            return
        message = (
            f"{node.name} is labeled {shown}, but is {_relation(carried, base)}. {demand.says}"
        )
    elif restricts(held):
        if not all(restricts(each) for each in labels if each.key):
            demand = _strongest(held)
            message = (
                f"{node.name} is labeled {shown}, which promises more than {held.name} permits; "
                f"it is {_relation(carried, base)}."
            )
        else:
            if final and use.redistribute is not False and carried.mode == "derivative":
                reported.reason(
                    "review",
                    carried,
                    _strongest(held),
                    f"{node.name} is labeled {shown} and is {_relation(carried, base)}; the label "
                    f"must carry every restriction of {held.name} as well.",
                    f"Compare the terms: steelyard license diff {held.key} {labels[0].key}.",
                    clause="label",
                )
            return
    elif carried.mode == "own" and not restricts(held):
        _harmless(reported, carried, shown)
        return
    else:
        return
    reported.reason(
        _severity(final, use),
        carried,
        demand,
        message,
        _RELABEL.format(name=held.name),
        clause="label",
    )


def _harmless(reported: Reported, carried: Carried, shown: str) -> None:
    reported.reason(
        "ok",
        carried,
        None,
        f"{reported.name(carried.node)} is labeled {shown}, but its text is {carried.held.name}. "
        "Both permit this use; whoever passes it on must know which notices to keep.",
        "Ask the publisher which license is meant.",
        clause="label",
    )


def _severity(final: bool, use: LineageUse) -> Result:
    if not final:
        return "review"
    if use.redistribute is False:
        return "duty_missing"
    return "prohibited" if use.redistribute else "review"


def _relation(carried: Carried, base: str) -> str:
    if carried.mode == "own":
        return f"under {carried.held.name} by its text"
    return f"made from {base}, which is under {carried.held.name}"


def judge_together(reported: Reported, arrived: Sequence[Carried], use: LineageUse) -> None:
    """Report licenses of one derivative work that cannot be kept together."""
    whole = {
        each.held.key: each
        for each in arrived
        if each.mode in ("derivative", "own") and each.held.key
    }
    strict = [(each, demand) for each in whole.values() if (demand := _demands(each.held))]
    for carried, demand in strict:
        for other in whole.values():
            if other.held.key == carried.held.key:
                continue
            theirs = _demands(other.held)
            clash = _adds(other.held) if theirs is None else theirs
            if clash is None or (theirs and _meet(carried.held, demand, other.held, theirs)):
                continue
            _report_clash(reported, carried, demand, other, use)
    _prefixes(reported, whole.values(), use)


def _report_clash(
    reported: Reported, carried: Carried, demand: Term, other: Carried, use: LineageUse
) -> None:
    second = reported.name(other.origin)
    result: Result = "prohibited" if use.redistribute else "review"
    reported.reason(
        result,
        carried,
        demand,
        f"{carried.held.name} (from {reported.name(carried.origin)}) and {other.held.name} (from "
        f"{second}) are both in {reported.name(carried.node)}, and cannot both be kept when it is "
        f"passed on. {demand.says}",
        "Leave one of the two out, or do not pass the result on.",
        clause="conflict",
    )


def _prefixes(reported: Reported, whole: Iterable[Carried], use: LineageUse) -> None:
    found: dict[str, tuple[Carried, Term]] = {}
    for carried in whole:
        terms = carried.held.terms
        for term in terms.terms if terms else ():
            if term.code == "name-prefix" and carried.mode == "derivative":
                found.setdefault(term.text.casefold().split()[0], (carried, term))
    if len(found) < 2 or not (use.redistribute or use.hosted):
        return
    words = " and ".join(f"“{term.text}”" for _, term in found.values())
    for carried, term in found.values():
        reported.reason(
            "prohibited",
            carried,
            term,
            f"The name of {reported.name(carried.node)} would have to begin with {words}.",
            "Leave one of the models out, or agree on a name with a licensor.",
            clause="name-conflict",
        )


@cache
def _demands(held: Held) -> Term | None:
    """Return the term by which a license must stay the license of what is made from it."""
    return _first(held.terms, ("same-license", "share-alike"), "derivatives")


def restricts(held: Held) -> bool:
    """Tell whether a license withholds what a permissive label grants; unknown ones do."""
    return held.key == "" or held.terms is None or _strongest(held) is not None


@cache
def _strongest(held: Held) -> Term | None:
    order = (
        "research-only", "no-commercial-use", "no-distribution", "no-derivatives",
        "pass-on-restrictions", "acceptable-use", "registration", "needs-license", "user-cap",
        "revenue-cap", *sorted(_RESTRICTS),
    )  # fmt: skip
    return _first(held.terms, order)


@cache
def _adds(held: Held) -> Term | None:
    return _first(held.terms, tuple(sorted(_ADDS)))


def _first(terms: LicenseTerms | None, codes: Sequence[str], on: str | None = None) -> Term | None:
    for code in codes:
        for term in terms.terms if terms else ():
            if term.code == code and not term.encouraged and (on is None or on in term.on):
                return term
    return None


def _compatible(held: Held, labeled: Held, demand: Term) -> bool:
    """Tell whether the license's own text lets a derivative carry this other label."""
    if labeled.key in demand.compatible:
        return True
    return held.later and _family(held.key) == _family(labeled.key) and labeled.key > held.key


def _meet(one: Held, first: Term, other: Held, second: Term) -> bool:
    """Tell whether one of two demanding licenses lets the work be under, or beside, the other."""
    if other.key in first.combines or one.key in second.combines:
        return True
    return _compatible(one, other, first) or _compatible(other, one, second)


def _family(key: str) -> str:
    return key.rpartition("-")[0]


def misstated(node: LineageNode) -> bool:
    """Tell whether a node's text is under another license than its label says."""
    return node.actual is not None and {each.key for each in label(node)} != {
        each.key for each in governing(node)
    }
