# SPDX-License-Identifier: Apache-2.0
"""The state machine of a review: who has spoken, which step it is at, and how it ends.

``open ⇄ changes requested``, and each of them ends as ``approved``, ``rejected`` or ``withdrawn``.
Everything here is pure; the verbs load a :class:`Case`, let it change and store what changed.
"""

from __future__ import annotations

from typing import Literal

from msgspec import Struct, structs

from steelyard.governance.review.plan import CommitteeTerms, Plan, PlanStep, Seat
from steelyard.governance.review.seats import Matter, Reviewer, barred, refusal
from steelyard.kernel.errors import ConflictError, ForbiddenError, InputError

State = Literal["open", "changes requested", "approved", "rejected", "withdrawn"]
Answer = Literal["yes", "no", "abstain"]
CLOSED: frozenset[str] = frozenset({"approved", "rejected", "withdrawn"})


class Voice(Struct, frozen=True, kw_only=True):
    """What one person said in one role."""

    person: str
    role: str
    answer: Answer
    place: str = ""
    """Committee it was said in; empty outside of one."""
    outside: bool = False
    """The person does not belong to the unit that asks."""


class Case(Struct, frozen=True, kw_only=True):
    """A review with everything that decides how it goes on."""

    plan: Plan
    matter: Matter
    state: State = "open"
    voices: tuple[Voice, ...] = ()
    held: frozenset[str] = frozenset()
    """Committees whose meeting was minuted."""


class Wait(Struct, frozen=True):
    """A seat somebody must still fill."""

    role: str
    place: str
    seat: Seat


class Standing(Struct, frozen=True):
    """Where a review is: its step, what it waits for, and the outcome once there is one."""

    step: int
    waits: tuple[Wait, ...] = ()
    outcome: Literal["", "approved", "rejected"] = ""


def standing(case: Case) -> Standing:
    """Return where a review is."""
    voices = heard(case)
    for index, step in enumerate(case.plan.steps):
        found = _of_committee(index, step, voices, case) if step.committee else None
        found = found or _of_people(index, step, voices)
        if found.outcome != "approved":
            return found
    return Standing(len(case.plan.steps), outcome="approved")


def heard(case: Case) -> list[Voice]:
    """Return the voices that count: not those of the requester and of people who stepped aside,
    however they came in."""
    deaf = {case.matter.requester, *case.matter.recused}
    return [voice for voice in case.voices if voice.person not in deaf]


def sign(case: Case, person: Reviewer, role: str, answer: Answer) -> Case:
    """Return the case after ``person`` said ``answer`` in ``role``.

    Raises:
        ForbiddenError: they may not fill that seat.
        ConflictError: they have spoken already; the seat is taken; it is not its turn.
        InputError: outside a committee nobody abstains.
    """
    _check_open(case)
    refused = barred(person, case.matter)
    if refused is not None:
        raise refused.error()
    now = standing(case)
    step = case.plan.steps[now.step]
    if any(v.person == person.id and v.place == step.place for v in case.voices):
        raise ConflictError(
            "You have signed off in this review already; one person fills one seat.",
            next_step="Somebody else must fill the other seat.",
            code="review.signed",
        )
    seat = _seat_for(case, now, role)
    refused = refusal(seat, person, case.matter)
    if refused is not None:
        raise refused.error()
    if answer == "abstain" and step.committee is None:
        raise InputError(
            "A sign-off is a yes or a no; only members of a committee abstain.",
            next_step="Step aside if you cannot decide.",
            code="review.answer",
        )
    voice = Voice(
        person=person.id,
        role=role,
        answer=answer,
        place=step.place,
        outside=case.matter.unit not in person.units,
    )
    return _settled(structs.replace(case, voices=(*case.voices, voice)))


def step_aside(case: Case, person: str) -> Case:
    """Return the case without ``person``: what they said so far does not count any more.

    Raises:
        ConflictError: the review is closed.
    """
    _check_open(case, also="changes requested")
    matter = structs.replace(case.matter, recused=case.matter.recused | {person})
    return structs.replace(case, matter=matter)


