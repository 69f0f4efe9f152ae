# SPDX-License-Identifier: Apache-2.0
"""How a classification is worded, the same in text and HTML."""

from __future__ import annotations

import datetime
from typing import Final, NamedTuple

from steelyard.charter.regulation.result import Change, Classification, DueObligation
from steelyard.reporting.chips import Chip

CLASS_CHIPS: Final[dict[str, Chip]] = {
    "prohibited": Chip("bad", "cross", "prohibited"),
    "high-risk": Chip("pending", "warning", "high-risk"),
    "documented-not-high-risk": Chip("notice", "diamond", "documented as not high-risk"),
    "transparency": Chip("notice", "info", "transparency duties"),
    "minimal": Chip("good", "check", "minimal risk"),
    "out-of-scope": Chip("neutral", "dash", "out of scope"),
}
FORCE: Final[dict[bool, Chip]] = {
    True: Chip("good", "check", "in force"),
    False: Chip("pending", "hourglass", "later"),
}
GIVEN: Final[dict[str, Chip]] = {
    "answered": Chip("neutral", "check", "answered"),
    "prefilled": Chip("notice", "info", "suggested"),
    "not-sure": Chip("pending", "question", "not sure"),
    "unanswered": Chip("pending", "question", "not answered"),
}
ROLE_WORDS: Final[dict[str, str]] = {
    "provider": "provider",
    "downstream-provider": "downstream provider",
    "deployer": "deployer",
    "importer": "importer",
    "distributor": "distributor",
    "authorized-representative": "authorized representative",
    "product-manufacturer": "product manufacturer",
    "gpai-provider": "model provider",
    "gpai-modifier": "model modifier",
    "gpai-systemic-provider": "provider of a model with systemic risk",
}


class DateGroup(NamedTuple):
    """The obligations that start on one day."""

    date: datetime.date
    in_force: bool
    days_left: int
    before: str
    """The date before the Omnibus where it is one and another for all of them; else empty."""
    obligations: list[DueObligation]


def long_date(day: datetime.date) -> str:
    """Return a date as people write it: ``2 December 2027``."""
    return f"{day.day} {day:%B %Y}"


def by_date(result: Classification) -> list[DateGroup]:
    """Return the obligations by the day they start, earliest first."""
    groups: dict[datetime.date, list[DueObligation]] = {}
    for item in result.obligations:
        groups.setdefault(item.applies_from, []).append(item)
    return [
        DateGroup(date, items[0].in_force, items[0].days_left, _common(items), items)
        for date, items in groups.items()
    ]


def _common(items: list[DueObligation]) -> str:
    said = {before(item) for item in items}
    return said.pop() if len(said) == 1 and said != {"unchanged"} else ""


def headline(result: Classification) -> str:
    """Return the result in one sentence."""
    title = result.class_title
    if result.applies_from is not None and result.applies_from > result.on:
        title += f", from {long_date(result.applies_from)}"
    if result.open_questions and result.class_at_least != result.eu_class:
        stay = "stays" if len(result.open_questions) == 1 else "stay"
        return f"{title}, as long as {count(len(result.open_questions), 'question')} {stay} open."
    return f"{title}."


def open_note(result: Classification) -> str:
    """Return what the open questions mean; empty where there are none."""
    if not result.open_questions:
        return ""
    asked = count(len(result.open_questions), "question")
    least = CLASS_CHIPS[result.class_at_least].word
    return (
        f"{asked} not answered for sure. Each counts as its strictest answer; with the mildest "
        f"answers the class would be: {least}."
    )


def who(item: DueObligation) -> str:
    """Return the roles an obligation binds, in words."""
    return ", ".join(ROLE_WORDS[role] for role in item.who)


def before(item: DueObligation) -> str:
    """Return the date before the Omnibus, in words."""
    if item.before_omnibus is None:
        return "did not exist"
    if item.before_omnibus == item.applies_from:
        return "unchanged"
    return long_date(item.before_omnibus)


def due(item: DueObligation | DateGroup) -> str:
    """Return when it starts, seen from the day of the classification."""
    return "in force" if item.in_force else f"in {count(item.days_left, 'day')}"


def change_said(change: Change) -> str:
    """Return what would follow from another answer."""
    became = CLASS_CHIPS[change.eu_class].word
    if change.gpai != "no":
        became += f", model: {change.gpai}"
    return became if change.certain else f"up to {became} (more questions follow)"


def count(number: int, noun: str) -> str:
    """Return ``1 question`` or ``1,234 questions``."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
