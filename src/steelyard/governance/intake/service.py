# SPDX-License-Identifier: Apache-2.0
"""Verbs of requests: draft, change, submit, withdraw, resubmit, mark, expire."""

from __future__ import annotations

from typing import Any, cast

from sqlalchemy import or_, select

from steelyard.governance.intake import queries
from steelyard.governance.intake.headline import follow
from steelyard.governance.intake.states import (
    OPEN,
    RequestView,
    Stage,
    State,
    check_move,
    check_stage,
    ends,
)
from steelyard.governance.intake.tables import RequestRow
from steelyard.governance.inventory.queries import revision_row
from steelyard.governance.inventory.reference import Reference, read
from steelyard.governance.inventory.service import check_justification
from steelyard.governance.inventory.uploads import check_sent
from steelyard.governance.use_cases import queries as use_cases
from steelyard.governance.use_cases.facts import check_environment
from steelyard.governance.use_cases.tables import UseCaseRow
from steelyard.kernel.actor import SYSTEM, Actor
from steelyard.kernel.errors import ConflictError, ForbiddenError
from steelyard.kernel.event import Event
from steelyard.platform.versions import check_version
from steelyard.platform.work import Work

ASSESS = "request.assess"
"""Job that assesses a submitted request: ``{"request": id, "round": number}``."""
CLOSED = "request.closed"
"""Job for rooms that work on a request which was taken back or has expired: ``{"request": id}``."""


def draft(
    work: Work,
    actor: Actor,
    *,
    reference: str,
    use_case: str,
    environment: str = "",
    justification: str = "",
) -> RequestView:
    """Write a request down without asking anybody yet; without an environment the use case's own.

    Raises:
        MissingError: there is no such use case or revision, or the actor may not see it.
        InputError: the reference or the environment cannot be used.
        ForbiddenError: the token does not reach that environment.
    """
    case = use_cases.row_of(work.session, actor, use_case)
    row = RequestRow(
        id=work.id("req"),
        reference=reference.strip(),
        sought=reference.strip().casefold(),
        model="",
        revision="",
        use_case=case.id,
        environment=environment or str(case.facts["environment"]),
        unit=case.unit,
        requested_by=actor.id,
        state="draft",
        stage="",
        justification=justification.strip(),
        tier="",
        track="",
        assessment="",
        round=0,
        submitted_at=None,
        closed_at=None,
        expires_at=ends("draft", work.now, case.expires),
        created_at=work.now,
        updated_at=work.now,
        version=1,
    )
    _point(work, actor, row)
    _check_environment(actor, row.environment)
    work.session.add(row)
    work.record(actor, _event("request.drafted", row))
    return queries.view(row)


def change(
    work: Work,
    actor: Actor,
    request_id: str,
    expected: int | None,
    *,
    reference: str | None = None,
    environment: str | None = None,
    justification: str | None = None,
) -> RequestView:
    """Change a draft, or a request that was sent back.

    Raises:
        MissingError, StaleError, InputError, ForbiddenError
        ConflictError: it is being judged, or is closed.
    """
    row = _own(work, actor, request_id, expected)
    if row.state not in ("draft", "changes requested"):
        raise ConflictError(
            f"The request {row.id} is {row.state}; it cannot be changed now.",
            next_step="Withdraw it and make another, or wait until changes are asked for.",
            code="request.state",
        )
    if reference is not None and reference.strip() != row.reference:
        row.reference, row.sought = reference.strip(), reference.strip().casefold()
        row.model = row.revision = row.assessment = row.tier = row.track = ""
        _point(work, actor, row)
    if environment is not None:
        row.environment = environment
        _check_environment(actor, environment)
    if justification is not None:
        row.justification = justification.strip()
    _touch(work, row)
    work.record(actor, _event("request.changed", row))
    return queries.view(row)


def submit(work: Work, actor: Actor, request_id: str, expected: int | None = None) -> RequestView:
    """Ask: the assessment is started by a job that is committed together with the request.

    A request that is submitted already is returned as it is.

    Raises:
        MissingError, StaleError
        ForbiddenError: it is somebody else's.
        FieldErrors: nobody said why the model is wanted.
        ConflictError: it is closed, the use case has ended, or the same is asked for already.
    """
    row = _own(work, actor, request_id, None)
    if row.state == "submitted":
        return queries.view(row)
    check_version(row.version, expected, queries.view(row))
    check_move(cast("State", row.state), "submitted", row.id)
    case = use_cases.row_of(work.session, actor, row.use_case)
    _check_case(work, case)
    check_justification(row.justification)
    _check_environment(actor, row.environment)
    twin = queries.open_twin(work.session, row)
    if twin is not None:
        raise ConflictError(
            f"The request {twin} asks for the same and is still open.",
            next_step="Follow that one, or withdraw it first.",
            code="request.twin",
        )
    row.state, row.stage = "submitted", "assessing"
    row.submitted_at, row.round = work.now, row.round + 1
    row.expires_at = ends("submitted", work.now, case.expires)
    _touch(work, row)
    work.record(actor, _event("request.submitted", row))
    assess_again(work, row)
    return queries.view(row)


def resubmit(
    work: Work, actor: Actor, request_id: str, expected: int | None, **changes: str | None
) -> RequestView:
    """Answer a request for changes: take them over and submit again.

    Raises:
        As :func:`change` and :func:`submit`.
    """
    if any(value is not None for value in changes.values()):
        change(work, actor, request_id, expected, **changes)
        expected = None
    return submit(work, actor, request_id, expected)


