# SPDX-License-Identifier: Apache-2.0
"""Verbs on a decision in force: suspend it, revoke it, let it run again; and its last day.

Stopping needs the charter's right to do so; letting run again needs the right to suspend, and is
never for the person whose request it was.
"""

from __future__ import annotations

from typing import Literal

from msgspec import Struct
from sqlalchemy import select

from steelyard.governance.charters.queries import policy_of
from steelyard.governance.decision import condition_clock, queries, rights
from steelyard.governance.decision.apart import check_apart
from steelyard.governance.decision.facts import DecisionView, State, check_move
from steelyard.governance.decision.marks import mark_revision
from steelyard.governance.decision.tables import DecisionRow, DecisionVoiceRow
from steelyard.governance.decision.told import tell_consumers
from steelyard.governance.intake import queries as requests
from steelyard.governance.use_cases.tables import UseCaseRow
from steelyard.kernel.actor import SYSTEM, Actor
from steelyard.kernel.errors import ConflictError, FieldErrors, ForbiddenError
from steelyard.kernel.event import Event
from steelyard.platform.versions import check_version
from steelyard.platform.work import Work

Verb = Literal["suspend", "revoke", "reinstate"]
_TO: dict[Verb, State] = {"suspend": "suspended", "revoke": "revoked", "reinstate": "in force"}
_RIGHT: dict[Verb, str] = {"suspend": "suspend", "revoke": "revoke", "reinstate": "suspend"}
_LONGEST = 5000
_SWEEP = 500


class Acted(Struct, frozen=True, kw_only=True):
    """The decision after somebody spoke, and who must still agree before anything changes."""

    decision: DecisionView
    waiting_for: list[str]

    @property
    def version(self) -> int:
        """The version of the decision."""
        return self.decision.version


def suspend(
    work: Work, actor: Actor, decision_id: str, why: str, expected: int | None = None
) -> Acted:
    """Stop a decision for now.

    Raises:
        MissingError, StaleError, FieldErrors
        ForbiddenError: the charter does not give the actor that right.
        ConflictError: it is not in force.
    """
    return _act(work, actor, decision_id, "suspend", why, expected)


def revoke(
    work: Work, actor: Actor, decision_id: str, why: str, expected: int | None = None
) -> Acted:
    """End a decision for good; raises as :func:`suspend` does."""
    return _act(work, actor, decision_id, "revoke", why, expected)


def reinstate(
    work: Work, actor: Actor, decision_id: str, why: str, expected: int | None = None
) -> Acted:
    """Let a suspended decision run again; raises as :func:`suspend` does."""
    return _act(work, actor, decision_id, "reinstate", why, expected)


def _act(
    work: Work, actor: Actor, decision_id: str, verb: Verb, why: str, expected: int | None
) -> Acted:
    if not why.strip() or len(why) > _LONGEST:
        raise FieldErrors([("why", f"Say why, in up to {_LONGEST} characters.")])
    row = queries.row_of(work.session, actor, decision_id, lock=True)
    check_version(row.version, expected, queries.view(work.session, row))
    check_move(row.state, _TO[verb])
    if verb == "reinstate":
        _check_reinstate(work, actor, row)
    waiting = _voice(work, actor, row, verb)
    if not waiting:
        _move(work, actor, row, _TO[verb], why.strip(), f"decision.{_PAST[verb]}")
    return Acted(decision=queries.view(work.session, row), waiting_for=waiting)


_PAST: dict[Verb, str] = {
    "suspend": "suspended",
    "revoke": "revoked",
    "reinstate": "reinstated",
}


def _check_reinstate(work: Work, actor: Actor, row: DecisionRow) -> None:
    request = requests.row_of(work.session, SYSTEM, row.request)
    if request.requested_by == actor.id:
        raise ForbiddenError(
            "Whoever asked for a model cannot let it run again.",
            next_step="Somebody else with the right has to.",
            code="decision.own-request",
        )
    if row.valid_until is not None and row.valid_until < work.today:
        raise ConflictError(
            f"The decision ended on {row.valid_until}.",
            next_step="Ask for the model again.",
            code="decision.over",
        )


def _voice(work: Work, actor: Actor, row: DecisionRow, verb: Verb) -> list[str]:
    """Count the actor's voice; return who must still agree."""
    if actor.kind == "system":
        return []
    check_apart(actor)
    charter = policy_of(work.session, row.charter_sha256).charter
    action = _RIGHT[verb]
    places = rights.rows_for(charter, action, row.environment, row.tier, row.track)
    rights.check_voice(charter, places, action, actor.roles)
    key = (row.id, verb, row.version, actor.id)
    if work.session.get(DecisionVoiceRow, key) is None:
        work.session.add(
            DecisionVoiceRow(
                decision=row.id, action=verb, state_since=row.version, person=actor.id,
                roles=sorted(actor.roles), at=work.now,
            )
        )  # fmt: skip
        work.session.flush()
    voices = work.session.scalars(
        select(DecisionVoiceRow).where(
            DecisionVoiceRow.decision == row.id,
            DecisionVoiceRow.action == verb,
            DecisionVoiceRow.state_since == row.version,
        )
    )
    heard = [rights.Voice(voice.person, frozenset(voice.roles)) for voice in voices]
    left = rights.waiting(charter, places, heard)
    if left:
        work.record(
            actor,
            Event(
                type="decision.voiced",
                subject=row.id,
                about=row.request,
                details={"action": verb, "voices": len(heard)},
            ),
        )
    return left


def _move(work: Work, actor: Actor, row: DecisionRow, state: State, why: str, kind: str) -> None:
    before = row.state
    row.state, row.why = state, why
    row.updated_at, row.version = work.now, row.version + 1
    work.record(
        actor,
        Event(
            type=kind,
            subject=row.id,
            about=row.request,
            details={
                "before": before,
                "state": state,
                "revision": row.revision,
                "use_case": row.use_case,
                "environment": row.environment,
                "version": row.version,
            },
            body={"why": why} if why else {},
        ),
    )
    mark_revision(work, row.revision)
    if state in ("expired", "revoked"):
        condition_clock.stop_of(work, row.id)
    tell_consumers(work, row, why)


def expire_due(work: Work) -> int:
    """End every decision whose last day, or whose use case, is over; return how many there were."""
    rows = work.session.scalars(
        select(DecisionRow)
        .where(
            DecisionRow.state.in_(("in force", "suspended")), DecisionRow.valid_until < work.today
        )
        .order_by(DecisionRow.valid_until)
        .limit(_SWEEP)
        .with_for_update(skip_locked=True)
    ).all()
    for row in rows:
        _move(work, SYSTEM, row, "expired", "", "decision.expired")
    return len(rows)


def end_with_use_case(work: Work, use_case: str) -> int:
    """Revoke what was approved for a use case that is retired; return how many there were."""
    case = work.session.get(UseCaseRow, use_case)
    if case is None or case.state != "retired":
        return 0
    rows = work.session.scalars(
        select(DecisionRow)
        .where(DecisionRow.use_case == use_case, DecisionRow.state.in_(("in force", "suspended")))
        .with_for_update()
    ).all()
    for row in rows:
        _move(work, SYSTEM, row, "revoked", "The use case is retired.", "decision.revoked")
    return len(rows)
