# SPDX-License-Identifier: Apache-2.0
"""Slows down guessing: after some failures on one account or from one address, a growing pause.

An address that nobody has an account for is guarded just the same, so that the guard tells no one
which accounts there are. Pauses end by themselves: nobody can lock somebody else out for good. The
counters stand in the database, so that they count for all servers together.
"""

from __future__ import annotations

import datetime as dt

from sqlalchemy import delete
from sqlalchemy.orm import Session

from steelyard.kernel.digest import sha256_hex
from steelyard.platform.identity.credential_tables import GuardRow
from steelyard.platform.identity.people import mail_key
from steelyard.platform.identity.unique import insert_if_new
from steelyard.platform.work import Work

ACCOUNT_FREE, ADDRESS_FREE = 5, 30
"""Failures before the first pause."""
FIRST_PAUSE, LONGEST_PAUSE = dt.timedelta(seconds=30), dt.timedelta(hours=1)
FORGET = dt.timedelta(hours=24)


def account_key(mail: str) -> str:
    """Return the key of an account by the address that was typed."""
    return sha256_hex(b"account\n" + mail_key(mail).encode())


def address_key(address: str) -> str:
    """Return the key of the address a call came from."""
    return sha256_hex(b"address\n" + address.encode())


def locked_for(session: Session, keys: tuple[str, ...], now: dt.datetime) -> int:
    """Return for how many more seconds no attempt is taken; 0 if one is."""
    longest = 0
    for key in keys:
        row = session.get(GuardRow, key)
        if row is not None and row.locked_until is not None and row.locked_until > now:
            longest = max(longest, int((row.locked_until - now).total_seconds()) + 1)
    return longest


def failed(work: Work, mail: str, address: str) -> bool:
    """Count a failure; tell whether a pause of the account began with it."""
    account = _count(work, account_key(mail), ACCOUNT_FREE)
    if address:
        _count(work, address_key(address), ADDRESS_FREE)
    return account


def succeeded(work: Work, mail: str) -> None:
    """Forget the failures on an account; those of the address stay."""
    work.session.execute(delete(GuardRow).where(GuardRow.key == account_key(mail)))


def forget(work: Work) -> None:
    """Forget what is long ago."""
    work.session.execute(delete(GuardRow).where(GuardRow.last_at < work.now - FORGET))


def _count(work: Work, key: str, free: int) -> bool:
    insert_if_new(
        work.session, GuardRow, {"key": key, "failures": 0, "last_at": work.now}, GuardRow.key
    )
    row = work.session.get_one(GuardRow, key, with_for_update=True, populate_existing=True)
    if row.last_at < work.now - FORGET:
        row.failures = 0
    row.failures, row.last_at = row.failures + 1, work.now
    if row.failures < free:
        return False
    row.locked_until = work.now + min(
        FIRST_PAUSE * 2 ** min(row.failures - free, 12), LONGEST_PAUSE
    )
    return True
