# SPDX-License-Identifier: Apache-2.0
"""The short transactions around an assessment: its start, its progress, its failure."""

from __future__ import annotations

import datetime as dt
from typing import Any

from msgspec import Struct
from sqlalchemy import select, update

from steelyard.governance.assessment.queries import abandoned, row_of
from steelyard.governance.assessment.tables import AssessmentRow
from steelyard.governance.assessment.views import AssessmentView, view
from steelyard.governance.intake import queries as requests
from steelyard.governance.intake import service as intake
from steelyard.kernel.actor import SYSTEM, Actor
from steelyard.kernel.errors import ConflictError, MissingError, SteelyardError
from steelyard.kernel.event import Event
from steelyard.platform.jobs.port import TRIES
from steelyard.platform.work import Work

FAILED = "assessment.failed"
"""Event, and job ``{"assessment": id}`` once nothing more will be tried."""
CHANGED = "assessment.changed"
"""Job ``{"assessment": id, "previous": id}``: a re-assessment came to another outcome or tier."""
REFRESH = "assessment.refresh"
"""Job ``{"assessment": id, "why": words}``: the newest assessment of an adoption is out of date."""
FINAL = frozenset(
    {
        "hub.no-repository",
        "hub.no-revision",
        "hub.reference",
        "path.missing",
        "reference.directory",
        "reference.unsupported",
        "revision.bytes-changed",
        "revision.ended",
        "upload.manifest",
        "upload.missing",
    }
)
"""Codes of errors that trying again does not mend: the requester must change something."""


class Order(Struct, frozen=True, kw_only=True):
    """What to assess."""

    assessment: str
    request: str
    round: int
    reference: str
    use_case: str
    environment: str
    unit: str
    justification: str
    why: str
    previous: str
    attempt: int
    """A worker that was given up for dead must not end the attempt of the next one."""


def for_request(work: Work, payload: dict[str, Any]) -> Order | None:
    """Open the assessment of a submitted request; None if nobody waits for it any more."""
    try:
        row = requests.row_of(work.session, SYSTEM, payload["request"], lock=True)
    except MissingError:
        return None
    if row.state != "submitted" or row.round != payload.get("round", row.round):
        return None
    if row.stage not in ("assessing", "assessment failed"):
        return None
    found = work.session.scalar(
        select(AssessmentRow)
        .where(AssessmentRow.request == row.id, AssessmentRow.round == row.round)
        .where(AssessmentRow.state != "done", AssessmentRow.why == "request")
        .with_for_update()
    )
    if found is None:
        found = _new(work, row.id, row.round, row.revision, row.use_case, row.environment, row.unit)
        row.assessment = found.id
    _restart(work, found)
    if row.stage != "assessing":
        intake.mark(work, SYSTEM, row.id, "submitted", "assessing", assessment=found.id)
    return Order(
        assessment=found.id,
        request=row.id,
        round=row.round,
        reference=row.reference,
        use_case=row.use_case,
        environment=row.environment,
        unit=row.unit,
        justification=row.justification,
        why="request",
        previous="",
        attempt=found.attempts,
    )


def for_refresh(work: Work, payload: dict[str, Any]) -> Order | None:
    """Open a new assessment in place of one; None if a newer one was made meanwhile."""
    try:
        before = row_of(work.session, SYSTEM, payload["assessment"], lock=True)
    except MissingError:
        return None
    if not before.latest or not before.revision:
        return None
    found = work.session.scalar(
        select(AssessmentRow)
        .where(AssessmentRow.previous == before.id, AssessmentRow.state != "done")
        .with_for_update()
    )
    if found is None:
        found = _new(
            work, before.request, before.round, before.revision, before.use_case,
            before.environment, before.unit,
        )  # fmt: skip
        found.why, found.previous = str(payload.get("why") or "asked")[:200], before.id
    _restart(work, found)
    return Order(
        assessment=found.id,
        request=before.request,
        round=before.round,
        reference=before.revision,
        use_case=before.use_case,
        environment=before.environment,
        unit=before.unit,
        justification="",
        why=found.why,
        previous=before.id,
        attempt=found.attempts,
    )


def ask_refresh(work: Work, actor: Actor, assessment_id: str, why: str) -> AssessmentView:
    """Have an adoption assessed again because somebody wants it; return what it stands at.

    Raises:
        MissingError: there is no such assessment, or the actor may not see it.
        ConflictError: a newer one has taken its place, or it never ended.
    """
    row = row_of(work.session, actor, assessment_id)
    if not row.latest:
        raise ConflictError(
            f"The assessment {row.id} is not the newest of its adoption.",
            next_step="Refresh the newest: ?latest=true lists it.",
            code="assessment.not-latest",
        )
    work.record(
        actor,
        Event(
            type="assessment.refresh-asked", subject=row.id, about=row.request, body={"why": why}
        ),
    )
    payload = {"assessment": row.id, "why": "asked"}
    work.enqueue(REFRESH, payload, key=f"{REFRESH}:{row.id}")
    return view(row)


