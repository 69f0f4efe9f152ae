# SPDX-License-Identifier: Apache-2.0
"""The questions in plain words: what is asked, why, and how an answer is read."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import msgspec
from msgspec import Struct

from steelyard.catalog.packs import pack_names
from steelyard.charter.founding.answers import (
    Answers,
    packs_of,
    profile_of,
    recommended_profile,
    roles_to_fill,
    wrong_answer,
    wrong_reviewers,
)
from steelyard.charter.load import shipped
from steelyard.kernel.errors import InputError


class Question(Struct, frozen=True, kw_only=True):
    """One question. ``field`` is the answer it fills, or ``reviewers.ROLE``."""

    field: str
    ask: str
    why: str
    choices: tuple[tuple[str, str], ...] = ()
    """Values and what each means; empty: free text."""
    many: bool = False
    """Several values, separated by commas."""


SECTORS = (
    ("software", "products and services around software"),
    ("finance", "banks, payments, investment"),
    ("insurance", "insurers and brokers"),
    ("health", "care, medicine, devices"),
    ("public-administration", "authorities and their services"),
    ("education", "schools, universities, training"),
    ("employment", "hiring and staff"),
)
_FIXED = (
    Question(
        field="organization",
        ask="What is your organization called?",
        why="The charter is named after it.",
    ),
    Question(
        field="owner",
        ask="Who answers for this charter? A mail address",
        why="Questions and reviews of the charter go there.",
    ),
    Question(
        field="sector",
        ask="Which sector are you in? Another word is fine, too",
        why="Supervised sectors start from the stricter profile and a sector pack.",
        choices=SECTORS,
    ),
    Question(
        field="regions",
        ask="In which regions will models be used? Country codes, or EU",
        why="A use case in another region is sent to a person first.",
        many=True,
    ),
    Question(
        field="environments",
        ask="Which environments do you have?",
        why="A model is approved for one environment at a time; others are refused.",
        many=True,
    ),
    Question(
        field="tasks",
        ask="Which tasks may models be for? Leave it empty for any",
        why="A short list keeps surprises out: text-generation, text-classification …",
        many=True,
    ),
    Question(
        field="personal_data",
        ask="Which personal data will models see?",
        why="What you leave out here is reviewed or refused.",
        choices=(
            ("none", "no data about people"),
            ("ordinary", "names, addresses, behavior"),
            ("special-category", "health, belief, biometrics and the like"),
        ),
    ),
    Question(
        field="appetite",
        ask="How much risk do you want to take?",
        why="Cautious lowers the thresholds of the tiers; the profile is the least there is.",
        choices=(
            ("cautious", "more is reviewed, and high risk needs a sponsor"),
            ("balanced", "as the profile has it"),
            ("bold", "as the profile has it; surprises are noted, not reviewed"),
        ),
    ),
)


def questions_for(answers: Answers) -> tuple[Question, ...]:
    """Return every question in order; the later ones depend on earlier answers."""
    profile = Question(
        field="profile",
        ask="Which profile do you want to build on?",
        why=f"From your answers {recommended_profile(answers)} fits. It cannot be loosened later.",
        choices=(
            ("starter", "first pilots: harmless things pass, the rest is looked at"),
            ("standard", "production: quick where harm is small, careful where it is not"),
            ("regulated", "under supervision: more people, proof, shorter terms"),
        ),
    )
    packs = (_packs(),) if pack_names() else ()
    reviewers = (_reviewer(answers, role) for role in _roles(answers))
    return (*_FIXED, *packs, profile, *reviewers)


def _packs() -> Question:
    return Question(
        field="packs",
        ask=f"Which sector packs do you want to include? {', '.join(pack_names())}, or none",
        why="A pack brings the rules and controls that the law of a sector asks for.",
        many=True,
    )


def _roles(answers: Answers) -> Sequence[str]:
    return roles_to_fill(profile_of(answers))


def _reviewer(answers: Answers, role: str) -> Question:
    terms = shipped(profile_of(answers)).roles.get(role)
    title = terms.title if terms else role.replace("-", " ")
    does = terms.does if terms else ""
    return Question(
        field=f"reviewers.{role}",
        ask=f"Who is {title} ({role})? Mail addresses or groups",
        why=does or "Signs off, or is asked when a review is late.",
        many=True,
    )


def default_of(question: Question, answers: Answers) -> str:
    """Return what Enter means, as it would be typed."""
    if question.field.startswith("reviewers."):
        role = question.field.partition(".")[2]
        return ", ".join(answers.reviewers.get(role, (answers.owner,)))
    if question.field == "profile":
        return profile_of(answers)
    if question.field == "packs":
        return ", ".join(packs_of(answers)) or "none"
    value = getattr(answers, question.field)
    return ", ".join(value) if isinstance(value, tuple) else str(value)


def answered(question: Question, answers: Answers, typed: str) -> Answers:
    """Return ``answers`` with one more.

    Raises:
        InputError: what was typed cannot be the answer; the message says why.
    """
    value = _read(question, typed)
    if question.field.startswith("reviewers."):
        role = question.field.partition(".")[2]
        problem = wrong_reviewers(answers, role, value)
        changed: dict[str, Any] = {"reviewers": {**answers.reviewers, role: value}}
    else:
        problem = wrong_answer(question.field, value)
        changed = {question.field: value}
    if problem:
        raise InputError(problem[0], next_step=problem[1], code="charter.answer")
    return msgspec.structs.replace(answers, **changed)


def _read(question: Question, typed: str) -> Any:
    typed = typed.strip()
    if question.many:
        words = (word.strip() for word in re.split(r"[,;]", typed))
        listed = tuple(dict.fromkeys(word for word in words if word))
        if question.field == "packs" and listed == ("none",):
            return ()
        return tuple(word.upper() for word in listed) if question.field == "regions" else listed
    if question.choices and typed.isdigit() and 1 <= int(typed) <= len(question.choices):
        return question.choices[int(typed) - 1][0]
    return typed.lower() if question.choices else typed


def summary(answers: Answers) -> list[tuple[str, str]]:
    """Return the answers as lines for a preview."""
    packs = packs_of(answers)
    lines = [
        ("organization", answers.organization),
        ("owner", answers.owner),
        ("sector", answers.sector + (f", with the pack {', '.join(packs)}" if packs else "")),
        ("regions", ", ".join(answers.regions)),
        ("environments", ", ".join(answers.environments)),
        ("tasks", ", ".join(answers.tasks) or "any"),
        ("personal data", answers.personal_data),
        ("appetite", answers.appetite),
        ("builds on", profile_of(answers)),
    ]
    lines += [(role, ", ".join(who)) for role, who in answers.reviewers.items() if who]
    return lines
