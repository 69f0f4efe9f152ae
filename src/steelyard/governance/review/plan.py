# SPDX-License-Identifier: Apache-2.0
"""What a review asks of people: its steps in order, and the seats of each.

A plan is made once, from the assessment and the charter it was judged by, and kept with the review:
what a later charter asks does not change who had to be asked for this one.

A *listed* seat is one of a list of which a quorum is enough. A *required* seat must be filled
whatever the quorum, because a rule, a decision right or the lack of a standing approval asks for
it. The ``no`` of a required seat rejects.
"""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct, structs

from steelyard.charter.rights import matches
from steelyard.charter.schema import Charter, DecisionRight, RoleTerms
from steelyard.kernel.assessment import Review
from steelyard.kernel.errors import InputError

FALLBACK_WITHIN = "10 business days"
"""How long a review has where its track does not say."""


class Seat(Struct, frozen=True, kw_only=True):
    """Room for the voice of so many people of one role, and what must hold of them."""

    role: str
    count: int = 1
    listed: bool = False
    required: bool = False
    recuse: tuple[str, ...] = ("requester",)
    """Who must step aside."""
    training: tuple[str, ...] = ()
    why: str = ""
    held_by: tuple[str, ...] | None = None
    """Mail addresses the charter names; None where people are assigned in the server."""
    deputies: tuple[str, ...] = ()
    """Roles that may stand in where nobody who holds this one can sign."""
    lent_to: tuple[str, ...] = ()
    """Roles the charter lets a holder hand the right on to."""
    lent_for: str = ""
    """For how long, at most."""


class CommitteeTerms(Struct, frozen=True, kw_only=True):
    """How a committee decides."""

    name: str
    title: str
    quorum: int
    majority: str
    independent: int = 0
    chair: str = ""


class PlanStep(Struct, frozen=True, kw_only=True):
    """One step; the next one starts when it is done."""

    name: str
    seats: tuple[Seat, ...]
    quorum: int = 0
    """How many of the listed seats are enough."""
    within: str = ""
    committee: CommitteeTerms | None = None

    @property
    def place(self) -> str:
        """Where a voice of this step is raised: in a committee, or in the review itself."""
        return self.committee.name if self.committee else ""


class Plan(Struct, frozen=True, kw_only=True):
    """A whole review: steps, clock, and terms of what follows from it."""

    track: str
    steps: tuple[PlanStep, ...]
    within: str
    remind: str = ""
    escalate: tuple[str, ...] = ()
    escalate_after: str = ""
    remediation: dict[str, str] = {}
    """Severity → by when a finding must be gone."""
    sponsored: tuple[str, ...] = ()
    """Severities whose actions have an executive sponsor."""
    remediation_escalate: tuple[str, ...] = ()


def plan_of(review: Review, charter: Charter, *, environment: str, tier: str) -> Plan:
    """Return who must be asked, in which order, so that ``review`` is done.

    Raises:
        InputError: it asks nobody, or a committee the charter does not have.
    """
    builder = _Builder(review, charter, environment, tier)
    steps = builder.steps()
    if not steps:
        raise InputError(
            "The assessment asks nobody to sign off; there is nothing to review.",
            next_step="It is decided by standing approval, or rejected by a rule.",
            code="review.nobody",
        )
    cure = charter.remediation
    return Plan(
        track=review.track,
        steps=steps,
        within=review.within or FALLBACK_WITHIN,
        remind=review.remind,
        escalate=review.escalate,
        escalate_after=review.escalate_after,
        remediation=dict[str, str](cure.within.items()) if cure else {},
        sponsored=cure.sponsor if cure else (),
        remediation_escalate=cure.escalate if cure else (),
    )


