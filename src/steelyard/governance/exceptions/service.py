# SPDX-License-Identifier: Apache-2.0
"""Verbs of exceptions: ask, change, submit, extend, give up, expire; votes are in ``voting``.

When one begins or ends, the job ``exception.changed`` {exception} has the decisions it bears on
taken again.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

import msgspec
from msgspec import structs

from steelyard.governance.clocks import service as clocks
from steelyard.governance.exceptions import queries
from steelyard.governance.exceptions.keep import (
    REVIEW,
    changed,
    charter_of,
    check_state,
    ended,
    event_of,
    inform,
)
from steelyard.governance.exceptions.queries import ExceptionView, voted
from steelyard.governance.exceptions.tables import ExceptionRow
from steelyard.governance.exceptions.terms import Asked, check, plan_for, terms_of
from steelyard.governance.intake import queries as requests
from steelyard.governance.review.keep import check_texts
from steelyard.kernel.actor import SPONSOR, SYSTEM, Actor
from steelyard.kernel.errors import ConflictError, FieldErrors, ForbiddenError
from steelyard.platform.identity import people
from steelyard.platform.versions import check_version
from steelyard.platform.work import Work


def draft(work: Work, actor: Actor, request_id: str, asked: Asked) -> ExceptionView:
    """Write down what is asked for; nobody is asked yet.

    It is for the revision, use case and environment of a request, and for nothing else.

    Raises:
        MissingError: there is no such request.
        FieldErrors, ForbiddenError: the charter would not let anybody grant it.
    """
    request = requests.row_of(work.session, actor, request_id)
    row = ExceptionRow(
        id=work.id("exc"), rule=asked.rule, request=request.id, revision=request.revision,
        use_case=request.use_case, environment=request.environment, unit=request.unit,
        tier=request.tier or "critical", state="draft", asked_by=actor.id, charter="", plan={},
        round=0, renewals=0, granted_at=None, expires=None, ended_at=None, ended_by="",
        end_reason="", created_at=work.now, updated_at=work.now, version=1,
        **_columns(asked),
    )  # fmt: skip
    _check(work, row, asked)
    work.session.add(row)
    work.session.flush()
    work.record(actor, event_of("exception.drafted", row, _words(row)))
    return queries.view(work.session, row)


def change(
    work: Work, actor: Actor, exception_id: str, changes: dict[str, Any], expected: int | None
) -> ExceptionView:
    """Change a draft of one's own.

    Raises:
        MissingError, StaleError, FieldErrors, ForbiddenError
        ConflictError: it is no draft.
    """
    row = _own(work, actor, exception_id, expected, "draft")
    asked = structs.replace(asked_of(row), **changes)
    _check(work, row, asked)
    for name, value in _columns(asked).items():
        setattr(row, name, value)
    return changed(work, actor, row, "exception.drafted", _words(row))


def submit(work: Work, actor: Actor, exception_id: str, expected: int | None) -> ExceptionView:
    """Ask the people who grant exceptions.

    Raises:
        MissingError, StaleError, FieldErrors, ForbiddenError
        ConflictError: it is no draft.
    """
    row = _own(work, actor, exception_id, expected, "draft")
    _send(work, row, asked_of(row))
    return changed(work, actor, row, "exception.submitted")


def extend(
    work: Work,
    actor: Actor,
    exception_id: str,
    until: dt.date,
    reason: str,
    expected: int | None,
) -> ExceptionView:
    """Ask for an exception that has expired again; it is reviewed anew.

    Raises:
        MissingError, StaleError, FieldErrors, ForbiddenError
        ConflictError: it has not expired, or was renewed as often as the charter allows.
    """
    row = _own(work, actor, exception_id, expected, "expired")
    terms = terms_of(charter_of(work, row)[0])
    if row.renewals >= terms.renewals:
        raise ConflictError(
            f"The charter lets an exception be renewed {terms.renewals} times; this one was.",
            next_step="Fulfil the rule.",
            code="exception.renewals",
        )
    asked = structs.replace(asked_of(row), until=until, reason=reason)
    _send(work, row, asked)
    row.renewals += 1
    row.granted_at = row.expires = row.ended_at = None
    return changed(work, actor, row, "exception.extended", _words(row))


def revoke(
    work: Work, actor: Actor, exception_id: str, reason: str, expected: int | None
) -> ExceptionView:
    """End an exception at once: by whoever could grant it, or by its owner, who gives it up.

    Raises:
        MissingError, StaleError, FieldErrors
        ForbiddenError: the actor is neither.
        ConflictError: it is not active.
    """
    if not reason.strip():
        raise FieldErrors([("reason", "Say why it ends.")])
    check_texts(reason=reason)
    row = queries.row_of(work.session, actor, exception_id, lock=True)
    check_version(row.version, expected, queries.view(work.session, row))
    check_state(row, "active", "in review", "draft")
    plan = voted(row, "").plan if row.plan else None
    grants = {seat.role for step in plan.steps for seat in step.seats} if plan else set()
    if actor.id not in (row.owner, row.asked_by) and not grants & actor.roles:
        raise ForbiddenError(
            "An exception is ended by its owner, or by somebody who could have granted it.",
            next_step=f"It is granted by: {', '.join(sorted(grants))}.",
            code="exception.revoker",
        )
    return ended(work, actor, row, "revoked", reason)


def expire(work: Work, exception_id: str) -> None:
    """End an exception whose time is over; called when its clock rings."""
    row = queries.row_of(work.session, SYSTEM, exception_id, lock=True)
    if row.state == "active" and row.expires is not None and row.expires <= work.now:
        ended(work, SYSTEM, row, "expired", "")


def asked_of(row: ExceptionRow) -> Asked:
    """Return what an exception asks for."""
    return Asked(
        rule=row.rule,
        reason=row.reason,
        owner=row.owner,
        until=row.until,
        controls=tuple(row.controls),
        answers=row.answers,
    )


def remind(work: Work, exception_id: str) -> None:
    """Remind of an exception that ends soon, or of one that waits for people."""
    row = queries.row_of(work.session, SYSTEM, exception_id)
    if row.state == "active":
        inform(work, row, "exception.ending", persons=[row.owner, row.asked_by])
    elif row.state == "in review":
        waits = queries.view(work.session, row).waits_for
        inform(work, row, "exception.waiting", roles=waits)


def _send(work: Work, row: ExceptionRow, asked: Asked) -> None:
    """Begin a review of an exception."""
    charter, digest = charter_of(work, row)
    check(asked, charter, row.tier, work.today)
    plan = plan_for(charter, environment=row.environment, tier=row.tier)
    row.until, row.reason = asked.until, asked.reason
    row.plan, row.charter, row.round = msgspec.to_builtins(plan), digest, row.round + 1
    row.state = "in review"
    inform(work, row, "exception.waiting", roles=[s.role for t in plan.steps for s in t.seats])
    clocks.start(
        work, subject=row.id, kind=REVIEW, about=row.request, unit=row.unit, within=plan.within,
        remind="1 business day", ladder=(SPONSOR,),
    )  # fmt: skip


def _own(
    work: Work, actor: Actor, exception_id: str, expected: int | None, *states: str
) -> ExceptionRow:
    row = queries.row_of(work.session, actor, exception_id, lock=True)
    check_version(row.version, expected, queries.view(work.session, row))
    if actor.id not in (row.asked_by, row.owner):
        raise ForbiddenError(
            "Only whoever asked for it, or owns it, can do this.",
            next_step="Ask for one of your own.",
            code="exception.not-yours",
        )
    check_state(row, *states)
    return row


def _check(work: Work, row: ExceptionRow, asked: Asked) -> None:
    check_texts(reason=asked.reason, controls=asked.controls, answers=list(asked.answers.values()))
    owner = people.person(work.session, asked.owner)
    if owner is None or owner.state not in people.WORKING:
        raise FieldErrors([("owner", f"There is no person {asked.owner[:40]!r}.")])
    check(asked, charter_of(work, row)[0], row.tier, work.today)


def _columns(asked: Asked) -> dict[str, Any]:
    return {
        "reason": asked.reason,
        "owner": asked.owner,
        "until": asked.until,
        "controls": list(asked.controls),
        "answers": dict(asked.answers),
    }


def _words(row: ExceptionRow) -> dict[str, Any]:
    return {"reason": row.reason, "controls": row.controls, "answers": row.answers}