def ask_changes(case: Case, person: Reviewer) -> Case:
    """Return the case while the requester works on it.

    Raises:
        ConflictError: it is not open.
        ForbiddenError: whoever asks could not fill a seat of the step it is at.
    """
    _check_open(case)
    refusals = [refusal(wait.seat, person, case.matter) for wait in standing(case).waits]
    hindered = [each for each in refusals if each is not None]
    if len(hindered) == len(refusals):
        said = next((each for each in hindered if each.code != "review.role"), None)
        if said is not None and said.code != "review.declaration":
            raise said.error()
        if said is None:
            raise ForbiddenError(
                "Changes are asked for by people whose sign-off is awaited.",
                next_step="Write a comment instead.",
                code="review.role",
            )
    return structs.replace(case, state="changes requested")


def resubmit(case: Case, plan: Plan | None) -> Case:
    """Return the case open again; with a new ``plan`` everybody is asked anew.

    Raises:
        ConflictError: no changes were asked for.
    """
    if case.state != "changes requested":
        raise _conflict(case, "changes requested")
    if plan is None:
        return structs.replace(case, state="open")
    return structs.replace(case, state="open", plan=plan, voices=(), held=frozenset())


def withdraw(case: Case) -> Case:
    """Return the case ended without an outcome.

    Raises:
        ConflictError: it has ended.
    """
    _check_open(case, also="changes requested")
    return structs.replace(case, state="withdrawn")


def minute(case: Case, chair: Reviewer, attended: frozenset[str]) -> Case:
    """Return the case after the meeting of the committee whose turn it is was minuted.

    Raises:
        ConflictError: it is not a committee's turn; too few took part; votes of people who were
            not there.
        ForbiddenError: whoever writes the minutes does not chair it.
    """
    _check_open(case)
    step = case.plan.steps[standing(case).step]
    if step.committee is None:
        raise ConflictError(
            "No committee is to decide now.",
            next_step="The steps of the review say when it is its turn.",
            code="review.step",
        )
    votes = [voice for voice in heard(case) if voice.place == step.place]
    _check_chair(step, step.committee, chair, votes, case.matter)
    _check_meeting(step.committee, votes, attended)
    return _settled(structs.replace(case, held=case.held | {step.place}))


def carried(terms: CommitteeTerms, votes: list[Voice]) -> bool:
    """Tell whether the votes carry the motion; who abstains takes part and does not count."""
    yes = sum(vote.answer == "yes" for vote in votes)
    no = sum(vote.answer == "no" for vote in votes)
    if terms.majority == "unanimous":
        return yes > 0 and no == 0
    if terms.majority == "two-thirds":
        return yes > 0 and 3 * yes >= 2 * (yes + no)
    return yes > no


def _settled(case: Case) -> Case:
    outcome = standing(case).outcome
    return structs.replace(case, state=outcome) if outcome else case


def _of_people(index: int, step: PlanStep, voices: list[Voice]) -> Standing:
    """Judge a step of sign-offs; a role that signed in an earlier step has signed here too."""
    said = {
        seat.role: [v.answer for v in voices if v.place == "" and v.role == seat.role]
        for seat in step.seats
    }
    if any(seat.required and "no" in said[seat.role] for seat in step.seats):
        return Standing(index, outcome="rejected")
    listed = [seat for seat in step.seats if seat.listed]
    if sum("no" not in said[seat.role] for seat in listed) < step.quorum:
        return Standing(index, outcome="rejected")
    reached = sum("yes" in said[seat.role] for seat in listed) >= step.quorum
    waits = tuple(
        Wait(seat.role, "", seat)
        for seat in step.seats
        if len(said[seat.role]) < seat.count and (seat.required or not reached)
    )
    missing = any(
        seat.required and said[seat.role].count("yes") < seat.count for seat in step.seats
    )
    if reached and not missing:
        return Standing(index, outcome="approved")
    return Standing(index, waits)


