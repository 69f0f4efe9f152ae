# SPDX-License-Identifier: Apache-2.0
"""Links that work once: to accept an invitation, to choose a new password, to be the first."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import delete, select

from steelyard.kernel.actor import Actor
from steelyard.kernel.errors import InputError
from steelyard.kernel.event import Event
from steelyard.platform.identity.accounts import row_of
from steelyard.platform.identity.credential_tables import LinkRow
from steelyard.platform.identity.secret import LINK, digest_of, new_secret, same
from steelyard.platform.work import Work

INVITE, RESET = "invite", "reset"
_LIVES = {INVITE: dt.timedelta(days=7), RESET: dt.timedelta(hours=1)}
_PATHS = {INVITE: "/welcome", RESET: "/reset"}


def issue(work: Work, actor: Actor, person_id: str, purpose: str, *, secret: str = "") -> str:
    """Return the path of a new link; an earlier one for the same purpose stops to work.

    ``secret`` is that of a link already sent.

    The secret stands behind ``#``, which browsers do not send, so that it gets into no access log.

    Raises:
        MissingError: there is no such person.
    """
    person = row_of(work.session, person_id)
    work.session.execute(
        delete(LinkRow).where(LinkRow.person == person_id, LinkRow.purpose == purpose)
    )
    secret = secret or new_secret(LINK)
    work.session.add(
        LinkRow(
            digest=digest_of(secret, LINK), purpose=purpose, person=person_id,
            issued_by=actor.id, issued_at=work.now, expires_at=work.now + _LIVES[purpose],
        )
    )  # fmt: skip
    work.record(
        actor, Event(type="link.issued", subject=person.alias or "", details={"purpose": purpose})
    )
    return path_of(purpose, secret)


def path_of(purpose: str, secret: str) -> str:
    """Return the path of a link on this server."""
    return f"{_PATHS[purpose]}#{secret}"


def look(work: Work, secret: str) -> LinkRow:
    """Return the row of a link that works, locked; the caller sets ``used_at``.

    Raises:
        InputError: it does not work (any more).
    """
    digest = digest_of(secret, LINK)
    row = work.session.scalar(
        select(LinkRow).where(LinkRow.digest == (digest or "")).with_for_update()
    )
    if (
        row is None
        or not same(row.digest, digest or "-")
        or row.used_at is not None
        or (row.expires_at <= work.now)
    ):
        raise InputError(
            "This link does not work any more.",
            next_step="Ask for a new one.",
            code="link.used",
        )
    return row


def forget(work: Work) -> None:
    """Forget links that are over."""
    work.session.execute(
        delete(LinkRow).where(LinkRow.expires_at < work.now - dt.timedelta(days=30))
    )