class _Builder:
    """Puts each role the review names into the first step that asks for it."""

    def __init__(self, review: Review, charter: Charter, environment: str, tier: str) -> None:
        self._review, self._charter = review, charter
        self._why = {each.role: each.why for each in review.sign_offs_required}
        self._rights = [
            right
            for right in charter.decision_rights
            if right.action == "approve" and matches(right, environment, tier, review.track)
        ]
        self._deciding = {right.role or right.committee or "" for right in self._rights}

    def steps(self) -> tuple[PlanStep, ...]:
        """Return the steps that ask anybody."""
        track = self._charter.tracks.get(self._review.track)
        listed = tuple(role for role in (track.sign_offs if track else ()) if role in self._why)
        later = {name for step in self._review.steps for name in (*step.sign_offs, step.committee)}
        others = [name for name in self._why if name not in listed and name not in later]
        first = [name for name in others if not self._last(name)]
        asked = track.quorum if track and track.quorum else len(listed)
        found = [self._signing("sign-offs", listed, first, min(asked, len(listed)))]
        for step in self._review.steps:
            roles = step.sign_offs
            found.append(
                self._signing(step.name, roles, [], min(step.quorum or len(roles), len(roles)))
            )
            if step.committee:
                found.append(self._committee(step.name, step.committee))
            found[-1] = structs.replace(found[-1], within=step.within)
        last = [name for name in others if self._last(name)]
        people = [name for name in last if name not in self._charter.committees]
        found.append(self._signing("decision", (), people, 0))
        found += [self._committee(name, name) for name in last if name not in people]
        return tuple(step for step in found if step.seats)

    def _last(self, name: str) -> bool:
        """Tell whether somebody is asked only because they hold the right to decide.

        They decide once the experts have signed.
        """
        return self._why[name] == "right to approve" or name in self._charter.committees

    def _signing(
        self, name: str, listed: Iterable[str], required: Iterable[str], quorum: int
    ) -> PlanStep:
        seats = [self._seat(role, listed=True) for role in dict.fromkeys(listed)]
        seats += [self._seat(role, listed=False) for role in required]
        return PlanStep(name=name, seats=tuple(seats), quorum=quorum)

    def _seat(self, role: str, *, listed: bool) -> Seat:
        rights = [right for right in self._rights if right.role == role]
        why = self._why.get(role, "")
        demanded = any(not part.startswith(("track ", "step ")) for part in why.split(", "))
        terms = self._charter.roles.get(role, RoleTerms(title=role))
        lending = next((right.delegate for right in rights if right.delegate), None)
        return Seat(
            role=role,
            count=max([right.quorum for right in rights], default=1),
            listed=listed,
            required=not listed or demanded or role in self._deciding,
            recuse=_recuse(rights, terms),
            training=_courses(terms.training, *(right.training for right in rights)),
            why=why or "track",
            held_by=terms.held_by,
            deputies=terms.deputies,
            lent_to=lending.to if lending else (),
            lent_for=lending.longest if lending else "",
        )

    def _committee(self, step: str, name: str) -> PlanStep:
        committee = self._charter.committees.get(name)
        if committee is None:
            raise InputError(
                f"The charter has no committee {name!r} that could decide this.",
                next_step="Correct the charter, then have the request assessed again.",
                code="review.committee",
            )
        rights = [right for right in self._rights if right.committee == name]
        seats = []
        for role in dict.fromkeys(committee.members):
            terms = self._charter.roles.get(role, RoleTerms(title=role))
            seats.append(
                Seat(
                    role=role,
                    count=committee.members.count(role),
                    recuse=_recuse(rights, terms, committee.recuse),
                    training=_courses(
                        terms.training, committee.training, *(right.training for right in rights)
                    ),
                    why=f"seat of {committee.title}",
                    held_by=terms.held_by,
                )
            )
        return PlanStep(
            name=step,
            seats=tuple(seats),
            committee=CommitteeTerms(
                name=name,
                title=committee.title,
                quorum=committee.quorum,
                majority=committee.majority,
                independent=committee.independent,
                chair=committee.chair or "",
            ),
        )


def _recuse(
    rights: list[DecisionRight], terms: RoleTerms, more: tuple[str, ...] = ()
) -> tuple[str, ...]:
    """Return who must step aside; the requester always does."""
    asked = ["requester", *more, *(word for right in rights for word in right.recuse)]
    if terms.independent:
        asked.append("same-unit")
    return tuple(dict.fromkeys(asked))


def _courses(*lists: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(course for courses in lists for course in courses))
