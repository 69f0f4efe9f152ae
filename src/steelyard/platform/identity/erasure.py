# SPDX-License-Identifier: Apache-2.0
"""What ends with an account: disabling stops its sessions and tokens, erasing takes them away."""

from __future__ import annotations

from sqlalchemy import delete, select, update

from steelyard.kernel.actor import Actor
from steelyard.kernel.errors import ConflictError
from steelyard.platform.identity import accounts, sessions, tokens
from steelyard.platform.identity.credential_tables import (
    LinkRow,
    PasswordRow,
    RobotRow,
    SessionRow,
    TokenRow,
)
from steelyard.platform.identity.directory_tables import GroupMemberRow
from steelyard.platform.identity.people import Person
from steelyard.platform.log.erasure import MOST, erase_body
from steelyard.platform.log.events import matching
from steelyard.platform.work import Work


def disable(work: Work, actor: Actor, person_id: str, *, reason: str = "") -> Person:
    """Disable an account: its sessions, tokens and open links stop at once.

    Raises:
        MissingError: there is no such person.
        ConflictError: it is the last administrator.
    """
    found = accounts.set_state(work, actor, person_id, "disabled", reason=reason)
    sessions.end_all(work, person_id)
    tokens.revoke_all(work, person_id)
    work.session.execute(delete(LinkRow).where(LinkRow.person == person_id))
    return found


def erase(work: Work, actor: Actor, person_id: str) -> None:
    """Erase a person with all credentials; the ledger keeps the events of a pseudonym.

    Raises:
        MissingError: there is no such person.
        ConflictError: it is the last administrator, or robots need them as owner.
    """
    robot = work.session.scalar(
        select(RobotRow.name).where(RobotRow.owner == person_id, RobotRow.state == "active")
    )
    if robot is not None:
        raise ConflictError(
            f"They answer for the robot {robot!r}.",
            next_step="Give it another owner, or disable it.",
            code="identity.owns-robots",
        )
    for alias in accounts.erase(work, actor, person_id):
        _erase_words(work, actor, alias)
    for table, column in (
        (SessionRow, SessionRow.person),
        (PasswordRow, PasswordRow.person),
        (LinkRow, LinkRow.person),
        (GroupMemberRow, GroupMemberRow.person),
    ):
        work.session.execute(delete(table).where(column == person_id))
    work.session.execute(
        update(TokenRow)
        .where(TokenRow.owner == person_id)
        .values(revoked_at=work.now, name="", hint="")
    )


def _erase_words(work: Work, actor: Actor, alias: str) -> None:
    """Erase names, addresses and typed texts that events about the person's account hold."""
    work.session.flush()
    seqs = [row.seq for row in matching(work.session, about=alias, limit=None)]
    for start in range(0, len(seqs), MOST):
        part = seqs[start : start + MOST]
        erase_body(work, actor, part, "The person was erased.", on_request=True)
