# SPDX-License-Identifier: Apache-2.0
"""Verbs on people: create, change, disable, erase; grant and revoke roles.

The subject of each event is the pseudonym, never the row's id, so that erasing a person leaves
nothing in the ledger that leads back to the account.
"""

from __future__ import annotations

import datetime as dt
import re
import secrets
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from steelyard.kernel.actor import ADMINISTRATOR, BUILT_IN_ROLES, Actor
from steelyard.kernel.errors import ConflictError, FieldErrors, ForbiddenError
from steelyard.kernel.event import Event
from steelyard.platform.identity import people
from steelyard.platform.identity.people import Person, Source, mail_key, missing
from steelyard.platform.identity.tables import (
    GrantRow,
    MembershipRow,
    OpeningRow,
    PersonRow,
    TrainingRow,
    UnitRow,
)
from steelyard.platform.identity.unique import flush
from steelyard.platform.versions import check_version
from steelyard.platform.work import Work

_MAIL = re.compile(r"\A[^\s@<>\"',;\\]{1,64}@[^\s@<>\"',;\\.]+(?:\.[^\s@<>\"',;\\.]+)*\Z")
ROLE_NAME = re.compile(r"\A[a-z][a-z0-9-]{1,59}\Z")


def create(
    work: Work,
    actor: Actor,
    mail: str,
    *,
    name: str = "",
    source: Source = "local",
    external_id: str | None = None,
    state: people.State = "invited",
) -> Person:
    """Make an account without roles.

    Raises:
        FieldErrors: the address or the name cannot be used.
        ConflictError: somebody has an account with that address.
    """
    mail = check_mail(mail)
    _check_name(name)
    _check_free(work.session, mail, None)
    row = PersonRow(
        id=work.id("usr"),
        alias=f"act_{secrets.token_hex(13)}",
        mail=mail,
        mail_key=mail_key(mail),
        name=name.strip(),
        state=state,
        source=source,
        external_id=external_id,
        created_at=work.now,
        updated_at=work.now,
        version=1,
    )
    work.session.add(row)
    flush(work.session, _taken(mail))
    record(work, actor, "user.created", row, {"source": source}, words=True)
    return _read(work, row.id)


def change(
    work: Work,
    actor: Actor,
    person_id: str,
    expected: int | None,
    *,
    mail: str | None = None,
    name: str | None = None,
) -> Person:
    """Change the address or the name.

    Raises:
        MissingError, StaleError, FieldErrors, ConflictError
    """
    row = row_of(work.session, person_id)
    check_version(row.version, expected, _read(work, person_id))
    if mail is not None:
        mail = check_mail(mail)
        _check_free(work.session, mail, row.id)
        row.mail, row.mail_key = mail, mail_key(mail)
    if name is not None:
        _check_name(name)
        row.name = name.strip()
    _touch(work, row)
    flush(work.session, _taken(row.mail or ""))
    record(work, actor, "user.changed", row, words=True)
    return _read(work, row.id)


def set_state(
    work: Work, actor: Actor, person_id: str, state: people.State, *, reason: str = ""
) -> Person:
    """Disable an account, lock it, or make it active again.

    Raises:
        MissingError: there is no such person.
        ConflictError: it would leave the house without an administrator.
    """
    row = row_of(work.session, person_id)
    if row.state == state:
        return _read(work, person_id)
    if state in ("disabled", "locked"):
        check_not_last(work, person_id)
    before, row.state = row.state, state
    _touch(work, row)
    verb = {"active": "user.enabled", "disabled": "user.disabled"}.get(state, "user.changed")
    body = {"reason": reason} if reason else {}
    record(work, actor, verb, row, {"from": before, "to": state}, body)
    return _read(work, person_id)


