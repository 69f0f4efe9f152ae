# SPDX-License-Identifier: Apache-2.0
"""Compares what is not logic: lists of roles, quorums, times, words; field by field.

For each field a table says which way it goes: whether more of it, or longer, is stricter. A field
that is not in the table is reported with both values and an unclear direction, so that a field
added to the schema is never passed over in silence.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal

from msgspec import Struct

from steelyard.charter.diff.changes import Change, Direction, shown
from steelyard.charter.durations import is_longer

Way = Literal[
    "more-stricter",  # a list or a number: more of it is stricter
    "more-looser",
    "longer-looser",  # a length of time
    "asked-everywhere",  # a list in which nothing means everywhere, of something that is asked
    "named-stricter",  # one word or none: none is easier, another word is for a person to judge
    "named-looser",
    "triggers",  # a list of events, where incident:high says incident:critical as well
    "words",  # says nothing about decisions
    "logic",  # compared elsewhere, by what it does
    "unclear",
]

WAYS: Mapping[str, Way] = {
    "ReviewPlan.every": "longer-looser",
    "ReviewPlan.also_on": "triggers",
    "ReviewPlan.by": "named-stricter",
    "ReviewPlan.last": "words",
    "Step.sign_offs": "more-stricter",
    "Step.quorum": "more-stricter",
    "Step.within": "longer-looser",
    "Step.committee": "named-stricter",
    "Step.when": "named-looser",
    "StandingApproval.when": "logic",
    "StandingApproval.why": "words",
    "StandingApproval.valid": "longer-looser",
    "StandingApproval.conditions": "more-stricter",
    "Phase.environments": "logic",
    "Phase.after": "logic",
    "Phase.users": "logic",
    "Phase.share": "logic",
    "Phase.conditions": "logic",
    "Phase.otherwise": "logic",
    "Phase.why": "words",
    "Phase.longest": "longer-looser",
    "Gate.asks": "more-stricter",
    "Gate.controls": "more-stricter",
    "Gate.evidence": "more-stricter",
    "Gate.opened_by": "more-stricter",
    "Gate.tiers": "asked-everywhere",
    "ExceptionTerms.longest": "longer-looser",
    "ExceptionTerms.renewals": "more-looser",
    "ExceptionTerms.never_for": "more-stricter",
    "ExceptionTerms.committee": "named-stricter",
    "ExceptionTerms.needs": "more-stricter",
    "Remediation.sponsor": "more-stricter",
    "Remediation.escalate": "more-stricter",
    "RoleTerms.title": "words",
    "RoleTerms.does": "words",
    "RoleTerms.deputies": "more-looser",
    "RoleTerms.training": "more-stricter",
    "RoleTerms.independent": "more-stricter",
    "Committee.title": "words",
    "Committee.quorum": "more-stricter",
    "Committee.independent": "more-stricter",
    "Committee.recuse": "more-stricter",
    "Committee.training": "more-stricter",
    "Committee.meets": "words",
    "DecisionRight.environments": "logic",
    "DecisionRight.tiers": "logic",
    "DecisionRight.tracks": "logic",
    "DecisionRight.quorum": "more-stricter",
    "DecisionRight.recuse": "more-stricter",
    "DecisionRight.training": "more-stricter",
    "DecisionRight.why": "words",
    "Delegation.to": "more-looser",
    "Delegation.longest": "longer-looser",
    "Term.says": "words",
    "Scope.environments": "logic",
    "Scope.units": "logic",
    "Scope.regions": "logic",
    "ScannerSection.plugins": "unclear",
    "ControlRule.title": "words",
    "ControlRule.why": "words",
    "ControlRule.objective": "words",
    "ControlRule.frameworks": "words",
    "ControlRule.stage": "words",
    "ControlRule.evidence_types": "more-stricter",
    "ControlRule.when": "logic",
}
"""By the name of the struct and the field. What is missing is unclear."""

ADDED: Mapping[str, Direction] = {
    "ReviewPlan": "stricter",
    "Step": "stricter",
    "Gate": "stricter",
    "ExceptionTerms": "looser",
    "Remediation": "stricter",
    "RoleTerms": "same",
    "Committee": "same",
    "Delegation": "looser",
    "Objective": "same",
    "Stakeholder": "same",
    "Responsibility": "same",
    "Scope": "same",
    "PluginPin": "stricter",
    "Phase": "same",  # its rules are compared by what they do
    "ControlTask": "stricter",
}
"""What it means that a whole entry is new; when it is gone, the opposite. Missing: unclear."""

_WORDS_ONLY = frozenset({"Objective", "Stakeholder", "Responsibility"})
_ORDERS: Mapping[str, Sequence[str]] = {
    "Committee.majority": ("simple", "two-thirds", "unanimous"),
}
_OPPOSITE: Mapping[Direction, Direction] = {"stricter": "looser", "looser": "stricter"}


_CLOCKS = ("longest_for", "within")


def opposite(direction: Direction) -> Direction:
    """Return the direction of the change back."""
    return _OPPOSITE.get(direction, direction)


def compare_entries(section: str, old: Any, new: Any, subject: str = "") -> Iterator[Change]:
    """Yield what differs between two values of the field ``section`` of a charter."""
    if old == new:
        return
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        yield from _pairs(section, dict(old), dict(new), subject)
    elif _is_structs(old) and _is_structs(new):
        yield from _pairs(section, _named(old), _named(new), subject)
    elif isinstance(old, Struct) and isinstance(new, Struct):
        yield from _struct(section, subject, old, new)
    elif isinstance(old, Struct) or isinstance(new, Struct):
        yield _whole(section, subject, old, new)
    else:
        yield _value(section, subject, "", "unclear", old, new)


def _is_structs(value: Any) -> bool:
    return isinstance(value, (tuple, list)) and all(isinstance(item, Struct) for item in value)


def _named(items: Sequence[Any]) -> dict[str, Any]:
    """Return entries by what tells them apart; the same again gets a number."""
    found: dict[str, Any] = {}
    for item in items:
        names = [
            str(getattr(item, name))
            for name in ("action", "id", "name", "word", "unit", "role", "committee", "interest")
            if getattr(item, name, None)
        ]
        name = base = " ".join(names) or shown(item)
        number = 1
        while name in found:
            number += 1
            name = f"{base} ({number})"
        found[name] = item
    return found


def _pairs(
    section: str, old: Mapping[str, Any], new: Mapping[str, Any], subject: str
) -> Iterator[Change]:
    for name in dict.fromkeys((*old, *new)):
        inner = f"{subject} {name}".strip()
        before, after = old.get(name), new.get(name)
        if before == after:
            continue
        if isinstance(before, Struct) and isinstance(after, Struct):
            yield from _struct(section, inner, before, after)
        elif isinstance(before, Struct) or isinstance(after, Struct):
            yield _whole(section, inner, before, after)
        else:
            yield _value(section, inner, "", "unclear", before, after)


def _whole(section: str, subject: str, old: Any, new: Any) -> Change:
    entry = new if old is None else old
    direction = ADDED.get(type(entry).__name__, "unclear")
    if old is not None:
        direction = opposite(direction)
    happened = "is new" if old is None else "is gone"
    return Change(
        section=section, subject=subject or section, kind="added" if old is None else "removed",
        direction=direction, old=old, new=new,
        says=f"{_title(section, subject)} {happened}: {shown(entry)}.",
    )  # fmt: skip


def _struct(section: str, subject: str, old: Struct, new: Struct) -> Iterator[Change]:
    kind = type(old).__name__
    for name in old.__struct_fields__:
        before, after = getattr(old, name), getattr(new, name, None)
        if before == after:
            continue
        key = f"{kind}.{name}"
        way: Way = "words" if kind in _WORDS_ONLY else WAYS.get(key, "unclear")
        if way == "logic":
            continue
        nested = isinstance(before, Struct) or isinstance(after, Struct)
        if nested or ((before or after) and _is_structs(before) and _is_structs(after)):
            yield from compare_entries(section, before, after, f"{subject} {name}".strip())
        elif isinstance(before, Mapping) and isinstance(after, Mapping) and name in _CLOCKS:
            usual = (getattr(old, "longest", None), getattr(new, "longest", None))
            yield from _times(section, subject, name, before, after, usual)
        else:
            yield _value(section, subject, name, way, before, after, _ORDERS.get(key, ()))


def _times(
    section: str,
    subject: str,
    name: str,
    old: Mapping[str, str],
    new: Any,
    usual: tuple[str | None, str | None],
) -> Iterator[Change]:
    """Compare lengths of time by tier or severity; where one is not given, the usual one counts."""
    for word in dict.fromkeys((*old, *new)):
        before, after = old.get(word, usual[0]), new.get(word, usual[1])
        if before != after:
            here = f"{subject} {name} {word}".strip()
            yield _value(section, here, "", "longer-looser", before, after)


def _value(
    section: str,
    subject: str,
    name: str,
    way: Way,
    old: Any,
    new: Any,
    order: Sequence[str] = (),
) -> Change:
    direction: Direction = "unclear"
    if way == "words":
        direction = "same"
    elif order and old in order and new in order:
        direction = "stricter" if order.index(new) > order.index(old) else "looser"
    elif way in ("more-stricter", "more-looser"):
        direction = more(old, new)
        direction = direction if way == "more-stricter" else opposite(direction)
    elif way in ("named-stricter", "named-looser"):
        if not (old and new):
            direction = "stricter" if bool(new) == (way == "named-stricter") else "looser"
    elif way == "triggers":
        direction = more(_triggers(old), _triggers(new))
    elif way == "longer-looser":
        direction = shorter(old, new)
    elif way == "asked-everywhere":
        direction = _reach(old, new)
    said = f"{_title(section, subject)}{f': {name}' if name else ''} was {shown(old)}"
    return Change(
        section=section, subject=" ".join(filter(None, (subject, name))) or section,
        kind="changed", direction=direction, old=old, new=new,
        says=f"{said}, is {shown(new)}.",
    )  # fmt: skip


def more(old: Any, new: Any) -> Direction:
    """Return the direction where more (of a list, a number, a yes) is stricter."""
    if isinstance(old, (tuple, list)) and isinstance(new, (tuple, list)):
        gone, come = set(old) - set(new), set(new) - set(old)
        if gone and come:
            return "mixed"
        return "looser" if gone else "stricter" if come else "same"
    return "stricter" if (new or 0) > (old or 0) else "looser"


def _triggers(events: Sequence[str]) -> tuple[str, ...]:
    """Return events with those that a milder one of the same kind includes."""
    severities = ("critical", "high", "medium", "low")
    found = set(events)
    for event in events:
        kind, _, severity = event.partition(":")
        if severity in severities:
            found |= {f"{kind}:{word}" for word in severities[: severities.index(severity)]}
    return tuple(sorted(found))


def shorter(old: str | None, new: str | None) -> Direction:
    """Return the direction where a shorter time is stricter, and none is without end."""
    if old is None or new is None:
        return "stricter" if old is None else "looser"
    if is_longer(new, old):
        return "looser"
    return "stricter" if is_longer(old, new) else "same"


def _reach(old: Sequence[str], new: Sequence[str]) -> Direction:
    """Return the direction of a demand whose places changed; no places means all of them."""
    if not old or not new:
        return "looser" if not old else "stricter"
    return more(old, new)


def _title(section: str, subject: str) -> str:
    words = section.replace("_", " ").replace(".", " ")
    return f"{words[:1].upper()}{words[1:]}{f', {subject}' if subject else ''}"
