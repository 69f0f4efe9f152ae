# SPDX-License-Identifier: Apache-2.0
"""Verbs of granting an exception: vote, keep the minutes of a committee, let it begin."""

from __future__ import annotations

import datetime as dt
from typing import Any

from steelyard.governance.charters import queries as charters
from steelyard.governance.clocks import service as clocks
from steelyard.governance.exceptions import queries
from steelyard.governance.exceptions.keep import (
    CHANGED,
    EXCEPTION,
    REVIEW,
    changed,
    check_state,
    ended,
    event_of,
    inform,
    requester,
)
from steelyard.governance.exceptions.queries import ExceptionView, voted
from steelyard.governance.exceptions.tables import ExceptionRow
from steelyard.governance.exceptions.terms import latest_day, terms_of
from steelyard.governance.review import state
from steelyard.governance.review.committee import check_people, meeting_of
from steelyard.governance.review.keep import check_texts, current_seats
from steelyard.governance.review.load import case_of, reviewer_of
from steelyard.governance.review.state import Answer, Case, standing
from steelyard.governance.review.tables import SignOffRow
from steelyard.kernel.actor import SYSTEM, Actor
from steelyard.kernel.digest import sha256_hex
from steelyard.kernel.errors import FieldErrors, ForbiddenError
from steelyard.platform.versions import check_version
from steelyard.platform.work import Work


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
    about = voted(row, requester(work, row))
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
    about = voted(row, requester(work, row))
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


def _voting(
    work: Work, actor: Actor, exception_id: str, expected: int | None
) -> tuple[ExceptionRow, Case]:
    if actor.kind != "person":
        raise ForbiddenError("Exceptions are granted by people.", code="review.person")
    row = queries.row_of(work.session, actor, exception_id, lock=True)
    check_version(row.version, expected, queries.view(work.session, row))
    check_state(row, "in review")
    return row, case_of(work.session, voted(row, requester(work, row)))


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
    work.record(actor, event_of(kind, row, body, **details))
    if after.state == "rejected":
        return ended(work, SYSTEM, row, "rejected", "")
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
    return changed(work, SYSTEM, row, "exception.granted", expires=row.expires.isoformat())