def grant(
    work: Work,
    actor: Actor,
    person_id: str,
    role: str,
    *,
    known: frozenset[str] = frozenset(),
    until: dt.datetime | None = None,
    source: Source = "local",
    reason: str = "",
) -> Person:
    """Give somebody a role, or a new end to the role they hold.

    ``known`` names roles that the adopted charter adds to the built-in ones; ``reason`` stands in
    the ledger's event as a text that can be erased.

    Raises:
        FieldErrors: no such role, or the end is over.
        ForbiddenError: somebody grants a role to themselves.
        MissingError, ConflictError
    """
    if role not in known | BUILT_IN_ROLES.keys():
        allowed = ", ".join(sorted(known | BUILT_IN_ROLES.keys()))
        raise FieldErrors([("role", f"There is no role {role[:60]!r}; there are: {allowed}.")])
    if until is not None and until <= work.now:
        raise FieldErrors([("until", "This is over; choose a later time.")])
    _not_oneself(actor, person_id)
    row = row_of(work.session, person_id)
    held = work.session.get(GrantRow, (person_id, role), with_for_update=True)
    if held is not None:
        if role == ADMINISTRATOR and until is not None:
            check_not_last(work, person_id)
        held.until, held.granted_by, held.granted_at = until, actor.id, work.now
        held.source = source
    else:
        work.session.add(
            GrantRow(
                person=person_id, role=role, source=source, granted_by=actor.id,
                granted_at=work.now, until=until,
            )
        )  # fmt: skip
    _touch(work, row)
    work.session.flush()
    end = until.isoformat() if until else ""
    record(
        work, actor, "role.granted", row, {"role": role, "until": end, "source": source},
        _why(reason),
    )  # fmt: skip
    return _read(work, person_id)


def revoke(
    work: Work, actor: Actor, person_id: str, role: str, *, reason: str = ""
) -> Person:  # fmt: skip
    """Take a role away.

    Raises:
        MissingError: there is no such person.
        ConflictError: they do not hold it, or the house would be left without an administrator.
    """
    row = row_of(work.session, person_id)
    held = work.session.get(GrantRow, (person_id, role), with_for_update=True)
    if held is None:
        raise ConflictError(
            f"They do not hold the role {role[:60]!r}.", code="identity.role-not-held"
        )
    if role == ADMINISTRATOR:
        check_not_last(work, person_id)
    work.session.delete(held)
    _touch(work, row)
    work.session.flush()
    record(work, actor, "role.revoked", row, {"role": role}, _why(reason))
    return _read(work, person_id)


def end_grants(work: Work, actor: Actor) -> int:
    """Take away every grant whose time is over; return how many there were."""
    due = work.session.scalars(
        select(GrantRow).where(GrantRow.until <= work.now).with_for_update().limit(500)
    ).all()
    for held in due:
        row = row_of(work.session, held.person)
        work.session.delete(held)
        record(work, actor, "role.revoked", row, {"role": held.role, "ended": True})
    return len(due)


def erase(work: Work, actor: Actor, person_id: str) -> list[str]:
    """Forget a person: name, address and the link to the pseudonym; return pseudonyms forgotten.

    The caller takes away the credentials (see :mod:`steelyard.platform.identity.erasure`).

    Raises:
        MissingError: there is no such person.
        ConflictError: it would leave the house without an administrator.
    """
    row = row_of(work.session, person_id)
    check_not_last(work, person_id)
    alias = row.alias or ""
    record(work, actor, "user.erased", row)
    row.alias = row.mail = row.mail_key = row.external_id = None
    row.user_name = row.subject = None
    row.name, row.state = "", "erased"
    _touch(work, row)
    for table in (GrantRow, MembershipRow, TrainingRow, OpeningRow):
        work.session.execute(delete(table).where(table.person == person_id))
    return [alias]


def join(
    work: Work, actor: Actor, person_id: str, unit: str, *, source: Source = "local"
) -> Person:
    """Make somebody a member of a unit; nothing happens if they are.

    Raises:
        MissingError: there is no such person.
        FieldErrors: there is no such unit.
    """
    row = row_of(work.session, person_id)
    if work.session.get(UnitRow, unit) is None:
        raise FieldErrors([("unit", f"There is no unit {unit[:60]!r}.")])
    if work.session.get(MembershipRow, (person_id, unit)) is None:
        work.session.add(
            MembershipRow(person=person_id, unit=unit, source=source, joined_at=work.now)
        )
        _touch(work, row)
        work.session.flush()
        record(work, actor, "unit.joined", row, details={"unit": unit})
    return _read(work, person_id)


