# SPDX-License-Identifier: Apache-2.0
"""Mail by SMTP. A server that hangs costs one worker a bounded time, and the notice stays."""

from __future__ import annotations

import smtplib
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from email.message import EmailMessage
from email.utils import format_datetime, formataddr
from typing import Literal
from urllib.parse import unquote, urlsplit

from msgspec import Struct

from steelyard.kernel.errors import InputError, UnavailableError
from steelyard.platform.notify.tables import NoticeRow
from steelyard.platform.settings import Settings

_TURNS = 4
"""How many timeouts a whole conversation may take."""
_PORTS = {"smtp": 587, "smtps": 465, "smtp+plain": 25}


class Server(Struct, frozen=True, kw_only=True):
    """A mail server and how to speak to it."""

    scheme: Literal["smtp", "smtps", "smtp+plain"]
    host: str
    port: int
    user: str
    password: str
    timeout: float


def read_server(settings: Settings) -> Server | None:
    """Return the mail server of the settings; None if no mail is to be sent.

    Raises:
        InputError: its address cannot be used.
    """
    stated = settings.mail_url.get_secret_value()
    if not stated:
        return None
    try:
        parts = urlsplit(stated)
        port = parts.port
    except ValueError:
        parts, port = urlsplit(""), None
    if parts.scheme not in _PORTS or not parts.hostname or "@" not in settings.mail_from:
        raise InputError(
            "The mail server or the sender of mail is not written in a way that is understood.",
            next_step="Set STEELYARD_MAIL_URL like smtp://user:password@host:587 and "
            "STEELYARD_MAIL_FROM to an address.",
            code="mail.settings",
        )
    return Server(
        scheme=parts.scheme,  # type: ignore[arg-type] # one of the three
        host=parts.hostname,
        port=port or _PORTS[parts.scheme],
        user=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
        timeout=settings.mail_timeout_seconds,
    )


def compose(settings: Settings, notice: NoticeRow, *, name: str, mail: str) -> EmailMessage:
    """Return the mail of a notice; one sent twice has the same id, so that readers see one."""
    message = EmailMessage()
    message["From"] = settings.mail_from
    message["To"] = formataddr(("".join(c for c in name if c.isprintable()), mail))
    message["Subject"] = notice.title
    message["Date"] = format_datetime(notice.at)
    host = urlsplit(settings.public_url).hostname or "steelyard.invalid"
    message["Message-ID"] = f"<{notice.id}@{host}>"
    message["Auto-Submitted"] = "auto-generated"
    link = f"{settings.public_url.rstrip('/')}/go/{notice.about or notice.subject}"
    message.set_content(
        f"{notice.text}\n\n{link}\n\n--\nSteelyard sends this because of your role or your part in"
        " the matter.\n"
    )
    return message


def send(server: Server, message: EmailMessage) -> bool:
    """Give ``message`` to the server; False if it refused it for good.

    Raises:
        UnavailableError: the server cannot be reached, hangs, or says to come again.
    """
    try:
        with _conversation(server) as smtp:
            smtp.send_message(message)
    except smtplib.SMTPRecipientsRefused as error:
        codes = [code for code, _ in error.recipients.values()]
        if all(code >= 500 for code in codes):
            return False
        raise _unavailable(f"it answered {codes[0]}") from error
    except smtplib.SMTPResponseException as error:
        if error.smtp_code >= 500 and isinstance(error, smtplib.SMTPDataError):
            return False
        raise _unavailable(f"it answered {error.smtp_code}") from error
    except (smtplib.SMTPException, OSError, ValueError) as error:
        raise _unavailable(type(error).__name__) from error
    return True


@contextmanager
def _conversation(server: Server) -> Iterator[smtplib.SMTP]:
    """Speak to the server for a bounded time in all, however slowly it answers."""
    context = ssl.create_default_context()
    if server.scheme == "smtps":
        smtp: smtplib.SMTP = smtplib.SMTP_SSL(timeout=server.timeout, context=context)
    else:
        smtp = smtplib.SMTP(timeout=server.timeout)
    smtp._host = server.host  # type: ignore[attr-defined] # which name its certificate must have
    patience = threading.Timer(server.timeout * _TURNS, _hang_up, (smtp,))
    patience.daemon = True
    patience.start()
    try:
        smtp.connect(server.host, server.port)
        if server.scheme == "smtp":
            smtp.starttls(context=context)
        if server.user:
            smtp.login(server.user, server.password)
        yield smtp
    finally:
        patience.cancel()
        smtp.close()


def _hang_up(smtp: smtplib.SMTP) -> None:
    line = getattr(smtp, "sock", None)
    if isinstance(line, socket.socket):
        try:
            line.shutdown(socket.SHUT_RDWR)
        except OSError:
            return  # it ended by itself


def _unavailable(why: str) -> UnavailableError:
    return UnavailableError(
        f"The mail server did not take a mail: {why}.",
        next_step="It is tried again; look at STEELYARD_MAIL_URL if it goes on.",
        code="mail.unavailable",
        retry_after=60,
    )