def note(work: Work, assessment_id: str, **values: Any) -> None:
    """Write down how far an assessment is."""
    work.session.execute(
        update(AssessmentRow)
        .where(AssessmentRow.id == assessment_id, AssessmentRow.state.not_in(("done", "failed")))
        .values(updated_at=work.now, version=AssessmentRow.version + 1, **values)
    )


def fail(work: Work, order: Order, error: Exception) -> bool:
    """End an assessment that could not be made, and tell whether it is given up.

    The request stays submitted while there is hope. What only the requester can mend goes back to
    them; after the last try somebody who runs the platform is told.
    """
    known = isinstance(error, SteelyardError)
    code = error.code if isinstance(error, SteelyardError) else "assessment.bug"
    said = str(error) if known else "The assessment stopped at an error of Steelyard's own."
    row = row_of(work.session, SYSTEM, order.assessment, lock=True)
    if row.state == "done" or row.attempts != order.attempt:
        return False
    row.state, row.error, row.error_code = "failed", said[:2000], code
    row.finished_at, row.updated_at, row.version = work.now, work.now, row.version + 1
    final = code in FINAL
    work.record(
        SYSTEM,
        Event(
            type=FAILED,
            subject=row.id,
            about=row.request,
            details={"code": code, "attempts": row.attempts, "final": final},
            body={"said": row.error},
        ),
    )
    request = requests.row_of(work.session, SYSTEM, order.request, lock=True)
    waiting = request.state == "submitted" and request.round == order.round and not order.previous
    if waiting and final:
        intake.mark(
            work, SYSTEM, request.id, "changes requested", assessment=row.id, code=code,
            body={"said": row.error},
        )  # fmt: skip
    elif waiting and request.stage != "in review":
        intake.mark(
            work, SYSTEM, request.id, "submitted", "assessment failed", assessment=row.id, code=code
        )
    if final or order.attempt >= TRIES:
        work.enqueue(FAILED, {"assessment": row.id}, key=f"{FAILED}:{row.id}")
    return final


def give_up_abandoned(work: Work, before: dt.datetime) -> int:
    """Fail assessments whose workers died so often that the queue gave up; return how many."""
    ids = abandoned(work.session, before)
    for assessment_id in ids:
        row = row_of(work.session, SYSTEM, assessment_id, lock=True)
        row.state, row.error_code = "failed", "assessment.abandoned"
        row.error = "Whoever made this assessment died, and nobody went on."
        row.finished_at, row.updated_at, row.version = work.now, work.now, row.version + 1
        work.record(
            SYSTEM,
            Event(
                type=FAILED,
                subject=row.id,
                about=row.request,
                details={"code": row.error_code, "attempts": row.attempts, "final": False},
            ),
        )
        request = requests.row_of(work.session, SYSTEM, row.request, lock=True)
        if (request.state, request.stage) == ("submitted", "assessing"):
            intake.mark(
                work, SYSTEM, request.id, "submitted", "assessment failed", assessment=row.id
            )
        work.enqueue(FAILED, {"assessment": row.id}, key=f"{FAILED}:{row.id}")
    return len(ids)


def _new(
    work: Work, request: str, number: int, revision: str, use_case: str, environment: str, unit: str
) -> AssessmentRow:
    row = AssessmentRow(
        id=work.id("ass"),
        request=request,
        round=number,
        revision=revision,
        use_case=use_case,
        environment=environment,
        unit=unit,
        state="queued",
        latest=False,
        why="request",
        previous="",
        bytes_done=0,
        bytes_total=0,
        files_total=0,
        attempts=0,
        error="",
        error_code="",
        manifest_sha256="",
        scanner_version="",
        rules_digest="",
        advisories="",
        charter_sha256="",
        catalog="",
        use_case_sha256="",
        facts_sha256="",
        verdict="",
        tier="",
        track="",
        outcome="",
        documents={},
        started_at=work.now,
        finished_at=None,
        created_at=work.now,
        updated_at=work.now,
        version=0,
    )
    work.session.add(row)
    return row


def _restart(work: Work, row: AssessmentRow) -> None:
    row.state, row.attempts = "queued", row.attempts + 1
    row.error = row.error_code = ""
    row.bytes_done, row.finished_at = 0, None
    row.updated_at, row.version = work.now, row.version + 1
    if row.attempts == 1:
        work.record(
            SYSTEM,
            Event(
                type="assessment.started",
                subject=row.id,
                about=row.request,
                details={"revision": row.revision, "environment": row.environment, "why": row.why},
            ),
        )
