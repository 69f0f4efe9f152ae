# SPDX-License-Identifier: Apache-2.0
"""API tokens: issued once, kept as a digest, limited in what and for how long.

A token reaches what its owner reaches at the moment of the call, cut down to its scope. A token
that issues another can only pass on what it has itself, and not for longer.
"""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

from msgspec import Struct
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from steelyard.kernel.actor import Actor, Scope
from steelyard.kernel.errors import ConflictError, FieldErrors, ForbiddenError, MissingError
from steelyard.kernel.event import Event
from steelyard.platform.identity.actors import UNLIMITED, is_within, person_actor, robot_actor
from steelyard.platform.identity.credential_tables import RobotRow, TokenRow
from steelyard.platform.identity.permissions import PERMISSIONS
from steelyard.platform.identity.secret import TOKEN, digest_of, new_secret, same
from steelyard.platform.identity.tables import PersonRow
from steelyard.platform.ids import is_id
from steelyard.platform.work import Work

LIFE, LONGEST = dt.timedelta(days=90), dt.timedelta(days=366)
OVERLAP, OVERLAP_MOST = dt.timedelta(hours=24), dt.timedelta(days=14)
MOST = 50
"""Live tokens of one owner."""
_ENVIRONMENT = re.compile(r"\A[a-z0-9](?:[a-z0-9-]{0,58}[a-z0-9])?\Z")


class TokenView(Struct, frozen=True, kw_only=True):
    """An API token, without its secret."""

    id: str
    owner: str
    name: str
    hint: str
    actions: list[str]
    environments: list[str]
    use_cases: list[str]
    issued_by: str
    created_at: dt.datetime
    expires_at: dt.datetime
    used_at: dt.datetime | None
    state: str
    replaced_by: str | None = None


class Issued(Struct, frozen=True, kw_only=True):
    """A new token; the secret is shown this once."""

    token: str
    view: TokenView


def issue(
    work: Work,
    actor: Actor,
    owner: str,
    name: str,
    scope: Scope = UNLIMITED,
    expires_at: dt.datetime | None = None,
) -> Issued:
    """Issue a token to a person or a robot.

    Raises:
        FieldErrors: a field cannot be used.
        ForbiddenError: the calling token may not pass that on.
        ConflictError: the owner has too many tokens.
    """
    expires_at = expires_at or work.now + LIFE
    _check(work, name, scope, expires_at)
    _check_passing_on(work, actor, scope, expires_at)
    if _alive(work.session, owner, work.now) >= MOST:
        raise ConflictError(
            f"There are {MOST} tokens that work already.",
            next_step="Revoke some that are not used.",
            code="token.many",
        )
    return _make(work, actor, owner, name.strip(), scope, expires_at, "token.issued")


def rotate(work: Work, actor: Actor, token_id: str, *, overlap: dt.timedelta = OVERLAP) -> Issued:
    """Issue the successor of a token, for as long as that one was; it works on during ``overlap``.

    A token has one successor: asking again means that two hold it, and is refused.

    Raises:
        MissingError: there is no such token that works.
        FieldErrors: the overlap is too long.
        ConflictError: it was rotated already.
        ForbiddenError: the calling token may not pass that on.
    """
    if not dt.timedelta(0) <= overlap <= OVERLAP_MOST:
        raise FieldErrors([("overlap_hours", f"At most {OVERLAP_MOST.days} days.")])
    row = row_of(work.session, token_id)
    if state_of(row, work.now) != "active":
        raise missing(token_id)
    if row.replaced_by is not None:
        raise ConflictError(
            "This token was rotated already.",
            next_step="If that was not you, revoke both and issue a new one.",
            code="token.rotated",
        )
    scope = scope_of(row)
    if actor.token and actor.token != row.id:
        _check_passing_on(work, actor, scope, row.expires_at)
    expires_at = work.now + min(row.expires_at - row.created_at, LONGEST)
    issued = _make(work, actor, row.owner, row.name, scope, expires_at, "token.rotated")
    row.replaced_by = issued.view.id
    row.expires_at = min(row.expires_at, work.now + overlap)
    return issued


def revoke(work: Work, actor: Actor, token_id: str) -> TokenView:
    """End a token at once; nothing happens if it has ended.

    Raises:
        MissingError: there is no such token.
    """
    row = row_of(work.session, token_id)
    if row.revoked_at is None:
        row.revoked_at = work.now
        work.record(actor, _event(work.session, "token.revoked", row))
    return view(row, work.now)


def revoke_all(work: Work, owner: str) -> int:
    """End every token of a person or robot; return how many there were. The caller records why."""
    found = work.session.execute(
        update(TokenRow)
        .where(TokenRow.owner == owner, TokenRow.revoked_at.is_(None))
        .values(revoked_at=work.now)
        .returning(TokenRow.id)
    )
    return len(found.all())


def check(session: Session, secret: str, now: dt.datetime) -> Actor | None:
    """Return whose token this is, limited to its scope; None if it does not work."""
    digest = digest_of(secret, TOKEN)
    if digest is None:
        return None
    row = session.scalar(select(TokenRow).where(TokenRow.digest == digest))
    if row is None or not same(row.digest, digest) or state_of(row, now) != "active":
        return None
    scope = scope_of(row)
    if row.owner.startswith("rob_"):
        robot = session.get(RobotRow, row.owner)
        return None if robot is None else robot_actor(session, robot, scope, row.id)
    person = session.get(PersonRow, row.owner)
    return None if person is None else person_actor(session, person, now, scope, row.id)


