# SPDX-License-Identifier: Apache-2.0
"""From an assessment to a decision: which room goes on with what another one found.

What nobody has to sign off is decided in the job that assessed it, in the same transaction. The
rest is opened for review; the last voice puts the job that decides.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from msgspec import Struct, structs
from sqlalchemy.orm import Session

from steelyard.bootstrap.house import House
from steelyard.governance.assessment import begin, evidencing, run
from steelyard.governance.assessment import queries as assessments
from steelyard.governance.assessment.views import DOCUMENT_MOST, AssessmentView, read_assessment
from steelyard.governance.assessment.waivers import excepted
from steelyard.governance.charters.queries import policy_of
from steelyard.governance.decision import force, issue
from steelyard.governance.decision import queries as decisions
from steelyard.governance.decision.facts import Ruling, SignedOff, Term
from steelyard.governance.emergency import queries as emergencies
from steelyard.governance.exceptions import queries as exceptions
from steelyard.governance.intake import queries as requests
from steelyard.governance.intake import service as intake
from steelyard.governance.intake.tables import RequestRow
from steelyard.governance.review import queries as reviews
from steelyard.governance.review import service as review
from steelyard.governance.review.keep import COMPLETED
from steelyard.governance.review.views import Outcome as ReviewOutcome
from steelyard.governance.use_cases import service as use_cases
from steelyard.kernel.actor import SYSTEM
from steelyard.kernel.assessment import Assessment, Outcome
from steelyard.kernel.errors import ConflictError
from steelyard.ledger.bundle import ASSESSMENT
from steelyard.platform.identity.people import person
from steelyard.platform.jobs.port import Handler
from steelyard.platform.notify.service import tell
from steelyard.platform.work import Work

STANDING, SIGNED = "standing-approval", "sign-offs"


class Ready(Struct, frozen=True):
    """What an assessment decides without people, signed and ready to be committed."""

    ruling: Ruling
    prepared: issue.Prepared


def assess(house: House, payload: dict[str, Any]) -> Callable[[Work], object]:
    """Assess a submitted request and go on with what came out."""
    effect = run.assess(house, payload)
    ready = ready_for(house, effect)

    def act(work: Work) -> None:
        assessed = effect(work)
        if assessed is None or effect.made is None:
            return
        check_exceptions(work, effect.made.exceptions, assessed.view)
        if assessed.waiting:
            go_on(house, work, assessed.view, assessed.assessment, ready)

    return act


def ready_for(house: House, effect: run.Effect) -> Ready | None:
    """Sign what an assessment that is not committed yet decides; None if people have to."""
    order, made = effect.order, effect.made
    if order is None or made is None:
        return None
    found = made.weighed.assessment
    if found.decision.outcome is Outcome.REVIEW_REQUIRED:
        return None
    with house.reading() as session:
        charter = policy_of(session, made.charter_sha256).canonical
    ruling = Ruling(
        request=order.request, assessment=order.assessment, judged=found,
        documents=made.documents, charter=charter, revision="", use_case=order.use_case,
        outcome=found.decision.outcome, decided_by=STANDING,
    )  # fmt: skip
    return Ready(ruling, issue.prepare(house, ruling))


def check_exceptions(work: Work, counted: tuple[str, ...], view: AssessmentView) -> None:
    """Refuse an assessment if other exceptions hold now than when it was weighed.

    Raises:
        ConflictError: it must be weighed again.
    """
    now = exceptions.active_for(
        work.session, work.now, use_case=view.use_case, environment=view.environment,
        revision=view.revision, request=view.request,
    )  # fmt: skip
    if counted != tuple(sorted(each.id for each in now)):
        raise ConflictError(
            "An exception began or ended while this was being assessed.",
            next_step="It is assessed again by itself.",
            code="assessment.basis-changed",
        )


def go_on(
    house: House, work: Work, view: AssessmentView, found: Assessment, ready: Ready | None
) -> None:
    """Decide at once what no person has to decide; open a review of the rest."""
    if ready is not None:
        ruling = structs.replace(ready.ruling, revision=view.revision)
        _decide(house, work, ruling, ready.prepared)
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
        # Nothing signs off after the last voice: what is read here is what will be decided.
        found = judged(house, view)
        outcome = Outcome.APPROVED if said.outcome == "approved" else Outcome.REJECTED
        ruling = _ruling(session, view, found, outcome, said)
    prepared = issue.prepare(house, ruling)

    def act(work: Work) -> None:
        request = requests.row_of(work.session, SYSTEM, said.request, lock=True)
        if (request.state, request.stage) != ("submitted", "in review"):
            return  # withdrawn meanwhile, or decided by a job that was done twice
        if reviews.running_of(work.session, said.request) is not None:
            return  # people are asked anew, about a newer assessment
        if outcome is Outcome.APPROVED and _lost(work, view, found):
            refresh(work, request, "an exception has ended")
            return
        _decide(house, work, ruling, prepared)

    return act


def judged(house: House, view: AssessmentView) -> Assessment:
    """Return the assessment itself."""
    return read_assessment(house.blobs.read(view.documents[ASSESSMENT], most=DOCUMENT_MOST))


def refresh(work: Work, request: RequestRow, why: str) -> bool:
    """Have the adoption a request is about judged anew; tell whether it was judged before."""
    latest = assessments.latest_of(
        work.session, request.revision, request.use_case, request.environment
    )
    if latest is None:
        return False
    payload = {"assessment": latest.id, "why": why}
    work.enqueue(begin.REFRESH, payload, key=f"{begin.REFRESH}:{latest.id}")
    return True


def _lost(work: Work, view: AssessmentView, found: Assessment) -> bool:
    """Tell whether an exception that an assessment rests on has ended since it was made."""
    ended = exceptions.ended_since(
        work.session, view.started_at, use_case=view.use_case, environment=view.environment,
        revision=view.revision, request=view.request,
    )  # fmt: skip
    return bool(ended & excepted(found.decision))


def _ruling(
    session: Session,
    view: AssessmentView,
    found: Assessment,
    outcome: Outcome,
    said: ReviewOutcome,
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
        decided_by=SIGNED,
        terms=tuple(Term(text=each.text) for each in said.conditions),
        sign_offs=tuple(_signed(session, said)),
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


def _decide(house: House, work: Work, ruling: Ruling, prepared: issue.Prepared) -> None:
    if ruling.outcome is not Outcome.REJECTED and evidencing.hold_back(work, ruling.request):
        return
    made = issue.decide(work, SYSTEM, ruling, prepared, keys=house.keys)
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


def charter_changed(_house: House, _payload: dict[str, Any]) -> Callable[[Work], object]:
    """Have everything weighed again that rests on a charter no longer in force."""
    return lambda work: work.enqueue("assessments.sweep", key="assessments.sweep")


def request_closed(_house: House, payload: dict[str, Any]) -> Callable[[Work], object]:
    """End the review of a request that was taken back or has expired."""
    why = "the request was taken back or has expired"
    return lambda work: review.close_of_request(work, payload["request"], why)


def use_case_ended(_house: House, payload: dict[str, Any]) -> Callable[[Work], object]:
    """End what was approved for a use case that was retired, and what is asked for it."""

    def act(work: Work) -> None:
        force.end_with_use_case(work, payload["use_case"])
        work.enqueue("requests.expire", key="requests.expire")

    return act


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
    use_cases.ENDED: use_case_ended,
}
"""Kind of job → its handler."""
