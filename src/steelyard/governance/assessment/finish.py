# SPDX-License-Identifier: Apache-2.0
"""Commits what an assessment came to: revision, parts, documents, and the event that tells so."""

from __future__ import annotations

from msgspec import Struct

from steelyard.governance.assessment.begin import CHANGED, Order
from steelyard.governance.assessment.bring import Source
from steelyard.governance.assessment.queries import latest_of, row_of
from steelyard.governance.assessment.service import Weighed
from steelyard.governance.assessment.tables import AssessmentRow, ExaminationRow
from steelyard.governance.assessment.views import INSPECTION, SNAPSHOT, AssessmentView, view
from steelyard.governance.charters.queries import current
from steelyard.governance.intake import queries as requests
from steelyard.governance.intake.service import note_assessment
from steelyard.governance.intake.states import RequestView
from steelyard.governance.intake.tables import RequestRow
from steelyard.governance.inventory import queries as inventory
from steelyard.governance.inventory import service as revisions
from steelyard.governance.inventory.facts import RevisionView
from steelyard.governance.inventory.snapshot import Snapshot
from steelyard.governance.use_cases.tables import UseCaseRow
from steelyard.kernel.actor import SYSTEM
from steelyard.kernel.assessment import Assessment
from steelyard.kernel.errors import ConflictError
from steelyard.kernel.event import Event
from steelyard.ledger.canonical import sha256_of
from steelyard.platform.work import Work


class Made(Struct, frozen=True, kw_only=True):
    """An assessment that was made and is not committed yet."""

    weighed: Weighed
    source: Source
    snapshot: Snapshot
    parent: Snapshot | None
    """Snapshot of the revision before, to tell a change of license."""
    documents: dict[str, str]
    charter_sha256: str
    catalog: str
    use_case_sha256: str
    advisories: str
    exceptions: tuple[str, ...] = ()
    """Ids of the exceptions that held when it was weighed, in order."""


class Assessed(Struct, frozen=True, kw_only=True):
    """An assessment that is being committed; the rest of the same transaction may act on it."""

    view: AssessmentView
    assessment: Assessment
    request: RequestView
    revision: RevisionView
    previous: AssessmentView | None
    """What it takes the place of."""
    waiting: bool
    """The request still waits for this assessment; else nothing is to be decided by it."""


def finish(work: Work, order: Order, made: Made) -> Assessed | None:
    """Commit an assessment; None if the request it was for has moved on.

    Raises:
        ConflictError: the charter or the use case changed meanwhile; it must be weighed again.
        IntegrityError: other bytes than before were served under the same name.
    """
    row = row_of(work.session, SYSTEM, order.assessment, lock=True)
    request = requests.row_of(work.session, SYSTEM, order.request, lock=True)
    if row.state == "done" or (not order.previous and not _waits(request, order)):
        return None
    case = work.session.get_one(UseCaseRow, order.use_case)
    _check_basis(work, made, case)
    revision = _revision(work, order, made, case)
    revision = revisions.examined(
        work, revision.id, made.snapshot, made.documents[SNAPSHOT], made.parent
    )
    before = latest_of(work.session, revision.id, order.use_case, order.environment)
    if before is not None:
        before.latest, before.version = False, before.version + 1
        work.session.flush()  # at no moment are two of them the latest
    _fill(work, row, revision, made)
    remember(work, row.revision, row.rules_digest, made)
    assessment = made.weighed.assessment
    _tell(work, row)
    if request.state in ("submitted", "approved"):
        note_assessment(
            work, request.id, model=revision.model, revision=revision.id, assessment=row.id,
            tier=assessment.risk.tier, track=assessment.review.track,
        )  # fmt: skip
    if before is not None and (before.outcome, before.tier) != (row.outcome, row.tier):
        work.enqueue(
            CHANGED, {"assessment": row.id, "previous": before.id}, key=f"{CHANGED}:{row.id}"
        )
    return Assessed(
        view=view(row),
        assessment=assessment,
        request=requests.view(request),
        revision=revision,
        previous=view(before) if before is not None else None,
        waiting=_waits(request, order),
    )


def _waits(request: RequestRow, order: Order) -> bool:
    return (
        request.state == "submitted"
        and request.round == order.round
        and request.stage != "in review"
    )


def _check_basis(work: Work, made: Made, case: UseCaseRow) -> None:
    policy = current(work.session, work.today, case.unit)
    if (policy.identity.sha256, case.facts_sha256) != (made.charter_sha256, made.use_case_sha256):
        raise ConflictError(
            "The charter or the use case changed while the model was assessed.",
            next_step="It is assessed again by itself.",
            code="assessment.basis-changed",
        )


def _revision(work: Work, order: Order, made: Made, case: UseCaseRow) -> RevisionView:
    """Return the revision of the inventory, added now if nobody asked for it before."""
    subject = made.weighed.assessment.subject
    source = made.source
    if source.revision:
        return inventory.get_revision(work.session, SYSTEM, source.revision)
    model = revisions.register_model(
        work,
        SYSTEM,
        purl=source.model_purl or subject.purl.partition("?")[0].partition("@")[0],
        name=subject.name,
        publisher=source.publisher,
        kind=source.model_kind,
        unit="" if source.model_kind == "upstream" else order.unit,
        owner=case.owner,
    )
    return revisions.register_revision(
        work,
        SYSTEM,
        model=model.id,
        purl=subject.purl,
        commit=subject.commit or "",
        justification=order.justification,
    )


def _fill(work: Work, row: AssessmentRow, revision: RevisionView, made: Made) -> None:
    found = made.weighed.assessment
    row.revision, row.manifest_sha256 = revision.id, found.subject.manifest_sha256
    row.state, row.latest, row.finished_at = "done", True, work.now
    row.files_total = len(found.files)
    row.bytes_done = row.bytes_total = found.subject.size
    row.scanner_version, row.rules_digest = found.scanner.version, found.scanner.rules_digest
    row.advisories, row.charter_sha256 = made.advisories, made.charter_sha256
    row.catalog, row.use_case_sha256 = made.catalog, made.use_case_sha256
    row.facts_sha256, row.verdict = sha256_of(found.facts), found.verdict.value
    row.tier, row.track = found.risk.tier, found.review.track
    row.outcome, row.documents = found.decision.outcome.value, made.documents
    row.updated_at, row.version = work.now, row.version + 1


def remember(work: Work, revision: str, rules_digest: str, made: Made) -> None:
    """Keep the examination of a revision, so that it need not be made again."""
    key = (revision, rules_digest, made.advisories)
    kept = work.session.get(ExaminationRow, key)
    if kept is None:
        kept = ExaminationRow(
            revision=key[0], rules_digest=key[1], advisories=key[2], inspection="", at=work.now
        )
        work.session.add(kept)
    kept.inspection, kept.at = made.documents[INSPECTION], work.now


def _tell(work: Work, row: AssessmentRow) -> None:
    work.record(
        SYSTEM,
        Event(
            type="assessment.finished",
            subject=row.id,
            about=row.request,
            details={
                "revision": row.revision,
                "environment": row.environment,
                "outcome": row.outcome,
                "tier": row.tier,
                "track": row.track,
                "verdict": row.verdict,
                "why": row.why,
                "previous": row.previous,
                "manifest_sha256": row.manifest_sha256,
                "charter_sha256": row.charter_sha256,
                "facts_sha256": row.facts_sha256,
                "scanner": row.scanner_version,
                "rules_digest": row.rules_digest,
                "documents": row.documents,
            },
        ),
    )
