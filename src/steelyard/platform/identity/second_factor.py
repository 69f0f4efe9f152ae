# SPDX-License-Identifier: Apache-2.0
"""The second factor of local accounts: codes of an app that change every 30 seconds (TOTP).

A code counts once. Ten recovery codes, shown once and kept as digests, stand in for a lost phone.
"""

from __future__ import annotations

import hmac
import io
import secrets

import pyotp
import segno
from msgspec import Struct

from steelyard.kernel.actor import Actor
from steelyard.kernel.digest import sha256_hex
from steelyard.kernel.errors import ConflictError, FieldErrors
from steelyard.kernel.event import Event
from steelyard.platform.identity.accounts import row_of
from steelyard.platform.identity.credential_tables import PasswordRow
from steelyard.platform.sealed_rows import totp_place
from steelyard.platform.vault import vault_of
from steelyard.platform.work import Work

_STEP, _CODES = 30, 10
_LETTERS = "abcdefghjkmnpqrstvwxyz23456789"


class Enrollment(Struct, frozen=True, kw_only=True):
    """What an app needs to make codes; shown once."""

    secret: str
    uri: str
    svg: str
    """The URI as a QR code."""


class Recovery(Struct, frozen=True, kw_only=True):
    """Codes that each replace the app once; shown this once."""

    codes: list[str]


def enroll(work: Work, actor: Actor) -> Enrollment:
    """Make a secret for the actor's app; it counts once a code of it was entered.

    Raises:
        ConflictError: there is a second factor already, or the account has no password here.
    """
    row = _row(work, actor)
    if row.totp_since is not None:
        raise ConflictError(
            "You have a second factor already.",
            next_step="Remove it first, with a code of it.",
            code="second-factor.exists",
        )
    secret = pyotp.random_base32()
    row.totp = vault_of(work.session).seal(secret, totp_place(row.person))
    uri = pyotp.TOTP(secret).provisioning_uri(name=actor.mail or actor.id, issuer_name="Steelyard")
    drawn = io.BytesIO()
    segno.make(uri, micro=False).save(drawn, kind="svg", xmldecl=False, scale=4, border=4)
    return Enrollment(secret=secret, uri=uri, svg=drawn.getvalue().decode())


def confirm(work: Work, actor: Actor, code: str) -> Recovery:
    """Switch the second factor on with the first code; return recovery codes.

    Raises:
        FieldErrors: the code is wrong.
        ConflictError: none was begun.
    """
    row = _row(work, actor)
    if not row.totp or row.totp_since is not None:
        raise ConflictError(
            "There is no second factor to confirm.",
            next_step="Begin with a new one.",
            code="second-factor.none",
        )
    if not accepts(work, row, code):
        raise FieldErrors([("code", "This is not the code that the app shows now.")])
    row.totp_since = work.now
    codes = ["-".join(_word() for _ in range(3)) for _ in range(_CODES)]
    row.recovery = [_digest(each) for each in codes]
    work.record(actor, Event(type="second-factor.enabled", subject=actor.alias))
    return Recovery(codes=codes)


def remove(work: Work, actor: Actor, person_id: str, *, code: str | None) -> None:
    """Switch the second factor off: with a code of it, or (None) as an administrator.

    Raises:
        FieldErrors: the code is wrong.
        MissingError: there is no such person.
    """
    person = row_of(work.session, person_id)
    row = work.session.get(PasswordRow, person_id, with_for_update=True)
    if row is None or not row.totp:
        return
    if code is not None and row.totp_since is not None and not accepts(work, row, code):
        raise FieldErrors([("code", "This is not the code that the app shows now.")])
    row.totp, row.totp_since, row.recovery = "", None, []
    work.record(actor, Event(type="second-factor.disabled", subject=person.alias or ""))


def accepts(work: Work, row: PasswordRow, code: str) -> bool:
    """Tell whether a code counts, and see to it that it does not count again."""
    plain = "".join(letter for letter in code.lower() if letter.isalnum())
    if len(plain) == 6 and plain.isascii() and plain.isdigit() and row.totp:
        return _accepts_step(work, row, plain)
    digest = _digest(plain)
    left = [kept for kept in row.recovery if not hmac.compare_digest(kept, digest)]
    if len(left) == len(row.recovery):
        return False
    row.recovery = left
    return True


def _accepts_step(work: Work, row: PasswordRow, code: str) -> bool:
    totp = pyotp.TOTP(vault_of(work.session).open(row.totp, totp_place(row.person)))
    current = int(work.now.timestamp()) // _STEP
    found = None
    for step in (current - 1, current, current + 1):
        if hmac.compare_digest(totp.at(step * _STEP), code) and step > row.totp_step:
            found = step
    if found is None:
        return False
    row.totp_step = found
    return True


def _row(work: Work, actor: Actor) -> PasswordRow:
    row = work.session.get(PasswordRow, actor.id, with_for_update=True)
    if row is None:
        raise ConflictError(
            "You log in through a directory; its second factor is set up there.",
            code="second-factor.elsewhere",
        )
    return row


def _digest(code: str) -> str:
    return sha256_hex("".join(letter for letter in code if letter.isalnum()).encode())


def _word() -> str:
    return "".join(secrets.choice(_LETTERS) for _ in range(5))