def _of_committee(index: int, step: PlanStep, voices: list[Voice], case: Case) -> Standing:
    assert step.committee is not None
    votes = [voice for voice in voices if voice.place == step.place]
    if step.place in case.held:
        lacking = _lacking(step.committee, votes)
        if not lacking:
            won = carried(step.committee, votes)
            return Standing(index, outcome="approved" if won else "rejected")
    waits = tuple(
        Wait(seat.role, step.place, seat)
        for seat in step.seats
        if sum(vote.role == seat.role for vote in votes) < seat.count
    )
    return Standing(index, waits)


def _seat_for(case: Case, now: Standing, role: str) -> Seat:
    for wait in now.waits:
        if wait.role == role:
            return wait.seat
    step = case.plan.steps[now.step]
    if any(seat.role == role for seat in step.seats):
        raise ConflictError(
            f"The seat of {role} is taken; nobody else is needed in that role.",
            next_step="Read the review again to see what it waits for.",
            code="review.seat-taken",
        )
    if any(seat.role == role for later in case.plan.steps[now.step :] for seat in later.seats):
        raise ConflictError(
            f"It is not yet the turn of {role}: the step {step.name!r} comes before.",
            next_step="You are told when it is.",
            code="review.step",
        )
    if any(seat.role == role for step in case.plan.steps for seat in step.seats):
        raise ConflictError(
            f"The step that asked for {role} is done.",
            next_step="Read the review again to see what it waits for.",
            code="review.step",
        )
    raise ForbiddenError(
        f"This review does not ask for the role {role!r}.",
        next_step=f"It waits for: {', '.join(wait.role for wait in now.waits) or 'the minutes'}.",
        code="review.role",
    )


def _check_open(case: Case, also: str = "") -> None:
    if case.state not in ("open", also):
        raise _conflict(case, "open")


def _conflict(case: Case, wanted: str) -> ConflictError:
    return ConflictError(
        f"The review is {case.state}; this needs one that is {wanted}.",
        next_step="Read it again."
        if case.state in CLOSED
        else "It goes on when the requester has answered.",
        code="review.state",
    )


def _check_chair(
    step: PlanStep, terms: CommitteeTerms, chair: Reviewer, votes: list[Voice], matter: Matter
) -> None:
    sitting = {vote.person: vote.role for vote in votes}
    mine = sitting.get(chair.id)
    if mine is None or (terms.chair and mine != terms.chair):
        raise ForbiddenError(
            f"The minutes of {terms.title} are kept by whoever chairs it and voted"
            + (f", in the role {terms.chair}." if terms.chair else "."),
            next_step="Cast your vote first, or ask the chair.",
            code="review.chair",
        )
    seat = next(seat for seat in step.seats if seat.role == mine)
    refused = refusal(seat, structs.replace(chair, declares=True), matter)
    if refused is not None:
        raise refused.error()


def _check_meeting(terms: CommitteeTerms, votes: list[Voice], attended: frozenset[str]) -> None:
    absent = [vote for vote in votes if vote.person not in attended]
    if absent:
        raise ConflictError(
            f"{len(absent)} of those who voted are not among those who attended.",
            next_step="Name everybody who was there.",
            code="review.attendance",
        )
    lacking = _lacking(terms, votes)
    if lacking:
        raise ConflictError(
            f"{terms.title} cannot decide yet: {lacking}.",
            next_step="Wait for more members to vote.",
            code="review.quorum",
        )


def _lacking(terms: CommitteeTerms, votes: list[Voice]) -> str:
    """Return what a committee lacks to be able to decide, in words."""
    present = len({vote.person for vote in votes})
    if present < terms.quorum:
        return f"{present} took part, its quorum is {terms.quorum}"
    outside = len({vote.person for vote in votes if vote.outside})
    if outside < terms.independent:
        return f"{outside} are from outside the unit that asks, {terms.independent} are needed"
    if terms.chair and all(vote.role != terms.chair for vote in votes):
        return f"nobody took part in the role {terms.chair}, which chairs it"
    return ""