def withdraw(work: Work, actor: Actor, request_id: str, expected: int | None = None) -> RequestView:
    """Take a request back.

    Raises:
        MissingError, StaleError, ForbiddenError
        ConflictError: it is closed.
    """
    row = _own(work, actor, request_id, None)
    if row.state == "withdrawn":
        return queries.view(row)
    check_version(row.version, expected, queries.view(row))
    return _move(work, actor, row, "withdrawn", "")


def mark(
    work: Work,
    actor: Actor,
    request_id: str,
    state: State,
    stage: Stage = "",
    *,
    body: dict[str, Any] | None = None,
    **details: Any,
) -> RequestView:
    """Move a request, for the rooms that judge it. Moving it to where it is does nothing.

    ``details`` are ids, digests and numbers of why; ``body`` is typed text.

    Raises:
        MissingError: there is none, or the actor may not see it.
        ConflictError: that state or stage cannot follow.
    """
    row = queries.row_of(work.session, actor, request_id, lock=True)
    if (row.state, row.stage) == (state, stage):
        return queries.view(row)
    return _move(work, actor, row, state, stage, body, **details)


def note_assessment(
    work: Work,
    request_id: str,
    *,
    model: str,
    revision: str,
    assessment: str,
    tier: str,
    track: str,
) -> None:
    """Keep with a request which revision it came to mean and what its assessment found.

    Raises:
        MissingError: there is no such request.
    """
    row = queries.row_of(work.session, SYSTEM, request_id, lock=True)
    row.model, row.revision, row.assessment = model, revision, assessment
    row.tier, row.track = tier, track
    _touch(work, row)


def assess_again(work: Work, row: RequestRow) -> None:
    """Have a submitted request assessed."""
    work.enqueue(ASSESS, {"request": row.id, "round": row.round}, key=f"{ASSESS}:{row.id}")


def expire_due(work: Work) -> int:
    """End every open request whose time is over, or whose use case was retired; return how many."""
    over = select(UseCaseRow.id).where(UseCaseRow.state == "retired")
    due = work.session.scalars(
        select(RequestRow)
        .where(
            RequestRow.state.in_(sorted(OPEN)),
            or_(RequestRow.expires_at <= work.now, RequestRow.use_case.in_(over)),
        )
        .order_by(RequestRow.id)
        .with_for_update(skip_locked=True)
        .limit(500)
    ).all()
    for row in due:
        _move(work, SYSTEM, row, "expired", "")
    return len(due)


def _own(work: Work, actor: Actor, request_id: str, expected: int | None) -> RequestRow:
    row = queries.row_of(work.session, actor, request_id, lock=True)
    if row.requested_by != actor.id and actor.kind != "system":
        raise ForbiddenError(
            "Only the person who made a request can change it or take it back.",
            next_step="Ask them, or make a request of your own.",
            code="request.not-yours",
        )
    check_version(row.version, expected, queries.view(row))
    return row


def _move(
    work: Work,
    actor: Actor,
    row: RequestRow,
    state: State,
    stage: Stage,
    body: dict[str, Any] | None = None,
    **details: Any,
) -> RequestView:
    before = cast("State", row.state)
    if state != before:
        check_move(before, state, row.id)
    check_stage(state, stage)
    row.state, row.stage = state, stage
    if state not in OPEN:
        row.closed_at = work.now
    elif state != before:
        case = work.session.get_one(UseCaseRow, row.use_case)
        row.expires_at = ends(state, work.now, case.expires)
    _touch(work, row)
    verb = "staged" if state == before else state.replace(" ", "-")
    work.record(actor, _event(f"request.{verb}", row, body, before=before, **details))
    work.session.flush()  # so that other requests are counted as they now are
    follow(work, row)
    if state in ("withdrawn", "expired"):
        work.enqueue(CLOSED, {"request": row.id}, key=f"{CLOSED}:{row.id}")
    return queries.view(row)


def _touch(work: Work, row: RequestRow) -> None:
    row.updated_at, row.version = work.now, row.version + 1


def _point(work: Work, actor: Actor, row: RequestRow) -> Reference:
    """Read the reference; one to the inventory is resolved at once."""
    reference = read(row.reference)
    if reference.kind == "known":
        revision = revision_row(work.session, actor, reference.name)
        if revision.state in ("retired", "tombstoned"):
            raise ConflictError(
                f"The revision {revision.id} is {revision.state}.",
                next_step=f"Ask for {revision.replacement or 'another revision'} instead.",
                code="revision.ended",
            )
        row.model, row.revision = revision.model, revision.id
    if reference.kind == "upload":
        check_sent(work.session, actor, reference.revision)
    return reference


def _check_environment(actor: Actor, environment: str) -> None:
    check_environment(environment)
    reach = actor.scope.environments
    if reach and environment not in reach:
        raise ForbiddenError(
            f"This token does not reach the environment {environment!r}.",
            next_step=f"It reaches: {', '.join(reach)}.",
            code="right.scope",
        )


def _check_case(work: Work, case: UseCaseRow) -> None:
    if case.state != "active" or case.expires < work.today:
        raise ConflictError(
            f"The use case {case.name!r} is {'expired' if case.state == 'active' else case.state}.",
            next_step="Renew it: set a later `expires` if the purpose still stands.",
            code="use-case.ended",
        )


def _event(kind: str, row: RequestRow, body: dict[str, Any] | None = None, **details: Any) -> Event:
    return Event(
        type=kind,
        subject=row.id,
        about=row.use_case,
        details={
            "state": row.state,
            "stage": row.stage,
            "environment": row.environment,
            "revision": row.revision,
            "round": row.round,
            "version": row.version,
            **details,
        },
        body={"reference": row.reference, "justification": row.justification, **(body or {})},
    )
