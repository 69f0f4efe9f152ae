# SPDX-License-Identifier: Apache-2.0
"""The risk register: what could go wrong, who carries it, and for which phase it was accepted."""

from __future__ import annotations

import datetime as dt
from typing import Any, Literal, cast

from msgspec import Struct
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from steelyard.charter.durations import add_duration
from steelyard.charter.rights import matches
from steelyard.charter.schema import Charter, Phase
from steelyard.governance.charters import queries as charters
from steelyard.governance.exceptions.risk_clock import wind
from steelyard.governance.exceptions.tables import RISKS, AcceptanceRow, RiskRow
from steelyard.governance.review.keep import check_texts
from steelyard.kernel.actor import ADMINISTRATOR, AUDITOR, Actor
from steelyard.kernel.errors import ConflictError, FieldErrors, ForbiddenError
from steelyard.kernel.event import Event
from steelyard.platform.identity import people
from steelyard.platform.identity.visibility import reaches
from steelyard.platform.versions import check_version
from steelyard.platform.work import Work

Treatment = Literal["avoid", "reduce", "transfer", "accept"]
FALLBACK_LONGEST = "90 days"
"""How long a risk may be accepted for a phase the charter sets no end to."""


class AcceptanceView(Struct, frozen=True, kw_only=True):
    """That somebody carries a risk for one phase."""

    id: str
    phase: str
    role: str
    accepted_by: str
    reason: str
    conditions: tuple[str, ...]
    until: dt.date
    at: dt.datetime
    outcome: Literal["", "held", "failed"]
    note: str


class RiskView(Struct, frozen=True, kw_only=True):
    """One risk; ``score`` is likelihood times impact, of 25."""

    id: str
    title: str
    text: str
    about: str
    unit: str
    tier: str
    likelihood: int
    impact: int
    score: int
    residual_likelihood: int
    residual_impact: int
    treatment: Treatment
    plan: str
    owner: str
    review_on: dt.date
    state: Literal["open", "closed"]
    accepted: tuple[AcceptanceView, ...]
    version: int


class HeatCell(Struct, frozen=True, kw_only=True):
    """How many open risks are so likely and so bad."""

    likelihood: int
    impact: int
    risks: int


def record(work: Work, actor: Actor, given: dict[str, Any]) -> RiskView:
    """Put a risk into the register.

    Raises:
        FieldErrors: what is wrong, all at once.
    """
    _check(work, actor, given)
    row = RiskRow(
        id=work.id("rsk"), state="open", created_by=actor.id, created_at=work.now,
        updated_at=work.now, version=1, **given,
    )  # fmt: skip
    work.session.add(row)
    work.session.flush()
    work.record(actor, _event("risk.recorded", row))
    wind(work, row)
    return view(work.session, row)


def change(
    work: Work, actor: Actor, risk_id: str, changes: dict[str, Any], expected: int | None
) -> RiskView:
    """Change what is known of a risk or done about it, or close it.

    Raises:
        MissingError, StaleError, FieldErrors
    """
    row = row_of(work.session, actor, risk_id, lock=True)
    check_version(row.version, expected, view(work.session, row))
    names = ("title", "text", "unit", "owner", "plan")
    _check(work, actor, {**{name: getattr(row, name) for name in names}, **changes})
    before = (row.review_on, row.state)
    for name, value in changes.items():
        setattr(row, name, value)
    row.updated_at, row.version = work.now, row.version + 1
    work.record(actor, _event("risk.changed", row, changed=sorted(changes)))
    if (row.review_on, row.state) != before:
        wind(work, row)
    return view(work.session, row)