def leave(work: Work, actor: Actor, person_id: str, unit: str) -> Person:
    """End a membership; nothing happens if there is none.

    Raises:
        MissingError: there is no such person.
    """
    row = row_of(work.session, person_id)
    held = work.session.get(MembershipRow, (person_id, unit))
    if held is not None:
        work.session.delete(held)
        _touch(work, row)
        work.session.flush()
        record(work, actor, "unit.left", row, details={"unit": unit})
    return _read(work, person_id)


def row_of(session: Session, person_id: str) -> PersonRow:
    """Return the row of a person, locked until the transaction ends.

    Raises:
        MissingError: there is none, or it was erased.
    """
    row = session.scalar(
        select(PersonRow)
        .where(PersonRow.id == person_id, PersonRow.state != "erased")
        .with_for_update()
    )
    if row is None:
        raise missing(person_id)
    return row


def check_not_last(work: Work, person_id: str) -> None:
    """Refuse what would leave the house without an administrator for good.

    Raises:
        ConflictError: this person is the last one.
    """
    query = (
        select(GrantRow.person)
        .join(PersonRow, PersonRow.id == GrantRow.person)
        .where(GrantRow.role == ADMINISTRATOR, GrantRow.until.is_(None))
        .where(PersonRow.state.in_(people.WORKING))
        .with_for_update()
    )
    holders = set(work.session.scalars(query))
    if holders == {person_id}:
        raise ConflictError(
            "This is the last administrator.",
            next_step="Make somebody else administrator first.",
            code="identity.last-administrator",
        )


def check_mail(mail: str) -> str:
    """Return an address without surrounding space.

    Raises:
        FieldErrors: it is none.
    """
    mail = mail.strip()
    if len(mail) > 320 or not _MAIL.match(mail) or not mail.isprintable():
        raise FieldErrors([("mail", "This is not a mail address, such as anna@example.org.")])
    return mail


def record(
    work: Work,
    actor: Actor,
    kind: str,
    row: PersonRow,
    details: dict[str, Any] | None = None,
    body: dict[str, Any] | None = None,
    *,
    words: bool = False,
) -> None:
    """Tell the ledger what happened to a person, by pseudonym; ``words`` adds name and mail."""
    told = {"name": row.name, "mail": row.mail} if words else {}
    work.record(
        actor,
        Event(
            type=kind,
            subject=row.alias or "",
            details={"state": row.state, **(details or {})},
            body={**told, **(body or {})},
        ),
    )


def _why(reason: str) -> dict[str, Any]:
    return {"reason": reason[:1000]} if reason.strip() else {}


def _not_oneself(actor: Actor, person_id: str) -> None:
    if actor.id == person_id:
        raise ForbiddenError(
            "Nobody grants themselves a role.",
            next_step="Ask another administrator.",
            code="identity.self-grant",
        )


def _check_name(name: str) -> None:
    if len(name) > 200 or not (name == "" or name.isprintable()):
        raise FieldErrors([("name", "A name has at most 200 printable characters.")])


def _check_free(session: Session, mail: str, own: str | None) -> None:
    taken = session.scalar(select(PersonRow.id).where(PersonRow.mail_key == mail_key(mail)))
    if taken is not None and taken != own:
        raise _taken(mail)


def _taken(mail: str) -> ConflictError:
    return ConflictError(
        f"There is an account for {mail} already.",
        next_step="Change that account.",
        code="identity.mail-taken",
    )


def _touch(work: Work, row: PersonRow) -> None:
    row.updated_at, row.version = work.now, row.version + 1


def _read(work: Work, person_id: str) -> Person:
    work.session.flush()
    found = people.person(work.session, person_id)
    assert found is not None
    return found
