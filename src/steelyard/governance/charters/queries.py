# SPDX-License-Identifier: Apache-2.0
"""Which charter is in force, and what was proposed. Everybody may read all of it."""

from __future__ import annotations

import datetime as dt
from typing import Any, cast

import msgspec
from sqlalchemy import select
from sqlalchemy.orm import Session

from steelyard.governance.charters.facts import (
    CharterView,
    Policy,
    ProposalState,
    ProposalView,
    VoteView,
    policy_from,
    waiting_for,
)
from steelyard.governance.charters.tables import CharterRow, ProposalRow, ProposalVoteRow
from steelyard.kernel.assessment import CharterIdentity
from steelyard.kernel.errors import MissingError, UndecidedError


def current(session: Session, today: dt.date, unit: str = "") -> Policy:
    """Return the charter in force for ``unit``: its own, else that of everybody.

    Raises:
        UndecidedError: no charter has come into force; nothing can be decided.
    """
    row = current_row(session, today, unit)
    if row is None:
        raise UndecidedError(
            "No charter is in force, so nothing can be decided.",
            next_step="Propose one: `steelyard charter propose FILE`, or start the server with "
            "STEELYARD_CHARTER set to a profile or a file.",
            code="charter.none",
        )
    return policy_of_row(row)


def current_row(session: Session, today: dt.date, unit: str = "") -> CharterRow | None:
    """Return the row of the charter in force for ``unit``; None if there is none."""
    for name in dict.fromkeys((unit, "")):
        row = session.scalar(
            select(CharterRow)
            .where(CharterRow.unit == name, CharterRow.effective <= today)
            .order_by(CharterRow.effective.desc(), CharterRow.adopted_at.desc())
            .limit(1)
        )
        if row is not None:
            return row
    return None


def policy_of(session: Session, sha256: str) -> Policy:
    """Return an adopted charter by digest: the one a decision was taken under.

    Raises:
        MissingError: no such charter was adopted here.
    """
    return policy_of_row(_row(session, sha256))


def policy_of_row(row: CharterRow) -> Policy:
    """Return the policy of a row."""
    return policy_from(row.canonical, msgspec.convert(row.identity, CharterIdentity))


def named_roles(session: Session, today: dt.date) -> dict[str, str]:
    """Return the roles that charters in force name, with what they are for."""
    found: dict[str, str] = {}
    for unit in session.scalars(select(CharterRow.unit).distinct()):
        row = current_row(session, today, unit)
        if row is not None:
            for name, terms in policy_of_row(row).charter.roles.items():
                found.setdefault(name, terms.does or terms.title)
    return found


def get(session: Session, sha256: str, today: dt.date) -> CharterView:
    """Return one adopted charter.

    Raises:
        MissingError: no such charter was adopted here.
    """
    return _view(session, _row(session, sha256), today)


def find(
    session: Session, today: dt.date, *, limit: int, after: tuple[Any, ...] | None = None
) -> list[CharterView]:
    """Return adopted charters, newest first."""
    query = select(CharterRow).order_by(CharterRow.id.desc()).limit(limit)
    if after is not None:
        query = query.where(CharterRow.id < after[0])
    return [_view(session, row, today) for row in session.scalars(query)]


def proposal(session: Session, proposal_id: str, today: dt.date) -> ProposalView:
    """Return one proposal.

    Raises:
        MissingError: there is none.
    """
    return proposal_view(session, proposal_row(session, proposal_id), today)


def proposal_row(session: Session, proposal_id: str, *, lock: bool = False) -> ProposalRow:
    """Return the row of one proposal.

    Raises:
        MissingError: there is none.
    """
    query = select(ProposalRow).where(ProposalRow.id == proposal_id)
    row = session.scalar(query.with_for_update() if lock else query)
    if row is None:
        raise MissingError(f"There is no proposal {proposal_id!r}.", code="charter.missing")
    return row


def proposals(
    session: Session,
    today: dt.date,
    *,
    limit: int,
    after: tuple[Any, ...] | None = None,
    state: str | None = None,
) -> list[ProposalView]:
    """Return proposals, newest first."""
    query = select(ProposalRow).order_by(ProposalRow.id.desc()).limit(limit)
    if after is not None:
        query = query.where(ProposalRow.id < after[0])
    if state is not None:
        query = query.where(ProposalRow.state == state)
    return [proposal_view(session, row, today) for row in session.scalars(query)]


def proposal_view(session: Session, row: ProposalRow, today: dt.date) -> ProposalView:
    """Return what is shown of a proposal."""
    votes = [
        VoteView(
            person=vote.person,
            role=vote.role,
            answer="yes" if vote.answer == "yes" else "no",
            reason=vote.reason,
            at=vote.at,
        )
        for vote in session.scalars(
            select(ProposalVoteRow)
            .where(ProposalVoteRow.proposal == row.id)
            .order_by(ProposalVoteRow.at)
        )
    ]
    present = current_row(session, today, row.unit)
    missing, _ = waiting_for(
        policy_of_row(present).charter if present else None, votes, row.proposed_by
    )
    return ProposalView(
        id=row.id,
        sha256=row.sha256,
        name=row.name,
        version_name=row.version_name,
        unit=row.unit,
        state=cast("ProposalState", row.state),
        proposed_by=row.proposed_by,
        proposed_at=row.proposed_at,
        why=row.why,
        warnings=row.warnings,
        votes=votes,
        waiting_for=missing if row.state == "open" else [],
        version=row.version,
    )


def _row(session: Session, sha256: str) -> CharterRow:
    row = session.scalar(
        select(CharterRow)
        .where(CharterRow.sha256 == sha256)
        .order_by(CharterRow.adopted_at.desc())
        .limit(1)
    )
    if row is None:
        raise MissingError(f"No charter {sha256[:16]!r} was adopted here.", code="charter.missing")
    return row


def _view(session: Session, row: CharterRow, today: dt.date) -> CharterView:
    present = current_row(session, today, row.unit)
    return CharterView(
        sha256=row.sha256,
        name=row.name,
        version_name=row.version_name,
        unit=row.unit,
        effective=row.effective,
        until=row.until,
        owner=row.owner,
        adopted_at=row.adopted_at,
        previous=row.previous,
        in_force=present is not None and present.id == row.id,
    )