def accept(
    work: Work,
    actor: Actor,
    risk_id: str,
    *,
    phase: str,
    role: str,
    reason: str,
    until: dt.date,
    conditions: tuple[str, ...] = (),
    expected: int | None = None,
) -> RiskView:
    """Carry a risk for one phase of a release, until a day.

    A phase comes after the phases the charter puts before it: those must have been accepted and
    have held.

    Raises:
        MissingError, StaleError, FieldErrors
        ForbiddenError: the charter does not give the actor's role that right here.
        ConflictError: an earlier phase has not held, or this one is accepted already.
    """
    row = row_of(work.session, actor, risk_id, lock=True)
    check_version(row.version, expected, view(work.session, row))
    charter = charters.current(work.session, work.today, row.unit).charter
    _check_right(charter, actor, row, role)
    found = next((each for each in charter.release if each.name == phase), None)
    _check_phase(work, charter, found, reason, until)
    check_texts(reason=reason, conditions=conditions)
    earlier = _acceptances(work.session, row.id)
    for name in found.after if found else ():
        if not any(each.phase == name and each.outcome == "held" for each in earlier):
            raise ConflictError(
                f"The phase {phase} comes after {name}, which has not been shown to hold.",
                next_step=f"Accept the risk for {name} first, and say how it went.",
                code="risk.phase",
            )
    if any(e.phase == phase and not e.outcome and e.until >= work.today for e in earlier):
        raise ConflictError("The risk is accepted for this phase already.", code="risk.accepted")
    work.session.add(
        AcceptanceRow(
            id=work.id("acc"), risk=row.id, phase=phase, role=role, accepted_by=actor.id,
            reason=reason, conditions=[*(found.conditions if found else ()), *conditions],
            until=until, at=work.now, outcome="", note="", concluded_by="", concluded_at=None,
        )
    )  # fmt: skip
    row.treatment, row.updated_at, row.version = "accept", work.now, row.version + 1
    work.record(
        actor,
        _event("risk.accepted", row, {"reason": reason}, phase=phase, role=role,
               until=until.isoformat()),
    )  # fmt: skip
    work.session.flush()
    return view(work.session, row)


def conclude(
    work: Work, actor: Actor, risk_id: str, phase: str, held: bool, note: str, expected: int | None
) -> RiskView:
    """Say how a phase went; somebody other than whoever accepted the risk looks.

    Raises:
        MissingError, StaleError, FieldErrors
        ForbiddenError: it is the person who accepted it.
        ConflictError: no acceptance of that phase is open.
    """
    if not note.strip():
        raise FieldErrors([("note", "Say what showed it.")])
    check_texts(note=note)
    row = row_of(work.session, actor, risk_id, lock=True)
    check_version(row.version, expected, view(work.session, row))
    running = [e for e in _acceptances(work.session, row.id) if e.phase == phase and not e.outcome]
    if not running:
        raise ConflictError(f"The risk is not accepted for the phase {phase!r}.", code="risk.phase")
    if running[-1].accepted_by == actor.id:
        raise ForbiddenError(
            "Whoever accepted the risk does not judge how it went.",
            next_step="Ask somebody else.",
            code="risk.judge",
        )
    running[-1].outcome, running[-1].note = "held" if held else "failed", note
    running[-1].concluded_by, running[-1].concluded_at = actor.id, work.now
    row.updated_at, row.version = work.now, row.version + 1
    work.record(actor, _event("risk.concluded", row, {"note": note}, phase=phase, held=held))
    return view(work.session, row)


def row_of(session: Session, actor: Actor, risk_id: str, *, lock: bool = False) -> RiskRow:
    """Return the row of one risk.

    Raises:
        MissingError: there is none, or the actor may not see it.
    """
    return RISKS.one(session, actor, risk_id, lock=lock)


def find(
    session: Session,
    actor: Actor,
    *,
    limit: int,
    after: tuple[Any, ...] | None = None,
    state: str | None = None,
    unit: str | None = None,
    owner: str | None = None,
    about: str | None = None,
    review_before: dt.date | None = None,
) -> list[RiskView]:
    """Return up to ``limit`` risks, newest first."""
    wanted = (
        (RiskRow.state, state),
        (RiskRow.unit, unit),
        (RiskRow.owner, owner),
        (RiskRow.about, about),
    )
    query = RISKS.newest(actor, limit=limit, after=after, wanted=wanted)
    if review_before is not None:
        query = query.where(RiskRow.review_on < review_before)
    return [view(session, row) for row in session.scalars(query)]


