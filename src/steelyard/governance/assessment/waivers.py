# SPDX-License-Identifier: Apache-2.0
"""What an exception does to a judgment: the rule it is against binds instead of refusing.

The rule still fires, its reason stands in the decision, and what it asks for becomes a condition
that names the exception and its end. So nobody can overlook that something was excepted, and the
approval cannot outlast it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

from msgspec import Struct, structs

from steelyard.charter.schema import Charter, Rule
from steelyard.governance.assessment.service import Weighed
from steelyard.kernel.assessment import Decision

BY_EXCEPTION = "By exception "
"""How a condition begins that binds instead of a rule."""


class Waiver(Struct, frozen=True, kw_only=True):
    """An exception in force against one rule."""

    exception: str
    rule: str
    until: dt.date


def with_waivers(charter: Charter, waivers: Iterable[Waiver]) -> Charter:
    """Return ``charter`` with each rule that an exception is against turned into a condition.

    A rule that only warns or binds already stays as it is.
    """
    by_rule = {waiver.rule: waiver for waiver in waivers}
    if not by_rule:
        return charter
    rules = tuple(_bound(rule, by_rule.get(rule.id)) for rule in charter.rules)
    return structs.replace(charter, rules=rules)


def excepted(decision: Decision) -> frozenset[str]:
    """Return the rules that bind in a decision only because an exception was granted."""
    return frozenset(
        each.rule for each in decision.conditions if each.text.startswith(BY_EXCEPTION)
    )


def _bound(rule: Rule, waiver: Waiver | None) -> Rule:
    if waiver is None or rule.effect not in ("reject", "review"):
        return rule
    meant = rule.remedy or rule.why
    said = f"{BY_EXCEPTION}{waiver.exception}, until {waiver.until.isoformat()}: {meant}"
    return structs.replace(rule, otherwise="condition", condition=said)


def capped(weighed: Weighed, waivers: Iterable[Waiver]) -> Weighed:
    """Return ``weighed`` with an approval that ends with the first exception it rests on."""
    assessment = weighed.assessment
    decision = assessment.decision
    bound = {condition.rule for condition in decision.conditions}
    ends = [waiver.until.isoformat() for waiver in waivers if waiver.rule in bound]
    if not ends or decision.valid_until is None:
        return weighed
    decision = structs.replace(decision, valid_until=min(decision.valid_until, *ends))
    return structs.replace(weighed, assessment=structs.replace(assessment, decision=decision))
