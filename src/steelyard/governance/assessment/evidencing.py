# SPDX-License-Identifier: Apache-2.0
"""Verbs and reads of evidence: add, verify, withdraw, expire."""

from __future__ import annotations

import datetime as dt
from typing import Any, cast

from sqlalchemy import select
from sqlalchemy.orm import Session

from steelyard.governance.assessment.evidence import (
    EVIDENCE_MOST,
    Effect,
    EvidenceState,
    EvidenceView,
    Says,
    last_day,
)
from steelyard.governance.assessment.tables import EVIDENCE, EvidenceRow
from steelyard.governance.clocks import service as clocks
from steelyard.governance.intake.queries import row_of as request_row
from steelyard.governance.intake.service import mark
from steelyard.governance.inventory.queries import revision_row, revisions_of
from steelyard.governance.inventory.supplying import supplier_row
from steelyard.governance.inventory.uploads import check_sent
from steelyard.governance.use_cases.queries import row_of as use_case_row
from steelyard.kernel.actor import SYSTEM, Actor
from steelyard.kernel.errors import ConflictError, FieldErrors, ForbiddenError
from steelyard.kernel.event import Event
from steelyard.platform.versions import check_version
from steelyard.platform.work import Work

HELD = "evidence.held"
"""Job ``{"request": id, "evidence": id}``: an approval was held back."""
EXPIRY = "evidence"
"""Kind of clock: until the last day of a proof."""
_REMIND = "30 days"
EXPIRED = "evidence.expired"
"""Event, and job ``{"evidence": id}``: a proof can no longer be relied on."""


def add(
    work: Work,
    actor: Actor,
    *,
    kind: str,
    title: str,
    name: str,
    media: str,
    sha256: str,
    size: int,
    source: str,
    effective: dt.date,
    target: str,
    expires: dt.date | None = None,
    effect: Effect = "advisory",
    says: Says = "supports",
    control: str = "",
    task: str = "",
    revises: str = "",
) -> EvidenceView:
    """Attach a proof whose bytes the actor has sent to what it is about (a supplier, too).

    ``revises`` is the edition it takes the place of.

    Raises:
        FieldErrors: kind, dates or size cannot be used.
        MissingError: there is no such target, edition or upload, or the actor may not see it.
        ConflictError: that edition is not the current one.
    """
    unit = _unit_of(work.session, actor, target)
    check_sent(work.session, actor, sha256)
    if size > EVIDENCE_MOST:
        raise FieldErrors([("sha256", f"A proof has at most {EVIDENCE_MOST // 2**20} MiB.")])
    last = last_day(kind, effective, expires, work.today)
    before = _superseded(work, actor, revises, target) if revises else None
    evidence_id = work.id("evd")
    row = EvidenceRow(
        id=evidence_id,
        series=before.series if before else evidence_id,
        edition=before.edition + 1 if before else 1,
        kind=kind,
        title=title,
        name=name,
        media=media,
        sha256=sha256,
        size=size,
        source=source,
        effect=effect,
        says=says,
        effective=effective,
        expires=last,
        target=target,
        control=control,
        task=task,
        unit=unit,
        state="current",
        verified_by="",
        verified_at=None,
        added_by=actor.id,
        created_at=work.now,
        updated_at=work.now,
        version=1,
    )
    work.session.add(row)
    work.record(actor, _event("evidence.added", row))
    _wind(work, row)
    return view(row)


def verify(work: Work, actor: Actor, evidence_id: str, expected: int | None) -> EvidenceView:
    """Say that the proof is what it claims to be; nobody verifies what they sent themselves.

    Raises:
        MissingError, StaleError
        ForbiddenError: the actor sent it.
        ConflictError: it is not current.
    """
    row = row_of(work.session, actor, evidence_id, lock=True)
    check_version(row.version, expected, view(row))
    if row.added_by == actor.id:
        raise ForbiddenError(
            "You sent this evidence yourself; somebody else must verify it.",
            next_step="Ask another reviewer.",
            code="evidence.own",
        )
    _check_current(row)
    row.verified_by, row.verified_at = actor.id, work.now
    row.updated_at, row.version = work.now, row.version + 1
    work.record(actor, _event("evidence.verified", row))
    return view(row)


def withdraw(work: Work, actor: Actor, evidence_id: str, expected: int | None) -> EvidenceView:
    """Take back a proof that should not have been sent; it stays on record.

    Raises:
        MissingError, StaleError
        ForbiddenError: somebody else sent it.
        ConflictError: it is not current.
    """
    row = row_of(work.session, actor, evidence_id, lock=True)
    check_version(row.version, expected, view(row))
    if row.added_by != actor.id:
        raise ForbiddenError(
            "Only who sent evidence can withdraw it.",
            next_step="Ask them, or add a proof that says otherwise.",
            code="evidence.not-yours",
        )
    _check_current(row)
    row.state, row.updated_at, row.version = "withdrawn", work.now, row.version + 1
    clocks.stop(work, row.id, EXPIRY, met=False)
    work.record(actor, _event("evidence.withdrawn", row))
    return view(row)


def expire_due(work: Work) -> int:
    """End every proof whose last day is over; return how many there were."""
    due = work.session.scalars(
        select(EvidenceRow)
        .where(EvidenceRow.state == "current", EvidenceRow.expires < work.today)
        .order_by(EvidenceRow.id)
        .with_for_update(skip_locked=True)
        .limit(500)
    ).all()
    for row in due:
        row.state, row.updated_at, row.version = "expired", work.now, row.version + 1
        work.record(SYSTEM, _event(EXPIRED, row))
        work.enqueue(EXPIRED, {"evidence": row.id}, key=f"{EXPIRED}:{row.id}")
    return len(due)


