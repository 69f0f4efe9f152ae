# SPDX-License-Identifier: Apache-2.0
"""What happens to a request in review when what it was judged by changes: it is judged anew.

An exception that begins or ends, a new charter, a new list of known-bad files: each leads to a new
assessment of the adoption. Where that judges otherwise than the assessment people are asked about,
they are asked anew about the new one, or are not asked any more because nobody has to be.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from msgspec import Struct

from steelyard.bootstrap.house import House
from steelyard.governance.assessment import begin, run
from steelyard.governance.assessment import queries as assessments
from steelyard.governance.assessment.views import AssessmentView
from steelyard.governance.decision import conditions, force
from steelyard.governance.decision import queries as decisions
from steelyard.governance.exceptions import queries as exceptions
from steelyard.governance.exceptions.keep import CHANGED
from steelyard.governance.exceptions.queries import ExceptionView
from steelyard.governance.intake import queries as requests
from steelyard.governance.intake.tables import RequestRow
from steelyard.governance.review import queries as reviews
from steelyard.governance.review import service as review
from steelyard.kernel.actor import SYSTEM
from steelyard.kernel.assessment import Assessment, Outcome
from steelyard.kernel.errors import ConflictError
from steelyard.platform.jobs.port import Handler
from steelyard.platform.notify.service import tell
from steelyard.platform.work import Work
from steelyard.worker import flow

_NOBODY = "nobody has to sign off any more"


class _Asked(Struct, frozen=True):
    """The assessment people are asked about now, by its id; empty if nobody is asked."""

    id: str = ""
    judged: Assessment | None = None


def refresh(house: House, payload: dict[str, Any]) -> Callable[[Work], object]:
    """Assess an adoption again, and have a running review go on with what came out."""
    effect = run.refresh(house, payload)
    order, made = effect.order, effect.made
    if order is None or made is None:
        return effect
    asked = _asked(house, order.request)
    ready = flow.ready_for(house, effect) if asked.judged is not None else None

    def act(work: Work) -> None:
        assessed = effect(work)
        if assessed is None:
            return
        flow.check_exceptions(work, made.exceptions, assessed.view)
        _go_on(house, work, assessed.view, assessed.assessment, asked, ready)

    return act


def resumed(house: House, payload: dict[str, Any]) -> Callable[[Work], object]:
    """Look whether a request that was answered with words was judged anew while it stood."""
    with house.reading() as session:
        found = reviews.get(session, SYSTEM, payload["review"]).review
        request = requests.row_of(session, SYSTEM, found.request)
        latest = assessments.latest_of(
            session, request.revision, request.use_case, request.environment
        )
        newer = latest is not None and latest.id != found.assessment
    if latest is None or not newer:
        return lambda _work: None
    return lambda work: flow.refresh(
        work, requests.row_of(work.session, SYSTEM, found.request), "the review goes on"
    )


def _asked(house: House, request_id: str) -> _Asked:
    with house.reading() as session:
        request = requests.row_of(session, SYSTEM, request_id)
        if (request.state, request.stage) != ("submitted", "in review"):
            return _Asked()
        latest = reviews.find(session, SYSTEM, limit=1, request=request_id)
        view = assessments.get(session, SYSTEM, latest[0].assessment) if latest else None
    return _Asked(view.id, flow.judged(house, view)) if view is not None else _Asked()


def _go_on(
    house: House,
    work: Work,
    view: AssessmentView,
    found: Assessment,
    asked: _Asked,
    ready: flow.Ready | None,
) -> None:
    """Ask people anew, or nobody, if a request in review is judged otherwise now."""
    request = requests.row_of(work.session, SYSTEM, view.request, lock=True)
    if (request.state, request.stage) != ("submitted", "in review"):
        return  # the answer to changes, or the next submission, looks at it again
    latest = reviews.find(work.session, SYSTEM, limit=1, request=request.id)
    if asked.judged is None or not latest or latest[0].assessment != asked.id:
        raise ConflictError(
            "The review went on with another assessment meanwhile.",
            next_step="It is assessed again by itself.",
            code="assessment.basis-changed",
        )
    if _same(asked.judged, found):
        return
    if found.decision.outcome is not Outcome.REVIEW_REQUIRED:
        review.close_of_request(work, request.id, _NOBODY)
    flow.go_on(house, work, view, found, ready)


def _same(one: Assessment, other: Assessment) -> bool:
    """Tell whether two assessments ask the same of the same people, for the same reasons."""

    def judged(each: Assessment) -> tuple[object, ...]:
        decision = each.decision
        return (
            decision.outcome,
            {(reason.rule, reason.effect) for reason in decision.reasons},
            {(condition.rule, condition.text) for condition in decision.conditions},
            each.risk.tier,
            each.review,
        )

    return judged(one) == judged(other)


def exception_changed(_house: House, payload: dict[str, Any]) -> Callable[[Work], object]:
    """React to an exception that began or ended.

    A request that is still open is judged anew. What was decided under an exception that ended is
    suspended.
    """

    def act(work: Work) -> None:
        found = exceptions.get(work.session, SYSTEM, payload["exception"])
        request = requests.row_of(work.session, SYSTEM, found.request, lock=True)
        stopped = found.state != "active" and _suspend(work, found, request)
        _lift(work, found, request)
        waits = [request, *_others(work, found, request)]
        anew = [each for each in waits if _judge_anew(work, each, found)]
        _tell(work, found, request, anew=request in anew, suspended=stopped)

    return act


def _others(work: Work, found: ExceptionView, request: RequestRow) -> list[RequestRow]:
    """Return other open requests the exception bears on: it holds for a revision, too."""
    if not found.revision:
        return []
    seen = requests.find(
        work.session, SYSTEM, limit=100, state="submitted", revision=found.revision,
        use_case=found.use_case, environment=found.environment,
    )  # fmt: skip
    return [
        requests.row_of(work.session, SYSTEM, each.id) for each in seen if each.id != request.id
    ]


def _judge_anew(work: Work, request: RequestRow, found: ExceptionView) -> bool:
    """Have an open request judged anew that people are looking at; others are judged later."""
    at = (request.state, request.stage)
    if at != ("submitted", "in review") and request.state != "changes requested":
        return False
    return flow.refresh(work, request, f"exception {found.id} is {found.state}")


def _suspend(work: Work, found: ExceptionView, request: RequestRow) -> bool:
    """Suspend what was decided under an exception that has ended; tell whether there was such."""
    standing = decisions.current_of(
        work.session, request.revision, found.use_case, found.environment, lock=True
    )
    if standing is None or standing.state != "in force" or found.rule not in standing.reasons:
        return False
    force.suspend(work, SYSTEM, standing.id, f"The exception {found.id} has ended.")
    return True


def _lift(work: Work, found: ExceptionView, request: RequestRow) -> None:
    """Lift the conditions a rule laid down while an exception to it lasts; bind them afterwards."""
    if found.state != "active":
        conditions.unwaive(work, found.id)
        return
    standing = decisions.current_of(
        work.session, request.revision, found.use_case, found.environment, lock=True
    )
    if standing is not None and standing.state in ("in force", "suspended"):
        conditions.waive(work, standing.id, found.rule, found.id)


def _tell(
    work: Work, found: ExceptionView, request: RequestRow, *, anew: bool, suspended: bool
) -> None:
    begins = found.state == "active"
    step = "The request is judged anew with it." if anew else "Submit the request again."
    if not begins:
        step = "The request is judged anew without it." if anew else "Fulfil the rule."
    tell(
        work,
        kind="exception.granted" if begins else "exception.ended",
        subject=found.id,
        about=request.id,
        people=(found.owner, request.requested_by),
        unit=found.unit,
        facts={
            "rule": found.rule,
            "until": found.until.isoformat(),
            "state": found.state,
            "suspended": "yes" if suspended else "no",
        },
        words={"step": step},
    )


HANDLERS: dict[str, Handler[House]] = {
    begin.REFRESH: refresh,
    CHANGED: exception_changed,
    review.RESUMED: resumed,
}
"""Kind of job → its handler."""
