# SPDX-License-Identifier: Apache-2.0
"""Verbs of emergencies: ask, agree, close, review afterwards.

When one opens or closes, the job ``emergency.changed`` {emergency} tells whoever serves models.
A unit whose review afterwards was missed breaks no more glass until it is done.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import func, select

from steelyard.governance.charters import queries as charters
from steelyard.governance.clocks import service as clocks
from steelyard.governance.emergency import queries
from steelyard.governance.emergency.glass import (
    ASKED_WITHIN,
    LONGEST_HOURS,
    REVIEW_WITHIN,
    EmergencyView,
    check_voice,
    needed,
    rights_of,
)
from steelyard.governance.emergency.tables import AgreementRow, EmergencyRow
from steelyard.governance.intake.tables import RequestRow
from steelyard.governance.inventory.queries import revision_row
from steelyard.governance.review.actions import Found, add_found, cure_of
from steelyard.governance.review.keep import check_texts
from steelyard.governance.use_cases.facts import check_environment
from steelyard.governance.use_cases.queries import row_of as use_case_row
from steelyard.kernel.actor import ADMINISTRATOR, AUDITOR, SPONSOR, SYSTEM, Actor
from steelyard.kernel.errors import ConflictError, FieldErrors, ForbiddenError
from steelyard.kernel.event import Event
from steelyard.platform.notify.service import tell
from steelyard.platform.versions import check_version
from steelyard.platform.work import Work

CHANGED = "emergency.changed"
ASKED, OPEN, AFTERWARDS = "emergency-asked", "emergency", "emergency-review"
"""Kinds of clocks: until people agree, until it ends, until it is reviewed."""
NEVER = ("revoked", "tombstoned", "rejected")
"""States of a revision that no emergency overrides."""


def ask(
    work: Work,
    actor: Actor,
    *,
    revision: str,
    use_case: str,
    environment: str,
    hours: int,
    reason: str,
) -> EmergencyView:
    """Ask that the glass be broken for a revision, a use case and an environment.

    Raises:
        MissingError: no such revision or use case.
        FieldErrors: no reason, or too long.
        ForbiddenError: the charter gives nobody that right here.
        ConflictError: the unit missed a review, the revision was stopped, or it is asked already.
    """
    if not reason.strip():
        raise FieldErrors([("reason", "Say what the emergency is.")])
    if not 1 <= hours <= LONGEST_HOURS:
        raise FieldErrors([("hours", f"From 1 to {LONGEST_HOURS} hours.")])
    check_texts(reason=reason)
    check_environment(environment)
    case = use_case_row(work.session, actor, use_case)
    # Locked, so that two people who ask for the same thing at once meet here.
    found = revision_row(work.session, actor, revision, lock=True)
    if found.state in NEVER:
        raise ConflictError(
            f"The revision is {found.state}; no emergency overrides that.",
            next_step="Use another revision.",
            code="emergency.never",
        )
    _check_not_blocked(work, case.unit)
    _check_no_twin(work, revision, use_case, environment)
    tier = work.session.scalar(
        select(RequestRow.tier)
        .where(
            RequestRow.revision == revision,
            RequestRow.use_case == use_case,
            RequestRow.environment == environment,
        )
        .order_by(RequestRow.id.desc())
        .limit(1)
    )
    policy = charters.current(work.session, work.today, case.unit)
    rights = rights_of(policy.charter, environment, tier or "critical")
    row = EmergencyRow(
        id=work.id("emg"), revision=revision, use_case=use_case, environment=environment,
        unit=case.unit, tier=tier or "critical", reason=reason, hours=hours,
        needed=needed(rights), state="asked", asked_by=actor.id, asked_at=work.now,
        opened_at=None, until=None, closed_at=None, review="", review_due=None, reviewed_by="",
        reviewed_at=None, justified=None, findings="", version=1,
    )  # fmt: skip
    work.session.add(row)
    work.session.flush()
    clocks.start(
        work, subject=row.id, kind=ASKED, about=revision, unit=row.unit, within=ASKED_WITHIN
    )
    work.record(actor, _event("emergency.asked", row, {"reason": reason}))
    _inform(work, row, "emergency.asked", sorted({right.role or "" for right in rights}))
    return queries.view(work.session, row)


def agree(
    work: Work, actor: Actor, emergency_id: str, role: str, expected: int | None = None
) -> EmergencyView:
    """Agree to break the glass; with the last voice that is needed it opens at once.

    Raises:
        MissingError, StaleError
        ForbiddenError: the actor's voice does not count.
        ConflictError: they agreed already, it is not asked any more, or the unit is blocked.
    """
    row = queries.row_of(work.session, actor, emergency_id, lock=True)
    check_version(row.version, expected, queries.view(work.session, row))
    _check_state(row, "asked")
    _check_not_blocked(work, row.unit)
    charter = charters.current(work.session, work.today, row.unit).charter
    owner = use_case_row(work.session, SYSTEM, row.use_case).owner
    check_voice(
        rights_of(charter, row.environment, row.tier), actor, role,
        asked_by=row.asked_by, unit=row.unit, owner=owner,
    )  # fmt: skip
    if work.session.get(AgreementRow, (row.id, actor.id)) is not None:
        raise ConflictError(
            "You have agreed already; somebody else must too.",
            next_step="Call another person who holds the right.",
            code="emergency.agreed",
        )
    work.session.add(AgreementRow(emergency=row.id, person=actor.id, role=role, at=work.now))
    work.session.flush()
    work.record(actor, _event("emergency.agreed", row, role=role))
    voices = work.session.scalar(
        select(func.count(AgreementRow.person)).where(AgreementRow.emergency == row.id)
    )
    row.version += 1
    if (voices or 0) >= row.needed:
        _open(work, row)
    return queries.view(work.session, row)


def close(work: Work, actor: Actor, emergency_id: str, expected: int | None) -> EmergencyView:
    """End an emergency before its time.

    Raises:
        MissingError, StaleError
        ConflictError: it is neither asked nor open.
    """
    row = queries.row_of(work.session, actor, emergency_id, lock=True)
    check_version(row.version, expected, queries.view(work.session, row))
    _check_state(row, "asked", "open")
    return _close(work, actor, row, "closed")


def review(
    work: Work,
    actor: Actor,
    emergency_id: str,
    *,
    justified: bool,
    findings: str,
    actions: tuple[Found, ...] = (),
    nothing_to_improve: bool = False,
    expected: int | None = None,
) -> EmergencyView:
    """Look at an emergency afterwards: was it one, and what should be better?

    Each of ``actions`` becomes an improvement action, with owner, due date and, where the charter
    wants one, a sponsor.

    Raises:
        MissingError, StaleError, FieldErrors
        ForbiddenError: whoever asked or agreed does not review it.
        ConflictError: there is nothing to review, or it was done.
    """
    if not findings.strip():
        raise FieldErrors([("findings", "Say what you found, also if nothing is to improve.")])
    if not actions and not nothing_to_improve:
        raise FieldErrors(
            [("actions", "Name what should be better and who sees to it.")],
            next_step="If there is nothing, say `nothing_to_improve`.",
        )
    check_texts(findings=findings)
    row = queries.row_of(work.session, actor, emergency_id, lock=True)
    check_version(row.version, expected, queries.view(work.session, row))
    if row.review not in ("due", "missed"):
        raise ConflictError(
            "This emergency waits for no review.", next_step="Read it.", code="emergency.state"
        )
    took_part = work.session.get(AgreementRow, (row.id, actor.id)) is not None
    apart = actor.kind != "person" or bool({ADMINISTRATOR, AUDITOR} & actor.roles)
    if took_part or apart or actor.id == row.asked_by:
        raise ForbiddenError(
            "An emergency is reviewed by a person who took no part in it and who decides.",
            next_step="Ask somebody else who reviews.",
            code="emergency.reviewer",
        )
    row.review, row.reviewed_by, row.reviewed_at = "done", actor.id, work.now
    row.justified, row.findings, row.version = justified, findings, row.version + 1
    clocks.stop(work, row.id, AFTERWARDS)
    cure = cure_of(charters.current(work.session, work.today, row.unit).charter)
    made = [add_found(work, actor, each, cure, about=row.id, unit=row.unit).id for each in actions]
    work.record(
        actor,
        _event(
            "emergency.reviewed", row, {"findings": findings}, justified=justified, actions=made
        ),
    )
    if not justified and row.state == "open":
        return _close(work, actor, row, "closed")
    return queries.view(work.session, row)


def lapse(work: Work, emergency_id: str) -> None:
    """End an emergency that too few people agreed to; called when its clock rings."""
    row = queries.row_of(work.session, SYSTEM, emergency_id, lock=True)
    if row.state == "asked":
        _close(work, SYSTEM, row, "lapsed")
        _inform(work, row, "emergency.lapsed", [])


def end(work: Work, emergency_id: str) -> None:
    """End an emergency whose time is over; called when its clock rings."""
    row = queries.row_of(work.session, SYSTEM, emergency_id, lock=True)
    if row.state == "open" and row.until is not None and row.until <= work.now:
        _close(work, SYSTEM, row, "closed")


def missed(work: Work, emergency_id: str) -> None:
    """Note that a review was not done in time; called when its clock rings."""
    row = queries.row_of(work.session, SYSTEM, emergency_id, lock=True)
    if row.review == "due":
        row.review, row.version = "missed", row.version + 1
        work.record(SYSTEM, _event("emergency.review-missed", row))


def _open(work: Work, row: EmergencyRow) -> None:
    row.state, row.opened_at = "open", work.now
    row.until = work.now + dt.timedelta(hours=row.hours)
    clocks.stop(work, row.id, ASKED)
    clocks.start(
        work, subject=row.id, kind=OPEN, about=row.revision, unit=row.unit,
        within=f"{row.hours} hours",
    )  # fmt: skip
    clock = clocks.start(
        work, subject=row.id, kind=AFTERWARDS, about=row.revision, unit=row.unit,
        within=REVIEW_WITHIN, remind="1 business day", ladder=(SPONSOR,),
    )  # fmt: skip
    row.review, row.review_due = "due", clock.due
    work.enqueue(CHANGED, {"emergency": row.id}, key=f"{CHANGED}:{row.id}")
    work.record(SYSTEM, _event("emergency.opened", row, until=row.until.isoformat()))
    _inform(work, row, "emergency.opened", ["risk", SPONSOR])


def remind(work: Work, emergency_id: str) -> None:
    """Remind that an emergency must be reviewed."""
    row = queries.row_of(work.session, SYSTEM, emergency_id)
    if row.review in ("due", "missed"):
        _inform(work, row, "emergency.opened", ["risk", SPONSOR])


def _inform(work: Work, row: EmergencyRow, kind: str, roles: list[str]) -> None:
    tell(
        work, kind=kind, subject=row.id, about=row.revision, roles=roles, people=[row.asked_by],
        unit=row.unit, facts={"environment": row.environment, "hours": row.hours},
    )  # fmt: skip


def _close(work: Work, actor: Actor, row: EmergencyRow, state: str) -> EmergencyView:
    was_open = row.state == "open"
    row.state, row.closed_at, row.version = state, work.now, row.version + 1
    clocks.stop(work, row.id, ASKED, met=False)
    clocks.stop(work, row.id, OPEN)
    if was_open:
        work.enqueue(CHANGED, {"emergency": row.id}, key=f"{CHANGED}:{row.id}")
    work.record(actor, _event(f"emergency.{state}", row))
    return queries.view(work.session, row)


def _check_not_blocked(work: Work, unit: str) -> None:
    found = queries.blocking(work.session, unit, work.now)
    if found:
        raise ConflictError(
            f"The review of the emergency {found} was not done in time, so this unit breaks no "
            "more glass.",
            next_step="Have somebody who took no part review it.",
            code="emergency.blocked",
        )


def _check_no_twin(work: Work, revision: str, use_case: str, environment: str) -> None:
    found = work.session.scalar(
        select(EmergencyRow.id)
        .where(
            EmergencyRow.revision == revision,
            EmergencyRow.use_case == use_case,
            EmergencyRow.environment == environment,
            EmergencyRow.state.in_(["asked", "open"]),
        )
        .limit(1)
    )
    if found is not None:
        raise ConflictError(
            f"The emergency {found} is for the same thing.",
            next_step="Agree to that one.",
            code="emergency.taken",
        )


def _check_state(row: EmergencyRow, *states: str) -> None:
    if row.state not in states:
        raise ConflictError(
            f"The emergency is {row.state}.",
            next_step="Ask for a new one if it is still needed.",
            code="emergency.state",
        )


def _event(
    kind: str, row: EmergencyRow, body: dict[str, str] | None = None, **details: Any
) -> Event:
    return Event(
        type=kind,
        subject=row.id,
        about=row.revision,
        details={
            "use_case": row.use_case,
            "environment": row.environment,
            "state": row.state,
            "review": row.review,
            "hours": row.hours,
            **details,
        },
        body=body or {},
    )
