# SPDX-License-Identifier: Apache-2.0
"""Jobs of identity: what is over is taken away; links to choose a new password go out by mail."""

from __future__ import annotations

from collections.abc import Callable
from email.message import EmailMessage
from email.utils import format_datetime
from typing import Any

from sqlalchemy import delete

from steelyard.bootstrap.house import House
from steelyard.kernel.actor import SYSTEM
from steelyard.platform.identity import accounts, directory, guard, links, sessions
from steelyard.platform.identity.directory_tables import DanceRow
from steelyard.platform.identity.people import person
from steelyard.platform.identity.secret import LINK, new_secret
from steelyard.platform.notify.mail import read_server, send
from steelyard.platform.work import Work

_TEXT = """\
Somebody, probably you, asked for a new password for your account.

{link}

The link works once and for an hour. If you did not ask for it, do nothing: your password stays.
"""


def sweep(work: Work, _payload: dict[str, Any]) -> None:
    """End grants of roles whose time is over, and forget sessions, links and failures long past."""
    if accounts.end_grants(work, SYSTEM) >= 500:
        work.enqueue("identity.sweep", key="identity.sweep")
    guard.forget(work)
    links.forget(work)
    sessions.forget(work)
    work.session.execute(delete(DanceRow).where(DanceRow.begun_at < work.now - directory.DANCE))


def send_reset(house: House, payload: dict[str, Any]) -> Callable[[Work], object]:
    """Send somebody a link to choose a new password; it works once the job is done.

    Raises:
        UnavailableError: the mail server cannot take it now.
    """
    server = read_server(house.settings)
    with house.reading() as session:
        found = person(session, payload["person"])
    if server is None or found is None or found.state not in ("invited", "active"):
        return lambda _work: None
    secret = new_secret(LINK)
    message = EmailMessage()
    message["From"] = house.settings.mail_from
    message["To"] = found.mail
    message["Subject"] = "Choose a new password"
    message["Date"] = format_datetime(house.clock())
    message["Auto-Submitted"] = "auto-generated"
    base = house.settings.public_url.rstrip("/")
    message.set_content(_TEXT.format(link=base + links.path_of(links.RESET, secret)))
    send(server, message)
    return lambda work: links.issue(work, SYSTEM, found.id, links.RESET, secret=secret)