def find(
    session: Session,
    actor: Actor,
    *,
    limit: int,
    after: tuple[Any, ...] | None = None,
    target: str | None = None,
    kind: str | None = None,
    state: str | None = None,
    series: str | None = None,
    unit: str | None = None,
    control: str | None = None,
    model: str | None = None,
) -> list[EvidenceView]:
    """Return up to ``limit`` proofs, newest first; ``model`` asks for those of its revisions."""
    wanted = (
        (EvidenceRow.target, target),
        (EvidenceRow.kind, kind),
        (EvidenceRow.state, state),
        (EvidenceRow.series, series),
        (EvidenceRow.unit, unit),
        (EvidenceRow.control, control),
    )
    query = EVIDENCE.newest(actor, limit=limit, after=after, wanted=wanted)
    if model is not None:
        query = query.where(EvidenceRow.target.in_(revisions_of(model)))
    return [view(row) for row in session.scalars(query)]


def blocking(session: Session, *targets: str) -> list[EvidenceView]:
    """Return current proofs about these things that speak against them and may hold up a
    decision."""
    query = select(EvidenceRow).where(
        EvidenceRow.target.in_([target for target in targets if target]),
        EvidenceRow.state == "current",
        EvidenceRow.effect == "blocking",
        EvidenceRow.says == "against",
    )
    return [view(row) for row in session.scalars(query.order_by(EvidenceRow.id))]


def hold_back(work: Work, request_id: str) -> bool:
    """Send a request back if a blocking proof speaks against it, and tell whether it was.

    It is held until the proof is withdrawn, has expired or was revised; whoever asked can then
    submit again.
    """
    request = request_row(work.session, SYSTEM, request_id, lock=True)
    against = blocking(work.session, request.id, request.revision, request.use_case)
    if not against:
        return False
    said = "; ".join(f"{each.title} ({each.source}, {each.effective})" for each in against)
    mark(
        work, SYSTEM, request.id, "changes requested", code="evidence.blocking",
        evidence=[each.id for each in against],
        body={"said": f"It cannot be approved while this evidence speaks against it: {said}."},
    )  # fmt: skip
    work.enqueue(HELD, {"request": request.id, "evidence": against[0].id})
    return True


def row_of(session: Session, actor: Actor, evidence_id: str, *, lock: bool = False) -> EvidenceRow:
    """Return the row of one proof, locked if it will be changed.

    Raises:
        MissingError: there is none, or the actor may not see it.
    """
    return EVIDENCE.one(session, actor, evidence_id, lock=lock)


def view(row: EvidenceRow) -> EvidenceView:
    """Return what is shown of a row."""
    return EvidenceView(
        id=row.id,
        series=row.series,
        edition=row.edition,
        kind=row.kind,
        title=row.title,
        name=row.name,
        media=row.media,
        sha256=row.sha256,
        size=row.size,
        source=row.source,
        effect=cast("Effect", row.effect),
        says=cast("Says", row.says),
        effective=row.effective,
        expires=row.expires,
        target=row.target,
        control=row.control,
        task=row.task,
        unit=row.unit,
        state=cast("EvidenceState", row.state),
        verified_by=row.verified_by,
        verified_at=row.verified_at,
        added_by=row.added_by,
        created_at=row.created_at,
        version=row.version,
    )


def _unit_of(session: Session, actor: Actor, target: str) -> str:
    prefix = target.partition("_")[0]
    if prefix == "req":
        return request_row(session, actor, target).unit
    if prefix == "uc":
        return use_case_row(session, actor, target).unit
    if prefix == "rev":
        return revision_row(session, actor, target).unit
    if prefix == "sup":
        supplier_row(session, target)
        return ""
    said = "is not the id of a revision, a use case, a request or a supplier."
    raise FieldErrors([("target", f"{target[:60]!r} {said}")])


def _superseded(work: Work, actor: Actor, evidence_id: str, target: str) -> EvidenceRow:
    row = row_of(work.session, actor, evidence_id, lock=True)
    if row.target != target or row.state not in ("current", "expired"):
        raise ConflictError(
            f"The evidence {row.id} is {row.state}, or is about something else.",
            next_step="Revise the current edition, with the same target.",
            code="evidence.edition",
        )
    row.state, row.updated_at, row.version = "superseded", work.now, row.version + 1
    clocks.stop(work, row.id, EXPIRY)
    work.record(actor, _event("evidence.superseded", row))
    return row


def _wind(work: Work, row: EvidenceRow) -> None:
    """Let a clock run until the last day of a proof, so that whoever sent it renews it in time."""
    if row.expires is None:
        return
    end = dt.datetime.combine(row.expires, dt.time(23, 59, 59), dt.UTC)
    left = max(1, int((end - work.now).total_seconds()))
    clocks.start(
        work, subject=row.id, kind=EXPIRY, about=row.target, unit=row.unit,
        within=f"{left} seconds", remind=_REMIND,
    )  # fmt: skip


def _check_current(row: EvidenceRow) -> None:
    if row.state != "current":
        raise ConflictError(
            f"The evidence {row.id} is {row.state}.",
            next_step="Look for its current edition.",
            code="evidence.state",
        )


def _event(kind: str, row: EvidenceRow) -> Event:
    return Event(
        type=kind,
        subject=row.id,
        about=row.target,
        details={
            "kind": row.kind,
            "sha256": row.sha256,
            "effect": row.effect,
            "says": row.says,
            "effective": row.effective.isoformat(),
            "expires": row.expires.isoformat() if row.expires else "",
            "control": row.control,
            "task": row.task,
            "series": row.series,
            "edition": row.edition,
            "version": row.version,
        },
        body={"title": row.title, "name": row.name, "source": row.source},
    )
