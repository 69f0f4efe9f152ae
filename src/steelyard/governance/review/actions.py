# SPDX-License-Identifier: Apache-2.0
"""Verbs of improvement actions: add, hand over, done, verified; each has a clock."""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from steelyard.charter.schema import Charter
from steelyard.governance.clocks import service as clocks
from steelyard.governance.review import action_queries, queries
from steelyard.governance.review.keep import check_texts
from steelyard.governance.review.load import plan_in
from steelyard.governance.review.tables import ActionRow
from steelyard.governance.review.views import ActionView
from steelyard.kernel.actor import SPONSOR, SYSTEM, Actor
from steelyard.kernel.errors import ConflictError, FieldErrors, ForbiddenError
from steelyard.kernel.event import Event
from steelyard.platform.identity import people
from steelyard.platform.notify.service import tell
from steelyard.platform.versions import check_version
from steelyard.platform.work import Work

SEVERITIES = ("critical", "high", "medium", "low")
FALLBACK = {"critical": "5 business days", "high": "30 days", "medium": "60 days", "low": "90 days"}
"""By when something must be better where the charter does not say."""
ACTION, VERIFY = "action", "verify"
"""Kinds of clocks of an action."""
VERIFY_WITHIN = "10 business days"


class Found(Struct, frozen=True, kw_only=True):
    """Something to improve, as it is given."""

    text: str
    severity: str
    owner: str
    sponsor: str = ""
    finding: str = ""


class Cure(Struct, frozen=True, kw_only=True):
    """What a charter says of things to improve."""

    within: dict[str, str] = {}
    """Severity → by when."""
    sponsor: tuple[str, ...] = ()
    """Severities behind which a sponsor stands."""
    ladder: tuple[str, ...] = ()


def cure_of(charter: Charter) -> Cure:
    """Return what a charter says of things to improve."""
    said = charter.remediation
    if said is None:
        return Cure()
    return Cure(
        within=dict[str, str](said.within.items()), sponsor=said.sponsor, ladder=said.escalate
    )


def add(
    work: Work,
    actor: Actor,
    review_id: str,
    *,
    text: str,
    severity: str,
    owner: str,
    sponsor: str = "",
    finding: str = "",
) -> ActionView:
    """Record something to improve; the charter says by when, and whether a sponsor stands behind.

    Raises:
        MissingError: there is no such review.
        FieldErrors: an answer is missing or wrong.
        ConflictError: the review was withdrawn.
    """
    row = queries.row_of(work.session, actor, review_id, lock=True)
    if row.state == "withdrawn":
        raise ConflictError("The review was withdrawn.", code="review.state")
    plan = plan_in(row)
    cure = Cure(within=plan.remediation, sponsor=plan.sponsored, ladder=plan.remediation_escalate)
    found = Found(text=text, severity=severity, owner=owner, sponsor=sponsor, finding=finding)
    return add_found(
        work, actor, found, cure, about=row.id, request=row.request, unit=row.unit
    )  # fmt: skip


def add_found(
    work: Work, actor: Actor, found: Found, cure: Cure, *, about: str, unit: str, request: str = ""
) -> ActionView:
    """Record something to improve that was found, in a review or afterwards.

    Raises:
        FieldErrors: an answer is missing or wrong.
    """
    check_texts(text=found.text)
    sponsor = _check(work, cure, found)
    action_id = work.id("act")
    clock = clocks.start(
        work,
        subject=action_id,
        kind=ACTION,
        about=about,
        unit=unit,
        within=cure.within.get(found.severity, FALLBACK[found.severity]),
        remind="2 business days",
        ladder=cure.ladder or (SPONSOR,),
    )
    action = ActionRow(
        id=action_id, review=about, request=request, unit=unit, finding=found.finding[:200],
        severity=found.severity, text=found.text, owner=found.owner, sponsor=sponsor,
        state="open", due=clock.due, proof="", done_by="", done_at=None, verified_by="",
        verified_at=None, created_by=actor.id, created_at=work.now, updated_at=work.now, version=1,
    )  # fmt: skip
    work.session.add(action)
    work.session.flush()
    work.record(actor, _event("action.added", action, {"text": found.text}))
    remind(work, action.id)
    return action_queries.view(action)


def hand_over(
    work: Work, actor: Actor, action_id: str, owner: str, expected: int | None
) -> ActionView:
    """Give an action to somebody else; its time does not change.

    Raises:
        MissingError, StaleError, FieldErrors, ConflictError
        ForbiddenError: the actor neither owns it nor may review.
    """
    row = _row(work, actor, action_id, expected, "open", "overdue")
    _check_owner(work, owner)
    row.owner = owner
    return _changed(work, actor, row, "action.handed-over")


