# SPDX-License-Identifier: Apache-2.0
"""Whether somebody may fill a seat, and if not, why not: a sentence a person can act on."""

from __future__ import annotations

from msgspec import Struct

from steelyard.governance.review.plan import Seat
from steelyard.kernel.actor import ADMINISTRATOR, AUDITOR
from steelyard.kernel.errors import ForbiddenError

DECLARED = ("financial-interest", "author")
"""Reasons to step aside that only the person knows; they say so with every sign-off."""


class Reviewer(Struct, frozen=True, kw_only=True):
    """What is known of somebody who wants to fill a seat."""

    id: str
    mail: str = ""
    roles: frozenset[str] = frozenset()
    units: frozenset[str] = frozenset()
    passed: frozenset[str] = frozenset()
    """Courses whose result still counts."""
    lent: dict[str, str] = {}
    """Roles handed on to them for this review, and by whom."""
    standing_in: frozenset[str] = frozenset()
    """Roles nobody who holds them can sign in, for which one of theirs is a deputy."""
    declares: bool = False
    """They say that they have no financial interest in this and did not make it."""


class Matter(Struct, frozen=True, kw_only=True):
    """What a review is about, as far as it decides who must step aside."""

    requester: str
    unit: str
    owner: str = ""
    """Mail address of whoever owns the use case."""
    recused: frozenset[str] = frozenset()
    """People who stepped aside by themselves."""


class Refusal(Struct, frozen=True):
    """Why somebody cannot fill a seat."""

    code: str
    said: str
    step: str

    def error(self) -> ForbiddenError:
        """Return it as what a verb raises."""
        return ForbiddenError(self.said, next_step=self.step, code=self.code)


def refusal(seat: Seat, person: Reviewer, matter: Matter) -> Refusal | None:
    """Return why ``person`` cannot fill ``seat``, or None if they can."""
    return (
        barred(person, matter)
        or _role(seat, person, matter)
        or _aside(seat, person, matter)
        or _untrained(seat, person)
    )


def barred(person: Reviewer, matter: Matter) -> Refusal | None:
    """Return why ``person`` can fill no seat of a review at all, or None."""
    if person.id == matter.requester:
        return Refusal(
            "review.requester",
            "Whoever asks does not decide: you made this request, so your voice does not count "
            "in it, in any role.",
            "Wait for the people whose turn it is; they were told.",
        )
    for role in (ADMINISTRATOR, AUDITOR):
        if role in person.roles:
            does = "manages and never decides" if role == ADMINISTRATOR else "changes nothing"
            return Refusal(
                "review.apart",
                f"You hold the role {role}, which {does}.",
                "Sign off with an account that does not hold it.",
            )
    if person.id in matter.recused:
        return Refusal(
            "review.recused", "You have stepped aside from this review.", "Another person decides."
        )
    return None


def _role(seat: Seat, person: Reviewer, matter: Matter) -> Refusal | None:
    lender = person.lent.get(seat.role)
    named = seat.held_by
    if seat.role in person.roles:
        people = named is not None and all("@" in entry for entry in named)
        if not people or person.mail in (named or ()):
            return None
        return Refusal(
            "review.role",
            f"The charter names who holds the role {seat.role}, and you are not among them.",
            "Ask the owner of the charter.",
        )
    if lender is not None and lender != matter.requester and lender not in matter.recused:
        return None
    if seat.role in person.standing_in:
        return None
    return Refusal(
        "review.role",
        f"You do not hold the role {seat.role}.",
        "Sign off in a role you hold, or have the right handed on to you.",
    )


def _aside(seat: Seat, person: Reviewer, matter: Matter) -> Refusal | None:
    here = bool(matter.unit) and matter.unit in person.units
    owns = bool(matter.owner) and person.mail.casefold() == matter.owner.casefold()
    if "model-owner" in seat.recuse and (owns or (here and "model-owner" in person.roles)):
        return Refusal(
            "review.recused",
            f"Whoever answers for the model must step aside in the role {seat.role}.",
            "Somebody else of that role decides.",
        )
    if "same-unit" in seat.recuse and here:
        return Refusal(
            "review.recused",
            f"The role {seat.role} is filled from outside the unit that asks; you belong to it.",
            "Somebody from another unit decides.",
        )
    if set(DECLARED) & set(seat.recuse) and not person.declares:
        return Refusal(
            "review.declaration",
            f"In the role {seat.role} you must declare that you have no financial interest in this "
            "model and did not make it.",
            "Say so with `declares`, or step aside.",
        )
    return None


def _untrained(seat: Seat, person: Reviewer) -> Refusal | None:
    missing = [course for course in seat.training if course not in person.passed]
    if not missing:
        return None
    return Refusal(
        "review.training",
        f"The charter asks whoever signs off as {seat.role} to have passed {', '.join(missing)}; "
        "no result that still counts is recorded for you.",
        "Take the course, or have your result recorded.",
    )
