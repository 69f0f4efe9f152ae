# SPDX-License-Identifier: Apache-2.0
"""Verbs of exceptions: ask, change, submit, vote, keep minutes, extend, give up, expire.

When one begins or ends, the job ``exception.changed`` {exception} has the decisions it bears on
taken again.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

import msgspec
from msgspec import structs

from steelyard.charter.schema import Charter
from steelyard.governance.charters import queries as charters
from steelyard.governance.clocks import service as clocks
from steelyard.governance.exceptions import queries
from steelyard.governance.exceptions.queries import ExceptionView, voted
from steelyard.governance.exceptions.tables import ExceptionRow
from steelyard.governance.exceptions.terms import Asked, check, latest_day, plan_for, terms_of
from steelyard.governance.intake import queries as requests
from steelyard.governance.review import state
from steelyard.governance.review.committee import check_people, meeting_of
from steelyard.governance.review.keep import check_texts, current_seats
from steelyard.governance.review.load import case_of, reviewer_of
from steelyard.governance.review.state import Answer, Case, standing
from steelyard.governance.review.tables import SignOffRow
from steelyard.kernel.actor import SPONSOR, SYSTEM, Actor
from steelyard.kernel.digest import sha256_hex
from steelyard.kernel.errors import ConflictError, FieldErrors, ForbiddenError
from steelyard.kernel.event import Event
from steelyard.platform.identity import people
from steelyard.platform.notify.service import tell
from steelyard.platform.versions import check_version
from steelyard.platform.work import Work

CHANGED = "exception.changed"
EXCEPTION, REVIEW = "exception", "exception-review"
"""Kinds of clocks: until it ends, and until it is granted or not."""


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
    work.record(actor, _event("exception.drafted", row, _words(row)))
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
    return _changed(work, actor, row, "exception.drafted", _words(row))


def submit(work: Work, actor: Actor, exception_id: str, expected: int | None) -> ExceptionView:
    """Ask the people who grant exceptions.

    Raises:
        MissingError, StaleError, FieldErrors, ForbiddenError
        ConflictError: it is no draft.
    """
    row = _own(work, actor, exception_id, expected, "draft")
    _send(work, row, asked_of(row))
    return _changed(work, actor, row, "exception.submitted")


def vote(
    work: Work,
    actor: Actor,
    exception_id: str,
    role: str,
    answer: Answer,
    reason: str = "",
    expected: int | None = None,
    *,
    declares: bool = False,
) -> ExceptionView:
    """Grant an exception, or refuse it, in a role.

    Raises:
        MissingError, StaleError, FieldErrors
        ForbiddenError: the actor may not; whoever asks or owns it never may.
        ConflictError: it is not in review, they have voted, or it is not their turn.
    """
    if answer == "no" and not reason.strip():
        raise FieldErrors([("reason", "A no needs a reason.")])
    check_texts(reason=reason)
    row, case = _voting(work, actor, exception_id, expected)
    about = voted(row, _requester(work, row))
    person = reviewer_of(
        work.session, actor, about, current_seats(case), work.now, declares=declares
    )
    after = state.sign(case, person, role, answer)
    voice = after.voices[-1]
    said = SignOffRow(
        id=work.id("sgn"), review=row.id, round=row.round, person=actor.id, role=role,
        place=voice.place, answer=answer, reason=reason, conditions=[],
        lent_by=person.lent.get(role, "") if role not in actor.roles else "",
        outside=voice.outside, at=work.now,
    )  # fmt: skip
    work.session.add(said)
    work.session.flush()
    return _counted(
        work, actor, row, after, "exception.voted", {"reason": reason},
        sign_off=said.id, role=role, answer=answer, committee=voice.place,
    )  # fmt: skip


def minute(
    work: Work,
    actor: Actor,
    exception_id: str,
    text: str,
    attended: tuple[str, ...],
    expected: int | None = None,
) -> ExceptionView:
    """Keep the minutes of the committee whose turn it is; this closes its vote.

    Raises:
        MissingError, StaleError, FieldErrors, ForbiddenError, ConflictError
    """
    if not text.strip():
        raise FieldErrors([("minutes", "Write down what was discussed and decided.")])
    check_texts(minutes=text)
    row, case = _voting(work, actor, exception_id, expected)
    there = frozenset({*attended, actor.id})
    check_people(work, there)
    about = voted(row, _requester(work, row))
    person = reviewer_of(work.session, actor, about, current_seats(case), work.now, declares=True)
    step = case.plan.steps[min(standing(case).step, len(case.plan.steps) - 1)]
    after = state.minute(case, person, there)
    assert step.committee is not None
    votes = [voice for voice in state.heard(case) if voice.place == step.place]
    meeting = meeting_of(work, actor, row.id, row.round, step.place)
    meeting.state, meeting.minutes, meeting.minuted_by = "minuted", text, actor.id
    meeting.minutes_sha256 = sha256_hex(text.encode())
    meeting.attended, meeting.minuted_at = sorted(there), work.now
    meeting.carried = state.carried(step.committee, votes)
    work.session.flush()
    return _counted(
        work, actor, row, after, "exception.minuted", {"minutes": text},
        meeting=meeting.id, minutes_sha256=meeting.minutes_sha256, carried=meeting.carried,
    )  # fmt: skip


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
    terms = terms_of(_charter(work, row)[0])
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
    return _changed(work, actor, row, "exception.extended", _words(row))


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
    _check_state(row, "active", "in review", "draft")
    plan = voted(row, "").plan if row.plan else None
    grants = {seat.role for step in plan.steps for seat in step.seats} if plan else set()
    if actor.id not in (row.owner, row.asked_by) and not grants & actor.roles:
        raise ForbiddenError(
            "An exception is ended by its owner, or by somebody who could have granted it.",
            next_step=f"It is granted by: {', '.join(sorted(grants))}.",
            code="exception.revoker",
        )
    return _ended(work, actor, row, "revoked", reason)


def expire(work: Work, exception_id: str) -> None:
    """End an exception whose time is over; called when its clock rings."""
    row = queries.row_of(work.session, SYSTEM, exception_id, lock=True)
    if row.state == "active" and row.expires is not None and row.expires <= work.now:
        _ended(work, SYSTEM, row, "expired", "")


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


def _send(work: Work, row: ExceptionRow, asked: Asked) -> None:
    """Begin a review of an exception."""
    charter, digest = _charter(work, row)
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


def _counted(
    work: Work,
    actor: Actor,
    row: ExceptionRow,
    after: Case,
    kind: str,
    body: dict[str, str],
    **details: Any,
) -> ExceptionView:
    """Record a voice, and what became of the exception by it."""
    work.record(actor, _event(kind, row, body, **details))
    if after.state == "rejected":
        return _ended(work, SYSTEM, row, "rejected", "")
    if after.state == "approved":
        return _begin(work, row)
    row.updated_at, row.version = work.now, row.version + 1
    return queries.view(work.session, row)


def _begin(work: Work, row: ExceptionRow) -> ExceptionView:
    """Let an exception hold, for no longer than the charter lets it from today."""
    terms = terms_of(charters.policy_of(work.session, row.charter).charter)
    row.until = min(row.until, latest_day(terms, row.tier, work.today))
    row.expires = dt.datetime.combine(row.until, dt.time(23, 59, 59), dt.UTC)
    row.state, row.granted_at = "active", work.now
    clocks.stop(work, row.id, REVIEW)
    left = max(1, int((row.expires - work.now).total_seconds()))
    clocks.start(
        work, subject=row.id, kind=EXCEPTION, about=row.request, unit=row.unit,
        within=f"{left} seconds", remind="432000 seconds",
    )  # fmt: skip
    work.enqueue(CHANGED, {"exception": row.id}, key=f"{CHANGED}:{row.id}")
    inform(work, row, "exception.changed", persons=[row.owner, row.asked_by])
    return _changed(work, SYSTEM, row, "exception.granted", expires=row.expires.isoformat())


def _ended(work: Work, actor: Actor, row: ExceptionRow, state_: str, reason: str) -> ExceptionView:
    held = row.state == "active"
    row.state, row.ended_at, row.ended_by, row.end_reason = state_, work.now, actor.id, reason
    clocks.stop(work, row.id, met=state_ in ("rejected", "expired"))
    if held:
        work.enqueue(CHANGED, {"exception": row.id}, key=f"{CHANGED}:{row.id}")
    inform(work, row, "exception.changed", persons=[row.owner, row.asked_by])
    return _changed(work, actor, row, f"exception.{state_}", {"reason": reason})


def inform(
    work: Work,
    row: ExceptionRow,
    kind: str,
    *,
    roles: Sequence[str] = (),
    persons: Sequence[str] = (),
) -> None:
    """Tell people what became of an exception, or that they are waited for."""
    tell(
        work, kind=kind, subject=row.id, about=row.request, roles=roles, people=persons,
        unit=row.unit, facts={"rule": row.rule, "until": row.until.isoformat(),
                              "state": row.state},
    )  # fmt: skip


def remind(work: Work, exception_id: str) -> None:
    """Remind of an exception that ends soon, or of one that waits for people."""
    row = queries.row_of(work.session, SYSTEM, exception_id)
    if row.state == "active":
        inform(work, row, "exception.ending", persons=[row.owner, row.asked_by])
    elif row.state == "in review":
        waits = queries.view(work.session, row).waits_for
        inform(work, row, "exception.waiting", roles=waits)


def _voting(
    work: Work, actor: Actor, exception_id: str, expected: int | None
) -> tuple[ExceptionRow, Case]:
    if actor.kind != "person":
        raise ForbiddenError("Exceptions are granted by people.", code="review.person")
    row = queries.row_of(work.session, actor, exception_id, lock=True)
    check_version(row.version, expected, queries.view(work.session, row))
    _check_state(row, "in review")
    return row, case_of(work.session, voted(row, _requester(work, row)))


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
    _check_state(row, *states)
    return row


def _check_state(row: ExceptionRow, *states: str) -> None:
    if row.state not in states:
        raise ConflictError(
            f"The exception is {row.state}; this needs one that is {' or '.join(states)}.",
            next_step="Ask for a new one." if row.state in ("rejected", "revoked") else "",
            code="exception.state",
        )


def _check(work: Work, row: ExceptionRow, asked: Asked) -> None:
    check_texts(reason=asked.reason, controls=asked.controls, answers=list(asked.answers.values()))
    owner = people.person(work.session, asked.owner)
    if owner is None or owner.state not in people.WORKING:
        raise FieldErrors([("owner", f"There is no person {asked.owner[:40]!r}.")])
    check(asked, _charter(work, row)[0], row.tier, work.today)


def _charter(work: Work, row: ExceptionRow) -> tuple[Charter, str]:
    policy = charters.current(work.session, work.today, row.unit)
    return policy.charter, policy.identity.sha256


def _requester(work: Work, row: ExceptionRow) -> str:
    return requests.row_of(work.session, SYSTEM, row.request).requested_by


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


def _changed(
    work: Work,
    actor: Actor,
    row: ExceptionRow,
    kind: str,
    body: dict[str, Any] | None = None,
    **details: Any,
) -> ExceptionView:
    row.updated_at, row.version = work.now, row.version + 1
    work.record(actor, _event(kind, row, body, **details))
    work.session.flush()
    return queries.view(work.session, row)


def _event(
    kind: str, row: ExceptionRow, body: dict[str, Any] | None = None, **details: Any
) -> Event:
    return Event(
        type=kind,
        subject=row.id,
        about=row.request,
        details={
            "rule": row.rule,
            "state": row.state,
            "until": row.until.isoformat(),
            "owner": row.owner,
            "round": row.round,
            **details,
        },
        body={name: text for name, text in (body or {}).items() if text},
    )
