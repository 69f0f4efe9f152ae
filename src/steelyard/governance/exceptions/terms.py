# SPDX-License-Identifier: Apache-2.0
"""What a charter allows an exception to be: for which rule, how long, granted by whom.

``draft → in review → active | rejected``, ``active → expired | revoked``; an expired one that is
extended is reviewed again.
"""

from __future__ import annotations

import datetime as dt
from typing import Literal

from msgspec import Struct, structs

from steelyard.charter.durations import add_duration
from steelyard.charter.rights import holder_of, matches
from steelyard.charter.schema import Charter, ExceptionTerms
from steelyard.governance.review.plan import Plan, plan_of
from steelyard.kernel.assessment import Approver, Review, ReviewStep, SignOff
from steelyard.kernel.errors import FieldErrors, ForbiddenError

State = Literal["draft", "in review", "active", "rejected", "expired", "revoked"]
REVIEW_WITHIN = "5 business days"
_FIELDS = {"reason": "reason", "owner": "owner", "end date": "until",
           "compensating-control": "controls"}  # fmt: skip
"""What a charter may ask for that has a field of its own."""


class Asked(Struct, frozen=True, kw_only=True):
    """What an exception is asked for."""

    rule: str
    reason: str
    owner: str
    until: dt.date
    controls: tuple[str, ...] = ()
    """What is done instead, so that the harm the rule guards against stays away."""
    answers: dict[str, str] = {}
    """Answers to what else the charter asks for."""


def terms_of(charter: Charter) -> ExceptionTerms:
    """Return the charter's terms of exceptions.

    Raises:
        ForbiddenError: it allows none.
    """
    if charter.exceptions is None:
        raise ForbiddenError(
            "The charter allows no exceptions.",
            next_step="Fulfil the rule, or have the charter changed.",
            code="exception.none",
        )
    return charter.exceptions


def latest_day(terms: ExceptionTerms, tier: str, today: dt.date) -> dt.date:
    """Return the last day an exception that is granted today may have."""
    longest = {str(name): length for name, length in terms.longest_for.items()}
    return min(
        add_duration(today, length) for length in (terms.longest, longest.get(tier, terms.longest))
    )


def check(asked: Asked, charter: Charter, tier: str, today: dt.date) -> None:
    """Refuse what the charter would not let anybody grant.

    Raises:
        FieldErrors: what is missing or wrong, all at once.
        ForbiddenError: the charter allows no exceptions, or none to this rule.
    """
    terms = terms_of(charter)
    if asked.rule in terms.never_for:
        raise ForbiddenError(
            f"Nobody may grant an exception to the rule {asked.rule}.",
            next_step="Fulfil the rule, or choose another model.",
            code="exception.never",
        )
    faults: list[tuple[str, str]] = []
    if all(rule.id != asked.rule for rule in charter.rules):
        faults.append(("rule", f"The charter has no rule {asked.rule!r}."))
    if not asked.reason.strip():
        faults.append(("reason", "Say why the rule cannot be fulfilled."))
    last = latest_day(terms, tier, today)
    if not today < asked.until <= last:
        faults.append(
            ("until", f"For a {tier} risk it may last from tomorrow until {last.isoformat()}.")
        )
    for need in terms.needs:
        field = _FIELDS.get(need)
        if field == "controls" and not any(text.strip() for text in asked.controls):
            faults.append(("controls", "The charter asks for a compensating control."))
        elif field is None and not asked.answers.get(need, "").strip():
            faults.append((f"answers.{need}", f"The charter asks for {need!r}."))
    if faults:
        raise FieldErrors(faults)


def plan_for(charter: Charter, *, environment: str, tier: str) -> Plan:
    """Return who grants an exception, as a plan of seats.

    The role the charter's terms name and every right to grant exceptions that speaks of this place
    must say yes; at high and critical risk so must the committee, where one is named.
    """
    terms = terms_of(charter)
    rights = [
        right
        for right in charter.decision_rights
        if right.action == "grant-exception" and matches(right, environment, tier, "deep")
    ]
    names = dict.fromkeys([terms.granted_by, *map(holder_of, rights)])
    steps: tuple[ReviewStep, ...] = ()
    if terms.committee and tier in ("high", "critical"):
        names.pop(terms.committee, None)
        steps = (ReviewStep(name="committee", committee=terms.committee),)
    signs = [SignOff(role=name, why="right to grant exceptions") for name in names]
    signs += [SignOff(role=step.committee, why="track exception") for step in steps]
    # The plan of a review asks for rights to approve; here those to grant stand for them.
    granting = structs.replace(
        charter,
        tracks={},
        decision_rights=tuple(structs.replace(right, action="approve") for right in rights),
    )
    review = Review(
        track="deep",
        decided_by="sign-offs",
        sign_offs_required=tuple(signs),
        within=REVIEW_WITHIN,
        steps=steps,
        approvers=tuple(Approver(role=name) for name in names),
    )
    return plan_of(review, granting, environment=environment, tier=tier)
