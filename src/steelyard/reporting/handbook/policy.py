# SPDX-License-Identifier: Apache-2.0
"""Rules, controls and what is let in, as entries of the handbook."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple, get_args

from steelyard.catalog.frameworks import find
from steelyard.charter.engine import View, compile_rule, run
from steelyard.charter.schema import Charter, ControlRule, Rule
from steelyard.kernel.assessment import Reference
from steelyard.kernel.errors import InputError
from steelyard.kernel.license import LicenseCategory
from steelyard.reporting.handbook.entries import ControlEntry, Law, RuleEntry, TaskEntry
from steelyard.reporting.handbook.wording import (
    ALWAYS,
    anchor,
    condition_of,
    plain_name,
    series,
    titled,
)

TOPICS = {
    "models": "Models",
    "data": "Data",
    "licenses": "Licenses",
    "security": "Security",
    "risk": "Risk and people",
}
"""What rules are about, in the order of the handbook."""
_BY_FACT = (
    ("licenses", ("license.", "use_case.outputs_train_models", "use_case.redistributes")),
    ("security", ("scan.", "artifacts.", "provenance.signed", "provenance.signature",
                  "provenance.attested", "provenance.revision_immutable")),
    ("data", ("card.training_data", "provenance.datasets_stated", "model.datasets",
              "use_case.data_sources", "use_case.personal_data", "use_case.data_class")),
    ("models", ("model.", "card.", "provenance.")),
)  # fmt: skip
_SECTION = re.compile(r"(?:^|\.)(models|data|licenses|security)\.")
_LICENSE_FACTS = frozenset({"license.category", "license.keys", "license.known", "environment"})


def rule_entries(charter: Charter) -> tuple[RuleEntry, ...]:
    """Return every rule for readers, by topic and then in the charter's order."""
    titles = {reference.id: reference for reference in charter.references}
    entries = [_rule(charter, rule, titles) for rule in charter.rules]
    order = list(TOPICS)
    return tuple(sorted(entries, key=lambda entry: order.index(entry.topic)))


def _rule(charter: Charter, rule: Rule, titles: dict[str, Reference]) -> RuleEntry:
    return RuleEntry(
        id=rule.id,
        title=_title(charter, rule.id),
        anchor=anchor("rule", rule.id),
        topic=topic_of(rule),
        why=rule.why,
        applies=condition_of(rule.applies),
        requires=condition_of(rule.require) or ALWAYS,
        effect=rule.effect,
        consequence=consequence_words(charter, rule.otherwise, rule.condition),
        reviewers=rule.reviewers if rule.effect == "review" else (),
        condition=rule.condition if rule.effect == "condition" else "",
        remedy=rule.remedy,
        laws=tuple(_law(titles.get(item) or Reference(id=item)) for item in rule.frameworks),
    )


def _title(charter: Charter, identity: str) -> str:
    """Return ``bank.licenses.forbid`` as ``Licenses: forbid``; the charter's own name goes."""
    parts = identity.split(".")
    if parts[0] in {charter.name, *(pack.name for pack in charter.packs)} and len(parts) > 1:
        parts = parts[1:]
    first, *rest = (plain_name(part) for part in parts)
    return f"{first}: {' '.join(rest).lower()}" if rest else first


def topic_of(rule: Rule) -> str:
    """Return what a rule is about: by the section it was made from, else by what it requires."""
    section = _SECTION.search(rule.id)
    if section is not None:
        return section[1]
    try:
        read = compile_rule(rule.require).paths
    except InputError:
        return "risk"
    for topic, starts in _BY_FACT:
        if any(path.startswith(starts) for path in read):
            return topic
    return "risk"


def consequence_words(charter: Charter, consequence: str, condition: str = "") -> str:
    """Return what happens, as a clause after *otherwise*."""
    effect, _, inside = consequence.partition("(")
    if effect == "reject":
        return "the request is rejected"
    if effect == "warn":
        return "a warning is recorded; nothing is stopped"
    if effect == "condition":
        return (
            f"approval is bound to this condition: {condition.rstrip('.')}"
            if condition
            else ("approval is bound to a condition")
        )
    roles = [role.strip() for role in inside.rstrip(")").split(",") if role.strip()]
    names = series(titled(charter, role) for role in roles or ["model-owner"])
    return f"{names} must sign off"


def _law(reference: Reference) -> Law:
    known = find(reference.id)
    framework = reference.framework or (f"{known.framework} {known.version}" if known else "")
    title = reference.title or (known.title if known else "")
    return Law(id=reference.id, title=title, framework=framework)


def control_entries(charter: Charter) -> tuple[ControlEntry, ...]:
    """Return every control for readers, by title; one called for twice has both conditions."""
    merged: dict[str, list[ControlRule]] = {}
    for control in charter.controls:
        merged.setdefault(control.id, []).append(control)
    entries = [_control(same) for same in merged.values()]
    return tuple(sorted(entries, key=lambda entry: entry.title.lower()))


def _control(same: list[ControlRule]) -> ControlEntry:
    control = same[0]
    whens = list(dict.fromkeys(one.when for one in same))
    when = whens[0] if len(whens) == 1 else " || ".join(f"({text})" for text in whens)
    if "true" in whens:
        when = "true"
    return ControlEntry(
        id=control.id,
        anchor=anchor("control", control.id),
        title=control.title,
        objective=control.objective,
        why=control.why,
        when=condition_of(when) or ALWAYS,
        shown_by=condition_of(control.evidence or None),
        stage=control.stage or "",
        tasks=tuple(
            TaskEntry(
                title=task.title,
                acceptance=task.acceptance,
                evidence=plain_name(task.evidence) if task.evidence else "",
            )
            for task in control.tasks
        ),
        evidence_types=tuple(plain_name(word) for word in control.evidence_types),
        laws=tuple(_law(reference) for reference in control.frameworks),
    )


class LicenseRow(NamedTuple):
    """What happens to a category of licenses in each environment."""

    category: str
    answers: tuple[str, ...]
    """``allowed · review · reject · condition · depends``, in the order of the environments."""


def license_rows(charter: Charter, environments: Iterable[str]) -> list[LicenseRow]:
    """Return what the charter's own rules answer for a model of each category of license.

    The rules are asked, not read: an overlay that forbids what its profile reviews shows up.
    """
    rules = [rule for rule in charter.rules if _about_licenses(rule)]
    if not rules:
        return []
    places = tuple(environments)
    return [
        LicenseRow(category, tuple(_answer(rules, category, place) for place in places))
        for category in get_args(LicenseCategory)
    ]


def _about_licenses(rule: Rule) -> bool:
    try:
        read = set(compile_rule(rule.require).paths)
        if rule.applies:
            read |= set(compile_rule(rule.applies).paths)
    except InputError:
        return False
    return "license.category" in read and read <= _LICENSE_FACTS | {"use_case.commercial"}


def _answer(rules: list[Rule], category: str, environment: str) -> str:
    """Return the worst that happens to a model with one known license of this category."""
    view = View(
        {
            "environment": environment,
            "license": {"category": category, "known": True, "keys": ["a key in no list"]},
        }
    )
    worst = "allowed"
    for rule in rules:
        applies = run(compile_rule(rule.applies), view) if rule.applies else "true"
        holds = run(compile_rule(rule.require), view)
        if applies == "false" or holds == "true":
            continue
        found = "depends" if "unknown" in (applies, holds) else rule.effect
        worst = max(worst, found, key=_WORSE.index)
    return worst


_WORSE = ("allowed", "warn", "condition", "depends", "review", "reject")