def done(
    work: Work, actor: Actor, action_id: str, proof: str, expected: int | None = None
) -> ActionView:
    """Say that an action is done and what shows it; somebody else must then verify it.

    Raises:
        MissingError, StaleError, FieldErrors
        ForbiddenError: somebody else owns it.
        ConflictError: it is done already.
    """
    if not proof.strip():
        raise FieldErrors([("proof", "Say what shows that it is done.")])
    check_texts(proof=proof)
    row = _row(work, actor, action_id, expected, "open", "overdue")
    if actor.id != row.owner:
        raise ForbiddenError(
            "Only its owner says that an action is done.",
            next_step="Have it handed over to you first.",
            code="action.owner",
        )
    row.state, row.proof, row.done_by, row.done_at = "done", proof, actor.id, work.now
    clocks.pause(work, row.id, ACTION)
    clocks.start(
        work, subject=row.id, kind=VERIFY, about=row.review, unit=row.unit, within=VERIFY_WITHIN,
        ladder=(SPONSOR,),
    )  # fmt: skip
    return _changed(work, actor, row, "action.done", {"proof": proof})


def verify(
    work: Work,
    actor: Actor,
    action_id: str,
    accepted: bool,
    note: str = "",
    expected: int | None = None,
) -> ActionView:
    """Say whether an action that is said to be done is; if not, its time runs on.

    Raises:
        MissingError, StaleError
        ForbiddenError: the actor owns it or said it is done.
        ConflictError: nobody said that it is done.
        FieldErrors: it is not accepted, and nobody says why.
    """
    if not accepted and not note.strip():
        raise FieldErrors([("note", "Say what is missing.")])
    check_texts(note=note)
    row = _row(work, actor, action_id, expected, "done")
    if actor.id in (row.owner, row.done_by):
        raise ForbiddenError(
            "Whoever did it does not verify it.",
            next_step="Ask somebody else who reviews.",
            code="action.verifier",
        )
    clocks.stop(work, row.id, VERIFY)
    if accepted:
        row.state, row.verified_by, row.verified_at = "verified", actor.id, work.now
        clocks.stop(work, row.id)
        return _changed(work, actor, row, "action.verified", {"note": note})
    clock = clocks.resume(work, row.id, ACTION)
    late = bool(clock) and clock[0].state == "overdue"
    row.state = "overdue" if late else "open"
    row.due = clock[0].due if clock else row.due
    return _changed(work, actor, row, "action.refused", {"note": note})


def overdue(work: Work, action_id: str) -> None:
    """Mark an action whose time is over; called when its clock rings."""
    row = action_queries.row_of(work.session, SYSTEM, action_id, lock=True)
    if row.state == "open":
        row.state = "overdue"
        _changed(work, SYSTEM, row, "action.overdue")


def remind(work: Work, action_id: str) -> None:
    """Tell owner and sponsor of an action by when it must be done."""
    row = action_queries.row_of(work.session, SYSTEM, action_id)
    if row.state in ("open", "overdue"):
        tell(
            work, kind="action.waiting", subject=row.id, about=row.review,
            people=[each for each in (row.owner, row.sponsor) if each], unit=row.unit,
            facts={"severity": row.severity, "due": row.due.date().isoformat()},
        )  # fmt: skip


def _check(work: Work, cure: Cure, found: Found) -> str:
    """Return the sponsor of a new action."""
    if found.severity not in SEVERITIES:
        raise FieldErrors([("severity", f"One of {', '.join(SEVERITIES)}.")])
    if not found.text.strip():
        raise FieldErrors([("text", "Say what should be better.")])
    _check_owner(work, found.owner)
    wanted = found.severity in cure.sponsor
    if not wanted and not found.sponsor:
        return ""
    known = people.holders(work.session, SPONSOR, now=work.now)
    if not found.sponsor and len(known) == 1:
        return known[0].id
    if found.sponsor not in {each.id for each in known}:
        raise FieldErrors(
            [("sponsor", f"Name a person who holds the role {SPONSOR}.")],
            next_step=f"The charter wants a sponsor behind every {found.severity} action."
            if wanted
            else "Leave it out, or name one.",
        )
    return found.sponsor


def _check_owner(work: Work, owner: str) -> None:
    found = people.person(work.session, owner)
    if found is None or found.state not in people.WORKING:
        raise FieldErrors([("owner", f"There is no person {owner[:40]!r}.")])


def _row(work: Work, actor: Actor, action_id: str, expected: int | None, *states: str) -> ActionRow:
    row = action_queries.row_of(work.session, actor, action_id, lock=True)
    check_version(row.version, expected, action_queries.view(row))
    if row.state not in states:
        raise ConflictError(
            f"The action is {row.state}; this needs one that is {' or '.join(states)}.",
            next_step="Read it again.",
            code="action.state",
        )
    return row


def _changed(
    work: Work, actor: Actor, row: ActionRow, kind: str, body: dict[str, str] | None = None
) -> ActionView:
    row.updated_at, row.version = work.now, row.version + 1
    work.record(actor, _event(kind, row, body))
    return action_queries.view(row)


def _event(kind: str, row: ActionRow, body: dict[str, str] | None = None) -> Event:
    details: dict[str, Any] = {
        "state": row.state,
        "severity": row.severity,
        "owner": row.owner,
        "due": row.due.isoformat(),
        "version": row.version,
    }
    told = {name: text for name, text in (body or {}).items() if text}
    return Event(type=kind, subject=row.id, about=row.review, details=details, body=told)
