# SPDX-License-Identifier: Apache-2.0
"""The answers a charter is founded on, and what is wrong with one."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final, Literal, get_args

from msgspec import Struct

from steelyard.catalog.charters import NAMES
from steelyard.catalog.packs import pack_names
from steelyard.charter.document import Document, nearest
from steelyard.charter.load import shipped
from steelyard.charter.schema import Charter, Name, Words

Personal = Literal["none", "ordinary", "special-category"]
Appetite = Literal["cautious", "balanced", "bold"]
Profile = Literal["starter", "standard", "regulated"]

SUPERVISED: Final = frozenset({"finance", "insurance", "health", "justice"})
"""Sectors whose supervisor expects evidence before use."""
PACKS_BY_SECTOR: Final[Mapping[str, str]] = {
    "finance": "bank",
    "insurance": "bank",
    "health": "health",
    "public-administration": "public",
    "justice": "public",
}
"""The pack that fits a sector, where it is shipped."""
_MAIL: Final = re.compile(r"\A[^@\s]+@[^@\s]+\.[^@\s]+\Z")
_WORD: Final = re.compile(r"\A[a-z0-9]+(-[a-z0-9]+)*\Z")
_PLACE: Final = re.compile(r"\A[a-z][a-z0-9-]*\Z")
_REGION: Final = re.compile(r"\A[A-Z]{2}\Z")
_GROUP: Final = re.compile(r"\A[A-Za-z0-9][A-Za-z0-9._:/ @+-]{0,99}\Z")


class Answers(Struct, frozen=True, kw_only=True):
    """What is asked before a charter is written. Everything but the name has a default."""

    organization: str
    owner: str = "ai-governance@example.org"
    sector: str = "software"
    packs: Words | None = None
    """Sector packs to include; None takes the one that fits the sector."""
    regions: Words = ("EU",)
    environments: Words = ("sandbox", "staging", "production")
    tasks: Words = ()
    """Tasks of models that may come in; empty: any."""
    personal_data: Personal = "ordinary"
    appetite: Appetite = "balanced"
    profile: Profile | None = None
    """None takes the recommended one."""
    reviewers: dict[Name, Words] = {}
    """Mail addresses or groups by role."""


def read_answers(text: str, file: str) -> Answers:
    """Return the answers written in a YAML text; ``file`` names it in errors.

    Raises:
        DocumentErrors: an answer is unknown, missing or cannot be; each with its line.
    """
    document = Document(text, file)
    answers = document.decode(Answers)
    for field in Answers.__struct_fields__:
        value = getattr(answers, field)
        if field == "reviewers":
            for role, people in answers.reviewers.items():
                problem = wrong_reviewers(answers, role, people)
                if problem:
                    document.error_at(("reviewers", role), *problem)
            continue
        problem = wrong_answer(field, value)
        if problem:
            document.error_at((field,), *problem)
    document.raise_errors()
    return answers


def recommended_profile(answers: Answers) -> Profile:
    """Return the profile that fits: as light as can be, as strict as must be."""
    if answers.sector in SUPERVISED or answers.personal_data == "special-category":
        return "regulated"
    if answers.environments == ("sandbox",):
        return "starter"
    return "standard"


def profile_of(answers: Answers) -> Profile:
    """Return the profile that was chosen, else the recommended one."""
    return answers.profile or recommended_profile(answers)


def packs_of(answers: Answers) -> Words:
    """Return the packs that were chosen, else the one of the sector where it is shipped."""
    if answers.packs is not None:
        return answers.packs
    fitting = PACKS_BY_SECTOR.get(answers.sector)
    return (fitting,) if fitting in pack_names() else ()


def roles_to_fill(profile: str) -> tuple[str, ...]:
    """Return the roles that sign off, escalate or grant exceptions under a shipped charter."""
    charter = shipped(profile)
    named: list[str] = []
    for track in charter.tracks.values():
        named += [*track.sign_offs, *(role for step in track.steps for role in step.sign_offs)]
    for rule in charter.rules:
        named += rule.reviewers if rule.effect == "review" else ()
    for track in charter.tracks.values():
        named += track.escalate
    if charter.exceptions is not None:
        named.append(charter.exceptions.granted_by)
    return tuple(role for role in dict.fromkeys(named) if role not in charter.committees)


Problem = tuple[str, str]
"""What is wrong with an answer, and what to write instead."""


def wrong_answer(field: str, value: Any) -> Problem | None:
    """Return what is wrong with the answer to one question; None when it can be used."""
    if field == "organization":
        if re.search(r"\w", value) and value.isprintable() and len(value) <= 100:
            return None
        return (
            "The name of the organization needs a letter or digit, on one line of at most 100.",
            "Write it as people say it.",
        )
    if field == "owner":
        if _MAIL.match(value):
            return None
        return f"The owner must be a mail address, not {value!r}.", "Reviews are sent there."
    if field == "sector":
        return None if _WORD.match(value) else _not_a_word("sector", value)
    if field in ("personal_data", "appetite", "profile"):
        return _not_listed(field, value)
    if field == "packs":
        unknown = [name for name in value or () if name not in pack_names()]
        if not unknown:
            return None
        shipped_packs = ", ".join(pack_names()) or "none"
        return f"{unknown[0]!r} is not a shipped pack.", f"Shipped: {shipped_packs}."
    return _wrong_list(field, value)


def _not_listed(field: str, value: str | None) -> Problem | None:
    choices = {
        "personal_data": get_args(Personal),
        "appetite": get_args(Appetite),
        "profile": NAMES,
    }[field]
    if value is None or value in choices:
        return None
    return (
        f"It is one of {', '.join(choices)}, not {value!r}.",
        nearest(value, choices),
    )


def _wrong_list(field: str, values: Iterable[str]) -> Problem | None:
    patterns = {"regions": _REGION, "environments": _PLACE, "tasks": _WORD}
    hints = {
        "regions": "Write ISO country codes of two capitals, or EU: EU, CH, US.",
        "environments": "Write lower-case words: sandbox, staging, production.",
        "tasks": "Write tasks as model cards do: text-classification, text-generation.",
    }
    listed = tuple(values)
    if not listed and field != "tasks":
        return f"Name at least one of the {field}.", hints[field]
    for value in listed:
        if not patterns[field].match(value):
            return f"{value!r} cannot be one of the {field}.", hints[field]
    return None


def _not_a_word(what: str, value: str) -> Problem:
    return (
        f"The {what} must be lower-case words with dashes, not {value!r}.",
        "Write it like public-administration.",
    )


def wrong_reviewers(answers: Answers, role: str, people: Iterable[str]) -> Problem | None:
    """Return what is wrong with who holds a role; None when it can be used."""
    roles = all_roles(shipped(profile_of(answers)))
    if role not in roles:
        return (
            f"The profile {profile_of(answers)!r} has no role {role!r}.",
            nearest(role, roles) or f"Known: {', '.join(roles)}.",
        )
    for who in people:
        if not _GROUP.match(who):
            return f"{who!r} is neither a mail address nor the name of a group.", ""
    return None


def all_roles(charter: Charter) -> tuple[str, ...]:
    """Return the roles a shipped charter declares or asks."""
    return tuple(dict.fromkeys([*roles_to_fill(charter.name), *charter.roles]))
