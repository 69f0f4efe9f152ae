# SPDX-License-Identifier: Apache-2.0
"""Everything the page of a review shows, read in one transaction."""

from __future__ import annotations

from typing import NamedTuple

from sqlalchemy.orm import Session

from steelyard.charter.controls import reference_of
from steelyard.governance.assessment import evidencing
from steelyard.governance.assessment import queries as assessments
from steelyard.governance.assessment.evidence import EvidenceView
from steelyard.governance.assessment.views import AssessmentView
from steelyard.governance.clocks import queries as clocks
from steelyard.governance.clocks.clock import ClockView
from steelyard.governance.decision import queries as decisions
from steelyard.governance.decision.facts import DecisionView
from steelyard.governance.intake import queries as requests
from steelyard.governance.intake.states import RequestView
from steelyard.governance.inventory import queries as inventory
from steelyard.governance.inventory.changes import RevisionDiff, diff
from steelyard.governance.inventory.facts import RevisionView
from steelyard.governance.review import queries
from steelyard.governance.review.load import voted
from steelyard.governance.review.mine import Part, part_of
from steelyard.governance.review.plan import PlanStep, Seat
from steelyard.governance.review.views import CommentView, ReviewDetail, SignOffView
from steelyard.governance.use_cases import queries as use_cases
from steelyard.governance.use_cases.register import UseCaseView
from steelyard.kernel.assessment import Assessment, Reference
from steelyard.platform.identity import people
from steelyard.ui import papers
from steelyard.ui.door import Looking
from steelyard.ui.reviews.evidence import Since, since

_SCANS = 20
"""Earlier assessments one may compare with."""


class SeatRow(NamedTuple):
    """One seat of a step, and the voice in it."""

    seat: Seat
    said: SignOffView | None
    state: str
    """yes, no, abstain, waiting, later, or "not needed"."""
    holders: tuple[str, ...]
    """Names of some who hold the role, while it waits."""


class StepRow(NamedTuple):
    """One step with its seats."""

    step: PlanStep
    state: str
    """done, now, later or closed."""
    seats: tuple[SeatRow, ...]


class Read(NamedTuple):
    """What the database knows of a review."""

    detail: ReviewDetail
    part: Part
    request: RequestView
    case: UseCaseView
    revision: RevisionView
    assessment: AssessmentView
    earlier: tuple[AssessmentView, ...]
    """Earlier assessments of the request, newest first."""
    snapshots: tuple[str, str]
    """Digests of what the examinations of the compared revision and of this one showed."""
    evidence: tuple[EvidenceView, ...]
    clocks: tuple[ClockView, ...]
    decision: DecisionView | None
    steps: tuple[StepRow, ...]


class Dossier(NamedTuple):
    """What the page shows."""

    read: Read
    judged: Assessment
    changed: Since | None
    against: AssessmentView | None
    files: RevisionDiff | None
    laws: dict[str, Reference]
    """Laws and standards by the ids that reasons name."""
    remarks: dict[str, list[CommentView]]
    """Line of evidence → what was said about it."""


def read(session: Session, viewer: Looking, review_id: str, against: str) -> Read:
    """Return what the database knows of a review.

    Raises:
        MissingError: there is none, or it cannot be seen.
    """
    actor, now = viewer.actor, viewer.house.clock()
    row = queries.row_of(session, actor, review_id)
    detail = queries.detail(session, row)
    scans = assessments.find(session, actor, limit=_SCANS, request=row.request, state="done")
    earlier = tuple(each for each in scans if each.id < row.assessment)
    revision = inventory.revision_row(session, actor, row.revision)
    old = next((each.revision for each in earlier if each.id == against), "")
    if not against:
        old = next((e.revision for e in earlier if e.revision != row.revision), revision.parent)
    before = inventory.revision_row(session, actor, old) if old and old != row.revision else None
    ended = decisions.find(session, actor, limit=1, request=row.request)
    targets = (row.request, row.revision, row.use_case)
    return Read(
        detail=detail,
        part=part_of(session, actor, voted(row), now),
        request=requests.get(session, actor, row.request),
        case=use_cases.get(session, actor, row.use_case),
        revision=inventory.revision_view(revision),
        assessment=assessments.get(session, actor, row.assessment),
        earlier=earlier,
        snapshots=(before.snapshot if before else "", revision.snapshot),
        evidence=tuple(
            proof
            for target in targets
            for proof in evidencing.find(session, actor, limit=_SCANS, target=target)
        ),
        clocks=clocks.of_subject(session, row.id),
        decision=ended[0] if ended and detail.review.state in ("approved", "rejected") else None,
        steps=_steps(session, detail, row.step),
    )


def dossier(viewer: Looking, review_id: str, against: str = "") -> Dossier:
    """Return what the page of a review shows; ``against`` is the earlier assessment to compare.

    Raises:
        MissingError: there is no such review, or it cannot be seen.
    """
    found = viewer.find(lambda session: read(session, viewer, review_id, against))
    judged = papers.assessment_of(viewer.house, found.assessment.documents)
    assert judged is not None, "a review rests on an assessment that is done"
    other = next((e for e in found.earlier if e.id == against or not against), None)
    before = papers.assessment_of(viewer.house, other.documents) if other else None
    old, new = found.snapshots
    remarks: dict[str, list[CommentView]] = {}
    for remark in found.detail.comments:
        remarks.setdefault(remark.evidence, []).append(remark)
    named = {name for reason in judged.decision.reasons for name in reason.frameworks}
    return Dossier(
        read=found,
        judged=judged,
        changed=since(before, judged) if before else None,
        against=other,
        files=diff(papers.snapshot_of(viewer.house, old), papers.snapshot_of(viewer.house, new))
        if old and new
        else None,
        laws={name: reference_of(name) for name in named},
        remarks=remarks,
    )


def _steps(session: Session, detail: ReviewDetail, at: int) -> tuple[StepRow, ...]:
    closed = detail.review.closed_at is not None
    found = []
    for index, step in enumerate(detail.steps):
        state = "done" if index < at else "now" if index == at else "later"
        if closed:
            state = "closed"
        seats: list[SeatRow] = []
        for seat in step.seats:
            seats += _seats(session, detail, step, seat, state)
        found.append(StepRow(step, state, tuple(seats)))
    return tuple(found)


def _seats(
    session: Session, detail: ReviewDetail, step: PlanStep, seat: Seat, state: str
) -> list[SeatRow]:
    """Return a row for every voice in a seat, and one for every voice that is still awaited."""
    said = [
        sign for sign in detail.sign_offs
        if sign.counts and sign.role == seat.role and sign.committee == step.place
    ]  # fmt: skip
    rows = [SeatRow(seat, sign, sign.answer, ()) for sign in said]
    left = seat.count - len(said)
    if left > 0:
        waits = state == "now" and seat.role in detail.review.waits_for
        word = "waiting" if waits else "later" if state == "later" else "not needed"
        names: tuple[str, ...] = ()
        if waits:
            held = people.holders(session, seat.role, detail.review.unit)
            names = tuple(each.name or each.mail for each in held[:5])
        rows += [SeatRow(seat, None, word, names)] * left
    return rows