def find(
    session: Session,
    now: dt.datetime,
    *,
    limit: int,
    after: tuple[Any, ...] | None = None,
    owner: str | None = None,
) -> list[TokenView]:
    """Return up to ``limit`` tokens, newest first."""
    query = select(TokenRow).order_by(TokenRow.id.desc()).limit(limit)
    if owner is not None:
        query = query.where(TokenRow.owner == owner)
    if after is not None:
        query = query.where(TokenRow.id < str(after[0]))
    return [view(row, now) for row in session.scalars(query)]


def row_of(session: Session, token_id: str) -> TokenRow:
    """Return a token's row, locked until the transaction ends.

    Raises:
        MissingError: there is none.
    """
    row = session.scalar(select(TokenRow).where(TokenRow.id == token_id).with_for_update())
    if row is None:
        raise missing(token_id)
    return row


def state_of(row: TokenRow, now: dt.datetime) -> str:
    """Return ``active``, ``revoked`` or ``expired``."""
    if row.revoked_at is not None:
        return "revoked"
    return "active" if now < row.expires_at else "expired"


def scope_of(row: TokenRow) -> Scope:
    """Return how far a token reaches."""
    return Scope(
        actions=tuple(row.actions),
        environments=tuple(row.environments),
        use_cases=tuple(row.use_cases),
    )


def view(row: TokenRow, now: dt.datetime) -> TokenView:
    """Return what is shown of a row."""
    return TokenView(
        id=row.id, owner=row.owner, name=row.name, hint=row.hint, actions=row.actions,
        environments=row.environments, use_cases=row.use_cases, issued_by=row.issued_by,
        created_at=row.created_at, expires_at=row.expires_at, used_at=row.used_at,
        state=state_of(row, now), replaced_by=row.replaced_by,
    )  # fmt: skip


def _make(
    work: Work,
    actor: Actor,
    owner: str,
    name: str,
    scope: Scope,
    expires_at: dt.datetime,
    kind: str,
) -> Issued:
    secret = new_secret(TOKEN)
    row = TokenRow(
        id=work.id("tok"), owner=owner, name=name, hint=secret[:8],
        digest=digest_of(secret, TOKEN), actions=sorted(scope.actions),
        environments=sorted(scope.environments), use_cases=sorted(scope.use_cases),
        issued_by=actor.id, created_at=work.now, expires_at=expires_at,
    )  # fmt: skip
    work.session.add(row)
    work.session.flush()
    work.record(actor, _event(work.session, kind, row))
    return Issued(token=secret, view=view(row, work.now))


def _event(session: Session, kind: str, row: TokenRow) -> Event:
    person = session.get(PersonRow, row.owner)
    return Event(
        type=kind,
        subject=row.id,
        about=(person.alias or "") if person is not None else row.owner,
        details={
            "actions": row.actions,
            "environments": row.environments,
            "use_cases": row.use_cases,
            "expires_at": row.expires_at.isoformat(),
        },
        body={"name": row.name},
    )


def _check(work: Work, name: str, scope: Scope, expires_at: dt.datetime) -> None:
    faults = []
    if not 0 < len(name.strip()) <= 100 or not name.isprintable():
        faults.append(("name", "1 to 100 printable characters that say what it is for."))
    faults += [
        ("actions", f"There is no right {action[:60]!r}.")
        for action in scope.actions
        if action not in PERMISSIONS
    ]
    faults += [
        ("environments", f"{environment[:60]!r} is no name of an environment.")
        for environment in scope.environments
        if not _ENVIRONMENT.match(environment)
    ]
    faults += [
        ("use_cases", f"{use_case[:60]!r} is no id of a use case.")
        for use_case in scope.use_cases
        if not is_id(use_case, "uc")
    ]
    if not work.now < expires_at <= work.now + LONGEST:
        faults.append(("expires_at", f"It must lie within the next {LONGEST.days} days."))
    if faults:
        raise FieldErrors(faults)


def _check_passing_on(work: Work, actor: Actor, scope: Scope, expires_at: dt.datetime) -> None:
    """Refuse a token that reaches or lasts further than the one it is issued with."""
    if not actor.token:
        return
    mine = work.session.get(TokenRow, actor.token)
    if mine is None or not is_within(scope, actor.scope) or expires_at > mine.expires_at:
        raise ForbiddenError(
            "A token passes on no more than it has itself, and not for longer.",
            next_step="Ask for a narrower scope and an earlier end, or log in without a token.",
            code="token.wider",
        )


def _alive(session: Session, owner: str, now: dt.datetime) -> int:
    query = select(func.count()).where(
        TokenRow.owner == owner, TokenRow.revoked_at.is_(None), TokenRow.expires_at > now
    )
    return session.scalar(query) or 0


def missing(token_id: str) -> MissingError:
    """Return the error for a token that is not there."""
    return MissingError(
        f"There is no token {token_id[:60]!r}.",
        next_step="List your tokens to find its id.",
        code="token.missing",
    )
