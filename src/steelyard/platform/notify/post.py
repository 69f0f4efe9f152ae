# SPDX-License-Identifier: Apache-2.0
"""Sends one signed message to one webhook: no redirect is followed, size and time are bounded.

Messages are CloudEvents 1.0 in JSON, signed as Standard Webhooks say: HMAC-SHA256 over id, time and
body, in the header ``webhook-signature``. While a secret is replaced, both sign.
"""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import hmac
import http.client
import secrets
import socket
import ssl
import threading
import time
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

import msgspec
from msgspec import Struct

from steelyard import __version__
from steelyard.kernel.errors import SteelyardError
from steelyard.platform.notify.guard import resolve

HEAD_MOST = 2000
"""Characters of a request's or reply's head that are kept."""
_PREFIX = "whsec_"


class Sent(Struct, frozen=True, kw_only=True):
    """How one try went."""

    ok: bool
    status: int | None
    seconds: float
    request_head: str
    response_head: str
    error: str


def new_signing_secret() -> str:
    """Return a new secret in the form receivers' libraries know."""
    return _PREFIX + base64.b64encode(secrets.token_bytes(32)).decode()


def sign(secret: str, message: str, timestamp: int, body: bytes) -> str:
    """Return one signature for the header ``webhook-signature``."""
    key = base64.b64decode(secret.removeprefix(_PREFIX))
    signed = f"{message}.{timestamp}.".encode() + body
    return "v1," + base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()


def post(
    url: str,
    message: str,
    payload: dict[str, Any],
    signing: Sequence[str],
    *,
    now: dt.datetime,
    timeout: float,
    private: bool,
) -> Sent:
    """Send ``payload`` under the id ``message`` and tell how it went; the world raises nothing."""
    body = msgspec.json.encode(payload)
    stamp = int(now.timestamp())
    headers = {
        "Host": urlsplit(url).netloc,
        "User-Agent": f"Steelyard/{__version__}",
        "Content-Type": "application/cloudevents+json; charset=utf-8",
        "Content-Length": str(len(body)),
        "Connection": "close",
        "webhook-id": message,
        "webhook-timestamp": str(stamp),
        "webhook-signature": " ".join(sign(secret, message, stamp, body) for secret in signing),
    }
    head = "\n".join(f"{name}: {value}" for name, value in headers.items())
    began = time.monotonic()
    status, answer, error = None, "", ""
    try:
        status, answer = _exchange(url, headers, body, timeout, private)
        if 300 <= status < 400:
            error = "It answered with a redirect, which is not followed."
        elif not 200 <= status < 300:
            error = f"It answered {status}."
    except SteelyardError as refused:
        error = refused.message
    except (OSError, http.client.HTTPException, ValueError) as failed:
        error = f"The connection failed: {type(failed).__name__}."
        if time.monotonic() - began >= timeout * 0.95:
            error = f"It did not answer within {timeout:g} s."
    return Sent(
        ok=not error,
        status=status,
        seconds=round(time.monotonic() - began, 3),
        request_head=head[:HEAD_MOST],
        response_head=answer[:HEAD_MOST],
        error=error,
    )


def _exchange(
    url: str, headers: dict[str, str], body: bytes, timeout: float, private: bool
) -> tuple[int, str]:
    parts = urlsplit(url)
    secure = parts.scheme == "https"
    host, port = parts.hostname or "", parts.port or (443 if secure else 80)
    address = resolve(host, port, private=private)
    line = _Line(host, port, address, timeout, secure)
    patience = threading.Timer(timeout, line.hang_up)
    patience.daemon = True
    patience.start()
    try:
        path = parts.path or "/"
        line.request("POST", f"{path}?{parts.query}" if parts.query else path, body, headers)
        reply = line.getresponse()
        shown = "\n".join(f"{name}: {value}" for name, value in reply.getheaders())
        start = reply.read(HEAD_MOST).decode("utf-8", "replace")
        text = f"{reply.status} {reply.reason}\n{shown}\n\n{start}"
        return reply.status, "".join(c if c.isprintable() or c == "\n" else "?" for c in text)
    finally:
        patience.cancel()
        line.close()


class _Line(http.client.HTTPConnection):
    """A connection to an address that was judged, under the name it was asked by."""

    def __init__(self, host: str, port: int, address: str, timeout: float, secure: bool) -> None:
        super().__init__(host, port, timeout=timeout)
        self._address, self._secure = address, secure
        self._line: socket.socket | None = None

    def connect(self) -> None:
        """Connect to the judged address; the certificate must be that of the name."""
        self.sock = socket.create_connection((self._address, self.port), self.timeout)
        if self._secure:
            context = ssl.create_default_context()
            self.sock = context.wrap_socket(self.sock, server_hostname=self.host)
        self._line = self.sock  # the reply takes the socket away from the connection

    def hang_up(self) -> None:
        """End the exchange from another thread: its time is over."""
        line = self._line
        if line is not None:
            try:
                line.shutdown(socket.SHUT_RDWR)
            except OSError:
                return  # it ended by itself
