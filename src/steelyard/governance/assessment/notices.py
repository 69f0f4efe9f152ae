# SPDX-License-Identifier: Apache-2.0
"""Tells people what they must know of revisions, suppliers, assessments and evidence.

Each function does a job that was put in the transaction of the change it tells about.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import func, select

from steelyard.governance.assessment.queries import row_of
from steelyard.governance.assessment.tables import EvidenceRow
from steelyard.governance.intake.queries import consumers
from steelyard.governance.intake.queries import row_of as request_row
from steelyard.governance.intake.tables import RequestRow
from steelyard.governance.inventory.queries import revision_row
from steelyard.governance.inventory.supplying import supplier_row
from steelyard.governance.inventory.tables import ModelRow
from steelyard.governance.use_cases.tables import UseCaseRow
from steelyard.kernel.actor import MODEL_OWNER, OPERATOR, SYSTEM
from steelyard.platform.identity.people import by_mail
from steelyard.platform.notify.service import tell
from steelyard.platform.work import Work


def retirement(work: Work, payload: dict[str, Any]) -> None:
    """Tell everybody who uses a revision that it ends, or has ended."""
    revision = revision_row(work.session, SYSTEM, payload["revision"])
    done = payload.get("phase") == "done"
    for request in consumers(work.session, revision.id):
        case = work.session.get_one(UseCaseRow, request.use_case)
        owner = by_mail(work.session, case.owner)
        people = dict.fromkeys([request.requested_by, *([owner.id] if owner else [])])
        tell(
            work,
            kind="revision.retired" if done else "revision.retiring",
            subject=revision.id,
            about=request.id,
            people=tuple(people),
            unit=request.unit,
            facts={
                "effective": revision.retires_at.date().isoformat() if revision.retires_at else "",
                "replacement": revision.replacement,
                "environment": request.environment,
            },
            words={"model": revision.name, "use_case": case.name, "notice": revision.notice},
        )


def supplier(work: Work, payload: dict[str, Any]) -> None:
    """Tell who answers for models that their supplier must be looked at."""
    row = supplier_row(work.session, payload["supplier"])
    models = select(ModelRow.id).where(ModelRow.supplier == row.id)
    approved = select(func.count()).select_from(RequestRow).where(
        RequestRow.model.in_(models), RequestRow.state == "approved"
    )  # fmt: skip
    trigger = str(payload["trigger"])
    roles = {"license": ("legal", MODEL_OWNER), "support": ("risk", MODEL_OWNER)}
    tell(
        work,
        kind=f"supplier.{trigger}",
        subject=row.id,
        roles=roles.get(trigger, ("risk",)),
        facts={
            **{name: value for name, value in payload.items() if name != "supplier"},
            "adoptions": work.session.scalar(approved) or 0,
        },
        words={"supplier": row.name},
    )


def upstream(work: Work, payload: dict[str, Any]) -> None:
    """Tell who answers for a model, and who uses it, what became of it where it came from."""
    model = work.session.get_one(ModelRow, payload["model"])
    change = str(payload["change"])
    open_states = ("approved", "submitted", "changes requested")
    wanted = RequestRow.model == model.id, RequestRow.state.in_(open_states)
    people: dict[str, None] = {}
    owners = {model.owner}
    adoptions = 0
    for request in work.session.scalars(select(RequestRow).where(*wanted).order_by(RequestRow.id)):
        people[request.requested_by] = None
        owners.add(work.session.get_one(UseCaseRow, request.use_case).owner)
        adoptions += request.state == "approved"
    for mail in sorted(owners):
        owner = by_mail(work.session, mail)
        if owner is not None:
            people[owner.id] = None
    tell(
        work,
        kind=f"upstream.{change}",
        subject=model.id,
        roles={"license": ("legal",)}.get(change, ()),
        people=tuple(people),
        facts={
            **{name: value for name, value in payload.items() if name not in ("model", "change")},
            "adoptions": adoptions,
        },
        words={"model": model.name},
    )


def failed_assessment(work: Work, payload: dict[str, Any]) -> None:
    """Tell the requester what only they can mend, and the operator what nobody else can."""
    row = row_of(work.session, SYSTEM, payload["assessment"])
    if row.state != "failed":
        return
    request = request_row(work.session, SYSTEM, row.request)
    mendable = request.state == "changes requested"
    tell(
        work,
        kind="assessment.failed",
        subject=row.id,
        about=request.id,
        roles=() if mendable else (OPERATOR,),
        people=(request.requested_by,),
        unit=request.unit,
        facts={"code": row.error_code, "attempts": row.attempts},
        words={"said": row.error, "reference": request.reference},
    )


def expired_evidence(work: Work, payload: dict[str, Any]) -> None:
    """Tell who sent a proof that it can no longer be relied on."""
    _evidence(work, payload["evidence"], "evidence.expired")


def expiring_evidence(work: Work, evidence_id: str) -> None:
    """Tell who sent a proof that its last day is near; called when its clock says so."""
    _evidence(work, evidence_id, "evidence.expiring")


def _evidence(work: Work, evidence_id: str, kind: str) -> None:
    row = work.session.get_one(EvidenceRow, evidence_id)
    tell(
        work,
        kind=kind,
        subject=row.id,
        about=row.target,
        people=(row.added_by,),
        unit=row.unit,
        facts={"kind": row.kind, "expires": row.expires.isoformat() if row.expires else ""},
        words={"title": row.title},
    )


def held_back(work: Work, payload: dict[str, Any]) -> None:
    """Tell the requester, and who sent the proof, that it holds an approval up."""
    row = work.session.get_one(EvidenceRow, payload["evidence"])
    request = request_row(work.session, SYSTEM, payload["request"])
    tell(
        work,
        kind="evidence.held",
        subject=row.id,
        about=request.id,
        people=tuple(dict.fromkeys((request.requested_by, row.added_by))),
        unit=request.unit,
        facts={"kind": row.kind},
        words={"title": row.title, "reference": request.reference},
    )
