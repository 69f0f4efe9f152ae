# SPDX-License-Identifier: Apache-2.0
"""From an assessment to a decision: which room goes on with what another one found.

What nobody has to sign off is decided in the job that assessed it, in the same transaction. The
rest is opened for review; the last voice puts the job that decides.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy.orm import Session

from steelyard.bootstrap.house import House
from steelyard.governance.assessment import begin, evidencing, run
from steelyard.governance.assessment import queries as assessments
from steelyard.governance.assessment.finish import Assessed
from steelyard.governance.assessment.views import DOCUMENT_MOST, AssessmentView, read_assessment
from steelyard.governance.charters.queries import policy_of
from steelyard.governance.decision import force, issue
from steelyard.governance.decision import queries as decisions
from steelyard.governance.decision.facts import Ruling, SignedOff, Term
from steelyard.governance.emergency import queries as emergencies
from steelyard.governance.exceptions import queries as exceptions
from steelyard.governance.intake import queries as requests
from steelyard.governance.intake import service as intake
from steelyard.governance.review import queries as reviews
from steelyard.governance.review import service as review
from steelyard.governance.review.keep import COMPLETED
from steelyard.governance.review.views import Outcome as ReviewOutcome
from steelyard.kernel.actor import SYSTEM
from steelyard.kernel.assessment import Assessment, Outcome
from steelyard.ledger.bundle import ASSESSMENT
from steelyard.platform.identity.people import person
from steelyard.platform.jobs.port import Handler
from steelyard.platform.notify.service import tell
from steelyard.platform.work import Work

STANDING, SIGNED = "standing-approval", "sign-offs"


def assess(house: House, payload: dict[str, Any]) -> Callable[[Work], object]:
    """Assess a submitted request and go on with what came out."""
    effect = run.assess(house, payload)
    return lambda work: go_on(house, work, effect(work))


def go_on(house: House, work: Work, assessed: Assessed | None) -> None:
    """Decide at once what no person has to decide; open a review of the rest."""
    if assessed is None or not assessed.waiting:
        return
    found, view = assessed.assessment, assessed.view
    if found.decision.outcome is not Outcome.REVIEW_REQUIRED:
        _decide(house, work, _ruling(work.session, view, found, found.decision.outcome, STANDING))
        return
    charter = policy_of(work.session, view.charter_sha256).charter
    review.open(
        work, view.request, view.id, found.review, charter,
        tier=found.risk.tier, charter_sha256=view.charter_sha256,
    )  # fmt: skip


def completed(house: House, payload: dict[str, Any]) -> Callable[[Work], object]:
    """Decide as a review came out."""
    with house.reading() as session:
        said = reviews.outcome_of(session, payload["review"])
        view = assessments.get(session, SYSTEM, said.assessment)
    found = read_assessment(house.blobs.read(view.documents[ASSESSMENT], most=DOCUMENT_MOST))

    def act(work: Work) -> None:
        request = requests.row_of(work.session, SYSTEM, said.request, lock=True)
        if (request.state, request.stage) != ("submitted", "in review"):
            return  # withdrawn meanwhile, or decided by a job that was done twice
        outcome = Outcome.APPROVED if said.outcome == "approved" else Outcome.REJECTED
        ruling = _ruling(work.session, view, found, outcome, SIGNED, said)
        _decide(house, work, ruling)

    return act


def _ruling(
    session: Session,
    view: AssessmentView,
    found: Assessment,
    outcome: Outcome,
    decided_by: str,
    said: ReviewOutcome | None = None,
) -> Ruling:
    return Ruling(
        request=view.request,
        assessment=view.id,
        judged=found,
        documents=view.documents,
        charter=policy_of(session, view.charter_sha256).canonical,
        revision=view.revision,
        use_case=view.use_case,
        outcome=outcome,
        decided_by=decided_by,
        terms=tuple(Term(text=each.text) for each in said.conditions) if said else (),
        sign_offs=tuple(_signed(session, said)) if said else (),
    )


def _signed(session: Session, said: ReviewOutcome) -> list[SignedOff]:
    found = []
    for each in said.sign_offs:
        somebody = person(session, each.person)
        found.append(
            SignedOff(
                role=each.role,
                actor=somebody.alias if somebody is not None else "erased",
                answer=each.answer,
                at=each.at,
                committee=each.committee,
            )
        )
    return found


def _decide(house: House, work: Work, ruling: Ruling) -> None:
    if ruling.outcome is not Outcome.REJECTED and evidencing.hold_back(work, ruling.request):
        return
    made = issue.decide(work, SYSTEM, ruling, blobs=house.blobs, keys=house.keys)
    request = requests.row_of(work.session, SYSTEM, ruling.request)
    tell(
        work,
        kind="request.decided",
        subject=request.id,
        about=made.id,
        people=(request.requested_by,),
        unit=request.unit,
        facts={
            "outcome": made.outcome,
            "environment": made.environment,
            "valid_until": made.valid_until.isoformat() if made.valid_until else "",
        },
    )


def changed(house: House, payload: dict[str, Any]) -> Callable[[Work], object]:
    """React to a re-assessment that came out otherwise than the one before.

    What would now be rejected is suspended at once. What would now need people, or another tier, is
    told to who asked and to those who may decide: an approval does not widen by itself, and it does
    not carry over to what was not asked.
    """
    with house.reading() as session:
        view = assessments.get(session, SYSTEM, payload["assessment"])

    def act(work: Work) -> None:
        standing = decisions.current_of(
            work.session, view.revision, view.use_case, view.environment, lock=True
        )
        request = requests.row_of(work.session, SYSTEM, view.request)
        stopped = False
        if standing is not None and standing.state == "in force" and view.outcome == "rejected":
            why = f"A new assessment ({view.why}) came to {view.outcome}."
            force.suspend(work, SYSTEM, standing.id, why)
            stopped = True
        tell(
            work,
            kind="assessment.changed",
            subject=view.id,
            about=request.id,
            roles=("risk", "security"),
            people=(request.requested_by,),
            unit=request.unit,
            facts={"outcome": view.outcome, "tier": view.tier, "suspended": stopped},
        )

    return act


def exception_changed(_house: House, payload: dict[str, Any]) -> Callable[[Work], object]:
    """React to an exception that began or ended.

    One that begins counts in the next assessment of the adoption; whoever asked is told to submit
    it. One that ends suspends what was decided under it.
    """

    def act(work: Work) -> None:
        found = exceptions.get(work.session, SYSTEM, payload["exception"])
        request = requests.row_of(work.session, SYSTEM, found.request, lock=True)
        if found.state == "active":
            tell(
                work,
                kind="exception.granted",
                subject=found.id,
                about=request.id,
                people=(found.owner, request.requested_by),
                unit=found.unit,
                facts={"rule": found.rule, "until": found.until.isoformat()},
            )
            return
        standing = decisions.current_of(
            work.session, request.revision, found.use_case, found.environment, lock=True
        )
        rests = standing is not None and found.rule in standing.reasons
        if standing is not None and standing.state == "in force" and rests:
            force.suspend(work, SYSTEM, standing.id, f"The exception {found.id} has ended.")
        tell(
            work,
            kind="exception.ended",
            subject=found.id,
            about=request.id,
            people=(found.owner, request.requested_by),
            unit=found.unit,
            facts={"rule": found.rule, "state": found.state, "suspended": rests},
        )

    return act


def charter_changed(_house: House, _payload: dict[str, Any]) -> Callable[[Work], object]:
    """Have everything weighed again that rests on a charter no longer in force."""
    return lambda work: work.enqueue("assessments.sweep", key="assessments.sweep")


def request_closed(_house: House, payload: dict[str, Any]) -> Callable[[Work], object]:
    """End the review of a request that was taken back or has expired."""
    return lambda work: review.close_of_request(work, payload["request"])


def emergency_changed(_house: House, payload: dict[str, Any]) -> Callable[[Work], object]:
    """Tell who carries risk that an emergency has ended; doors ask anew with every pull."""

    def act(work: Work) -> None:
        found = emergencies.get(work.session, SYSTEM, payload["emergency"])
        if found.state == "closed":
            tell(
                work,
                kind="emergency.closed",
                subject=found.id,
                about=found.revision,
                roles=("risk",),
                people=(found.asked_by,),
                unit=found.unit,
                facts={"environment": found.environment, "review": found.review},
            )

    return act


HANDLERS: dict[str, Handler[House]] = {
    begin.CHANGED: changed,
    intake.ASSESS: assess,
    COMPLETED: completed,
    intake.CLOSED: request_closed,
    "charter.changed": charter_changed,
    "emergency.changed": emergency_changed,
    "exception.changed": exception_changed,
}
"""Kind of job → its handler."""
