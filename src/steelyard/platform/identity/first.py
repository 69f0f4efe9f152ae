# SPDX-License-Identifier: Apache-2.0
"""The very first administrator: a link that works once, while there is no account yet."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import delete, select

from steelyard.kernel.actor import SYSTEM
from steelyard.platform.identity.credential_tables import LinkRow
from steelyard.platform.identity.secret import LINK, digest_of, new_secret
from steelyard.platform.identity.tables import PersonRow
from steelyard.platform.work import Work

LIFE = dt.timedelta(hours=24)
PURPOSE = "first"


def first_link(work: Work) -> str | None:
    """Return the path of a new link for the first administrator; None if there is an account.

    An earlier one stops to work. The secret stands behind ``#``, which browsers do not send, so
    that it gets into no access log.
    """
    if work.session.scalar(select(PersonRow.id).limit(1)) is not None:
        return None
    work.session.execute(delete(LinkRow).where(LinkRow.purpose == PURPOSE))
    secret = new_secret(LINK)
    work.session.add(
        LinkRow(
            digest=digest_of(secret, LINK), purpose=PURPOSE, person=None, issued_by=SYSTEM.id,
            issued_at=work.now, expires_at=work.now + LIFE,
        )
    )  # fmt: skip
    return f"/first#{secret}"