def heat_map(session: Session, actor: Actor, unit: str | None = None) -> list[HeatCell]:
    """Return how many open risks there are of each likelihood and impact."""
    query = select(RiskRow.likelihood, RiskRow.impact, func.count(RiskRow.id))
    query = RISKS.seen(query.where(RiskRow.state == "open"), actor)
    if unit is not None:
        query = query.where(RiskRow.unit == unit)
    rows = session.execute(query.group_by(RiskRow.likelihood, RiskRow.impact))
    cells = [HeatCell(likelihood=a, impact=b, risks=count) for a, b, count in rows]
    return sorted(cells, key=lambda cell: (-cell.likelihood * cell.impact, -cell.impact))


def view(session: Session, row: RiskRow) -> RiskView:
    """Return what is shown of a risk."""
    return RiskView(
        id=row.id, title=row.title, text=row.text, about=row.about, unit=row.unit, tier=row.tier,
        likelihood=row.likelihood, impact=row.impact, score=row.likelihood * row.impact,
        residual_likelihood=row.residual_likelihood, residual_impact=row.residual_impact,
        treatment=cast("Treatment", row.treatment), plan=row.plan, owner=row.owner,
        review_on=row.review_on, state="closed" if row.state == "closed" else "open",
        version=row.version,
        accepted=tuple(
            AcceptanceView(
                id=each.id, phase=each.phase, role=each.role, accepted_by=each.accepted_by,
                reason=each.reason, conditions=tuple(each.conditions), until=each.until,
                at=each.at, note=each.note,
                outcome=cast("Literal['', 'held', 'failed']", each.outcome),
            )
            for each in _acceptances(session, row.id)
        ),
    )  # fmt: skip


def _acceptances(session: Session, risk_id: str) -> list[AcceptanceRow]:
    query = select(AcceptanceRow).where(AcceptanceRow.risk == risk_id)
    return list(session.scalars(query.order_by(AcceptanceRow.at, AcceptanceRow.id)))


def _check(work: Work, actor: Actor, given: dict[str, Any]) -> None:
    faults = []
    if not str(given["title"]).strip():
        faults.append(("title", "Name the risk."))
    if not reaches(actor, given["unit"]):
        faults.append(("unit", f"You do not belong to the unit {given['unit']!r}."))
    owner = people.person(work.session, given["owner"])
    if owner is None or owner.state not in people.WORKING:
        faults.append(("owner", "Name a person with an account."))
    if given.get("review_on", work.today) < work.today:
        faults.append(("review_on", "Choose a day to come."))
    if faults:
        raise FieldErrors(faults)
    check_texts(text=given["text"], plan=given["plan"])


def _check_right(charter: Charter, actor: Actor, row: RiskRow, role: str) -> None:
    rights = [
        right
        for right in charter.decision_rights
        if right.action == "accept-risk"
        and any(matches(right, env, row.tier, "deep") for env in (right.environments or ("",)))
    ]
    held = any(right.role == role for right in rights) and role in actor.roles
    apart = {ADMINISTRATOR, AUDITOR} & actor.roles
    if held and actor.id not in (row.created_by, row.owner) and not apart:
        return
    roles = sorted({right.role for right in rights if right.role})
    raise ForbiddenError(
        f"You cannot accept this {row.tier} risk as {role}; whoever owns or reported it never can.",
        next_step=f"The charter gives the right to: {', '.join(roles) or 'nobody'}.",
        code="risk.right",
    )


def _check_phase(
    work: Work, charter: Charter, found: Phase | None, reason: str, until: dt.date
) -> None:
    faults = []
    if found is None and charter.release:
        names = ", ".join(each.name for each in charter.release)
        faults.append(("phase", f"The charter's phases are: {names}."))
    last = add_duration(work.today, (found.longest if found else "") or FALLBACK_LONGEST)
    if not work.today < until <= last:
        faults.append(("until", f"From tomorrow until {last.isoformat()}."))
    if not reason.strip():
        faults.append(("reason", "Say why the risk can be carried."))
    if faults:
        raise FieldErrors(faults)


def _event(kind: str, row: RiskRow, body: dict[str, str] | None = None, **details: Any) -> Event:
    return Event(
        type=kind,
        subject=row.id,
        about=row.about,
        details={
            "state": row.state,
            "likelihood": row.likelihood,
            "impact": row.impact,
            "treatment": row.treatment,
            "owner": row.owner,
            "review_on": row.review_on.isoformat(),
            "version": row.version,
            **details,
        },
        body={"title": row.title, **(body or {})},
    )
